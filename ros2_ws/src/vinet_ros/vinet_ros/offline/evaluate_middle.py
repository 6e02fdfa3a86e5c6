# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Maps of whole videos as STAViS' authors make them: a clip from each frame, for its middle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError, VinetError
from vinet_ros.offline.evaluate_sound import SoundInstead
from vinet_ros.offline.predicted import Predicted
from vinet_ros.preprocess import resize_rgb
from vinet_ros.streaming import Predictor
from vinet_ros.streaming.sound_excerpts import FrameBounds
from vinet_ros.training.datasets.sound_files import load_sound
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.stavis_clips import looped_clip


def predict_middles(
    record: VideoRecord,
    predictor: Predictor,
    wanted: Collection[int],
    middle: int,
    tell: Callable[[str], None] = lambda note: None,
    instead: SoundInstead | None = None,
) -> Iterator[Predicted]:
    """Yield the wanted frames with maps of the clips that they are the middle of.

    A clip that the video ends within begins anew. The first frames are the middle of none.

    Args:
        record: The video.
        predictor: The network; its window is left alone.
        wanted: Numbers of frames, from 0.
        middle: Frame of a clip, from 0, that its map is for.
        tell: Called with a note where a network that hears gets silence.
        instead: What it hears in place of the video's own sound.

    Source:
        The inference script of the public STAViS code, tests/golden/stavis_sampling.npz. There
        the last video of each list is silent by a fault; here it is heard.
    """
    frames = _Frames(record, predictor)
    sound = _Sound(record, predictor, tell, instead)
    length = predictor.executor.clip_length
    for frame in sorted(wanted):
        first = frame - middle
        if first < 0:
            reason = f"no clip has its middle here; the first is the {middle + 1}th frame's"
            yield Predicted(frame, None, None, f"{reason} (--first-frames paper)")
            continue
        indices = looped_clip(first, len(record), length)
        try:
            slots = [frames.kept(index) for index in indices]
            values = predictor.executor.predict(slots, sound.of(indices))
            rgb = record.load_rgb(frame)
        except VinetError as error:
            yield Predicted(frame, None, None, str(error))
            continue
        frames.forget_before(first)
        yield Predicted(frame, rgb, values, of_middle=True)


class _Frames:
    """What the network keeps of the frames that are still needed."""

    def __init__(self, record: VideoRecord, predictor: Predictor) -> None:
        self._record, self._executor = record, predictor.executor
        self._kept: dict[int, Any] = {}

    def kept(self, index: int) -> Any:
        if index not in self._kept:
            small = resize_rgb(self._record.load_rgb(index), self._executor.input_size)
            self._kept[index] = self._executor.encode(small)
        return self._kept[index]

    def forget_before(self, first: int) -> None:
        self._kept = {index: kept for index, kept in self._kept.items() if index >= first}


class _Sound:
    """The sound of a video's clips, or what is heard in its place, as the network takes it."""

    def __init__(
        self,
        record: VideoRecord,
        predictor: Predictor,
        tell: Callable[[str], None],
        instead: SoundInstead | None,
    ) -> None:
        self._form, self._instead = predictor.executor.traits.sound_form, instead
        self._recording = np.zeros(0, np.float32)
        if self._form is None:
            return
        try:
            self._recording = _read(record, self._form.rate_hz)
        except DataError as error:
            if instead is None:
                tell(str(error))
        samples = len(self._recording)
        self._bounds = FrameBounds.of(len(record), record.fps, samples, self._form.rate_hz)

    def of(self, indices: Sequence[int]) -> NDArray[np.float32] | None:
        """Return the sound from a clip's first frame to its last; None where none is taken."""
        if self._form is None:
            return None
        length = indices[-1] - indices[0] + 1
        heard = self._recording
        if len(heard):
            heard = self._bounds.excerpt(heard, indices[0], length)
        if self._instead is not None:
            heard = self._instead(indices[-1], length, heard)
        return self._form.make(heard)


def _read(record: VideoRecord, rate_hz: int) -> NDArray[np.float32]:
    if record.audio is None:
        raise DataError("no sound track: predicted with silence")
    try:
        return load_sound(record.audio, rate_hz)
    except DataError as error:
        raise DataError(f"silence: {error}") from None
