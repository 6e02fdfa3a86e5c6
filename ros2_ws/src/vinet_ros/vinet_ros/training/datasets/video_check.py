# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a video data set's files on disk are worth: found, missing, unreadable."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vinet_ros.errors import DataError
from vinet_ros.training.datasets.layouts import VideoSet, find_videos
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.datasets.visual_sets import file_sizes

Step = Callable[[str, int], None]
KINDS = ("frames", "maps", "fixations", "sound")
LIST_SLACK = 2
"""Frames that a list may say more than there are maps: cutting a video into pictures rounds."""


@dataclass(frozen=True, slots=True)
class FileCensus:
    """One kind of file of one video.

    Attributes:
        found: Number of files there that are not empty.
        missing: Those that should be there.
        empty: Those of zero bytes.
    """

    found: int
    missing: tuple[Path, ...]
    empty: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class SplitCheck:
    """One split of one set.

    Attributes:
        set_name: The set.
        split: The split.
        videos: Videos there.
        full: Videos of the complete split.
        found: How many files there are of each of :data:`KINDS`; frames, for files of points.
        missing: Files that should be there and are not.
        unreadable: Files that are there and cannot be used.
        problems: A line each; those of many files of one video are one line.
    """

    set_name: str
    split: str
    videos: int
    full: int
    found: Mapping[str, int]
    missing: int
    unreadable: int
    problems: tuple[str, ...]


def check_split(
    root: Path,
    found: VideoSet,
    split: str,
    fold: str = "1",
    *,
    every_file: bool = False,
    step: Step = lambda what, total: None,
) -> SplitCheck:
    """Look for every file of a split and read some of them: first, middle and last a video.

    Args:
        root: The set's folder.
        found: The set.
        split: Which part.
        fold: Which cross-validation fold.
        every_file: Read all; hours for a big set.
        step: For a progress bar.
    """
    try:
        records = find_videos(root, found, split, fold)
    except DataError as error:
        full, nothing = found.videos[split], dict.fromkeys(KINDS, 0)
        return SplitCheck(found.name, split, 0, full, nothing, 1, 0, (str(error),))
    return check_records(found.name, split, found.videos[split], records, every_file, step)


def check_records(
    set_name: str,
    split: str,
    full: int,
    records: Sequence[VideoRecord],
    every_file: bool = False,
    step: Step = lambda what, total: None,
) -> SplitCheck:
    """Look into videos that were found; see :func:`check_split`."""
    checks = []
    for record in records:
        step(f"{set_name} {split}", len(records))
        checks.append(_check_video(record, every_file))
    return SplitCheck(
        set_name,
        split,
        len(records),
        full,
        {kind: sum(check.files[kind].found for check in checks) for kind in KINDS},
        sum(check.missing for check in checks),
        sum(check.unreadable for check in checks),
        tuple(line for check in checks for line in check.problems),
    )


def require_files(records: Sequence[VideoRecord], *, fixations: bool, sound: bool = False) -> None:
    """Make sure that every file that a training will read is there; reads none.

    Raises:
        DataError: If one is not, or is empty; the message names the first and how many more.
    """
    kinds = ("frames", "maps", "fixations") if fixations else ("frames", "maps")
    absent: list[Path] = []
    for record in (record for record in records if record.packed is None):
        for kind in kinds:
            census = count_files(getattr(record, kind))
            absent += [*census.missing, *census.empty]
        if sound and record.audio is not None:
            census = count_files((record.audio,))
            absent += [*census.missing, *census.empty]
        if not record.has_truth or (fixations and not record.has_fixations):
            lacking = "fixations" if record.has_truth else "maps"
            raise DataError(f"{record.title}: has no {lacking} to learn from")
    silent = [record.title for record in records if record.audio is None] if sound else []
    if silent:
        raise DataError(
            f"{silent[0]}: has no sound to learn from; --audio zero needs none, nor does --audio "
            "normal with --audio-std"
        )
    if absent:
        more = f" (and {len(absent) - 1} more files)" if len(absent) > 1 else ""
        raise DataError(f"{absent[0]}: missing or empty{more}; `vinet data check` lists what is")


def count_files(paths: Iterable[Path]) -> FileCensus:
    """Look for files by listing their folders once each."""
    listed: dict[Path, dict[str, int]] = {}
    found = 0
    missing, empty = [], []
    for path in paths:
        if path.parent not in listed:
            listed[path.parent] = file_sizes(path.parent)
        size = listed[path.parent].get(path.name)
        if size is None:
            missing.append(path)
        elif size == 0:
            empty.append(path)
        else:
            found += 1
    return FileCensus(found, tuple(dict.fromkeys(missing)), tuple(dict.fromkeys(empty)))


@dataclass(frozen=True, slots=True)
class _VideoCheck:
    files: dict[str, FileCensus]
    missing: int
    unreadable: int
    problems: tuple[str, ...]


def _check_video(record: VideoRecord, every_file: bool) -> _VideoCheck:
    paths = {
        "frames": record.frames,
        "maps": record.maps,
        "fixations": record.fixations,
        "sound": (record.audio,) if record.audio else (),
    }
    if record.packed is None:
        files = {kind: count_files(paths[kind]) for kind in KINDS}
    else:
        files = {kind: FileCensus(len(paths[kind]), (), ()) for kind in KINDS}
    absent = {path for census in files.values() for path in (*census.missing, *census.empty)}
    problems = []
    for kind, census in files.items():
        problems += _lines(record, f"{kind} missing", census.missing)
        problems += _lines(record, f"{kind} empty", census.empty)
    broken = list(_broken(record, absent, every_file))
    return _VideoCheck(
        files,
        sum(len(census.missing) for census in files.values()),
        sum(len(census.empty) for census in files.values()) + len(broken),
        (*problems, *broken, *_contradictions(record)),
    )


def _lines(record: VideoRecord, what: str, paths: Sequence[Path]) -> list[str]:
    if not paths:
        return []
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return [f"{record.title}: {len(paths)} {what}: {paths[0]}{more}"]


def _broken(record: VideoRecord, absent: set[Path], every_file: bool) -> Iterable[str]:
    """Yield a line for each file that is there and cannot be read."""
    last = len(record) - 1
    readers = (
        (record.frames, record.load_rgb),
        (record.maps, record.load_map),
        (record.fixations, record.load_fixations),
    )
    for frame in range(last + 1) if every_file else sorted({0, last // 2, last} - {-1}):
        for paths, read in readers:
            if paths and paths[frame] not in absent:
                try:
                    read(frame)
                except DataError as error:
                    yield str(error)
    if record.audio is not None and record.audio not in absent:
        yield from _broken_sound(record.audio)


def _broken_sound(path: Path) -> Iterable[str]:
    try:
        with wave.open(str(path), "rb") as sound:
            channels, frames = sound.getnchannels(), sound.getnframes()
    except (wave.Error, EOFError, OSError) as error:
        yield f"{path}: not a readable .wav file ({error or 'it ends too early'})"
        return
    if channels != 1:
        yield f"{path}: {channels} channels, expected mono"
    elif frames == 0:
        yield f"{path}: holds no sound"


def _contradictions(record: VideoRecord) -> Iterable[str]:
    if len(record) == 0:
        yield f"{record.title}: no frames"
    elif record.listed_frames - len(record) > LIST_SLACK:
        yield (
            f"{record.title}: its list says {record.listed_frames} frames, "
            f"its maps end at {len(record)}"
        )
