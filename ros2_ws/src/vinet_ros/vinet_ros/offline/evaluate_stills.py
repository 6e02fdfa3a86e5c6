# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Scores on still images: the network and what it is measured by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vinet_ros.offline.baselines import (
    centre_gaussian,
    score_fixed_map,
    score_human_halves,
    score_leave_one_out,
    score_saved_maps,
    spectral_residual,
)
from vinet_ros.training.datasets import Still
from vinet_ros.training.groundtruth import MAP_SIZE
from vinet_ros.training.score_table import (
    METRICS,
    LeftOut,
    Maps,
    ScoreTable,
    score_maps,
    truth_of_stills,
)
from vinet_ros.training.scoring import Predict, predict_stills

NO_SPECTRAL_RESIDUAL = LeftOut(
    "spectral residual",
    "",
    "this OpenCV has no saliency module; install opencv-contrib-python-headless instead of "
    "opencv-python-headless",
)

Progress = Callable[[str, int, int], None]
"""Called with a task's name, how much more of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class StillMaps:
    """What predictors gave for some of the images.

    Attributes:
        maps: (N, h, w) by row; NaN where there is none.
        reasons: By row and index: why there is none.
    """

    maps: Mapping[str, Maps]
    reasons: Mapping[str, Mapping[int, str]]


def maps_of_stills(
    stills: Sequence[Still],
    predictors: Mapping[str, Predict],
    *,
    batch_size: int = 8,
    progress: Callable[[str, int], None] = lambda row, step: None,
) -> StillMaps:
    """Predict images with each predictor, and with the spectral residual where OpenCV has it.

    Args:
        stills: The images.
        predictors: Networks by the names of their rows.
        batch_size: Images at once.
        progress: Called with the row and the number of images done.
    """
    predictors = dict(predictors)
    residual = spectral_residual()
    if residual is not None:
        predictors["spectral residual"] = residual
    found = {
        name: predict_stills(
            predict,
            stills,
            MAP_SIZE,
            batch_size=batch_size,
            progress=lambda step, row=name: progress(row, step),  # type: ignore[misc]
        )
        for name, predict in predictors.items()
    }
    return StillMaps({n: f[0] for n, f in found.items()}, {n: f[1] for n, f in found.items()})


def join_stills(parts: Sequence[StillMaps]) -> StillMaps:
    """Put the maps of consecutive parts of the images together."""
    maps = {row: np.concatenate([part.maps[row] for part in parts]) for row in parts[0].maps}
    reasons: dict[str, dict[int, str]] = {row: {} for row in maps}
    for row, joined in reasons.items():
        start = 0
        for part in parts:
            joined.update({start + i: reason for i, reason in part.reasons[row].items()})
            start += len(part.maps[row])
    return StillMaps(maps, reasons)


def rows_of_stills(
    stills: Sequence[Still],
    predicted: StillMaps,
    mean_map: Maps | None,
    map_folders: Sequence[Path] = (),
) -> tuple[list[ScoreTable], list[LeftOut]]:
    """Score predicted maps, saved maps, baselines and people on still images.

    Args:
        stills: The images and where people looked.
        predicted: What :func:`maps_of_stills` gave for them.
        mean_map: Mean fixation map of other images (MEP), or None if there is none.
        map_folders: Folders with maps that other programs saved, named as the images.

    Returns:
        The rows, and what was left out of the table as a whole.
    """
    columns = tuple(METRICS)
    truth = truth_of_stills(stills)
    fixations = [s.fixations for s in stills]
    left_out = [] if "spectral residual" in predicted.maps else [NO_SPECTRAL_RESIDUAL]
    rows = [
        score_maps(name, maps, truth, columns, predicted.reasons[name])
        for name, maps in predicted.maps.items()
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
