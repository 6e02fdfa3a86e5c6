"""Still images with human fixations.

Layout: ``index.csv`` (image, set, split, width, height, observers, fixations), ``fixations.npz``
(one row a fixation: image, the row of the index; observer; x, y as fractions) and ``images/``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError
from vinet_ros.training.datasets.npz import read_columns

INDEX_COLUMNS = ("image", "set", "split", "width", "height")
FIXATION_ARRAYS = ("image", "observer", "x", "y")


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
    """One image: its name, data set, split, file, original size in pixels and fixations."""

    name: str
    set_name: str
    split: str
    image_path: Path
    width: int
    height: int
    fixations: Fixations

    def load_rgb(self) -> NDArray[np.uint8]:
        """Read the image as (H, W, 3) RGB.

        Raises:
            DataError: If the file is missing or is no image; the message names it.
        """
        return load_rgb(self.image_path)


class Stills(Sequence[Still]):
    """The images of one split, in the order of the index.

    Args:
        root: Folder with index.csv, fixations.npz and images/.
        split: "train", "val" or another name in the index; None takes all.
        require_images: Whether a missing image file is an error here; else it is one at
            `Still.load_rgb`.

    Raises:
        DataError: If a file is missing, unreadable or lacks a column, or the split is empty.
    """

    def __init__(
        self, root: Path | str, split: str | None = "train", *, require_images: bool = True
    ) -> None:
        self.root = Path(root)
        self.split = split
        rows = _read_index(self.root / "index.csv")
        fixations = _read_fixations(self.root / "fixations.npz", len(rows))
        records = [
            _record(self.root, row, mine) for row, mine in zip(rows, fixations, strict=True)
        ]
        self._records = [r for r in records if split is None or r.split == split]
        if not self._records:
            known = ", ".join(sorted({r.split for r in records})) or "none"
            raise DataError(
                f"{self.root / 'index.csv'}: no image in split {split!r}; splits: {known}"
            )
        if require_images:
            self._require_images()

    @overload
    def __getitem__(self, index: int) -> Still: ...
    @overload
    def __getitem__(self, index: slice) -> list[Still]: ...
    def __getitem__(self, index: int | slice) -> Still | list[Still]:
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Still]:
        return iter(self._records)

    def _require_images(self) -> None:
        missing = [r.image_path for r in self if not r.image_path.is_file()]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise DataError(f"{missing[0]}{more}: in the index, but no such file")


def load_rgb(path: Path) -> NDArray[np.uint8]:
    """Read an image file as (H, W, 3) RGB.

    Raises:
        DataError: If the file is missing or is no image; the message names it.
    """
    from PIL import Image, UnidentifiedImageError  # packed data is read where pillow is not installed

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: not a readable image") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{path}: not a readable image ({error})") from None


def _read_index(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected a folder of stills") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a readable CSV file ({error})") from None
    for number, row in enumerate(rows, start=2):
        lacking = [c for c in INDEX_COLUMNS if not row.get(c)]
        if lacking:
            raise DataError(f"{path}: line {number} lacks {', '.join(lacking)}")
    return rows


def _read_fixations(path: Path, images: int) -> list[Fixations]:
    arrays = read_columns(path, FIXATION_ARRAYS)
    image = arrays["image"]
    if len(image) and not 0 <= image.min() <= image.max() < images:
        raise DataError(f"{path}: refers to image {image.max()}, the index has {images} rows")
    order = np.argsort(image, kind="stable")
    bounds = np.searchsorted(image[order], np.arange(images + 1))
    x, y = arrays["x"].astype(np.float32), arrays["y"].astype(np.float32)
    observer = arrays["observer"].astype(np.int16)
    groups = [order[start:stop] for start, stop in pairwise(bounds)]
    return [Fixations(x[group], y[group], observer[group]) for group in groups]


def _record(root: Path, row: dict[str, str], fixations: Fixations) -> Still:
    try:
        width, height = int(row["width"]), int(row["height"])
    except ValueError:
        raise DataError(
            f"{root / 'index.csv'}: size {row['width']!r} x {row['height']!r} of "
            f"{row['image']} is no whole number"
        ) from None
    path = root / "images" / row["image"]
    return Still(row["image"], row["set"], row["split"], path, width, height, fixations)
