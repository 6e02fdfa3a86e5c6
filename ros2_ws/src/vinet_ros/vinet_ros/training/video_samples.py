# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Clips of videos with where people looked in their newest frame, sampled as the papers do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from vinet_ros.errors import DataError
from vinet_ros.preprocess import INPUT_SIZE, normalize_frames, resize_rgb
from vinet_ros.streaming.audio_regimes import NORMAL, REGIMES, ZERO
from vinet_ros.training.clip_sounds import ClipSounds
from vinet_ros.training.datasets.layouts import LAYOUTS
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.groundtruth import fixation_map
from vinet_ros.training.samples import Sample

PLANS = {"newest": 32, "stavis": 16}
"""Ways of sampling, and what sides their networks' inputs are divisible by."""


@dataclass(frozen=True, slots=True)
class ClipSampling:
    """How videos become clips.

    Attributes:
        frames: Frames a clip, T.
        rate_hz: Frames a second of a clip; frames in between are skipped. 0 takes every frame,
            whatever the video's rate, as the papers do.
        height: Of the network's input and of the target, divisible by 32 (STAViS: 16).
        width: The same.
        black_frames: How many frames of each training clip are black, drawn anew each time, the
            newest among them; of the validation's clips none. Not for "stavis".
        audio: What a network hears, one of :data:`~vinet_ros.streaming.audio_regimes.REGIMES`;
            empty for one that does not hear.
        audio_std: Deviation of "normal" sound, 1 is full scale; 0: that of the clip's own.
        plan: Whose clips: "newest", whose target is the newest frame's, or "stavis", with the
            middle frame's; see :mod:`~vinet_ros.training.stavis_clips`.
    """

    frames: int = 32
    rate_hz: float = 0.0
    height: int = INPUT_SIZE[0]
    width: int = INPUT_SIZE[1]
    black_frames: int = 0
    audio: str = ""
    audio_std: float = 0.0
    plan: str = "newest"

    def __post_init__(self) -> None:
        if self.frames < 1 or self.rate_hz < 0:
            raise ValueError(
                f"frames must be positive and rate_hz not negative, got {self.frames} and "
                f"{self.rate_hz}"
            )
        if self.plan not in PLANS:
            raise ValueError(f"plan must be one of {', '.join(PLANS)}; got {self.plan!r}")
        unit = PLANS[self.plan]
        if self.height % unit or self.width % unit or min(self.height, self.width) < 32:
            raise ValueError(
                f"height and width must be multiples of {unit}, at least 32, got {self.height} x "
                f"{self.width}"
            )
        if self.plan == "stavis" and self.black_frames:
            raise ValueError("STAViS learns without black frames; leave them out")
        if not 0 <= self.black_frames <= self.frames:
            raise ValueError(
                f"black_frames must be 0 to {self.frames}, all of a clip; got {self.black_frames}"
            )
        if self.audio and self.audio not in REGIMES:
            raise ValueError(f"no audio regime {self.audio!r}; there are {', '.join(REGIMES)}")
        if self.audio_std < 0 or (self.audio_std and self.audio != NORMAL):
            raise ValueError(
                f"audio_std is the deviation of {NORMAL!r} sound, above 0; got {self.audio_std} "
                f"with audio {self.audio or 'none'}"
            )

    @property
    def needs_sound(self) -> bool:
        """Whether every video must have a sound of its own."""
        return self.audio not in ("", ZERO) and not self.audio_std

    def step(self, record: VideoRecord) -> int:
        """Return how many frames of a video lie between two of a clip, at least 1."""
        return max(1, round(record.fps / self.rate_hz)) if self.rate_hz else 1

    def first_newest(self, record: VideoRecord) -> int:
        """Return the first frame that is the newest of a whole clip, the last of a short video."""
        return min((self.frames - 1) * self.step(record), len(record) - 1)

    def frame_indices(self, record: VideoRecord, newest: int) -> list[int]:
        """Return the T frames of the clip that ends there; before the video its first frame."""
        step = self.step(record)
        return [max(0, newest - step * back) for back in range(self.frames - 1, -1, -1)]

    def span(self, record: VideoRecord, newest: int) -> tuple[int, int]:
        """Return the first and last frame of a video whose time the clip covers."""
        return self.frame_indices(record, newest)[0], newest


