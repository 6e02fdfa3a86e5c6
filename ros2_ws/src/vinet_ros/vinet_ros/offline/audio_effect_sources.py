# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The clips whose sound is exchanged: video files, or the videos of a public set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

from vinet_ros.errors import DataError
from vinet_ros.offline.audio_effect_request import AudioEffectRequest
from vinet_ros.offline.evaluate_find import default_split
from vinet_ros.offline.evaluate_lots import (
    Looked,
    Truth,
    VideoLot,
    VideoSettings,
    read_fixations,
    read_truth,
)
from vinet_ros.offline.frames import Frame, FrameSource, OnBad, Size, SoundChunk, SourceInfo
from vinet_ros.offline.recordings import read_recording
from vinet_ros.offline.video import Video
from vinet_ros.offline.video_sound import VideoSound
from vinet_ros.streaming.audio_regimes import Recording, at_rate
from vinet_ros.training.datasets.layouts import LAYOUTS, VideoSet, choose_sets, find_videos
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.score_table import LeftOut

_KEPT = 4  # recordings in memory


class People:
    """Where people looked in one video; read when the first frame is asked for."""

    def __init__(self, lot: VideoLot, index: int) -> None:
        self._lot, self._index = lot, index

    @cached_property
    def _looked(self) -> Sequence[Looked | str]:
        return read_fixations(self._lot.records[self._index])

    def at(self, frame: int) -> Truth:
        """Return the ground truth of a frame."""
        return read_truth(self._lot, self._index, frame, self._looked)


@dataclass(frozen=True, slots=True)
class Subject:
    """One clip.

    Attributes:
        open: Opens its frames and sound.
        own: Its whole sound.
        people: Where people looked; None where nobody knows.
    """

    open: Callable[[], FrameSource]
    own: Recording
    people: People | None = None


@dataclass(frozen=True, slots=True)
class Subjects:
    """All clips of one run.

    Attributes:
        clips: Those that have a sound.
        others: Recordings that shuffled sound is taken from, the clips' own among them.
        left_out: Clips that there is nothing of, and why.
        title: Of the video set; empty for files.
        set_name: Of the video set; empty for files.
        split: Of it.
    """

    clips: tuple[Subject, ...]
    others: tuple[Recording, ...]
    left_out: tuple[LeftOut, ...]
    title: str = ""
    set_name: str = ""
    split: str = ""

    def at_rate(self, rate_hz: int) -> Subjects:
        """Return the same with recordings at another rate."""
        clips = (replace(clip, own=at_rate(clip.own, rate_hz)) for clip in self.clips)
        others = (at_rate(other, rate_hz) for other in self.others)
        return replace(self, clips=tuple(clips), others=tuple(others))


class VideoFrames(FrameSource):
    """A video of a set as a source of frames, with the sound that lies beside them."""

    def __init__(self, record: VideoRecord) -> None:
        self._record = record
        height, width = record.load_rgb(0).shape[:2]
        self.info = SourceInfo(record.name, height, width, record.fps, frame_count=len(record))

    def frames(
        self,
        start: int = 0,
        *,
        size: Size | None = None,
        decode: bool = False,
        on_bad: OnBad | None = None,
    ) -> Iterator[Frame]:
        """Yield the frames; see :meth:`FrameSource.frames`."""
        for index in range(start, len(self._record)):
            try:
                rgb = self._record.load_rgb(index)
            except DataError as error:
                self._leave_out(index, error, on_bad)
                continue
            yield Frame(index, self._record.stamp_ns(index), rgb).decoded(size)

    def sound(self) -> Iterator[SoundChunk]:
        """Yield the sound; see :meth:`FrameSource.sound`."""
        yield from VideoSound(self._record).sound()


def find_subjects(request: AudioEffectRequest) -> Subjects:
    """Return the clips of a request that have a sound.

    Raises:
        DataError: If there is none, with the reason of each.
        ValueError: If the set has no such split or fold.
    """
    folders = [path for path in request.data if path.is_dir()]
    if folders and len(request.data) > 1:
        raise DataError(
            f"expected video files, or one folder with a video set, got {len(request.data)} paths "
            f"of which {folders[0]} is a folder"
        )
    found = _of_set(folders[0], request) if folders else _of_files(request)
    if not found.clips:
        raise DataError("; ".join(dict.fromkeys(o.reason for o in found.left_out)))
    return found


def _of_files(request: AudioEffectRequest) -> Subjects:
    read = lru_cache(maxsize=_KEPT)(read_recording)
    clips: list[Subject] = []
    left_out: list[LeftOut] = []
    for path, name in zip(request.data, _names(request.data), strict=True):
        own = Recording(name, partial(read, path))
        try:
            own.read()
        except DataError as error:
            left_out.append(LeftOut("", name, str(error)))
            continue
        clips.append(Subject(partial(Video, path), own))
    names = _names(request.others)
    others = [
        Recording(f"{n} (--others)", partial(read, p))
        for p, n in zip(request.others, names, strict=True)
    ]
    return Subjects(tuple(clips), (*(clip.own for clip in clips), *others), tuple(left_out))


def _of_set(root: Path, request: AudioEffectRequest) -> Subjects:
    video_set = _chosen(root, request.set_name)
    split = request.split or default_split(video_set.name)
    fold = request.fold if video_set.folds else "1"
    records = find_videos(root, video_set, split, fold)
    records = records[: request.limit or len(records)]
    settings = VideoSettings(eight_bit=request.eight_bit, seed=request.seed)
    lot = VideoLot(video_set.title, tuple(records), settings, False, None, request.model)
    read = lru_cache(maxsize=_KEPT)(read_recording)
    clips: list[Subject] = []
    left_out: list[LeftOut] = []
    for index, record in enumerate(records):
        if record.audio is None or not record.audio.is_file():
            reason = f"{record.title} has no sound ({record.audio or 'the set has none'})"
            left_out.append(LeftOut("", record.name, reason))
            continue
        people = People(lot, index) if record.has_truth or record.has_fixations else None
        own = Recording(record.name, partial(read, record.audio))
        clips.append(Subject(partial(VideoFrames, record), own, people))
    title = f"{video_set.title}, {split}" + (f", fold {fold}" if video_set.folds else "")
    others = [Recording(p.name, partial(read, p)) for p in request.others]
    return Subjects(
        tuple(clips),
        (*(clip.own for clip in clips), *others),
        tuple(left_out),
        title,
        video_set.name,
        split,
    )


def _chosen(root: Path, name: str) -> VideoSet:
    if name and name not in LAYOUTS:
        raise ValueError(f"no data set {name!r}; there are {', '.join(LAYOUTS)}")
    found = choose_sets(root, [name] if name else [])
    if len(found) > 1:
        raise DataError(f"{root} holds {', '.join(s.name for s in found)}; choose one with --set")
    return found[0]


def _names(paths: Sequence[Path]) -> list[str]:
    """Return the files' names; with their folders where two are alike."""
    names = [path.name for path in paths]
    return [str(p) if names.count(p.name) > 1 else p.name for p in paths]
