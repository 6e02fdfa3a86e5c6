# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What there is to score in the folders and files that an evaluation is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vinet_ros.errors import DataError
from vinet_ros.offline.evaluate_jobs import NO_MODEL
from vinet_ros.offline.evaluate_lots import VideoLot, mean_map_of_videos
from vinet_ros.offline.evaluate_request import ALL_FOLDS, FOLD_MARK, EvaluationRequest
from vinet_ros.training.datasets import GazeClip, Stills, find_gaze_files, read_gaze_clip
from vinet_ros.training.datasets.gaze_clips import GAZE_SUFFIX
from vinet_ros.training.datasets.layouts import LAYOUTS, VideoSet, detect_sets, find_videos
from vinet_ros.training.datasets.packed_videos import is_video_pack, read_video_pack
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.score_table import LeftOut, Maps

POOLED_SETS = ("dhf1k", "hollywood2", "ucf_sports")
"""Sets whose published means are over all frames of all videos."""

_ALL = ("1", "2", "3")


@dataclass(frozen=True, slots=True)
class FoundVideos:
    """One set's split, in one or more folds.

    Attributes:
        title: Of the set and split.
        set_name: Of the set.
        split: Of it.
        lots: By fold: the videos and what they are scored with.
        folds: Names of the folds; one empty name where there are none.
    """

    title: str
    set_name: str
    split: str
    lots: tuple[VideoLot, ...]
    folds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """All there is to score, and what cannot be."""

    stills: list[Stills] = field(default_factory=list)
    clips: list[GazeClip] = field(default_factory=list)
    videos: list[FoundVideos] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def find_data(request: EvaluationRequest) -> Found:
    """Look through the request's folders and files."""
    found = Found()
    for path in request.data:
        gaze_files = [path] if path.name.endswith(GAZE_SUFFIX) else find_gaze_files(path)
        videos = _find_video_sets(path, request)
        if not (gaze_files or videos) or (path / "index.csv").exists():
            _try(found, path.name, lambda p=path: found.stills.append(_stills(p, request)))  # type: ignore[misc]
        for gaze_file in gaze_files if request.wants("clips") else ():
            _try(found, gaze_file.name, lambda g=gaze_file: found.clips.append(read_gaze_clip(g)))  # type: ignore[misc]
        for title, find in videos if request.wants("videos") else ():
            _try(found, title, lambda f=find: found.videos.append(f(found.left_out)))  # type: ignore[misc]
    return found


def default_split(set_name: str) -> str:
    """Return the split of a video set that has public ground truth and that papers report."""
    return "val" if set_name == "dhf1k" else "test"


def _stills(path: Path, request: EvaluationRequest) -> Stills:
    return Stills(path, request.split or "val", require_images=False)


def _try(found: Found, name: str, read: Callable[[], None]) -> None:
    try:
        read()
    except DataError as error:
        found.left_out.append(LeftOut("", name, str(error)))


_Find = Callable[[list[LeftOut]], FoundVideos]


def _find_video_sets(path: Path, request: EvaluationRequest) -> list[tuple[str, _Find]]:
    """Return the sets in a folder or pack, with a function each that reads its lists."""
    if path.is_file():
        if path.name.endswith(GAZE_SUFFIX) or not is_video_pack(path):
            return []
        return [(path.name, lambda left_out: _packed(path, request, left_out))]
    asked = [LAYOUTS[name] for name in request.sets if name in LAYOUTS]
    unknown = [name for name in request.sets if name not in LAYOUTS]
    if unknown:
        raise ValueError(f"no data set {unknown[0]!r}; there are {', '.join(LAYOUTS)}")
    found = [s for s in detect_sets(path) if not asked or s in asked]
    return [(s.title, lambda left_out, s=s: _set(path, s, request, left_out)) for s in found]  # type: ignore[misc]


def _set(
    path: Path, video_set: VideoSet, request: EvaluationRequest, left_out: list[LeftOut]
) -> FoundVideos:
    split = request.split or default_split(video_set.name)
    folds = _folds(video_set, request)
    title = f"{video_set.title}, {split}"
    if any(folds):
        title += f", fold {', '.join(folds)}"
    lots = []
    try:
        for fold in folds:
            fold_name = fold if video_set.folds else "1"
            records = find_videos(path, video_set, split, fold_name)
            mean_map = None
            if request.baselines:
                mean_map = _mean_map(path, video_set, fold_name, left_out)
            lots.append(_lot(title, records, mean_map, request))
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    if not any(lot.records for lot in lots):
        raise DataError(f"{path}: {title} has no videos here")
    return FoundVideos(title, video_set.name, split, tuple(lots), folds)


def _folds(video_set: VideoSet, request: EvaluationRequest) -> tuple[str, ...]:
    own_weights = FOLD_MARK in str(request.weights)
    if not (video_set.folds or own_weights):
        return ("",)
    return _ALL if request.fold == ALL_FOLDS else (request.fold,)


def _packed(path: Path, request: EvaluationRequest, left_out: list[LeftOut]) -> FoundVideos:
    records = read_video_pack(path)
    wanted = [
        r
        for r in records
        if (not request.sets or r.set_name in request.sets)
        and r.split == (request.split or default_split(r.set_name))
    ]
    names = list(dict.fromkeys(r.set_name for r in wanted))
    if len(names) != 1:
        holds = ", ".join(sorted({f"{r.set_name} {r.split}" for r in records}))
        raise DataError(
            f"{path}: choose one set and split with --sets and --split; it holds {holds}"
        )
    split = wanted[0].split
    title = f"{LAYOUTS[names[0]].title if names[0] in LAYOUTS else names[0]}, {split}, packed"
    training = [r for r in records if r.set_name == names[0] and r.split == "train"]
    mean_map = _mean_of(training, left_out, title) if request.baselines else None
    lot = _lot(title, wanted, mean_map, request)
    return FoundVideos(title, names[0], split, (lot,), ("",))


def _lot(
    title: str,
    records: Sequence[VideoRecord],
    mean_map: Maps | None,
    request: EvaluationRequest,
) -> VideoLot:
    return VideoLot(
        title,
        tuple(records),
        request.video_settings(),
        pooled=bool(records) and records[0].set_name in POOLED_SETS,
        mean_map=mean_map,
        name="" if request.model == NO_MODEL else request.model,
    )


def _mean_map(path: Path, video_set: VideoSet, fold: str, left_out: list[LeftOut]) -> Maps | None:
    try:
        training = find_videos(path, video_set, "train", fold)
    except DataError as error:
        left_out.append(LeftOut("MEP", f"{video_set.title}, MEP", str(error)))
        return None
    return _mean_of(training, left_out, video_set.title)


def _mean_of(training: Sequence[VideoRecord], left_out: list[LeftOut], title: str) -> Maps | None:
    try:
        mean_map, unread = mean_map_of_videos(training)
    except DataError as error:
        left_out.append(LeftOut("MEP", f"{title}, MEP", str(error)))
        return None
    if unread:
        more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
        left_out.append(LeftOut("MEP", f"{title}, MEP", unread[0].reason + more))
    return mean_map
