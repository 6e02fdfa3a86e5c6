# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Count the multiplications of a network whose windows share their work, from its own shapes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vinet_ros.networks.shared_work import spans_of
from vinet_ros.runtime.gmac import gmac_of
from vinet_ros.runtime.shared_work_parts import examples_of, modules_of


def count_parts(model: nn.Module, approximate: bool = False) -> dict[str, float]:
    """Return billions of multiplications of each part; nothing is computed.

    Multiplications with zeros beyond a window's ends count where the layer makes them: in the
    whole front, but not in the first layer of a step.

    Returns:
        ``spatial`` (one frame), ``whole`` (the front of a window without one before it), ``step``
        (with one, if there is anything to share), ``y3`` and ``y2`` (a kernel of parts of the
        decoder's folds, if those are shared), ``rest`` (all that follows the front).
    """
    network: Any = copy.deepcopy(model).to("meta").eval()
    modules, folds = modules_of(network, spans_of(int(network.clip_length), approximate))
    counts: dict[str, float] = {}

    def run(name: str, part: nn.Module, inputs: Sequence[Tensor]) -> Any:
        made: list[Any] = []
        counts[name] = gmac_of(lambda: made.append(part(*inputs)))
        return made[0]

    frame = torch.zeros(1, 3, *network.input_size, device="meta")
    shape = getattr(network, "audio_shape", None)
    asides = [] if shape is None else [torch.zeros(1, *shape, device="meta")]
    examples = examples_of(modules, folds, frame, asides, run)
    for name in ("step", "rest"):
        if name in modules:
            run(name, modules[name], examples[name])
    return counts


def shared_step_gmac(model: nn.Module, approximate: bool = False) -> float:
    """Return billions of multiplications of a step that shares the work of the windows before."""
    counts = count_parts(model, approximate)
    left_out = "whole" if "step" in counts else "step"
    return sum(count for name, count in counts.items() if name != left_out)
