# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Confidence intervals of means over a video, where neighbouring frames are not independent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its bootstrap interval.

    Attributes:
        mean: Over the frames that have the score; NaN if none has.
        low: Lower end, 95 %.
        high: Upper end.
        frames: Frames that have the score.
        blocks: Blocks of frames that were drawn from; with few of them the interval is too narrow.
    """

    mean: float
    low: float
    high: float
    frames: int
    blocks: int


def second_blocks(frames: int, fps: float) -> NDArray[np.int64]:
    """Return for each frame the whole second of the video that it lies in."""
    return np.floor(np.arange(frames) / fps).astype(np.int64)


def block_interval(
    scores: NDArray[np.float64], blocks: NDArray[np.int64], seed: int = 0
) -> Interval:
    """Return the mean of scores (N,) and its 95 % interval, whole blocks drawn with replacement.

    The same seed draws the same blocks, so rows of one table vary together.

    Args:
        scores: Of frames; NaN is left out.
        blocks: (N,) the block of each frame.
        seed: Of the draw.
    """
    defined = ~np.isnan(scores)
    if not defined.any():
        return Interval(np.nan, np.nan, np.nan, 0, 0)
    _, block = np.unique(blocks[defined], return_inverse=True)
    sums = np.bincount(block, scores[defined])
    counts = np.bincount(block)
    drawn = np.random.default_rng(seed).integers(len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    mean = float(scores[defined].mean())
    return Interval(mean, float(low), float(high), int(defined.sum()), len(sums))
