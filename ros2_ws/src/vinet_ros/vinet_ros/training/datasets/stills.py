# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Still images with human fixations.

Layout: ``index.csv`` (image, set, split, width, height, observers, fixations), ``fixations.npz``
(one row a fixation: image, the row of the index; observer; x, y as fractions) and ``images/``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

from vinet_ros.errors import DataError
from vinet_ros.training.datasets.npz import read_columns
from vinet_ros.training.datasets.packed import read_pack
from vinet_ros.training.datasets.records import Fixations, Still, group_fixations

INDEX_COLUMNS = ("image", "set", "split", "width", "height")
FIXATION_ARRAYS = ("image", "observer", "x", "y")


class Stills(Sequence[Still]):
    """The images of one split, in the order of the index.

    Args:
        root: Folder with index.csv, fixations.npz and images/, or a file that
            :func:`~vinet_ros.training.datasets.packed.pack_stills` made of one.
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
        records = read_pack(self.root) if self.root.is_file() else _read_folder(self.root)
        self._records = [r for r in records if split is None or r.split == split]
        if not self._records:
            known = ", ".join(sorted({r.split for r in records})) or "none"
            raise DataError(f"{self.root}: no image in split {split!r}; splits: {known}")
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
        missing = [r.image_path for r in self if not (r.encoded or r.image_path.is_file())]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise DataError(f"{missing[0]}{more}: in the index, but no such file")


def _read_folder(root: Path) -> list[Still]:
    rows = _read_index(root / "index.csv")
    fixations = _read_fixations(root / "fixations.npz", len(rows))
    return [_record(root, row, mine) for row, mine in zip(rows, fixations, strict=True)]


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
    return group_fixations(image, arrays["x"], arrays["y"], arrays["observer"], images)


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
