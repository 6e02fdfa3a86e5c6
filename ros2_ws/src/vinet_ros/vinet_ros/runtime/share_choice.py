# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Whether overlapping windows share their work: what was asked for, and what can be had."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from vinet_ros.errors import DeviceError
from vinet_ros.networks.shared_work import can_share, spans_of
from vinet_ros.runtime.base import Executor
from vinet_ros.runtime.openvino_graphs import openvino_installed
from vinet_ros.runtime.shared_work import SHARES, SharedWorkExecutor
from vinet_ros.runtime.traits import traits_of

SHARE_CHOICES = ("auto", *SHARES)
"""``auto`` is ``exact`` where that was measured to be faster and the memory is there: on the CPU
with OpenVINO, for ViNet and AViNet; else ``off``."""

NEEDED_MIB = 2600
"""Free memory from which ``auto`` shares: what it takes at its highest (docs/shared_work.md), and
some to spare."""

_PATHS = ("auto", "torch", "openvino")


@dataclass(frozen=True, slots=True)
class ShareChoice:
    """What is shared, run by which path, and why."""

    share: str
    path: str = "torch"
    reason: str = ""

    def build(self, model: nn.Module, device: str, threads: int | None) -> Executor:
        """Bind a network to it."""
        return SharedWorkExecutor(
            model, self.share == "approximate", self.path, device, self.reason, threads
        )


def choose_share(
    share: str, model: nn.Module, device: str, precision: str, path: str
) -> ShareChoice:
    """Return what windows will share.

    Args:
        share: ``off``; ``exact``: the same maps to 1e-4; ``approximate``: everything is used
            again, and the maps are others; ``auto``.
        model: The network.
        device: Where it will run.
        precision: Its number format.
        path: ``auto``, ``torch`` or ``openvino``; no other shares.

    Raises:
        ValueError: If `share` is none of these, or the network or path has nothing to share.
        DeviceError: If it is asked for in another precision than fp32.
    """
    if share not in SHARE_CHOICES:
        raise ValueError(f"share must be one of {', '.join(SHARE_CHOICES)}, got {share!r}")
    compiled = device == "cpu" and path != "torch" and openvino_installed()
    if share == "auto":
        pays = compiled and _shares_much(model) and _free_mib() >= NEEDED_MIB
        return ShareChoice("exact", "openvino", "windows overlap") if pays else ShareChoice("off")
    if share == "off":
        return ShareChoice("off")
    if not can_share(model):
        raise ValueError(
            f"share is {share}, and {type(model).__name__} has no work to share between windows; "
            "use vinet or avinet, or share off"
        )
    if path not in _PATHS:
        raise ValueError(
            f"windows share work on the paths torch and openvino, got path {path}; use one of "
            "them, or share off"
        )
    if precision != "fp32":
        raise DeviceError(
            f"shared work runs in fp32, got precision {precision}; use fp32, or share off"
        )
    way = "openvino" if compiled or path == "openvino" else "torch"
    return ShareChoice(share, way, f"share {share} asked for")


def _shares_much(model: nn.Module) -> bool:
    return can_share(model) and bool(spans_of(traits_of(model).clip_length)["y3"].known)


def _free_mib() -> float:
    """Return the memory that programs may still take; without limit where nobody knows."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("inf")
    free = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return float("inf") if free is None else int(free) / 1024
