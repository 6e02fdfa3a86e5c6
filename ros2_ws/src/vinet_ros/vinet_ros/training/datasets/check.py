# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a folder of training data holds, lacks and cannot be read, before hours are spent on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vinet_ros.errors import DataError
from vinet_ros.training.datasets.gaze_clips import (
    GAZE_SUFFIX,
    GazeClip,
    find_gaze_files,
    read_gaze_clip,
)
from vinet_ros.training.datasets.records import Fixations, Still
from vinet_ros.training.datasets.stills import Stills

Step = Callable[[str, int], None]
"""Called with what is being read and how many there are, once for each."""


@dataclass(frozen=True, slots=True)
class DataCheck:
    """One data set's findings.

    Attributes:
        title: Its path and kind.
        found: What there is, a line each.
        problems: What is missing or unreadable, a line each.
    """

    title: str
    found: tuple[str, ...]
    problems: tuple[str, ...]


def check_data(path: Path, step: Step = lambda what, total: None) -> list[DataCheck]:
    """Read everything in a folder of stills or of clips with gaze, or in a pack of stills.

    Args:
        path: The folder or file.
        step: For a progress bar.

    Returns:
        One entry a data set; a path that holds none has one entry with the reason.
    """
    gaze_files = [path] if path.name.endswith(GAZE_SUFFIX) else find_gaze_files(path)
    checks = []
    if not gaze_files or (path / "index.csv").exists():
        checks.append(_check_stills(path, step))
    if gaze_files:
        checks.append(_check_clips(path, gaze_files, step))
    return checks


def _check_stills(path: Path, step: Step) -> DataCheck:
    try:
        stills = Stills(path, None, require_images=False)
    except DataError as error:
        return DataCheck(f"{path}: stills", (), (str(error),))
    problems = []
    for still in stills:
        step("images", len(stills))
        try:
            still.load_rgb()
        except DataError as error:
            problems.append(str(error))
    problems += _index_problems(path, stills)
    for still in stills:
        problems += _fixation_problems(still.name, still.fixations)
    return DataCheck(f"{path}: stills", tuple(_census(stills)), tuple(problems))


def _census(stills: Sequence[Still]) -> Iterable[str]:
    fixations = sum(len(s.fixations) for s in stills)
    yield f"{len(stills)} images, {fixations} fixations"
    for label, counts in (
        ("splits", Counter(s.split for s in stills)),
        ("sets", Counter(s.set_name for s in stills)),
    ):
        yield f"{label}: " + ", ".join(f"{name} {count}" for name, count in counts.items())
    people = [len(s.fixations.observers) for s in stills]
    yield f"observers an image: {min(people)} to {max(people)}"


def _index_problems(path: Path, stills: Sequence[Still]) -> Iterable[str]:
    for name, count in Counter(s.name for s in stills).items():
        if count > 1:
            yield f"{name}: {count} times in the index"
    folder = path / "images"
    if folder.is_dir():
        listed = {s.image_path for s in stills}
        extra = sorted(f.name for f in folder.iterdir() if f.is_file() and f not in listed)
        if extra:
            more = " ..." if len(extra) > 3 else ""
            yield f"{folder}: {len(extra)} files not in the index: {', '.join(extra[:3])}{more}"


def _fixation_problems(name: str, looked: Fixations) -> Iterable[str]:
    if len(looked) == 0:
        yield f"{name}: no fixations"
        return
    inside = (looked.x >= 0) & (looked.x <= 1) & (looked.y >= 0) & (looked.y <= 1)
    if not inside.all():
        yield f"{name}: {np.count_nonzero(~inside)} of {len(looked)} fixations outside the image"


def _check_clips(path: Path, gaze_files: Sequence[Path], step: Step) -> DataCheck:
    found, problems = [], []
    for gaze_file in gaze_files:
        step("clips", len(gaze_files))
        try:
            clip = read_gaze_clip(gaze_file)
            frames = sum(1 for _ in clip.read_frames())
        except DataError as error:
            problems.append(str(error))
            continue
        found.append(_clip_line(clip))
        if frames < len(clip):
            problems.append(f"{clip.video_path}: {frames} frames, its gaze has {len(clip)}")
        every = [getattr(f, column) for column in ("x", "y") for f in clip.fixations]
        if not all(((values >= 0) & (values <= 1)).all() for values in every):
            problems.append(f"{gaze_file}: gaze outside the picture")
    return DataCheck(f"{path}: clips with gaze", tuple(found), tuple(problems))


def _clip_line(clip: GazeClip) -> str:
    looked = sum(len(f) > 0 for f in clip.fixations)
    people = {int(o) for f in clip.fixations for o in f.observers}
    return (
        f"{clip.video_path.name}: {len(clip)} frames at {clip.fps:g} Hz, {looked} with gaze, "
        f"{len(people)} observers"
    )
