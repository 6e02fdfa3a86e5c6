# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Images with human fixations, whatever the layout they were read from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vinet_ros.errors import DataError


@dataclass(frozen=True, slots=True)
class Fixations:
    """Where people looked in one image or frame.

    Attributes:
        x: (N,) columns as fractions of the width, 0 the left edge.
        y: (N,) rows as fractions of the height, 0 the top edge.
        observer: (N,) who looked, an id that means the same person within one image.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    observer: NDArray[np.int16]

    def __post_init__(self) -> None:
        lengths = {len(self.x), len(self.y), len(self.observer)}
        if len(lengths) > 1:
            raise ValueError(f"x, y and observer must be of one length, got {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.x)

    @property
    def observers(self) -> NDArray[np.int16]:
        """The ids that occur, ascending."""
        return np.unique(self.observer)

    def of(self, observers: NDArray[np.integer] | Sequence[int]) -> Fixations:
        """Return the fixations of these observers only."""
        return self.masked(np.isin(self.observer, observers))

    def masked(self, keep: NDArray[np.bool_]) -> Fixations:
        """Return the fixations where `keep` (N,) is true."""
        return Fixations(self.x[keep], self.y[keep], self.observer[keep])


@dataclass(frozen=True, slots=True)
class Still:
    """One image and where people looked in it.

    Attributes:
        name: File name, unique in its index.
        set_name: The data set that it belongs to.
        split: "train", "val" or another.
        image_path: Its file, or for packed images the pack's path and the name.
        width: Of the original in pixels.
        height: Of the original in pixels.
        fixations: Of all observers.
        encoded: The image's file in memory, for packed images.
    """

    name: str
    set_name: str
    split: str
    image_path: Path
    width: int
    height: int
    fixations: Fixations
    encoded: bytes | None = None

    def load_rgb(self) -> NDArray[np.uint8]:
        """Read the image as (H, W, 3) RGB.

        Raises:
            DataError: If the file is missing or is no image; the message names it.
        """
        return load_rgb(self.image_path, self.encoded)


def group_fixations(
    index: NDArray[np.integer],
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    observer: NDArray[np.integer],
    length: int,
) -> list[Fixations]:
    """Sort fixations into one group an image or frame.

    Args:
        index: (N,) the image or frame of each fixation, 0 to `length` - 1, in any order.
        x: (N,) columns as fractions of the width.
        y: (N,) rows as fractions of the height.
        observer: (N,) who looked.
        length: Number of groups.
    """
    order = np.argsort(index, kind="stable")
    bounds = np.searchsorted(index[order], np.arange(length + 1))
    columns = (x[order].astype(np.float32), y[order].astype(np.float32))
    observers = observer[order].astype(np.int16)
    return [
        Fixations(columns[0][start:stop], columns[1][start:stop], observers[start:stop])
        for start, stop in pairwise(bounds)
    ]


def load_rgb(path: Path, encoded: bytes | None = None) -> NDArray[np.uint8]:
    """Read an image file as (H, W, 3) RGB.

    Args:
        path: The file.
        encoded: Its contents, where they are in memory; then `path` is only its name.

    Raises:
        DataError: If the file is missing or is no image; the message names it.
    """
    try:
        with Image.open(path if encoded is None else io.BytesIO(encoded)) as image:
            return np.asarray(image.convert("RGB"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: not a readable image") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{path}: not a readable image ({error})") from None
