# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""DHF1K, Hollywood-2 and UCF-Sports: a folder a video, as the authors of DHF1K packed them.

``<root>/<part>/<video>/images/<frame>.png``, ``maps/<frame>.png`` and
``fixation/maps/<frame>.mat`` (or the same as pictures: ``fixation/<frame>.png``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from vinet_ros.training.datasets.video_records import VideoRecord

DHF1K_PARTS = ("annotation", "val", "test")
DHF1K_LAST = {"train": 600, "val": 700, "test": 1000}
"""The last video's number of each split."""

SHOT_PARTS = {"train": "training", "test": "testing"}
_HOLLYWOOD_SHOT = re.compile(r"actionclip(train|test)\d{5}_\d+")
_UCF_VIDEO = re.compile(r"(?P<action>[A-Za-z].*)-\d{3}")
_PICTURES = (".png", ".jpg", ".jpeg")


def find_dhf1k(root: Path, split: str, fold: str = "") -> list[VideoRecord]:
    """Return DHF1K's videos of a split; the number decides, whichever part they lie in."""
    first = {"train": 1, "val": 601, "test": 701}[split]
    records = []
    for part in DHF1K_PARTS:
        for name in folder_names(root / part):
            if re.fullmatch(r"\d{4}", name) and first <= int(name) <= DHF1K_LAST[split]:
                records.append(_dhf1k_video(root / part / name, split))
    return sorted(records, key=lambda record: record.name)


def holds_dhf1k(root: Path) -> bool:
    """Tell whether a folder has DHF1K's parts with videos 0001, 0002, ... in them."""
    names = (name for part in DHF1K_PARTS for name in folder_names(root / part))
    return any(re.fullmatch(r"\d{4}", name) for name in names)


def find_hollywood2(root: Path, split: str, fold: str = "") -> list[VideoRecord]:
    """Return the shots of Hollywood-2: each is a video of its own."""
    names = folder_names(root / SHOT_PARTS[split])
    return [
        _shot(root / SHOT_PARTS[split] / name, "hollywood2", split, 24.0)
        for name in names
        if _HOLLYWOOD_SHOT.fullmatch(name)
    ]


def holds_hollywood2(root: Path) -> bool:
    """Tell whether a folder has Hollywood-2's shots."""
    return any(_HOLLYWOOD_SHOT.fullmatch(name) for name in _shot_names(root))


def find_ucf_sports(root: Path, split: str, fold: str = "") -> list[VideoRecord]:
    """Return the videos of UCF-Sports; the action is their category."""
    names = folder_names(root / SHOT_PARTS[split])
    return [
        _shot(root / SHOT_PARTS[split] / name, "ucf_sports", split, 10.0, found["action"])
        for name in names
        if (found := _UCF_VIDEO.fullmatch(name))
    ]


def holds_ucf_sports(root: Path) -> bool:
    """Tell whether a folder has UCF-Sports' videos."""
    return any(_UCF_VIDEO.fullmatch(name) for name in _shot_names(root))


def folder_names(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted; none where it does not exist."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def file_sizes(folder: Path) -> dict[str, int]:
    """Return the size in bytes of each file in a folder; none where it does not exist."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _shot_names(root: Path) -> Iterator[str]:
    for part in SHOT_PARTS.values():
        yield from folder_names(root / part)


def _dhf1k_video(folder: Path, split: str) -> VideoRecord:
    images, maps = file_sizes(folder / "images"), file_sizes(folder / "maps")
    # Frames are numbered from 1: what is missing in between is known by the last number.
    files = (*images, *maps)
    last = max((int(name[:4]) for name in files if re.fullmatch(r"\d{4}\.png", name)), default=0)
    names = [f"{number:04d}.png" for number in range(1, last + 1)]
    truth = split != "test" or bool(maps)
    return VideoRecord(
        name=folder.name,
        set_name="dhf1k",
        split=split,
        frames=tuple(folder / "images" / name for name in names),
        maps=tuple(folder / "maps" / name for name in names) if truth else (),
        fixations=_fixation_paths(folder, [n[:-4] for n in names]),
        fps=30.0,
    )


def _shot(folder: Path, set_name: str, split: str, fps: float, category: str = "") -> VideoRecord:
    frames = {Path(name).stem: name for name in _pictures(folder / "images")}
    maps = {Path(name).stem: name for name in _pictures(folder / "maps")}
    stems = sorted(frames.keys() | maps.keys())
    return VideoRecord(
        name=folder.name,
        set_name=set_name,
        split=split,
        frames=tuple(folder / "images" / frames.get(stem, f"{stem}.png") for stem in stems),
        maps=tuple(folder / "maps" / maps.get(stem, f"{stem}.png") for stem in stems),
        fixations=_fixation_paths(folder, stems),
        fps=fps,
        category=category,
    )


def _pictures(folder: Path) -> list[str]:
    return sorted(n for n in file_sizes(folder) if n.lower().endswith(_PICTURES))


def _fixation_paths(folder: Path, stems: list[str]) -> tuple[Path, ...]:
    """Name each frame's fixation file: the matrices, or the pictures where only those are."""
    folder = folder / "fixation"
    if (folder / "maps").is_dir():
        return tuple(folder / "maps" / f"{stem}.mat" for stem in stems)
    if folder.is_dir():
        return tuple(folder / f"{stem}.png" for stem in stems)
    return ()
