# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How well people predict people on videos, where the files tell the observers apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vinet_ros.errors import DataError
from vinet_ros.offline.baselines import score_human_halves, score_leave_one_out
from vinet_ros.training.datasets.records import Fixations
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.score_table import LeftOut, ScoreTable

HUMAN_METRICS = ("CC", "SIM-MIT", "NSS-MIT", "AUC-J-MIT", "KLDiv-MIT")

NO_OBSERVERS = LeftOut("HI", "", "the set's files do not tell the observers apart")


def score_people(
    record: VideoRecord, wanted: Sequence[int], items: Sequence[str]
) -> tuple[list[ScoreTable], list[LeftOut]]:
    """Score people against people on maps of 56 x 96, blurred as those of stills are.

    Args:
        record: The video; only MVVA comes with each observer's points.
        wanted: Numbers of the frames.
        items: Their names.

    Returns:
        The rows "HI, half against half" and "HI, leave one out", or why there are none.
    """
    path = record.fixations[0] if record.fixations else Path()
    if path.suffix != ".npy" or record.packed is not None:
        return [], [NO_OBSERVERS]
    try:
        fixations = _read_observers(record, path, wanted)
    except DataError as error:
        return [], [LeftOut("HI", record.name, str(error))]
    groups = (record.name,) * len(items)
    looked = (items, groups, fixations, HUMAN_METRICS)
    return [score_human_halves(*looked), score_leave_one_out(*looked)], []


def _read_observers(record: VideoRecord, path: Path, wanted: Sequence[int]) -> list[Fixations]:
    """Read points (frames, 2, observers), in pixels of the video's size; NaN looked away."""
    record.load_fixations(0)  # which says what is wrong with the file
    points = np.load(path, allow_pickle=False)
    if len(points) <= max(wanted):
        raise DataError(f"{path}: holds {len(points)} frames, frame {max(wanted)} is asked for")
    height, width = record.forced_size or record.load_map(0).shape
    people = np.arange(points.shape[2], dtype=np.int16)
    found = []
    for frame in wanted:
        x, y = (points[frame].astype(np.float64).T / (width, height)).astype(np.float32).T
        inside = (x >= 0) & (x < 1) & (y >= 0) & (y < 1)  # False for NaN
        found.append(Fixations(x[inside], y[inside], people[inside]))
    return found
