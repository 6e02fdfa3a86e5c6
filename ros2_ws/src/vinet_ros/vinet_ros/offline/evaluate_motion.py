# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Which of four equal things moves: a network's answer on made clips, beside simpler ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError
from vinet_ros.offline.baselines import centre_gaussian, spectral_residual
from vinet_ros.offline.evaluate_made_clips import CUT_OUTS, MadeClip, make_clip, scored_length
from vinet_ros.preprocess import INPUT_SIZE, resize_rgb
from vinet_ros.streaming import Predictor
from vinet_ros.streaming.frame_window import NS_PER_S
from vinet_ros.training.datasets import Still
from vinet_ros.training.score_table import LeftOut
from vinet_ros.training.scoring import area_average

BASELINE_RATE_HZ = 15.0
"""Rate of the clips where no network says its own."""

_Z = 1.959964  # 95 % of a normal distribution lie within

Answer = Callable[[MadeClip], NDArray[np.float64]]
"""A clip to its maps (F, H, W), one a scored frame."""


@dataclass(frozen=True, slots=True)
class MotionRow:
    """How often one predictor found the moving cut-out.

    Attributes:
        name: Of the predictor.
        wins: (N,) whether the moving cut-out's mean saliency was the largest of all.
        margins: (N,) the moving one's mean saliency over the next best one's, minus 1.
        peaks: (N,) share of the scored frames whose most salient pixel is on the moving one.
    """

    name: str
    wins: NDArray[np.bool_]
    margins: NDArray[np.float64]
    peaks: NDArray[np.float64]

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share of wins (Wilson)."""
        n, share = len(self.wins), float(self.wins.mean())
        middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        spread = math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n * n)) * _Z / (1 + _Z**2 / n)
        return max(middle - spread, 0.0), min(middle + spread, 1.0)


@dataclass(frozen=True, slots=True)
class MotionScores:
    """The rows on one lot of made clips.

    Attributes:
        title: What the clips were made of.
        rows: One a predictor, the network first.
        speeds: (N,) of the moving cut-outs, in widths a second.
        left_out: What could not be used, and why.
    """

    title: str
    rows: tuple[MotionRow, ...]
    speeds: NDArray[np.float64]
    left_out: tuple[LeftOut, ...]


Judged = tuple[bool, float, float]
"""Whether the moving cut-out won, by how much, and how often it held the peak."""


@dataclass(frozen=True, slots=True)
class JudgedClips:
    """Some of the clips, judged.

    Attributes:
        rows: Each predictor's judgement of each clip.
        speeds: Of the moving cut-outs, in widths a second.
        left_out: What could not be used, and why.
    """

    rows: Mapping[str, Sequence[Judged]]
    speeds: Sequence[float]
    left_out: tuple[LeftOut, ...]


def judge_clips(
    stills: Sequence[Still],
    predictor: Predictor | None,
    name: str,
    clips: Sequence[int],
    *,
    seed: int = 0,
    progress: Callable[[int], None] = lambda step: None,
) -> JudgedClips:
    """Make clips of still images and ask each predictor which cut-out moves.

    Clip i depends on the images, the seed, i and the network's rate only, so a hundred clips begin
    with the ten that ten would be.

    Args:
        stills: What the clips are made of; the network should not have been trained on them.
        predictor: The network behind its frame window. None: baselines only.
        name: Of the network's row.
        clips: Their numbers.
        seed: Of the clips.
        progress: Called after each clip with 1.

    Raises:
        DataError: If fewer than five images can be read.
    """
    images, left_out = _load(stills)
    rate_hz, shortest = _pace(predictor)
    answers = _answers(predictor, name)
    rows: dict[str, list[Judged]] = {row: [] for row in answers}
    speeds = []
    for index in clips:
        clip = make_clip(images, np.random.default_rng((seed, index)), rate_hz, shortest)
        speeds.append(clip.speed)
        for row, answer in answers.items():
            rows[row].append(judge(clip, answer(clip)))
        progress(1)
    return JudgedClips(rows, speeds, tuple(left_out))


def join_clips(title: str, parts: Sequence[JudgedClips]) -> MotionScores:
    """Put judged parts together; all are of the same images."""
    rows = []
    for row in parts[0].rows:
        judged = [judgement for part in parts for judgement in part.rows[row]]
        wins, margins, peaks = zip(*judged, strict=True)
        rows.append(MotionRow(row, np.array(wins), np.array(margins), np.array(peaks)))
    speeds = np.concatenate([part.speeds for part in parts])
    return MotionScores(title, tuple(rows), speeds, parts[0].left_out)


def judge(clip: MadeClip, maps: NDArray[np.float64]) -> Judged:
    """Return whether the moving cut-out won, by how much, and how often it holds the peak.

    Args:
        clip: The clip.
        maps: (F, H, W) of its scored frames, all values at least 0.
    """
    scored = list(zip(clip.scored_frames, maps, strict=True))
    totals = np.zeros(CUT_OUTS)
    peaks = 0
    for frame, values in scored:
        masks = clip.masks(frame)
        totals += [values[mask].mean() for mask in masks]
        peaks += bool(masks[clip.mover].flat[values.argmax()])
    moving = totals[clip.mover]
    best_other = np.delete(totals, clip.mover).max()
    margin = moving / best_other - 1 if best_other > 0 else np.inf
    return bool(moving > best_other), float(margin), peaks / len(scored)


def _load(stills: Sequence[Still]) -> tuple[list[NDArray[np.uint8]], list[LeftOut]]:
    images, left_out = [], []
    for still in stills:
        try:
            images.append(resize_rgb(still.load_rgb(), INPUT_SIZE))
        except DataError as error:
            left_out.append(LeftOut("", still.name, str(error)))
    return images, left_out


def _pace(predictor: Predictor | None) -> tuple[float, int]:
    """Return the clips' rate and their least number of frames."""
    if predictor is None:
        return BASELINE_RATE_HZ, 0
    rate_hz = predictor.window_rate_hz
    rate_hz = rate_hz if rate_hz > 0 else BASELINE_RATE_HZ
    return rate_hz, predictor.executor.clip_length + scored_length(rate_hz) - 1


