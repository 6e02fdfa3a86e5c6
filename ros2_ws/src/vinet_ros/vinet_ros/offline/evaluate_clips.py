# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Scores on videos with human gaze: the stream, its frames alone, and what they gain by motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import VinetError
from vinet_ros.gaze.smoothing import MapSmoother
from vinet_ros.offline.baselines import (
    centre_gaussian,
    score_fixed_map,
    score_human_halves,
    score_leave_one_out,
    spectral_residual,
)
from vinet_ros.offline.bootstrap import Interval, block_interval, second_blocks
from vinet_ros.offline.clip_sound import ClipSound
from vinet_ros.offline.evaluate_stills import NO_SPECTRAL_RESIDUAL, Progress
from vinet_ros.offline.video_sound import FileSound
from vinet_ros.preprocess import resize_rgb
from vinet_ros.streaming import Predictor
from vinet_ros.training.datasets import GazeClip
from vinet_ros.training.score_table import (
    METRICS,
    GroundTruth,
    LeftOut,
    Maps,
    ScoreTable,
    ground_truth,
    score_maps,
)
from vinet_ros.training.scoring import area_average

STREAM, ALONE, SMOOTHED = "{}", "{}, frame by frame", "{}, frame by frame, smoothed {:g} s"
STEADIED = "{}, the camera's motion taken off"


@dataclass(frozen=True, slots=True)
class ClipScores:
    """One clip's rows with their intervals.

    Attributes:
        clip: Its name.
        rows: One table a predictor, one score a frame; the first is the reference of
            `differences`.
        intervals: By row and metric.
        differences: First row minus each other row, on the frames that both have.
        left_out: Rows that there are none of, and why.
        fps: Frames a second.
    """

    clip: str
    rows: tuple[ScoreTable, ...]
    intervals: Mapping[str, Mapping[str, Interval]]
    differences: Mapping[str, Mapping[str, Interval]]
    left_out: tuple[LeftOut, ...]
    fps: float


def score_clip(
    clip: GazeClip,
    predictor: Predictor | None,
    name: str,
    mean_map: Maps | None,
    *,
    smoothing_tau_s: Sequence[float] = (0.15,),
    progress: Progress = lambda task, step, total: None,
) -> ClipScores:
    """Score a network and the baselines on one clip, frame by frame.

    Args:
        clip: The video and where people looked.
        predictor: The network behind its frame window; it is reset first. None: baselines only.
        name: Of the network's row.
        mean_map: Mean fixation map of other data (MEP), or None if there is none.
        smoothing_tau_s: Time constants of the smoothed rows.
        progress: For a progress bar.

    Raises:
        DataError: If the video cannot be read.
    """
    columns = tuple(METRICS)
    truth = truth_of_clip(clip)
    network = None if predictor is None else _Network(predictor, name, smoothing_tau_s, clip)
    maps, reasons = _predict_clip(clip, network, truth.size, progress)
    left_out = [] if "spectral residual" in maps else [NO_SPECTRAL_RESIDUAL]
    if network is not None and network.sound.silent:
        left_out.append(LeftOut(name, f"the sound of {clip.name}", network.sound.note))
    rows = [score_maps(row, m, truth, columns, reasons) for row, m in maps.items()]
    if mean_map is None:
        left_out.append(LeftOut("MEP", "", "no training images with fixations to average"))
    else:
        rows.append(score_fixed_map("MEP", mean_map, truth, columns))
    rows.append(score_fixed_map("centre Gaussian", centre_gaussian(truth.size), truth, columns))
    if any(len(f.observers) > 1 for f in clip.fixations):
        looked = (truth.items, truth.groups, clip.fixations)
        rows += [score_human_halves(*looked, columns), score_leave_one_out(*looked, columns)]
    else:
        left_out.append(LeftOut("HI", "", "the clip has one observer only"))
    return _with_intervals(clip, rows, left_out)


