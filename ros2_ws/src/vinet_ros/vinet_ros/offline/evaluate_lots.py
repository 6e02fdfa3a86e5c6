# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The videos of a set as an evaluation sees them: what is scored, how, and against what."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError
from vinet_ros.preprocess import INPUT_SIZE
from vinet_ros.streaming.audio_regimes import REAL
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.score_table import OTHER_IMAGES, LeftOut, Maps

MEAN_MAP_FRAMES = 8
"""Frames of each training video that the mean map is made of, evenly spread."""


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """How videos are predicted and scored.

    Attributes:
        first_frames: See :data:`~vinet_ros.offline.evaluate_windows.FIRST_FRAMES`.
        window_rate_hz: Slots a second of the window; 0: the network's own rate; negative: every
            frame is a slot.
        every: Score every so many frames.
        eight_bit: Whether the network's maps are first made into the pictures that the authors
            save: blurred, stretched and rounded to 8 bits at the frame's size.
        seed: Of the frames drawn for sAUC, and of sound.
        audio: What a network hears, one of
            :data:`~vinet_ros.streaming.audio_regimes.REGIMES`.
        audio_std: Deviation of "normal" sound, 1 is full scale; 0: that of the window's own.
        baselines: Whether simple predictors and people are scored beside the network.
    """

    first_frames: str = "paper"
    window_rate_hz: float = -1.0
    every: int = 1
    eight_bit: bool = True
    seed: int = 0
    audio: str = REAL
    audio_std: float = 0.0
    baselines: bool = True


@dataclass(frozen=True)
class VideoLot:
    """The videos of one set's split and what all of them are scored with.

    Attributes:
        title: Of the set and split.
        records: The videos.
        settings: How they are scored.
        pooled: Whether the set's protocol averages over the frames of all videos, and draws the
            negatives of sAUC from all videos; else it averages over videos, and the negatives are
            where people looked in the same video at other times.
        mean_map: Mean map of the training videos, or None.
        name: Of the network's row; empty without a network.
    """

    title: str
    records: tuple[VideoRecord, ...]
    settings: VideoSettings
    pooled: bool
    mean_map: Maps | None
    name: str

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Where each video ends if all frames are counted through."""
        return np.cumsum([len(record) for record in self.records])


@dataclass(frozen=True, slots=True)
class Looked:
    """Fixated pixels of one frame, as places: a video's frames would not fit as maps."""

    size: tuple[int, int]
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]

    @classmethod
    def read(cls, record: VideoRecord, frame: int) -> Looked:
        """Read them; DataError where there are none to read."""
        mask = record.load_fixations(frame)
        rows, columns = np.nonzero(mask)
        size = (int(mask.shape[0]), int(mask.shape[1]))
        return cls(size, rows.astype(np.int32), columns.astype(np.int32))

    def mark(self, mask: NDArray[np.bool_]) -> None:
        """Set them in a map (H, W) of any size."""
        height, width = mask.shape
        rows = (self.rows + 0.5) * height / self.size[0]
        columns = (self.columns + 0.5) * width / self.size[1]
        mask[rows.astype(np.int64), columns.astype(np.int64)] = True


@dataclass(frozen=True, slots=True)
class Truth:
    """One frame's ground truth; None where it is missing, and why."""

    density: Maps | None
    fixated: NDArray[np.bool_] | None
    others: NDArray[np.bool_]
    reasons: Mapping[str, str]


def mean_map_of_videos(records: Sequence[VideoRecord]) -> tuple[Maps, list[LeftOut]]:
    """Return the mean of training maps (224, 384), each video weighing the same (MEP).

    Args:
        records: The training videos.

    Returns:
        The mean, and what could not be read.

    Raises:
        DataError: If no map can be read.
    """
    means, left_out = [], []
    for record in records:
        total: Maps = np.zeros(INPUT_SIZE, np.float64)
        frames = np.linspace(0, len(record) - 1, min(MEAN_MAP_FRAMES, len(record)))
        for frame in frames.astype(int):
            try:
                values = record.load_map(int(frame))
            except DataError as error:
                left_out.append(LeftOut("MEP", "", str(error)))
                continue
            small = cv2.resize(values, INPUT_SIZE[::-1], interpolation=cv2.INTER_AREA)
            total = total + np.asarray(small, np.float64) / max(float(small.sum()), 1e-12)
        if total.any():
            means.append(total / total.sum())
    if not means:
        reason = f": {left_out[0].reason}" if left_out else ""
        raise DataError(f"no training map to average{reason}")
    return np.asarray(np.mean(means, axis=0), np.float64), left_out


def read_fixations(record: VideoRecord) -> list[Looked | str]:
    """Read the fixations of all frames, or why a frame has none."""
    found: list[Looked | str] = []
    for frame in range(len(record)):
        try:
            found.append(Looked.read(record, frame))
        except DataError as error:
            found.append(str(error))
    return found


def read_truth(lot: VideoLot, index: int, frame: int, looked: Sequence[Looked | str]) -> Truth:
    """Return the ground truth of a frame.

    Args:
        lot: The set.
        index: Of the video.
        frame: Of the video.
        looked: What :func:`read_fixations` gave for the video.
    """
    record = lot.records[index]
    reasons = {}
    density = None
    try:
        density = np.asarray(record.load_map(frame), np.float64)
    except DataError as error:
        reasons["map"] = str(error)
    mine = looked[frame]
    if isinstance(mine, str):
        reasons["fixations"] = mine
        return Truth(density, None, np.zeros((0, 0), np.bool_), reasons)
    fixated = np.zeros(mine.size, np.bool_)
    mine.mark(fixated)
    others = np.zeros(mine.size, np.bool_)
    for other in _drawn(lot, index, frame) if lot.pooled else looked:
        if not isinstance(other, str):
            other.mark(others)
    return Truth(density, fixated, others if lot.pooled else others & ~fixated, reasons)


def _drawn(lot: VideoLot, index: int, frame: int) -> list[Looked | str]:
    """Read the fixations of frames drawn from all videos; those unreadable are left out."""
    name = zlib.crc32(lot.records[index].title.encode())
    draw = np.random.default_rng((lot.settings.seed, name, frame))
    total = int(lot.ends[-1])
    found: list[Looked | str] = []
    for place in draw.choice(total, min(OTHER_IMAGES, total), replace=False):
        video = int(np.searchsorted(lot.ends, place, side="right"))
        record = lot.records[video]
        try:
            found.append(Looked.read(record, int(place - (lot.ends[video] - len(record)))))
        except DataError as error:
            found.append(str(error))
    return found