class VideoClips(Dataset[Sample]):
    """One clip a video and epoch, its start drawn uniformly from (seed, epoch, index).

    The target is the newest frame's map at the network's size. Clips whose newest map is empty
    are drawn again for every set; the authors do so for the sets with sound only. Videos shorter
    than a clip are led by their first frame.

    Args:
        records: The videos.
        sampling: How they become clips.
        seed: Of the starts.
        fixations: Whether the samples carry fixations; else they are all zero, and not read.
        sounds: What is heard with the clips; None for a network that does not hear.
    """

    def __init__(
        self,
        records: Sequence[VideoRecord],
        sampling: ClipSampling,
        seed: int,
        *,
        fixations: bool = False,
        sounds: ClipSounds | None = None,
    ) -> None:
        self.records = records
        self.sampling = sampling
        self.seed = seed
        self.fixations = fixations
        self.sounds = sounds

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, item: tuple[int, int]) -> Sample:
        """Return the clip of one video that belongs to the epoch.

        Raises:
            DataError: If a file cannot be read or every map of the video is empty.
        """
        epoch, index = item
        record = self.records[index]
        rng = np.random.default_rng((self.seed, epoch, index))
        first = self.sampling.first_newest(record)
        size = (self.sampling.height, self.sampling.width)
        for newest in (first + rng.permutation(len(record) - first)).tolist():
            target = np.asarray(cv2.resize(record.load_map(newest), size[::-1]), np.float32)
            if target.any():
                break
        else:
            raise DataError(f"{record.title}: every map is empty; leave the video out")
        sample = make_sample(record, newest, self.sampling, target, size, self.fixations)
        sample["clip"] = black_out(sample["clip"], self.sampling.black_frames, rng)
        if self.sounds is not None:
            sample["audio"] = self.sounds.of(record, *self.sampling.span(record, newest), epoch)
        return sample


class ValidationClips(Dataset[Sample]):
    """Clips that do not overlap, the same each time; targets at the maps' own size.

    The stride is the authors': every fourth clip of DHF1K, every second of the sets with sound,
    every one of Hollywood-2 and UCF-Sports. A target may be empty (no one looked).

    Args:
        records: The videos.
        sampling: How they become clips.
        fixations: Whether the samples carry fixations; else they are all zero, and not read.
        sounds: What is heard with the clips; None for a network that does not hear.
    """

    def __init__(
        self,
        records: Sequence[VideoRecord],
        sampling: ClipSampling,
        *,
        fixations: bool = False,
        sounds: ClipSounds | None = None,
    ) -> None:
        self.sampling = sampling
        self.fixations = fixations
        self.sounds = sounds
        self.clips = [
            (record, newest)
            for record in records
            for newest in validation_frames(record, sampling, LAYOUTS[record.set_name].stride)
        ]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Sample:
        """Return one clip.

        Raises:
            DataError: If a file cannot be read.
        """
        record, newest = self.clips[index]
        target = record.load_map(newest)
        size = target.shape
        sample = make_sample(record, newest, self.sampling, target, size, self.fixations)
        if self.sounds is not None:
            sample["audio"] = self.sounds.of(record, *self.sampling.span(record, newest))
        return sample


def validation_frames(record: VideoRecord, sampling: ClipSampling, stride: int) -> range:
    """Return the newest frames of a video's validation clips, `stride` clip lengths apart."""
    first = sampling.first_newest(record)
    span = sampling.frames * sampling.step(record)
    # A clip that would end with the video's very last frame is left out, as by the authors.
    return range(first, max(first + 1, len(record) - 1), stride * span)


def make_sample(
    record: VideoRecord,
    newest: int,
    sampling: ClipSampling,
    target: NDArray[np.float32],
    size: tuple[int, ...],
    fixations: bool,
) -> Sample:
    """Read the frames of a clip and join them with a target (h, w) of the given size."""
    clip = torch.from_numpy(read_clip(record, newest, sampling))
    return {"clip": clip, **read_truth(record, newest, target, size, fixations)}


def read_truth(
    record: VideoRecord,
    frame: int,
    target: NDArray[np.float32],
    size: tuple[int, ...],
    fixations: bool,
) -> Sample:
    """Return a frame's target (h, w) as a density, and its fixations at that size."""
    total = float(target.sum())
    density = target / np.float32(total) if total else target
    counts = np.zeros(size, np.int32)
    if fixations:
        looked = record.load_fixations(frame)
        rows, columns = np.nonzero(looked)
        height, width = looked.shape
        counts = fixation_map((columns + 0.5) / width, (rows + 0.5) / height, (size[0], size[1]))
    return {
        "density": torch.from_numpy(np.asarray(density, np.float32)),
        "fixations": torch.from_numpy(counts),
    }


def read_clip(record: VideoRecord, newest: int, sampling: ClipSampling) -> NDArray[np.float32]:
    """Read a clip as (3, T, height, width), normalised; a frame that repeats is read once."""
    size = (sampling.height, sampling.width)
    indices = sampling.frame_indices(record, newest)
    frames = {i: resize_rgb(record.load_rgb(i), size) for i in dict.fromkeys(indices)}
    return normalize_frames(np.stack([frames[i] for i in indices]))


def black_out(clip: torch.Tensor, count: int, rng: np.random.Generator) -> torch.Tensor:
    """Return a clip (3, T, H, W) of which so many frames, drawn alike, are black.

    Source:
        Jain, MSc thesis 2023, table 5.5 (ViNet-4, -8 and -16). The newest frame may be among
        them there too; with which chances frames are drawn is not said.
    """
    if count:
        black = torch.from_numpy(normalize_frames(np.zeros((1, 1, 3), np.uint8)))  # (3, 1, 1)
        drawn = rng.choice(clip.shape[1], count, replace=False)
        clip[:, drawn] = black[:, None]  # each (3, 1, 1, 1)
    return clip
