# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The video data sets there are: their names, splits and folds, and how each is found on disk."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from vinet_ros.errors import DataError
from vinet_ros.training.datasets import sound_sets, visual_sets
from vinet_ros.training.datasets.video_records import VideoRecord


@dataclass(frozen=True, slots=True)
class VideoSet:
    """A public data set of videos with human gaze.

    Attributes:
        name: What options and records call it.
        title: What papers call it.
        videos: Its splits and how many videos each has in full.
        selection: The split that the authors choose checkpoints on.
        stride: Validation looks at one clip every so many clip lengths.
        find: Root, split and fold to records.
        holds: Whether a root looks like it.
        folds: Names of the cross-validation folds; empty where the split is fixed.
        joint: Whether it is trained together with the others in its root, as the papers do.
    """

    name: str
    title: str
    videos: Mapping[str, int]
    selection: str
    stride: int
    find: Callable[[Path, str, str], list[VideoRecord]]
    holds: Callable[[Path], bool]
    folds: tuple[str, ...] = ()
    joint: bool = True


def _stavis(name: str, title: str, train: int, test: int, folds: int = 3) -> VideoSet:
    def find(root: Path, split: str, fold: str) -> list[VideoRecord]:
        return sound_sets.find_stavis(root, name, split, fold)

    names = tuple(str(fold) for fold in range(1, folds + 1)) if folds > 1 else ()
    videos = {"train": train, "test": test}
    holds = partial(sound_sets.holds_stavis, set_name=name)
    return VideoSet(name, title, videos, "test", 2, find, holds, names)


LAYOUTS = {
    found.name: found
    for found in (
        VideoSet(
            "dhf1k",
            "DHF1K",
            {"train": 600, "val": 100, "test": 300},
            "val",
            4,
            visual_sets.find_dhf1k,
            visual_sets.holds_dhf1k,
        ),
        VideoSet(
            "hollywood2",
            "Hollywood-2",
            {"train": 823, "test": 884},
            "test",
            1,
            visual_sets.find_hollywood2,
            visual_sets.holds_hollywood2,
        ),
        VideoSet(
            "ucf_sports",
            "UCF-Sports",
            {"train": 103, "test": 47},
            "test",
            1,
            visual_sets.find_ucf_sports,
            visual_sets.holds_ucf_sports,
        ),
        _stavis("diem", "DIEM", 64, 17, folds=1),
        _stavis("coutrot1", "Coutrot1", 40, 20),
        _stavis("coutrot2", "Coutrot2", 10, 5),
        _stavis("avad", "AVAD", 30, 15),
        _stavis("etmd", "ETMD", 8, 4),
        _stavis("summe", "SumMe", 17, 8),
        VideoSet(
            "ave",
            "AVE",
            {"train": 92, "val": 29, "test": 29},
            "val",
            2,
            sound_sets.find_ave,
            sound_sets.holds_ave,
            joint=False,
        ),
        VideoSet(
            "mvva",
            "MVVA",
            {"train": 239, "test": 60},
            "test",
            2,
            sound_sets.find_mvva,
            sound_sets.holds_mvva,
            ("1", "2", "3", "c1", "c2", "c3", "c4", "c5", "random1", "random2", "random3"),
            joint=False,
        ),
    )
}
"""By name. Hollywood-2's numbers count films; its folders are shots, several a film."""


def detect_sets(root: Path | str) -> list[VideoSet]:
    """Return the video data sets that a folder holds, by its layout; none if it is another."""
    return [found for found in LAYOUTS.values() if found.holds(Path(root))]


def choose_sets(root: Path | str, names: Sequence[str] = ()) -> list[VideoSet]:
    """Return the sets with these names, or those that the folder holds.

    Raises:
        ValueError: If a name is not one of :data:`LAYOUTS`.
        DataError: If no names are given and the folder holds no video set.
    """
    unknown = [name for name in names if name not in LAYOUTS]
    if unknown:
        raise ValueError(f"no data set {', '.join(unknown)}; there are {', '.join(LAYOUTS)}")
    if names:
        return [LAYOUTS[name] for name in names]
    found = detect_sets(root)
    if not found:
        raise DataError(
            f"{root}: holds none of the known layouts: {', '.join(LAYOUTS)}; see docs/data.md"
        )
    return found


def find_videos(
    root: Path | str, found: VideoSet, split: str, fold: str = "1"
) -> list[VideoRecord]:
    """Return the videos of one set's split, by name. Lists directories, reads no picture.

    Args:
        root: The set's folder; for the sets with sound the one with ``video_frames``.
        found: The set.
        split: One of its splits.
        fold: Which cross-validation fold; for sets with a fixed split it means nothing.

    Raises:
        ValueError: If the set has no such split or fold.
        DataError: If a list is missing or damaged.
    """
    if split not in found.videos:
        raise ValueError(f"{found.name} has no split {split!r}; it has {', '.join(found.videos)}")
    if found.folds and fold not in found.folds:
        raise ValueError(f"{found.name} has no fold {fold!r}; it has {', '.join(found.folds)}")
    records = found.find(Path(root), split, fold)
    categories = _read_categories(Path(root) / "categories.csv")
    return [
        replace(record, category=categories.get(record.name, record.category))
        for record in sorted(records, key=lambda record: record.name)
    ]


def _read_categories(path: Path) -> dict[str, str]:
    """Read which category each video belongs to: a CSV with the columns video and category."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a readable CSV file ({error})") from None
    if any(not row.get("video") or row.get("category") is None for row in rows):
        raise DataError(f"{path}: every row needs the columns video and category")
    return {row["video"]: row["category"] for row in rows}
