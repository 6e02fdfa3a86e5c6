# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Videos with human gaze as files on disk, whatever the layout they were found in."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vinet_ros.errors import DataError
from vinet_ros.training.datasets.records import load_rgb

NS_PER_S = 1_000_000_000
FIXATION_VARIABLES = ("I", "eyeMap")
"""Names of the binary matrix in a .mat file: DHF1K's packaging, and STAViS'."""


@dataclass(frozen=True, slots=True)
class PackedFrames:
    """A video's files in memory, for packed sets.

    Attributes:
        frames: N images as JPEG.
        maps: N grey maps as JPEG; empty where there is no ground truth.
        fixations: N arrays (K, 2) of row and column of fixated pixels; empty as the maps.
        size: Height and width of the original maps.
    """

    frames: Sequence[bytes]
    maps: Sequence[bytes]
    fixations: Sequence[NDArray[np.int32]]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class VideoRecord:
    """One video, where people looked in each frame, and nothing of it read yet.

    Frames count from 0, whatever the first file's number is.

    Attributes:
        name: Folder name, unique in its set.
        set_name: Name of the data set, as in :data:`~.layouts.LAYOUTS`: "dhf1k", "diem", ...
        split: "train", "val" or "test".
        frames: N image files in time order.
        maps: N grey maps; empty where the split has no ground truth.
        fixations: N files with a binary matrix, .mat or images, or N times the .npy of points
            that holds all frames; empty where there are none.
        fps: Frames a second.
        audio: Its sound, a mono .wav, where the set has sound.
        category: What the set says the video shows; empty where it says nothing.
        forced_size: Height and width that every frame is brought to first, where the set's
            loader does so.
        listed_frames: Number of frames that its list says; 0 where no list does.
        packed: The files' contents, where the set was packed; the paths are then only names.
    """

    name: str
    set_name: str
    split: str
    frames: tuple[Path, ...]
    maps: tuple[Path, ...]
    fixations: tuple[Path, ...]
    fps: float
    audio: Path | None = None
    category: str = ""
    forced_size: tuple[int, int] | None = None
    listed_frames: int = 0
    packed: PackedFrames | None = None

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.frames)

    @property
    def title(self) -> str:
        """Set, split and name, for messages."""
        return f"{self.set_name} {self.split} {self.name}"

    @property
    def has_truth(self) -> bool:
        """Whether there is a map for each frame."""
        return len(self.maps) == len(self.frames) > 0

    @property
    def has_fixations(self) -> bool:
        """Whether there is a fixation file for each frame."""
        return len(self.fixations) == len(self.frames) > 0

    def stamp_ns(self, frame: int) -> int:
        """Return the time of a frame in nanoseconds; the first frame is at 0."""
        return round(frame * NS_PER_S / self.fps)

    def load_rgb(self, frame: int) -> NDArray[np.uint8]:
        """Read a frame as (H, W, 3) RGB.

        Raises:
            DataError: If the file is missing or is no image; the message names it.
        """
        encoded = self.packed.frames[frame] if self.packed else None
        rgb = load_rgb(self.frames[frame], encoded)
        if self.forced_size is None or rgb.shape[:2] == self.forced_size:
            return rgb
        size = self.forced_size[::-1]
        return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC))

    def load_map(self, frame: int) -> NDArray[np.float32]:
        """Read the continuous map of a frame as (H, W), 0..1.

        Raises:
            DataError: If the video has none, or the file is missing or is no image.
        """
        _require(self, self.maps, "maps")
        encoded = self.packed.maps[frame] if self.packed else None
        return np.asarray(load_grey(self.maps[frame], encoded) / np.float32(255), np.float32)

    def load_fixations(self, frame: int) -> NDArray[np.bool_]:
        """Read the fixated pixels of a frame as (H, W); the size may differ from the frame's.

        Raises:
            DataError: If the video has none, or the file is missing or cannot be read.
        """
        _require(self, self.fixations, "fixations")
        if self.packed is not None:
            looked = np.zeros(self.packed.size, np.bool_)
            looked[tuple(self.packed.fixations[frame].T)] = True
            return looked
        path = self.fixations[frame]
        if path.suffix == ".npy":
            return load_fixation_points(
                path, frame, self.forced_size or self.load_map(frame).shape
            )
        return load_fixation_file(path)


def load_grey(path: Path, encoded: bytes | None = None) -> NDArray[np.uint8]:
    """Read a map as (H, W), 0..255; of a colour image the first channel, as the authors do.

    Raises:
        DataError: If the file is missing or is no 8-bit image; the message names it.
    """
    try:
        with Image.open(path if encoded is None else io.BytesIO(encoded)) as image:
            palette = image.mode in ("P", "1", "LA")
            pixels = np.asarray(image.convert("L") if palette else image)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: not a readable image") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{path}: not a readable image ({error})") from None
    if pixels.dtype != np.uint8:
        raise DataError(f"{path}: expected an 8-bit map, got values of type {pixels.dtype}")
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., 0])


def load_fixation_file(path: Path) -> NDArray[np.bool_]:
    """Read fixated pixels (H, W) from a .mat file or from an image, where not zero.

    Raises:
        DataError: If the file is missing or cannot be read; the message names it.
    """
    if path.suffix.lower() != ".mat":
        return load_grey(path) > 0
    return np.asarray(_load_mat(path) > 0)


def load_fixation_points(path: Path, frame: int, size: tuple[int, ...]) -> NDArray[np.bool_]:
    """Read the fixated pixels (H, W) of one frame from an array of points of all frames.

    Args:
        path: A .npy of shape (frames, 2, observers): column and row in pixels of `size`. Points
            outside and NaN are people who looked away.
        frame: Which frame, from 0.
        size: Height and width.

    Raises:
        DataError: If the file is missing, damaged, of another shape, or ends before the frame.
    """
    try:
        points = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, ValueError, EOFError):
        raise DataError(f"{path}: not a readable .npy file; get it again") from None
    if points.ndim != 3 or points.shape[1] != 2 or points.dtype.kind not in "iuf":
        raise DataError(f"{path}: expected points (frames, 2, observers), got {points.shape}")
    if frame >= len(points):
        raise DataError(f"{path}: holds {len(points)} frames, frame {frame} is asked for")
    height, width = size
    x, y = np.asarray(points[frame], np.float64)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)  # False for NaN
    looked = np.zeros((height, width), np.bool_)
    looked[y[inside].astype(np.int64), x[inside].astype(np.int64)] = True
    return looked


def _load_mat(path: Path) -> NDArray[Any]:
    from scipy.io import loadmat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            variables = loadmat(str(path), appendmat=False, variable_names=FIXATION_VARIABLES)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except NotImplementedError:
        raise DataError(f"{path}: MATLAB 7.3 format; save it with -v7") from None
    except Exception:  # scipy raises many kinds on a damaged file
        raise DataError(f"{path}: not a readable .mat file; get it again") from None
    for name in FIXATION_VARIABLES:
        found = variables.get(name)
        if isinstance(found, np.ndarray) and found.ndim == 2 and found.dtype.kind in "buif":
            return found
    raise DataError(f"{path}: holds no matrix {' or '.join(FIXATION_VARIABLES)}")


def _require(record: VideoRecord, files: Sequence[Path], what: str) -> None:
    if not files:
        raise DataError(f"{record.title}: has no {what}")