def truth_of_clip(clip: GazeClip) -> GroundTruth:
    """Make the ground truth of a clip's frames.

    The negatives of sAUC are the pixels looked at in all frames of the clip, less the frame's own.
    """
    items = [f"frame {index}" for index in range(len(clip))]
    truth = ground_truth(items, [clip.name] * len(clip), clip.fixations)
    others = truth.counts.any(axis=0) & (truth.counts == 0)
    return replace(truth, others=others)


def _predict_clip(
    clip: GazeClip,
    network: _Network | None,
    size: tuple[int, int],
    progress: Progress,
) -> tuple[dict[str, NDArray[np.float64]], dict[int, str]]:
    """Return the maps (F, h, w) of each row that needs the video, and why frames have none."""
    residual = spectral_residual()
    names = [] if network is None else network.rows
    names += [] if residual is None else ["spectral residual"]
    maps = {row: np.full((len(clip), *size), np.nan) for row in names}
    reasons = {index: "not in the video" for index in range(len(clip))}
    for index, rgb in enumerate(clip.read_frames()):
        try:
            predicted = {} if network is None else network.predict(rgb, clip.stamp_ns(index))
            if residual is not None:
                predicted["spectral residual"] = residual(resize_rgb(rgb)[None])[0]
        except VinetError as error:
            reasons[index] = str(error)
            continue
        del reasons[index]
        for row, values in predicted.items():
            maps[row][index] = area_average(values[None], size)[0]
        progress(clip.name, 1, len(clip))
    return maps, reasons


class _Network:
    """The network's rows on one video: the stream, each frame alone, and that smoothed.

    A network that hears gets the video's sound, each frame alone too.
    """

    def __init__(
        self, predictor: Predictor, name: str, taus_s: Sequence[float], clip: GazeClip
    ) -> None:
        predictor.reset()
        self.sound = ClipSound(FileSound(clip.video_path), predictor)
        self._predictor, self._name = predictor, name
        self._stream, self._alone = STREAM.format(name), ALONE.format(name)
        self._smoothers = {SMOOTHED.format(name, tau): MapSmoother(tau) for tau in taus_s}
        self.rows = [self._stream, self._alone, *self._smoothers]
        self._steadied: Predictor | None = None
        if predictor.executor.traits.motion_shape is not None:
            rate_hz = predictor.window_rate_hz
            self._steadied = Predictor(
                predictor.model_name,
                executor=predictor.executor,
                window_rate_hz=rate_hz,
                stabilize=True,
            )
            self.rows.append(STEADIED.format(name))

    def predict(self, rgb: NDArray[np.uint8], stamp_ns: int) -> dict[str, NDArray[np.float32]]:
        self._predictor.push_frame(rgb, stamp_ns)
        self.sound.feed(stamp_ns)
        streamed = self._predictor.predict()
        executor = self._predictor.executor
        kept = executor.encode(resize_rgb(rgb, executor.input_size))
        heard = self._predictor.newest_excerpt
        sound = None if heard is None else self._predictor.sound_of(heard)
        alone = executor.predict([kept] * executor.clip_length, sound)
        nothing = np.full(alone.shape, np.nan, np.float32)  # while the window fills
        maps = {
            self._stream: nothing if streamed is None else streamed.values,
            self._alone: alone,
        }
        for row, smoother in self._smoothers.items():
            maps[row] = smoother.update(alone, stamp_ns)
        if self._steadied is not None:
            self._steadied.push_frame(rgb, stamp_ns)
            steady = self._steadied.predict()
            maps[STEADIED.format(self._name)] = nothing if steady is None else steady.values
        return maps


def _with_intervals(
    clip: GazeClip, rows: Sequence[ScoreTable], left_out: Sequence[LeftOut]
) -> ClipScores:
    blocks = second_blocks(len(clip), clip.fps)
    first = rows[0].scores
    intervals = {
        row.name: {m: block_interval(scores, blocks) for m, scores in row.scores.items()}
        for row in rows
    }
    differences = {
        row.name: {m: block_interval(first[m] - s, blocks) for m, s in row.scores.items()}
        for row in rows[1:]
    }
    return ClipScores(clip.name, tuple(rows), intervals, differences, tuple(left_out), clip.fps)
