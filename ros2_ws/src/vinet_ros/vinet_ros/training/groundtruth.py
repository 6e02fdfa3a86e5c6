# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Fixation points into maps: counts a pixel, and the blurred density that networks learn."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAP_SIZE = (56, 96)
"""Height and width of the maps on which still images are scored."""

SIGMA_OF_WIDTH = 1 / 32
"""Standard deviation of the ground truth's Gaussian, as a share of the map's width."""

KERNEL_RADIUS_SIGMAS = 4.0
"""Where the Gaussian is cut off, in standard deviations."""


def fixation_map(
    x: ArrayLike, y: ArrayLike, size: tuple[int, int] = MAP_SIZE
) -> NDArray[np.int32]:
    """Count the fixations that fall into each pixel of a map.

    Args:
        x: (N,) columns as fractions of the width, 0 the left edge, 1 the right one.
        y: (N,) rows as fractions of the height, 0 the top edge.
        size: Height and width of the map.

    Returns:
        (height, width) counts. Fixations outside the image or not finite are left out.
    """
    height, width = size
    columns, rows = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    inside = (columns >= 0) & (columns <= 1) & (rows >= 0) & (rows <= 1)  # False for NaN
    column = np.minimum((columns[inside] * width).astype(np.int64), width - 1)
    row = np.minimum((rows[inside] * height).astype(np.int64), height - 1)
    counts = np.bincount(row * width + column, minlength=height * width)
    return counts.reshape(size).astype(np.int32)


def density_map(
    x: ArrayLike,
    y: ArrayLike,
    size: tuple[int, int] = MAP_SIZE,
    sigma_of_width: float = SIGMA_OF_WIDTH,
) -> NDArray[np.float32]:
    """Blur fixations into a map that sums to one.

    The Gaussian is as wide in rows as in columns of the map, cut off at four standard deviations,
    and the image is mirrored at its borders without repeating the border pixel.

    Args:
        x: (N,) columns as fractions of the width.
        y: (N,) rows as fractions of the height.
        size: Height and width of the map.
        sigma_of_width: Standard deviation as a share of the map's width.

    Returns:
        (height, width) density, its sum one.

    Raises:
        ValueError: If no fixation is inside the image: nothing can be normalised to one.
    """
    return blur_counts(fixation_map(x, y, size), sigma_of_width).astype(np.float32)


def blur_counts(
    counts: NDArray[Any], sigma_of_width: float = SIGMA_OF_WIDTH
) -> NDArray[np.float64]:
    """Blur a map of counts (height, width) and scale it to the sum one; see `density_map`.

    Raises:
        ValueError: If the map holds no fixation.
    """
    if not counts.any():
        raise ValueError("no fixation inside the image: expected at least one, got none")
    height, width = counts.shape
    sigma = sigma_of_width * width
    blurred = blur_matrix(height, sigma) @ counts @ blur_matrix(width, sigma).T
    return np.asarray(blurred / blurred.sum(), np.float64)


@lru_cache(maxsize=32)
def blur_matrix(length: int, sigma: float) -> NDArray[np.float64]:
    """Return the matrix (length, length) that blurs a column of `length` values.

    Left and right multiplication blur a map: ``blur_matrix(h, s) @ map @ blur_matrix(w, s).T``.
    The border mirrors without repeating the edge (OpenCV's default, SciPy's "mirror").
    """
    radius = int(KERNEL_RADIUS_SIGMAS * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    source = _mirrored(np.arange(length)[:, None] + offsets, length)  # (length, 2 radius + 1)
    matrix = np.zeros((length, length))
    np.add.at(matrix, (np.arange(length)[:, None], source), kernel)
    matrix.flags.writeable = False  # it is cached: one caller must not change another's
    return matrix


def _mirrored(index: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    period = max(2 * (length - 1), 1)
    folded = np.mod(index, period)
    return np.minimum(folded, period - folded) if length > 1 else np.zeros_like(index)
