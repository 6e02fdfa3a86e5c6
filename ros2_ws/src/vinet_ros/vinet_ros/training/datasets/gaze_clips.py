# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Videos with human gaze.

Layout: ``<name>.gaze.npz`` (one row a gaze sample: frame, observer, x, y as fractions; and fps,
frames) beside ``<name>.<a video's suffix>``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError
from vinet_ros.training.datasets.npz import read_arrays, read_columns
from vinet_ros.training.datasets.records import Fixations, group_fixations

GAZE_SUFFIX = ".gaze.npz"
VIDEO_SUFFIXES = (".avi", ".mp4", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg")
GAZE_ARRAYS = ("frame", "observer", "x", "y")
NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class GazeClip:
    """One video and where people looked in it.

    Attributes:
        name: The files' common stem.
        video_path: The video.
        fps: Frames a second.
        fixations: The gaze samples of each frame.
    """

    name: str
    video_path: Path
    fps: float
    fixations: tuple[Fixations, ...]

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.fixations)

    def stamp_ns(self, frame: int) -> int:
        """Return the time of a frame in nanoseconds; the first frame is at 0."""
        return round(frame * NS_PER_S / self.fps)

    def read_frames(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames as (H, W, 3) RGB, at most as many as the gaze file says.

        Raises:
            DataError: If the video cannot be opened or holds no frame; the message names it.
        """
        video = cv2.VideoCapture(str(self.video_path))
        try:
            for frame in range(len(self)):
                good, bgr = video.read()
                if not good and frame == 0:
                    raise DataError(f"{self.video_path}: not a readable video")
                if not good:
                    return
                yield np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        finally:
            video.release()


def find_gaze_files(root: Path) -> list[Path]:
    """Return the gaze files in a folder, by name."""
    return sorted(root.glob(f"*{GAZE_SUFFIX}"))


def read_gaze_clip(gaze_path: Path) -> GazeClip:
    """Read a gaze file and find its video.

    Raises:
        DataError: If the file is damaged or contradicts itself, or no video lies beside it.
    """
    name = gaze_path.name.removesuffix(GAZE_SUFFIX)
    arrays = read_columns(gaze_path, GAZE_ARRAYS)
    frame = arrays["frame"]
    fps, frames = _read_length(gaze_path)
    if len(frame) and not 0 <= frame.min() <= frame.max() < frames:
        raise DataError(f"{gaze_path}: gaze at frame {frame.max()}, the clip has {frames} frames")
    fixations = group_fixations(frame, arrays["x"], arrays["y"], arrays["observer"], frames)
    return GazeClip(name, _video_beside(gaze_path, name), fps, tuple(fixations))


def _read_length(path: Path) -> tuple[float, int]:
    values = read_arrays(path, ("fps", "frames"))
    if any(value.size != 1 for value in values.values()):
        raise DataError(f"{path}: fps and frames must be single numbers")
    fps, frames = float(values["fps"].item()), int(values["frames"].item())
    if not 0 < fps < np.inf or frames < 1:
        raise DataError(f"{path}: fps {fps} and frames {frames} must be positive")
    return fps, frames


def _video_beside(gaze_path: Path, name: str) -> Path:
    for suffix in VIDEO_SUFFIXES:
        path = gaze_path.with_name(name + suffix)
        if path.is_file():
            return path
    raise DataError(
        f"{gaze_path}: no video {name}.* beside it ({', '.join(s[1:] for s in VIDEO_SUFFIXES)})"
    )
