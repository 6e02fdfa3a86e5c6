# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Clips as STAViS samples them: 16 frames, the target in their middle, and their sound."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vinet_ros.preprocess import STAVIS_PIXELS, normalize_frames, resize_rgb
from vinet_ros.training.clip_sounds import ClipSounds
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.samples import Sample
from vinet_ros.training.video_samples import ClipSampling, read_truth

SEGMENT_FRAMES, SEGMENT_STEP = 90, 74


def looped_clip(first: int, frames: int, length: int) -> list[int]:
    """Return the frames of a clip, from 0; one that the video ends within begins anew.

    Args:
        first: Its first frame.
        frames: Of the video.
        length: Of the clip.

    Raises:
        ValueError: If there is no such frame.
    """
    if not 0 <= first < frames:
        raise ValueError(f"expected a first frame of 0 to {frames - 1}, got {first}")
    return [first + k % (frames - first) for k in range(length)]


def target_frame(indices: Sequence[int]) -> int:
    """Return the frame whose map a clip learns: its median, as the public code rounds it.

    Counted from 1 the median of 16 frames in a row lies between two; the even one is taken.
    """
    return round(float(np.median(indices)) + 1) - 1


def segments(frames: int) -> list[range]:
    """Return the parts of a video of which each gives a clip an epoch."""
    starts = range(0, max(frames - 1, 1), SEGMENT_STEP)
    return [range(start, min(start + SEGMENT_FRAMES, frames)) for start in starts]


def clip_sound(
    sounds: ClipSounds, record: VideoRecord, indices: Sequence[int], draw: int = 0
) -> Tensor:
    """Return the sound of a clip, from its first frame to its last.

    Of a looped clip that is what it is by the public code: the frames between the two.

    Args:
        sounds: Where it comes from, in the network's form.
        record: The video; one without a sound is silent.
        indices: The clip's frames.
        draw: See :meth:`ClipSounds.of`.

    Raises:
        DataError: If the sound cannot be read.
    """
    return sounds.of(record, indices[0], indices[-1], draw)


class StavisClips(Dataset[Sample]):
    """A clip of each segment and epoch, its place and whether it is mirrored drawn.

    Everything is drawn from (seed, epoch, index). A sample is that of
    :class:`~.video_samples.VideoClips`, with "target" (the map at its own level, 0..1) beside it.

    Args:
        records: The videos.
        sampling: Frames a clip, and their size.
        seed: Of what is drawn.
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
        self.sampling, self.seed = sampling, seed
        self.fixations, self.sounds = fixations, sounds
        self.segments = [(r, segment) for r in records for segment in segments(len(r))]

    def __len__(self) -> int:
        return len(self.segments)

    def __getitem__(self, item: tuple[int, int]) -> Sample:
        """Return the clip of one segment that belongs to the epoch.

        Raises:
            DataError: If a file cannot be read.
        """
        epoch, index = item
        record, segment = self.segments[index]
        rng = np.random.default_rng((self.seed, epoch, index))
        first = int(rng.integers(max(len(segment) - self.sampling.frames, 0) + 1))
        indices = looped_clip(first, len(segment), self.sampling.frames)
        indices = [segment.start + k for k in indices]
        size = (self.sampling.height, self.sampling.width)
        sample = _sample(record, indices, size, size, fixations=self.fixations)
        if self.sounds is not None:
            sample["audio"] = clip_sound(self.sounds, record, indices, epoch)
        if rng.random() < 0.5:
            for name in ("clip", "density", "target", "fixations"):
                sample[name] = sample[name].flip(-1)
        return sample


class StavisValidationClips(Dataset[Sample]):
    """Clips that do not overlap, the same each time; targets at the maps' own size.

    Args:
        records: The videos.
        sampling: Frames a clip, and their size.
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
        self.fixations, self.sounds = fixations, sounds
        self.clips = [
            (record, first)
            for record in records
            for first in range(0, max(len(record) - sampling.frames, 0) + 1, sampling.frames)
        ]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Sample:
        """Return one clip.

        Raises:
            DataError: If a file cannot be read.
        """
        record, first = self.clips[index]
        indices = looped_clip(first, len(record), self.sampling.frames)
        size = (self.sampling.height, self.sampling.width)
        sample = _sample(record, indices, size, None, fixations=self.fixations)
        if self.sounds is not None:
            sample["audio"] = clip_sound(self.sounds, record, indices)
        return sample


def _sample(
    record: VideoRecord,
    indices: Sequence[int],
    size: tuple[int, int],
    truth_size: tuple[int, int] | None,
    *,
    fixations: bool,
) -> Sample:
    """Read a clip and its target at a size (None: its own)."""
    middle = target_frame(indices)
    target = record.load_map(middle)
    if truth_size is not None:
        target = np.asarray(cv2.resize(target, truth_size[::-1]), np.float32)
    frames = {i: resize_rgb(record.load_rgb(i), size) for i in dict.fromkeys(indices)}
    clip = normalize_frames(np.stack([frames[i] for i in indices]), STAVIS_PIXELS)
    return {
        "clip": torch.from_numpy(clip),
        "target": torch.from_numpy(target),
        **read_truth(record, middle, target, target.shape, fixations),
    }
