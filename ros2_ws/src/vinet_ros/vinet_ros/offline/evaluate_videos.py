# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Scores on the public video sets: every frame of whole videos, as their protocols say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError
from vinet_ros.metrics import resize_maps
from vinet_ros.offline.baselines import centre_gaussian, fine_grained, spectral_residual
from vinet_ros.offline.evaluate_lots import Truth, VideoLot, read_fixations, read_truth
from vinet_ros.offline.evaluate_people import score_people
from vinet_ros.offline.evaluate_sound import sound_instead
from vinet_ros.offline.evaluate_stills import NO_SPECTRAL_RESIDUAL, Progress
from vinet_ros.offline.evaluate_windows import predict_video
from vinet_ros.offline.predicted import Predicted
from vinet_ros.preprocess import INPUT_SIZE, map_to_uint8, resize_rgb
from vinet_ros.small_maps import scored_small_map
from vinet_ros.streaming import Predictor
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.score_table import (
    METRICS,
    GroundTruth,
    LeftOut,
    Maps,
    ScoreTable,
)

VIDEO_METRICS = ("CC", "SIM-MIT", "NSS-MIT", "AUC-J-MIT", "sAUC", "KLDiv-MIT")
"""The MIT benchmark's: those that the papers' tables have, and KLDiv."""

FINE_GRAINED = "fine-grained saliency"
"""Name of a row that video sets have beside those of stills and clips."""

OF_MAPS = ("CC", "SIM-MIT", "KLDiv-MIT")
OF_FIXATIONS = tuple(metric for metric in VIDEO_METRICS if metric not in OF_MAPS)
"""Those that need the continuous map, and those that need the fixations."""


@dataclass(frozen=True, slots=True)
class VideoScores:
    """One video's rows, one score a frame.

    Attributes:
        video: Its name.
        category: What it shows; empty where the set does not say.
        rows: One table a predictor; items are frames, the group is the video.
        left_out: Rows that there are none of, and why.
    """

    video: str
    category: str
    rows: tuple[ScoreTable, ...]
    left_out: tuple[LeftOut, ...] = ()


def score_video(
    lot: VideoLot,
    index: int,
    predictor: Predictor | None,
    progress: Progress = lambda task, step, total: None,
) -> VideoScores:
    """Score the network and the baselines on every frame of one video.

    What cannot be read or has no score is NaN in the tables, with its reason.

    Args:
        lot: The set.
        index: Of the video.
        predictor: The network behind a window at the lot's rate; None: baselines only.
        progress: For a progress bar.

    Raises:
        DataError: If the video has no ground truth at all.
    """
    record = lot.records[index]
    if not (record.has_truth or record.has_fixations):
        raise DataError(f"{record.title}: no maps and no fixations to score against")
    wanted = range(0, len(record), lot.settings.every)
    looked = read_fixations(record)
    sheet = _Sheet(lot, record, wanted)
    baselines = _Baselines(lot)
    silences: list[str] = []
    form = None if predictor is None else predictor.executor.traits.sound_form
    instead = None if form is None else sound_instead(lot, index, form.rate_hz)
    rule = lot.settings.first_frames
    for predicted in predict_video(record, predictor, wanted, rule, silences.append, instead):
        truth = read_truth(lot, index, predicted.frame, looked)
        if lot.name:
            sheet.score(lot.name, predicted.frame, _network_map(predicted, lot, truth), truth)
        for row, values in baselines.maps(record, predicted):
            sheet.score(row, predicted.frame, values, truth)
        progress(lot.title, 1, sum(len(range(0, len(r), lot.settings.every)) for r in lot.records))
    left_out = list(baselines.lacking)
    left_out += [LeftOut(lot.name, f"the sound of {record.name}", note) for note in silences]
    people, why_none = (
        score_people(record, wanted, sheet.items) if lot.settings.baselines else ([], [])
    )
    tables = (*sheet.tables(), *people)
    return VideoScores(record.name, record.category, tables, (*left_out, *why_none))


class _Baselines:
    """Predictors beside the network: those that look at a frame, and those that do not."""

    def __init__(self, lot: VideoLot) -> None:
        wanted = lot.settings.baselines
        looking = {"spectral residual": spectral_residual, FINE_GRAINED: fine_grained}
        made = {row: make() for row, make in looking.items()} if wanted else {}
        self._looking = {row: predict for row, predict in made.items() if predict is not None}
        self.lacking = [
            replace(NO_SPECTRAL_RESIDUAL, row=row) for row in made if row not in self._looking
        ]
        self._fixed: dict[str, Maps] = {}
        if wanted and lot.mean_map is not None:
            self._fixed["MEP"] = lot.mean_map
        if wanted:
            self._fixed["centre Gaussian"] = centre_gaussian(INPUT_SIZE)

    def maps(self, record: VideoRecord, predicted: Predicted) -> Iterator[tuple[str, Maps | str]]:
        """Yield each row's map of a frame, or why it has none."""
        rgb = _frame_of(record, predicted) if self._looking else ""
        for row, predict in self._looking.items():
            yield row, rgb if isinstance(rgb, str) else np.asarray(predict(rgb[None])[0])
        yield from self._fixed.items()


