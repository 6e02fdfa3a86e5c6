# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The two steps of a prediction as modules of their own, for what traces or exports modules."""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor, nn


class EncodeStep(nn.Module):
    """What is kept of frames.

    Args:
        network: A saliency network.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        """Return the kept parts of frames (B, 3, H, W)."""
        return tuple(self.network.encode(frames))


class DecodeStep(nn.Module):
    """The map of a window; takes the levels of its frames, then what the network takes beside.

    Args:
        network: A saliency network.
        levels: How many parts are kept of a frame.
    """

    def __init__(self, network: Any, levels: int) -> None:
        super().__init__()
        self.network = network
        self.levels = levels

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the map (B, H, W)."""
        features, beside = inputs[: self.levels], inputs[self.levels :]
        return cast("Tensor", self.network.decode(features, *beside))
