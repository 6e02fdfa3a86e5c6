"""Scores on still images: the network and what it is measured by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vinet_ros.offline.baselines import (
    centre_gaussian,
    score_fixed_map,
    score_human_halves,
    score_leave_one_out,
    score_saved_maps,
    spectral_residual,
)
from vinet_ros.training.datasets import Still
from vinet_ros.training.score_table import (
    METRICS,
    LeftOut,
    Maps,
    ScoreTable,
    truth_of_stills,
)
from vinet_ros.training.scoring import Predict, score_stills

NO_SPECTRAL_RESIDUAL = LeftOut(
    "spectral residual",
    "",
    "this OpenCV has no saliency module; install opencv-contrib-python-headless instead of "
    "opencv-python-headless",
)

Progress = Callable[[str, int, int], None]
"""Called with a task's name, how much more of it is done, and how much there is."""


def rows_of_stills(
    stills: Sequence[Still],
    predictors: Mapping[str, Predict],
    mean_map: Maps | None,
    map_folders: Sequence[Path] = (),
    *,
    batch_size: int = 8,
    progress: Progress = lambda task, step, total: None,
) -> tuple[list[ScoreTable], list[LeftOut]]:
    """Score networks, saved maps, baselines and people on still images.

    Args:
        stills: The images and where people looked.
        predictors: Networks by the names of their rows.
        mean_map: Mean fixation map of other images (MEP), or None if there is none.
        map_folders: Folders with maps that other programs saved, named as the images.
        batch_size: Images at once.
        progress: For a progress bar.

    Returns:
        The rows, and what was left out of the table as a whole.
    """
    columns = tuple(METRICS)
    truth = truth_of_stills(stills)
    fixations = [s.fixations for s in stills]
    left_out = []
    predictors = dict(predictors)
    residual = spectral_residual()
    if residual is None:
        left_out.append(NO_SPECTRAL_RESIDUAL)
    else:
        predictors["spectral residual"] = residual
    rows = [
        score_stills(
            predict,
            stills,
            name=name,
            truth=truth,
            columns=columns,
            batch_size=batch_size,
            progress=lambda step, task=name: progress(task, step, len(stills)),  # type: ignore[misc]
        )
        for name, predict in predictors.items()
    ]
    rows += [score_saved_maps(folder, truth, columns) for folder in map_folders]
    if mean_map is None:
        left_out.append(LeftOut("MEP", "", "no training images with fixations to average"))
    else:
        rows.append(score_fixed_map("MEP", mean_map, truth, columns))
    rows.append(score_fixed_map("centre Gaussian", centre_gaussian(), truth, columns))
    rows.append(score_human_halves(truth.items, truth.groups, fixations, columns))
    rows.append(score_leave_one_out(truth.items, truth.groups, fixations, columns))
    return rows, left_out
