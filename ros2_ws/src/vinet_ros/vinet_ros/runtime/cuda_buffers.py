# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Frames on their way to a CUDA device, and the normalisation that is done there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from vinet_ros.preprocess import IMAGENET_MEAN, IMAGENET_STD


class FrameUpload:
    """Copies 8-bit frames to a device: through memory that the device reads by itself.

    Such memory is slow to get, so it is kept for as long as the frames have one size. A copy is
    under way when :meth:`send` returns; the next one waits for it, no more.

    Args:
        device: CUDA, or the CPU, where frames are only gathered.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._cuda = device.type == "cuda"
        self._pinned: Tensor | None = None
        new_event: Any = torch.cuda.Event
        self._sent = new_event() if self._cuda else None

    def send(self, frames: Sequence[npt.NDArray[np.uint8]]) -> Tensor:
        """Return frames of one size (h, w, 3) as one tensor (B, h, w, 3) on the device."""
        shape = (len(frames), *frames[0].shape)
        if self._sent is not None:
            self._sent.synchronize()
        if self._pinned is None or self._pinned.shape != shape:
            self._pinned = torch.empty(shape, dtype=torch.uint8, pin_memory=self._cuda)
        gathered = self._pinned.numpy()
        for place, frame in zip(gathered, frames, strict=True):
            place[...] = frame
        if self._sent is None:
            return self._pinned.clone()
        there = self._pinned.to(self._device, non_blocking=True)
        self._sent.record()
        return there


class MapDownload:
    """Copies maps from a device; the caller sleeps meanwhile, and Python's lock is free.

    Args:
        device: CUDA, or the CPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._cuda = device.type == "cuda"
        self._pinned: Tensor | None = None
        # Blocking: without it the waiting thread would spin on a core that the robot needs.
        new_event: Any = torch.cuda.Event
        self._done = new_event(blocking=True) if self._cuda else None

    def fetch(self, maps: Tensor) -> npt.NDArray[np.float32]:
        """Return maps (B, h, w) as float32 in an array of the caller's own."""
        if self._done is None:
            return maps.float().numpy().copy()
        if self._pinned is None or self._pinned.shape != maps.shape:
            self._pinned = torch.empty(maps.shape, dtype=torch.float32, pin_memory=True)
        self._pinned.copy_(maps, non_blocking=True)
        self._done.record()
        self._done.synchronize()
        return self._pinned.numpy().copy()


class Normalize(torch.nn.Module):
    """8-bit frames to a network's input, where they lie; see ``preprocess.normalize_frames``.

    Frames of another size are resized first, with PIL's filter and rounded to whole levels: they
    differ from ``preprocess.resize_rgb`` by one level at most.

    Args:
        size: Height and width of the result.
        dtype: Of the result.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, size: tuple[int, int], dtype: torch.dtype) -> None:
        super().__init__()
        self.size = size
        self.dtype = dtype
        mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
        self.register_buffer("scale", 1.0 / (255.0 * std), persistent=False)
        self.register_buffer("shift", mean / std, persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """Return (B, h, w, 3) normalised of (B, H, W, 3) uint8."""
        levels = frames.float()
        if tuple(frames.shape[1:3]) != self.size:
            planes = levels.permute(0, 3, 1, 2)  # (B, 3, H, W)
            # Rows first, then columns, rounded in between, as PIL does.
            rows = _resized(planes, (int(planes.shape[2]), self.size[1]))
            levels = _resized(rows, self.size).permute(0, 2, 3, 1)
        return (levels * self.scale - self.shift).to(self.dtype)


def _resized(planes: Tensor, size: tuple[int, int]) -> Tensor:
    """Return planes (B, C, h, w) of whole levels; halves go up, as with PIL."""
    return torch.floor(F.interpolate(planes, size, mode="bilinear", antialias=True) + 0.5)
