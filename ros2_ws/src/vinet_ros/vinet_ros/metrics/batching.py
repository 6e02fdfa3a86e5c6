# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What all metrics share: arrays or tensors in, a float64 batch inside, the same kind out."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MIT_EPS = 2.0**-52
"""The benchmark's eps: MATLAB's, 2.2204e-16."""

Maps = TypeVar("Maps", NDArray[Any], Tensor)
"""(H, W) or (B, H, W); with a result, () or (B,)."""


def to_batch(
    prediction: NDArray[Any] | Tensor, *truths: NDArray[Any] | Tensor
) -> tuple[Tensor, ...]:
    """Return all maps as float64 (B, H, W) on the prediction's device, the prediction resized.

    Raises:
        ValueError: If a map is neither (H, W) nor (B, H, W), or shapes do not fit.
    """
    device = prediction.device if isinstance(prediction, Tensor) else None
    batch = [_to_double(m, device) for m in (prediction, *truths)]
    if len({tuple(t.shape) for t in batch[1:]}) > 1 or batch[0].shape[0] != batch[1].shape[0]:
        shapes = ", ".join(str(tuple(m.shape)) for m in (prediction, *truths))
        raise ValueError(f"expected maps of one shape, (H, W) or (B, H, W), got {shapes}")
    return (_resize(batch[0], batch[1].shape[1:]), *batch[1:])


def like(prediction: Maps, scores: Tensor) -> Maps:
    """Return scores (B,) as the kind of the prediction: scalar for a map, (B,) for a batch."""
    result = scores[0] if prediction.ndim == 2 else scores
    if isinstance(prediction, Tensor):
        return result
    return result.detach().cpu().numpy()[()]


def nan_where_constant(scores: Tensor, *maps: Tensor) -> Tensor:
    """Put NaN where a map (B, H, W) has one value only: rounding would hide the division by 0."""
    for m in maps:
        scores = scores.masked_fill(m.amax((1, 2)) == m.amin((1, 2)), torch.nan)
    return scores


def stretch(maps: Tensor) -> Tensor:
    """Bring each map (B, H, W) to [0, 1] by its minimum and maximum; NaN if it is constant."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low)


def unit_sum(maps: Tensor) -> Tensor:
    """Divide each map (B, H, W) by its sum; an all-zero map stays as it is."""
    total = maps.sum((1, 2), keepdim=True)
    zero = (maps == 0).all(2, keepdim=True).all(1, keepdim=True)
    return maps / torch.where(zero, 1.0, total)


def resize_maps(maps: Maps, size: tuple[int, int]) -> Maps:
    """Resize maps (H, W) or (B, H, W) to (height, width) as MATLAB's ``imresize`` does.

    Bicubic (a = -0.5), antialiased when shrinking, borders mirrored.
    """
    resized = _resize(_to_double(maps, None), size)
    if isinstance(maps, Tensor):
        return resized if maps.ndim == 3 else resized[0]
    return resized.numpy() if maps.ndim == 3 else resized[0].numpy()


def _to_double(maps: NDArray[Any] | Tensor, device: torch.device | None) -> Tensor:
    if maps.ndim not in (2, 3):
        raise ValueError(f"expected a map (H, W) or a batch (B, H, W), got {tuple(maps.shape)}")
    if isinstance(maps, Tensor):
        double = maps.to(device or maps.device, torch.float64)
    else:
        double = torch.tensor(np.asarray(maps, np.float64), device=device)
    return double if maps.ndim == 3 else double[None]


def _resize(maps: Tensor, size: tuple[int, ...]) -> Tensor:
    if tuple(maps.shape[1:]) == tuple(size):
        return maps
    height, width = size
    rows = torch.tensor(_imresize_matrix(maps.shape[1], height), device=maps.device)
    columns = torch.tensor(_imresize_matrix(maps.shape[2], width), device=maps.device)
    return keep_constant(maps, rows @ maps @ columns.T)


def keep_constant(maps: Tensor, changed: Tensor) -> Tensor:
    """Undo the rounding that makes a resized or averaged constant map look as if it had detail.

    Args:
        maps: (B, H, W) before.
        changed: (B, h, w) after.
    """
    high, low = maps.amax((1, 2), keepdim=True), maps.amin((1, 2), keepdim=True)
    return torch.where(high == low, high, changed)


@lru_cache(maxsize=32)
def _imresize_matrix(source: int, target: int) -> NDArray[np.float64]:
    """The weights (target, source) of one axis."""
    scale = target / source
    stretch_kernel = min(scale, 1.0)  # shrinking widens the kernel: antialiasing
    width = 4.0 / stretch_kernel
    centre = (np.arange(1, target + 1) / scale + 0.5 * (1 - 1 / scale))[:, None]
    index = np.floor(centre - width / 2) + np.arange(int(np.ceil(width)) + 2)
    weight = _cubic(stretch_kernel * (centre - index))
    weight /= weight.sum(axis=1, keepdims=True)
    mirrored = np.concatenate((np.arange(source), np.arange(source)[::-1]))
    column = mirrored[np.mod(index.astype(np.int64) - 1, 2 * source)]
    matrix = np.zeros((target, source))
    np.add.at(matrix, (np.arange(target)[:, None], column), weight)
    return matrix


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))