class _Sheet:
    """Scores of a video as they come in."""

    def __init__(self, lot: VideoLot, record: VideoRecord, wanted: range) -> None:
        self._record = record
        self._place = {frame: place for place, frame in enumerate(wanted)}
        self.items = tuple(f"{record.name}/{record.frames[frame].name}" for frame in wanted)
        self._scores: dict[str, dict[str, Maps]] = {}
        self._left_out: dict[str, list[LeftOut]] = {}

    def score(self, row: str, frame: int, values: Maps | str, truth: Truth) -> None:
        """Score one row's map of one frame, or note why it has none."""
        size = len(self.items)
        scores = self._scores.setdefault(row, {m: np.full(size, np.nan) for m in VIDEO_METRICS})
        place = self._place[frame]
        found = {} if isinstance(values, str) else score_map(np.asarray(values, np.float64), truth)
        for metric, value in found.items():
            scores[metric][place] = value
        lacking = [m for m in VIDEO_METRICS if np.isnan(scores[m][place])]
        for reason, metrics in _reasons(lacking, values, truth).items():
            partly = metrics if len(metrics) < len(VIDEO_METRICS) else ()
            self._left_out.setdefault(row, []).append(
                LeftOut(row, self.items[place], reason, partly)
            )

    def tables(self) -> tuple[ScoreTable, ...]:
        """Return one table a row."""
        groups = (self._record.name,) * len(self.items)
        return tuple(
            ScoreTable(row, self.items, groups, scores, tuple(self._left_out.get(row, ())))
            for row, scores in self._scores.items()
        )


def score_map(values: Maps, truth: Truth) -> dict[str, float]:
    """Score a map (h, w) of a frame by `VIDEO_METRICS`.

    Where it or the truth says nothing there is no score, not even a zero.
    """
    scores: dict[str, float] = {}
    if not np.isfinite(values).all() or np.ptp(values) == 0:
        return scores
    if truth.density is not None and np.ptp(truth.density) > 0:
        density = truth.density[None]
        empty = np.zeros(density.shape, np.bool_)
        against = GroundTruth(("",), ("",), empty.astype(np.int32), density, empty)
        resized = resize_maps(values[None], against.size)
        for metric in OF_MAPS:
            scores[metric] = float(METRICS[metric].score(resized, against)[0])
    if truth.fixated is not None:
        counts = truth.fixated[None].astype(np.int32)
        against = GroundTruth(("",), ("",), counts, counts.astype(float), truth.others[None])
        resized = resize_maps(values[None], against.size)
        for metric in OF_FIXATIONS:
            scores[metric] = float(METRICS[metric].score(resized, against)[0])
    return scores


def _reasons(
    lacking: Sequence[str], values: Maps | str, truth: Truth
) -> dict[str, tuple[str, ...]]:
    """Return the missing metrics by the reason why they are."""
    found: dict[str, tuple[str, ...]] = {}
    for metric in lacking:
        reason = values if isinstance(values, str) else _why(metric, values, truth)
        found[reason] = (*found.get(reason, ()), metric)
    return found


def _why(metric: str, values: Maps, truth: Truth) -> str:
    kind = "map" if metric in OF_MAPS else "fixations"
    if kind in truth.reasons:
        return truth.reasons[kind]
    if not np.isfinite(values).all():
        return "map with NaN or infinity"
    if values.min() == values.max():
        return "constant map"
    if kind == "fixations":
        assert truth.fixated is not None, "else there were a reason"
        return "no fixations" if not truth.fixated.any() else "no other fixations to compare with"
    return "constant ground truth"


def _network_map(predicted: Predicted, lot: VideoLot, truth: Truth) -> Maps | str:
    if predicted.values is None:
        return predicted.reason
    if not lot.settings.eight_bit:
        return np.asarray(predicted.values, np.float64)
    if predicted.of_middle:
        return np.asarray(scored_small_map(predicted.values), np.float64)
    assert predicted.rgb is not None, "a frame that was predicted was read"
    height, width = predicted.rgb.shape[:2]
    return np.asarray(map_to_uint8(predicted.values, (height, width)) / 255.0)


def _frame_of(record: VideoRecord, predicted: Predicted) -> NDArray[np.uint8] | str:
    """Return the frame at network size, or why it cannot be read."""
    if predicted.rgb is not None:
        return resize_rgb(predicted.rgb, INPUT_SIZE)
    try:
        return resize_rgb(record.load_rgb(predicted.frame), INPUT_SIZE)
    except DataError as error:
        return str(error)
