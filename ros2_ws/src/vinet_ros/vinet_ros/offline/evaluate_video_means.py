# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Means over a video set: per frame, video and category, as the papers average them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vinet_ros.offline.evaluate_videos import VideoScores
from vinet_ros.training.score_table import LeftOut

OVER_VIDEOS, OVER_FRAMES = "videos", "frames"


@dataclass(frozen=True)
class VideoSetScores:
    """The scored videos of one set.

    Attributes:
        title: Of the set and split.
        set_name: As in :data:`~vinet_ros.training.datasets.layouts.LAYOUTS`.
        split: Of it.
        pooled: Whether the set's protocol averages over frames rather than over videos.
        videos: Their scores.
        left_out: Videos and rows that there are none of, and why.
    """

    title: str
    set_name: str
    split: str
    pooled: bool
    videos: tuple[VideoScores, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def protocol(self) -> str:
        """What the published means of this set are over: "videos" or "frames"."""
        return OVER_FRAMES if self.pooled else OVER_VIDEOS

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """Names of the predictors, in the order of the first video that has them."""
        return tuple(dict.fromkeys(row.name for video in self.videos for row in video.rows))

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """What the videos show; empty where the set does not say."""
        return tuple(sorted({video.category for video in self.videos} - {""}))

    def mean(self, row: str, metric: str, over: str, category: str = "") -> float:
        """Return a mean that leaves out frames without the score; NaN if none has it.

        Args:
            row: Name of the predictor.
            metric: Name of the column.
            over: "frames": every frame weighs the same; "videos": every video does.
            category: Of the videos; empty for all.
        """
        means, counts = self._videos(row, metric, category)
        if not len(means):
            return math.nan
        return float(np.average(means, weights=counts if over == OVER_FRAMES else None))

    def counts(self, row: str, metric: str, category: str = "") -> tuple[int, int]:
        """Return how many videos and frames have the score."""
        _, counts = self._videos(row, metric, category)
        return len(counts), int(sum(counts))

    def of_videos(self, row: str, metric: str) -> NDArray[np.float64]:
        """Return the mean of each video that has the score."""
        return np.array(self._videos(row, metric, "")[0], np.float64)

    def _videos(
        self, row: str, metric: str, category: str
    ) -> tuple[Sequence[float], Sequence[int]]:
        found = [
            (table.mean(metric), table.count(metric))
            for video in self.videos
            if category in ("", video.category)
            for table in video.rows
            if table.name == row and table.count(metric)
        ]
        return [mean for mean, _ in found], [count for _, count in found]
