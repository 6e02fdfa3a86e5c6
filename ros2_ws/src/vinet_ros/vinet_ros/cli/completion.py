# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What the shell completes: which command is meant, and values of options.

The shell calls the tool again for every TAB, so nothing here may import PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Completer = Callable[[str], list[str]]

ASKED = "_VINET_COMPLETE"
"""The environment variable by which a shell asks, by Typer's protocol."""
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "fp16", "bf16", "int8")
PATHS = ("auto", "torch", "openvino", "graph", "compiled", "tensorrt")
SHARES = ("auto", "off", "exact", "approximate")


def command_meant(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Return the first word after ``vinet``: of the arguments, or of what the shell completes."""
    if ASKED not in environment:
        return arguments[0] if arguments else None
    line = environment.get("COMP_WORDS") or environment.get("_TYPER_COMPLETE_ARGS", "")
    words = line.split()
    return words[1] if len(words) > 1 else None


def one_of(*values: str) -> Completer:
    """Return what completes one of some values."""

    def complete(incomplete: str) -> list[str]:
        return [value for value in values if value.startswith(incomplete)]

    return complete


def some_of(*values: str) -> Completer:
    """Return what completes a list of values, separated by commas.

    >>> some_of("csv", "maps", "overlay")("csv,o")
    ['csv,overlay']
    """

    def complete(incomplete: str) -> list[str]:
        chosen, comma, last = incomplete.rpartition(",")
        rest = [value for value in values if value not in chosen.split(",")]
        return [chosen + comma + value for value in rest if value.startswith(last)]

    return complete


def saliency_models(incomplete: str) -> list[str]:
    """Complete the name of a network that gives maps."""
    from vinet_ros.networks.catalog import list_models, model_spec

    return one_of(*(name for name in list_models() if model_spec(name).saliency))(incomplete)


def all_models(incomplete: str) -> list[str]:
    """Complete the name of any network of the catalog."""
    from vinet_ros.networks.catalog import list_models

    return one_of(*list_models())(incomplete)


def video_sets(incomplete: str) -> list[str]:
    """Complete the name of a video data set, or a list of them."""
    from vinet_ros.training.datasets.layouts import LAYOUTS

    return some_of(*LAYOUTS)(incomplete)