def _answers(predictor: Predictor | None, name: str) -> Mapping[str, Answer]:
    answers: dict[str, Answer] = {}
    if predictor is not None:
        network = predictor
        answers[name] = lambda clip: _streamed(network, clip)
        answers[f"{name}, frame by frame"] = lambda clip: _alone(network, clip)
    answers["difference of two frames"] = _frame_difference
    residual = spectral_residual()
    if residual is not None:
        spectral = residual
        answers["spectral residual"] = lambda clip: np.asarray(
            spectral(clip.frames[clip.scored_frames.start :]), np.float64
        )
    answers["centre Gaussian"] = lambda clip: np.broadcast_to(
        centre_gaussian(INPUT_SIZE), (len(clip.scored_frames), *INPUT_SIZE)
    )
    return answers


def _streamed(predictor: Predictor, clip: MadeClip) -> NDArray[np.float64]:
    predictor.reset()
    maps = []
    for index, frame in enumerate(clip.frames):
        predictor.push_frame(frame, round(index * NS_PER_S / clip.rate_hz))
        if index in clip.scored_frames:
            predicted = predictor.predict()
            assert predicted is not None, "the window is full at the end of a clip"
            maps.append(predicted.values)
    return area_average(np.stack(maps), INPUT_SIZE)


def _alone(predictor: Predictor, clip: MadeClip) -> NDArray[np.float64]:
    executor = predictor.executor
    maps = []
    for index in clip.scored_frames:
        kept = executor.encode(resize_rgb(clip.frames[index], executor.input_size))
        maps.append(executor.predict([kept] * executor.clip_length))
    return area_average(np.stack(maps), INPUT_SIZE)


def _frame_difference(clip: MadeClip) -> NDArray[np.float64]:
    grey = clip.frames.astype(np.float64).mean(axis=3)
    first = clip.scored_frames.start
    return np.asarray(np.abs(grey[first:] - grey[first - 1 : -1]))
