# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Predictors that every evaluation shows beside the network: what is easy, and what people do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError
from vinet_ros.training.datasets.records import Fixations, Still, load_rgb
from vinet_ros.training.groundtruth import MAP_SIZE, density_map
from vinet_ros.training.score_table import (
    GroundTruth,
    LeftOut,
    Maps,
    ScoreTable,
    ground_truth,
    score_maps,
)
from vinet_ros.training.scoring import Predict, area_average

CENTRE_SIGMA = 0.2
"""Spread of the centre Gaussian, as a share of the width and of the height."""

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")

_CHUNK = 256  # maps scored at once, to bound memory


def mean_fixation_map(stills: Iterable[Still], size: tuple[int, int] = MAP_SIZE) -> Maps:
    """Return the mean of the images' density maps (MEP), each image weighing the same.

    Raises:
        DataError: If no image has a fixation.
    """
    maps = [
        density_map(s.fixations.x, s.fixations.y, size) for s in stills if len(s.fixations) > 0
    ]
    if not maps:
        raise DataError("no image has fixations, so there is no mean fixation map")
    return np.asarray(np.mean(maps, axis=0, dtype=np.float64))


def centre_gaussian(size: tuple[int, int] = MAP_SIZE) -> Maps:
    """Return a Gaussian at the image's centre."""
    rows, columns = ((np.arange(n) + 0.5) / n - 0.5 for n in size)
    squares = (rows[:, None] ** 2 + columns**2) / CENTRE_SIGMA**2
    return np.asarray(np.exp(-squares / 2), np.float64)


def score_fixed_map(
    name: str, values: NDArray[Any], truth: GroundTruth, columns: Sequence[str]
) -> ScoreTable:
    """Score one map (h, w) that is the same for all items."""
    return score_maps(name, np.broadcast_to(values, truth.counts.shape), truth, columns)


def spectral_residual() -> Predict | None:
    """Return OpenCV's spectral residual saliency; None where OpenCV comes without it."""
    return _contributed("StaticSaliencySpectralResidual")


def fine_grained() -> Predict | None:
    """Return OpenCV's fine-grained saliency; None where OpenCV comes without it.

    Source:
        Montabone and Soto, "Human detection using a mobile platform and novel features derived
        from a visual saliency mechanism", 2010.
    """
    return _contributed("StaticSaliencyFineGrained")


def _contributed(name: str) -> Predict | None:
    create = _factory(name)
    if create is None:
        return None
    method = create()

    def predict(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        maps = []
        for rgb in images:
            good, values = method.computeSaliency(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
            maps.append(values if good else np.full(rgb.shape[:2], np.nan))
        return np.stack(maps).astype(np.float32)

    return predict


def score_human_halves(
    items: Sequence[str],
    groups: Sequence[str],
    fixations: Sequence[Fixations],
    columns: Sequence[str],
) -> ScoreTable:
    """Score observers with even ids as predictors of those with odd ids."""
    even = [f.masked(f.observer % 2 == 0) for f in fixations]
    odd = [f.masked(f.observer % 2 == 1) for f in fixations]
    truth = ground_truth(items, groups, odd)
    maps = ground_truth(items, groups, even).density
    lacking = {
        index: "needs observers with even and with odd ids"
        for index, (a, b) in enumerate(zip(even, odd, strict=True))
        if not (len(a) and len(b))
    }
    return score_maps("HI, half against half", maps, truth, columns, lacking)


def score_leave_one_out(
    items: Sequence[str],
    groups: Sequence[str],
    fixations: Sequence[Fixations],
    columns: Sequence[str],
) -> ScoreTable:
    """Score all other observers as predictors of each observer; the mean over observers.

    sAUC is left out: one observer's few fixations make it noise.
    """
    name = "HI, leave one out"
    columns = [c for c in columns if c != "sAUC"]
    owner, one, rest = _splits(fixations)
    lacking = set(range(len(items))) - set(owner)
    scores = _mean_over_splits(len(items), owner, one, rest, columns)
    left_out = [LeftOut(name, items[i], "fewer than two observers") for i in sorted(lacking)]
    return ScoreTable(name, tuple(items), tuple(groups), scores, tuple(left_out))


def score_saved_maps(folder: Path, truth: GroundTruth, columns: Sequence[str]) -> ScoreTable:
    """Score the maps that another program has saved in a folder.

    They are 8-bit pictures with the images' stems and any picture's suffix.
    """
    maps = np.full(truth.counts.shape, np.nan)
    reasons = {}
    for index, item in enumerate(truth.items):
        try:
            maps[index] = _read_saved_map(folder, Path(item).stem, truth.size)
        except DataError as error:
            reasons[index] = str(error)
    return score_maps(f"maps of {folder.name}", maps, truth, columns, reasons)


def _read_saved_map(folder: Path, stem: str, size: tuple[int, int]) -> Maps:
    for suffix in PICTURE_SUFFIXES:
        path = folder / (stem + suffix)
        if path.is_file():
            grey = load_rgb(path)[:, :, 0]
            return np.asarray(area_average(grey[None], size)[0])
    raise DataError(f"{folder / stem}.*: no such map")


def _factory(name: str) -> Callable[[], Any] | None:
    module = getattr(cv2, "saliency", None)
    found = getattr(module, f"{name}_create", None)
    if found is not None:
        return found  # type: ignore[no-any-return]
    of_class = getattr(module, name, None)
    return None if of_class is None else of_class.create


def _splits(
    fixations: Sequence[Fixations],
) -> tuple[list[int], list[Fixations], list[Fixations]]:
    owner, one, rest = [], [], []
    for index, looked in enumerate(fixations):
        observers = looked.observers
        for observer in observers if len(observers) > 1 else ():
            mine = looked.observer == observer
            owner.append(index)
            one.append(looked.masked(mine))
            rest.append(looked.masked(~mine))
    return owner, one, rest


def _mean_over_splits(
    items: int,
    owner: Sequence[int],
    one: Sequence[Fixations],
    rest: Sequence[Fixations],
    columns: Sequence[str],
) -> dict[str, Maps]:
    totals = {c: np.zeros(items) for c in columns}
    counts = {c: np.zeros(items) for c in columns}
    for start in range(0, len(owner), _CHUNK):
        part = slice(start, start + _CHUNK)
        names = [str(o) for o in owner[part]]
        truth = ground_truth(names, names, one[part])
        table = score_maps("", ground_truth(names, names, rest[part]).density, truth, columns)
        for column, scores in table.scores.items():
            defined = ~np.isnan(scores)
            mine = np.asarray(owner[part])[defined]
            np.add.at(totals[column], mine, scores[defined])
            np.add.at(counts[column], mine, 1)
    with np.errstate(invalid="ignore"):  # 0 / 0: no observer had the score
        return {c: totals[c] / counts[c] for c in columns}
