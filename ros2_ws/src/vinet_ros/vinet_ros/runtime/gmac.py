# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Count a network's multiplications, in billions; of a network's clip or step by shapes alone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

Size = tuple[int, int]


def gmac_of(forward: Callable[[], object]) -> float:
    """Return billions of multiplications of a call."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        forward()
    return float(counter.get_total_flops()) / 2e9


def clip_gmac(model: nn.Module, size: Size | None = None, frames: int | None = None) -> float:
    """Return billions of multiplications of one clip's forward; nothing is computed.

    Args:
        model: A saliency network, on any device.
        size: Height and width of its frames; None: its own.
        frames: How many; None: its own clip length.
    """
    network, size, frames = _on_meta(model, size, frames)
    clip = torch.empty(1, 3, frames, *size, device="meta")
    return gmac_of(lambda: network(clip))


def step_gmac(model: nn.Module, size: Size | None = None, frames: int | None = None) -> float:
    """Return billions of multiplications of one step: a frame encoded, its window decoded.

    Args:
        model: A saliency network, on any device.
        size: Height and width of its frames; None: its own.
        frames: Of the window; None: its own clip length.
    """
    network, size, frames = _on_meta(model, size, frames)
    frame = torch.empty(1, 3, *size, device="meta")

    def step() -> None:
        kept = network.encode(frame)
        network.decode(tuple(torch.stack([k] * frames, dim=1) for k in kept))

    return gmac_of(step)


def _on_meta(model: Any, size: Size | None, frames: int | None) -> tuple[Any, Size, int]:
    network = copy.deepcopy(model).to("meta").eval()
    return network, size or model.input_size, frames or int(model.clip_length)
