# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet evaluate``: find the data, load the network once a process, score all there is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from vinet_ros.errors import DataError
from vinet_ros.networks import model_spec
from vinet_ros.offline.baselines import mean_fixation_map
from vinet_ros.offline.evaluate_clips import ClipScores
from vinet_ros.offline.evaluate_facts import describe, head_of, identify
from vinet_ros.offline.evaluate_find import Found, FoundVideos, find_data
from vinet_ros.offline.evaluate_jobs import (
    NO_MODEL,
    Bench,
    BenchSetup,
    Task,
    list_devices,
    run_tasks,
)
from vinet_ros.offline.evaluate_motion import MotionScores, join_clips
from vinet_ros.offline.evaluate_request import PARTS, EvaluationRequest
from vinet_ros.offline.evaluate_stills import Progress, join_stills, rows_of_stills
from vinet_ros.offline.evaluate_tasks import LOTS, ClipTask, MotionTask, StillsTask, VideoTask
from vinet_ros.offline.evaluate_video_means import VideoSetScores
from vinet_ros.offline.evaluate_videos import VideoScores
from vinet_ros.training.datasets import Still, Stills
from vinet_ros.training.score_table import LeftOut, Maps, ScoreTable

__all__ = [
    "NO_MODEL",
    "PARTS",
    "Evaluation",
    "EvaluationRequest",
    "StillsScores",
    "run_evaluation",
]


@dataclass(frozen=True, slots=True)
class StillsScores:
    """The rows of one folder of stills.

    Attributes:
        title: Of the folder and split.
        rows: One table a predictor.
        left_out: Rows that there are none of, and why.
        stills: The images, in the order of the tables.
        maps: What the predictors that see the image gave, (N, h, w) by row.
    """

    title: str
    rows: tuple[ScoreTable, ...]
    left_out: tuple[LeftOut, ...]
    stills: Sequence[Still] = ()
    maps: Mapping[str, Maps] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All scores of one run.

    Attributes:
        facts: What was run, for the head of the report.
        stills: One entry a folder of stills.
        clips: One entry a clip.
        videos: One entry a video set.
        motion: One entry a folder of stills that clips were made of.
        left_out: Data that could not be scored at all.
        published: Whether the report shows published scores beside these.
    """

    facts: Mapping[str, str]
    stills: tuple[StillsScores, ...] = ()
    clips: tuple[ClipScores, ...] = ()
    videos: tuple[VideoSetScores, ...] = ()
    motion: tuple[MotionScores, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    published: bool = True

    def without(self, left_out: LeftOut) -> Evaluation:
        """Return the same with one more thing left out."""
        return replace(self, left_out=(*self.left_out, left_out))


@dataclass(slots=True)
class _Part:
    """One data set's tasks, each with the weights it runs on, and what becomes of the results."""

    kind: str
    name: str
    tasks: Sequence[tuple[Path | None, Task]]
    finish: Callable[[list[Any]], Any]
    results: dict[int, Any] = field(default_factory=dict)


def run_evaluation(
    request: EvaluationRequest, progress: Progress = lambda task, step, total: None
) -> Evaluation:
    """Score a network and the baselines on all data of the request.

    Raises:
        DataError: If none of the data can be read; the message says why for each.
        WeightsError: If the weights are missing or do not fit.
        ValueError: If the request names something that there is not.
    """
    if request.model != NO_MODEL and not model_spec(request.model).saliency:
        raise ValueError(f"{request.model} gives features, not a map; choose a saliency network")
    found = find_data(request)
    if not (found.stills or found.clips or found.videos):
        raise DataError("; ".join(o.reason for o in found.left_out) or "nothing to score")
    mean_map, why_none = _mean_map(request, found)
    lots = tuple(lot for videos in found.videos for lot in videos.lots)
    parts = [*_still_parts(request, found, mean_map), *_clip_parts(request, found, mean_map)]
    parts += _video_parts(request, found)
    facts = head_of(request, bool(lots))
    for weights in dict.fromkeys(w for part in parts for w, _ in part.tasks):
        _run(request, weights, parts, {LOTS: lots}, facts, progress)
    scores: dict[str, list[Any]] = {"stills": [], "clips": [], "videos": [], "motion": []}
    left_out = found.left_out + why_none
    for part in parts:
        try:
            results = [part.results[index] for index in range(len(part.tasks))]
            scores[part.kind].append(part.finish(results))
        except DataError as error:
            left_out.append(LeftOut("", part.name, str(error)))
    stills, clips, videos, motion = (tuple(values) for values in scores.values())
    return Evaluation(facts, stills, clips, videos, motion, tuple(left_out), request.published)


def _run(
    request: EvaluationRequest,
    weights: Path | None,
    parts: Sequence[_Part],
    shared: Mapping[str, Any],
    facts: dict[str, str],
    progress: Progress,
) -> None:
    """Run the tasks of one weight file; their results go to their parts."""
    places = [
        (part, index)
        for part in parts
        for index, (wanted, _) in enumerate(part.tasks)
        if wanted == weights
    ]
    tasks = [part.tasks[index][1] for part, index in places]
    devices = list_devices(request.device, request.jobs)
    setup = BenchSetup(request.model, weights, devices[0], request.path, shared=shared)
    bench = Bench(setup, progress)
    try:
        describe(bench, devices, facts)
        if request.jobs > 1 and bench.network is not None and devices[0] == "cpu":
            # Measured once: processes that chose different paths would differ in rounding.
            assert bench.predictor is not None
            path = bench.predictor.executor.name.split()[0]
            bench.setup = replace(bench.setup, path=path)
        results = run_tasks(tasks, bench, devices, request.jobs)
    finally:
        bench.close()
    for (part, index), result in zip(places, results, strict=True):
        part.results[index] = result


