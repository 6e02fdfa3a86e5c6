# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Score tables: saliency maps against human fixations, one row an image or frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vinet_ros import metrics
from vinet_ros.training.datasets.records import Fixations, Still
from vinet_ros.training.groundtruth import MAP_SIZE, blur_counts, fixation_map

KLDIV_EPS = 1e-7
"""Epsilon of the reference KLDiv; the benchmark's 2.2e-16 would make empty pixels decide it."""

OTHER_IMAGES = 10
"""Images whose fixations are the negatives of sAUC, drawn at random for each image."""

Maps = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """Where people looked, as maps: what a row of scores is measured against.

    Attributes:
        items: N names of images or frames.
        groups: N names of the data sets or clips that they belong to.
        counts: (N, h, w) fixations a pixel.
        density: (N, h, w) blurred counts, each with the sum one; NaN where nobody looked.
        others: (N, h, w), true where people looked in other images; the negatives of sAUC.
    """

    items: tuple[str, ...]
    groups: tuple[str, ...]
    counts: NDArray[np.int32]
    density: Maps
    others: NDArray[np.bool_]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the maps."""
        return (self.counts.shape[1], self.counts.shape[2])


@dataclass(frozen=True, slots=True)
class Metric:
    """A named score of maps against a ground truth.

    Attributes:
        name: Heading of its column.
        higher_is_better: Else lower is.
        text: What it is, in one line.
        score: Maps (N, h, w) and their ground truth to scores (N,).
    """

    name: str
    higher_is_better: bool
    text: str
    score: Callable[[Maps, GroundTruth], Maps]


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "CC",
            True,
            "correlation with the blurred fixations",
            lambda p, t: metrics.cc(p, t.density),
        ),
        Metric(
            "NSS",
            True,
            "mean standardised saliency at the fixations, each fixation counted",
            lambda p, t: metrics.nss(p, t.counts, repeats=True),
        ),
        Metric(
            "KLDiv",
            False,
            f"divergence from the blurred fixations, eps {KLDIV_EPS:g}",
            lambda p, t: metrics.kldiv(p, t.density, eps=KLDIV_EPS),
        ),
        Metric(
            "SIM",
            True,
            "overlap with the blurred fixations, both divided by their sums",
            lambda p, t: metrics.sim(p, t.density, subtract_min=False),
        ),
        Metric(
            "AUC-J",
            True,
            "chance that a fixation is more salient than a pixel, each fixation counted",
            lambda p, t: metrics.auc_per_fixation(p, t.counts),
        ),
        Metric(
            "NSS-MIT",
            True,
            "NSS of the MIT benchmark: each fixated pixel once",
            lambda p, t: metrics.nss(p, t.counts),
        ),
        Metric(
            "KLDiv-MIT",
            False,
            "KLDiv of the MIT benchmark: eps 2.2e-16",
            lambda p, t: metrics.kldiv(p, t.density),
        ),
        Metric(
            "SIM-MIT",
            True,
            "SIM of the MIT benchmark: minimum subtracted first",
            lambda p, t: metrics.sim(p, t.density),
        ),
        Metric(
            "AUC-J-MIT",
            True,
            "AUC-Judd: fixated pixels against unfixated ones, ties counted half",
            lambda p, t: metrics.auc_judd(p, t.counts),
        ),
        Metric(
            "sAUC",
            True,
            f"AUC against the fixations of {OTHER_IMAGES} other images or a clip's other frames",
            lambda p, t: metrics.sauc(p, t.counts, t.others),
        ),
    )
}

REFERENCE_METRICS = ("CC", "NSS", "KLDiv", "SIM", "AUC-J")
"""Those of the figures that the stills come with, computed as those were."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that an average does not contain, and why.

    Attributes:
        row: The row of the table; empty for all rows.
        item: Name of the image or frame; empty for the whole row.
        reason: One line.
        metrics: Columns that lack it; empty for all.
    """

    row: str
    item: str
    reason: str
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Scores of one predictor.

    Attributes:
        name: Of the predictor.
        items: N names of images or frames.
        groups: N names of the data sets or clips that they belong to.
        scores: (N,) scores by metric; NaN where not defined.
        left_out: Every NaN's reason.
    """

    name: str
    items: tuple[str, ...]
    groups: tuple[str, ...]
    scores: Mapping[str, Maps]
    left_out: tuple[LeftOut, ...] = ()

    def mean(self, metric: str, group: str | None = None) -> float:
        """Return the mean over items (of one group) that have the score; NaN if none has."""
        scores = self.scores[metric]
        if group is not None:
            scores = scores[np.array(self.groups) == group]
        defined = scores[~np.isnan(scores)]
        return float(defined.mean()) if len(defined) else math.nan

    def means(self) -> dict[str, float]:
        """Return the mean of every metric."""
        return {metric: self.mean(metric) for metric in self.scores}

    def count(self, metric: str) -> int:
        """Return how many items have the score."""
        return int((~np.isnan(self.scores[metric])).sum())


