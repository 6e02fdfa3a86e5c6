# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The pieces of an evaluation that can be done in any process, each a small value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vinet_ros.offline.evaluate_cache import cache_path, load, store
from vinet_ros.offline.evaluate_clips import ClipScores, score_clip
from vinet_ros.offline.evaluate_jobs import Bench
from vinet_ros.offline.evaluate_lots import VideoLot
from vinet_ros.offline.evaluate_motion import JudgedClips, judge_clips
from vinet_ros.offline.evaluate_stills import StillMaps, maps_of_stills
from vinet_ros.offline.evaluate_videos import VideoScores, score_video
from vinet_ros.training.datasets import GazeClip, Still
from vinet_ros.training.score_table import Maps
from vinet_ros.training.scoring import Predict, static_predict

LOTS = "lots"
"""Name of the shared video sets, a tuple of :class:`VideoLot`."""


@dataclass(frozen=True, slots=True)
class StillsTask:
    """Predict some of a folder's images."""

    title: str
    name: str
    stills: tuple[Still, ...]
    of: int
    batch_size: int

    def __call__(self, bench: Bench) -> StillMaps:
        """Return the maps."""
        predictors: dict[str, Predict] = {}
        if bench.network is not None:
            predictors[self.name] = static_predict(bench.network, bench.setup.device)

        def progress(row: str, step: int) -> None:
            bench.progress(f"{self.title}, {row}", step, self.of)

        return maps_of_stills(
            self.stills, predictors, batch_size=self.batch_size, progress=progress
        )


@dataclass(frozen=True, slots=True)
class ClipTask:
    """Score one clip with gaze."""

    clip: GazeClip
    name: str
    mean_map: Maps | None
    smoothing_tau_s: tuple[float, ...]

    def __call__(self, bench: Bench) -> ClipScores:
        """Return its rows."""
        return score_clip(
            self.clip,
            bench.windowed(),
            self.name,
            self.mean_map,
            smoothing_tau_s=self.smoothing_tau_s,
            progress=bench.progress,
        )


@dataclass(frozen=True, slots=True)
class MotionTask:
    """Judge some of the made clips."""

    title: str
    name: str
    stills: tuple[Still, ...]
    clips: range
    of: int
    seed: int

    def __call__(self, bench: Bench) -> JudgedClips:
        """Return the judgements."""
        return judge_clips(
            self.stills,
            bench.windowed(),
            self.name,
            self.clips,
            seed=self.seed,
            progress=lambda step: bench.progress(f"made clips of {self.title}", step, self.of),
        )


@dataclass(frozen=True, slots=True)
class VideoTask:
    """Score one video of a shared set, unless it has been scored before."""

    lot: int
    index: int
    network: str
    cache: Path | None

    def __call__(self, bench: Bench) -> VideoScores:
        """Return its rows."""
        lot: VideoLot = bench.setup.shared[LOTS][self.lot]
        kept = None
        if self.cache is not None:
            kept = cache_path(self.cache, lot, self.index, self.network)
            known = load(kept)
            if known is not None:
                return known
        predictor = bench.windowed(lot.settings.window_rate_hz)
        scores = score_video(lot, self.index, predictor, bench.progress)
        if kept is not None:
            store(kept, scores)
        return scores