def _still_parts(request: EvaluationRequest, found: Found, mean_map: Maps | None) -> list[_Part]:
    parts = []
    for data in found.stills:
        title = f"{data.root.name}, {data.split}"
        if request.wants("stills"):
            tasks = [
                StillsTask(title, request.model, part, len(data), request.batch_size)
                for part in _portions(data, request)
            ]
            finish = partial(_finish_stills, title, data, mean_map, request.map_folders)
            parts.append(_Part("stills", title, _on_one(request, tasks), finish))
        if request.made_clips and request.wants("made-clips"):
            parts.append(_motion_part(request, title, tuple(data)))
    return parts


def _motion_part(request: EvaluationRequest, title: str, stills: tuple[Still, ...]) -> _Part:
    count = request.made_clips
    share = math.ceil(count / request.jobs)
    tasks = []
    for start in range(0, count, share):
        clips = range(start, min(start + share, count))
        tasks.append(MotionTask(title, request.model, stills, clips, count, request.seed))
    finish = partial(_finish_motion, title)
    return _Part("motion", f"made clips, {title}", _on_one(request, tasks), finish)


def _portions(data: Stills, request: EvaluationRequest) -> list[tuple[Still, ...]]:
    """Cut stills into one portion a process, between batches so that the batches stay."""
    batches = math.ceil(len(data) / request.batch_size)
    share = math.ceil(batches / request.jobs) * request.batch_size
    return [tuple(data[start : start + share]) for start in range(0, len(data), share)]


def _finish_stills(
    title: str,
    data: Stills,
    mean_map: Maps | None,
    folders: Sequence[Path],
    results: list[Any],
) -> StillsScores:
    predicted = join_stills(_done(results))
    rows, lacking = rows_of_stills(data, predicted, mean_map, folders)
    return StillsScores(title, tuple(rows), tuple(lacking), data, predicted.maps)


def _finish_motion(title: str, results: list[Any]) -> MotionScores:
    return join_clips(title, _done(results))


def _clip_parts(request: EvaluationRequest, found: Found, mean_map: Maps | None) -> list[_Part]:
    parts = []
    for clip in found.clips:
        task = ClipTask(clip, request.model, mean_map, request.smoothing_tau_s)
        parts.append(_Part("clips", clip.name, _on_one(request, [task]), _first_done))
    return parts


def _video_parts(request: EvaluationRequest, found: Found) -> list[_Part]:
    parts = []
    first = 0
    for videos in found.videos:
        tasks: list[tuple[Path | None, Task]] = []
        for place, (fold, lot) in enumerate(zip(videos.folds, videos.lots, strict=True)):
            weights = request.weights_of(fold)
            network = identify(request.model, weights)
            tasks += [
                (weights, VideoTask(first + place, index, network, request.cache))
                for index in range(len(lot.records[: request.limit or None]))
            ]
        first += len(videos.lots)
        finish = partial(_finish_videos, videos, request.limit)
        parts.append(_Part("videos", videos.title, tasks, finish))
    return parts


def _finish_videos(videos: FoundVideos, limit: int, results: list[Any]) -> VideoSetScores:
    scored: list[VideoScores] = []
    left_out: list[LeftOut] = []
    lots = zip(videos.folds, videos.lots, strict=True)
    places = [(fold, record) for fold, lot in lots for record in lot.records[: limit or None]]
    for (fold, record), result in zip(places, results, strict=True):
        name = record.name if len(videos.folds) == 1 else f"{record.name} (fold {fold})"
        if isinstance(result, DataError):
            left_out.append(LeftOut("", name, str(result)))
        else:
            scored.append(replace(result, video=name))
            left_out += [o for o in result.left_out if o not in left_out]
    if not scored:
        reasons = "; ".join(dict.fromkeys(o.reason for o in left_out if o.item))
        raise DataError(reasons)
    pooled = videos.lots[0].pooled
    return VideoSetScores(
        videos.title, videos.set_name, videos.split, pooled, tuple(scored), tuple(left_out)
    )


def _on_one(request: EvaluationRequest, tasks: Sequence[Task]) -> list[tuple[Path | None, Task]]:
    weights = request.weights_of("")
    return [(weights, task) for task in tasks]


def _done(results: list[Any]) -> list[Any]:
    for result in results:
        if isinstance(result, DataError):
            raise result
    return results


def _first_done(results: list[Any]) -> Any:
    return _done(results)[0]


def _mean_map(request: EvaluationRequest, found: Found) -> tuple[Maps | None, list[LeftOut]]:
    roots = [request.mean_map_from] if request.mean_map_from else [s.root for s in found.stills]
    if not roots or not (found.stills or found.clips):
        return None, []
    try:
        return mean_fixation_map(Stills(roots[0], "train", require_images=False)), []
    except DataError as error:
        return None, [LeftOut("MEP", "", str(error))]