def ground_truth(
    items: Sequence[str],
    groups: Sequence[str],
    fixations: Sequence[Fixations],
    size: tuple[int, int] = MAP_SIZE,
    seed: int = 0,
) -> GroundTruth:
    """Make the maps that N images or frames with these names, groups and fixations are scored by.

    Args:
        items: Their names.
        groups: Names of the data sets or clips that they belong to.
        fixations: Where people looked in each.
        size: Height and width of the maps.
        seed: Of the choice of other images for sAUC.
    """
    counts = np.stack([fixation_map(f.x, f.y, size) for f in fixations])
    nobody = np.full(size, np.nan)
    density = np.stack([blur_counts(c) if c.any() else nobody for c in counts])
    others = np.stack([_others(counts, index, seed) for index in range(len(counts))])
    return GroundTruth(tuple(items), tuple(groups), counts, density, others)


def truth_of_stills(stills: Sequence[Still], size: tuple[int, int] = MAP_SIZE) -> GroundTruth:
    """Make the ground truth of still images from all their observers."""
    return ground_truth(
        [s.name for s in stills],
        [s.set_name for s in stills],
        [s.fixations for s in stills],
        size,
    )


def score_maps(
    name: str,
    maps: NDArray[Any],
    truth: GroundTruth,
    columns: Iterable[str] = REFERENCE_METRICS,
    reasons: Mapping[int, str] | None = None,
) -> ScoreTable:
    """Score maps (N, h, w) of the ground truth's size.

    Args:
        name: Of the predictor.
        maps: A map an item; NaN where there is none. A constant map has no score.
        truth: What to score against.
        columns: Names from `METRICS`.
        reasons: Why an item (by index) has no map.

    Raises:
        ValueError: If shapes differ or a metric is not known.
    """
    columns = tuple(columns)
    unknown = [c for c in columns if c not in METRICS]
    if unknown:
        raise ValueError(f"unknown metrics {unknown}; there are {', '.join(METRICS)}")
    if maps.shape != truth.counts.shape:
        raise ValueError(f"expected maps {truth.counts.shape}, got {maps.shape}")
    double = np.asarray(maps, np.float64)
    scores = {column: METRICS[column].score(double, truth) for column in columns}
    # Some metrics give a map that says nothing a value, such as a SIM of 0: not to be averaged.
    useless = ~np.isfinite(double).all((1, 2)) | (np.ptp(double, axis=(1, 2)) == 0)
    scores = {column: np.where(useless, np.nan, values) for column, values in scores.items()}
    left_out = _left_out(name, double, truth, scores, reasons or {})
    return ScoreTable(name, truth.items, truth.groups, scores, left_out)


def _others(counts: NDArray[np.int32], index: int, seed: int) -> NDArray[np.bool_]:
    candidates = np.delete(np.arange(len(counts)), index)
    draw = np.random.default_rng((seed, index))
    chosen = draw.permutation(candidates)[:OTHER_IMAGES]
    return np.asarray(counts[chosen].any(axis=0))


def _left_out(
    row: str,
    maps: Maps,
    truth: GroundTruth,
    scores: Mapping[str, Maps],
    reasons: Mapping[int, str],
) -> tuple[LeftOut, ...]:
    found = []
    for index, item in enumerate(truth.items):
        lacking = tuple(m for m, values in scores.items() if np.isnan(values[index]))
        if lacking:
            reason = reasons.get(index) or _why_undefined(maps[index], truth.counts[index])
            found.append(LeftOut(row, item, reason, lacking if len(lacking) < len(scores) else ()))
    return tuple(found)


def _why_undefined(values: Maps, counts: NDArray[np.int32]) -> str:
    if not counts.any():
        return "no fixations"
    if not np.isfinite(values).all():
        return "map with NaN or infinity"
    if values.min() == values.max():
        return "constant map"
    return "score not defined for this map and these fixations"
