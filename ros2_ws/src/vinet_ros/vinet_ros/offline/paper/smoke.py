# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Tables from end to end without the data sets: made videos in their layouts, two steps."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from vinet_ros.offline.paper.settings import PaperSettings
from vinet_ros.offline.paper.tables import Table
from vinet_ros.training.datasets.made_trees import (
    Listed,
    write_ave,
    write_dhf1k,
    write_hollywood2,
    write_list,
    write_mvva,
    write_sound_video,
    write_ucf_sports,
)
from vinet_ros.training.datasets.sound_sets import STAVIS_FOLDERS, fold_list_path

FRAMES = 6
STEPS = 2
SETS = 2  # of the six with sound, that each network is scored on
SIZE = (96, 160)  # (height, width) of training clips, where a network takes any
_LOUDNESS = 0.1


def smoke_settings(settings: PaperSettings, table: Table) -> PaperSettings:
    """Return settings for made videos: two training steps at batch 1, one frame of one video.

    Networks are the real ones; they begin from chance. Those that take clips of any size train on
    small ones, as a step at the full size takes a quarter of a minute on two cores. Networks are
    scored on two of the six sets with sound, the baselines on all. In a table by category all test
    videos are scored.
    """
    by_category = any(column.category for column in table.columns)
    return replace(
        settings,
        smoke=True,
        from_chance=True,
        fold="1",
        first_frames="paper",
        every=FRAMES,
        limit=0 if by_category else 1,
        sets=SETS,
        epochs=1,
        batch=1,
        epoch_steps=STEPS,
        size=SIZE,
        workers=0,
        path="torch",
        jobs=1,
    )


def write_smoke_data(table: Table, folder: Path) -> Path:
    """Write the video sets that a table needs, where they are not there yet; return the folder.

    DHF1K is always among them, as the networks of most tables begin with it.
    """
    for name in ("dhf1k", *dict.fromkeys(column.group for column in table.columns)):
        final = folder / name
        if not final.is_dir():
            partly = folder / f".{name}.partial"
            shutil.rmtree(partly, ignore_errors=True)
            partly.mkdir(parents=True)
            _WRITERS[name](partly)
            partly.replace(final)
    return folder


def _write_sound_sets(root: Path) -> None:
    """Write the six sets with sound: one training video each, and two to test on."""
    for place, (name, database) in enumerate(STAVIS_FOLDERS.items()):
        videos: list[Listed] = [(f"{name}_{i}", FRAMES, 25.0) for i in range(3)]
        for i, (video, frames, fps) in enumerate(videos):
            write_sound_video(root, database, video, frames, fps, 3 * place + i, _LOUDNESS)
        write_list(fold_list_path(root, name, "train", "1"), videos[:1])
        write_list(fold_list_path(root, name, "test", "1"), videos[1:])


def _write_ave(root: Path) -> None:
    write_ave(root, FRAMES, _LOUDNESS)
    # Of the two test videos; there is none of the third category.
    (root / "categories.csv").write_text("video,category\nc,Nature\nl,Social Events\n")


_WRITERS: Mapping[str, Callable[[Path], object]] = {
    "dhf1k": partial(write_dhf1k, train=2, val=1, frames=FRAMES),
    "hollywood2": partial(write_hollywood2, frames=FRAMES),
    "ucf_sports": partial(write_ucf_sports, frames=FRAMES),
    "sound": _write_sound_sets,
    "ave": _write_ave,
    "mvva": partial(write_mvva, frames=FRAMES, train=2, loudness=_LOUDNESS),
}
