# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What `vinet evaluate` is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vinet_ros.errors import DataError
from vinet_ros.networks import model_spec
from vinet_ros.offline.evaluate_jobs import NO_MODEL
from vinet_ros.offline.evaluate_lots import VideoSettings
from vinet_ros.offline.evaluate_windows import FIRST_FRAMES
from vinet_ros.streaming.audio_regimes import NORMAL, REAL, REGIMES

PARTS = ("stills", "clips", "videos", "made-clips")
ALL_FOLDS = "all"
FOLD_MARK = "{fold}"


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What to score.

    Attributes:
        data: Folders of stills, of clips with gaze or of video sets, packs, or single gaze files.
        model: A name of the catalog, or "none" for the baselines alone.
        weights: A weight file; None: the bundled weights. With "{fold}" in its name each fold of
            a video set has its own.
        split: Empty: val of stills, and of video sets the one that papers report.
        device: "auto", "cpu", "cuda" or "cuda:n".
        batch_size: Stills at once.
        mean_map_from: Stills whose train split gives the mean fixation map (MEP) of stills and
            clips; None: the first stills in `data`.
        map_folders: Folders with saved maps of the stills, one row each.
        smoothing_tau_s: Time constants of the clips' smoothed rows.
        made_clips: How many clips to make of the stills, to see whether what moves wins.
        seed: Of the made clips, and of the frames drawn for sAUC on videos.
        only: The parts to score, of `PARTS`; empty for all.
        sets: Names of the video sets to score; empty for all that are found.
        fold: Of video sets with folds; "all" scores the first three as one.
        first_frames: See :data:`~vinet_ros.offline.evaluate_windows.FIRST_FRAMES`.
        every: Score every so many frames of video sets.
        window_rate_hz: Of the window on video sets; None: the network's rate if it streams, else
            every frame is a slot, as the papers do.
        eight_bit: Whether maps on video sets are made into the authors' 8-bit pictures first.
        published: Whether published scores stand beside ours.
        jobs: Number of processes.
        cache: Folder that keeps each scored video, so that a run that was stopped goes on; None
            keeps nothing.
        audio: What a network hears with video sets, one of
            :data:`~vinet_ros.streaming.audio_regimes.REGIMES`.
        audio_std: Deviation of "normal" sound, 1 is full scale; 0: that of the window's own.
        baselines: Whether video sets have rows of simple predictors and people beside the
            network's.
        path: How the network is executed: "auto", "torch" or "openvino".
        limit: Of video sets, the first so many videos of a split; 0: all. The others still lend
            their sound and fixations.
    """

    data: tuple[Path, ...]
    model: str = "vinet_lite"
    weights: Path | None = None
    split: str = ""
    device: str = "auto"
    batch_size: int = 8
    mean_map_from: Path | None = None
    map_folders: tuple[Path, ...] = ()
    smoothing_tau_s: tuple[float, ...] = (0.15,)
    made_clips: int = 0
    seed: int = 0
    only: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    fold: str = "1"
    first_frames: str = "paper"
    every: int = 1
    window_rate_hz: float | None = None
    eight_bit: bool = True
    published: bool = True
    jobs: int = 1
    cache: Path | None = None
    audio: str = REAL
    audio_std: float = 0.0
    baselines: bool = True
    path: str = "auto"
    limit: int = 0

    def __post_init__(self) -> None:
        if not self.data:
            raise ValueError("expected at least one folder or gaze file, got none")
        for name in ("batch_size", "every", "jobs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.first_frames not in FIRST_FRAMES:
            raise ValueError(
                f"no rule {self.first_frames!r} for first frames; rules: {', '.join(FIRST_FRAMES)}"
            )
        self._check_parts()
        self._check_audio()

    def _check_parts(self) -> None:
        unknown = [part for part in self.only if part not in PARTS]
        if unknown:
            raise ValueError(f"no part {unknown[0]!r} to score; parts: {', '.join(PARTS)}")
        if "made-clips" in self.only and self.made_clips < 1:
            raise ValueError("only made-clips asked for, but none to make; set made_clips")

    def _check_audio(self) -> None:
        if self.audio not in REGIMES:
            raise ValueError(f"no audio regime {self.audio!r}; there are {', '.join(REGIMES)}")
        if self.audio != REAL and not (self.model != NO_MODEL and model_spec(self.model).audio):
            raise ValueError(f"{self.model} takes no sound; --audio goes with avinet")
        if self.audio_std < 0 or (self.audio_std and self.audio != NORMAL):
            raise ValueError(
                f"audio_std is the deviation of {NORMAL!r} sound, above 0; got {self.audio_std} "
                f"with audio {self.audio}"
            )

    def wants(self, part: str) -> bool:
        """Return whether a part of `PARTS` is to be scored."""
        return not self.only or part in self.only

    def weights_of(self, fold: str) -> Path | None:
        """Return the weight file of a fold.

        Raises:
            DataError: If each fold has its own and the data has none.
        """
        if self.weights is None or FOLD_MARK not in str(self.weights):
            return self.weights
        if not fold:
            raise DataError(f"{self.weights} is for the folds of video sets only")
        return Path(str(self.weights).replace(FOLD_MARK, fold))

    def video_settings(self) -> VideoSettings:
        """Return how videos are scored."""
        rate_hz = self.window_rate_hz
        if rate_hz is None:
            rate_hz = 0.0 if self.model != NO_MODEL and model_spec(self.model).streaming else -1.0
        return VideoSettings(
            self.first_frames,
            rate_hz,
            self.every,
            self.eight_bit,
            self.seed,
            self.audio,
            self.audio_std,
            self.baselines,
        )
