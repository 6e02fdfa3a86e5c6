# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The sliding window over a whole video: one map a frame, from it and the frames before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import VinetError
from vinet_ros.offline.clip_sound import ClipSound
from vinet_ros.offline.evaluate_middle import predict_middles
from vinet_ros.offline.evaluate_sound import SoundInstead
from vinet_ros.offline.predicted import Predicted
from vinet_ros.offline.video_sound import VideoSound
from vinet_ros.streaming import Predictor
from vinet_ros.training.datasets.video_records import VideoRecord

FIRST_FRAMES = ("paper", "authors")
"""How the frames are predicted that have fewer than T - 1 before them.

"paper": the missing ones repeat the first frame, as the paper says; causal. "authors": what the
authors' code does: frame j from the frames j to j + T - 1 in reversed order, and none of a video
with fewer than 2 T - 1 frames; on Hollywood-2 and UCF-Sports shorter videos have rules of their
own. STAViS' authors take each clip for the frame in its middle, see
:mod:`~vinet_ros.offline.evaluate_middle`.
"""

PADDED_SETS = ("hollywood2", "ucf_sports")
"""Sets whose short videos the authors pad with the first frame instead of leaving them out."""


@dataclass(frozen=True, slots=True)
class FirstFrames:
    """What becomes of a video's first frames.

    Attributes:
        looking_ahead: How many of them are predicted from a reversed window.
        why_none: Why no frame of the video is predicted; empty if they are.
    """

    looking_ahead: int
    why_none: str = ""


def plan_first_frames(rule: str, set_name: str, frames: int, length: int) -> FirstFrames:
    """Return how a video's first frames are predicted.

    Args:
        rule: One of `FIRST_FRAMES`.
        set_name: The video's data set.
        frames: Its length.
        length: Frames of a window, T.

    Raises:
        ValueError: If there is no such rule.

    Source:
        The inference scripts of the public ViNet code, for T = 32.
    """
    if rule not in FIRST_FRAMES:
        raise ValueError(f"no rule {rule!r} for first frames; rules: {', '.join(FIRST_FRAMES)}")
    if rule == "paper" or length == 1:
        return FirstFrames(0)
    if frames >= 2 * length - 1:
        return FirstFrames(length - 1)
    if set_name not in PADDED_SETS:
        return FirstFrames(
            0, f"{frames} frames, the authors' code needs {2 * length - 1} (--first-frames paper)"
        )
    # Padded to 2 T - 1 frames; the last frame that both ways give keeps the reversed one.
    return FirstFrames(max(frames - length + 1, 0))


def predict_video(
    record: VideoRecord,
    predictor: Predictor | None,
    wanted: Collection[int],
    first_frames: str = "paper",
    tell: Callable[[str], None] = lambda note: None,
    instead: SoundInstead | None = None,
) -> Iterator[Predicted]:
    """Yield the wanted frames with the network's maps, those that look ahead last.

    A network that hears gets the video's own sound, reversed windows the reversed sound.

    Args:
        record: The video.
        predictor: The network behind its frame window, which is reset; None reads frames only.
        wanted: Numbers of frames, from 0.
        first_frames: One of `FIRST_FRAMES`.
        tell: Called with a note where a network that hears gets silence.
        instead: What it hears in place of the video's own sound.
    """
    middle = None if predictor is None else predictor.executor.traits.map_frame
    if predictor is not None and middle is not None and first_frames == "authors":
        yield from predict_middles(record, predictor, wanted, middle, tell, instead)
        return
    length = 1 if predictor is None else predictor.executor.clip_length
    plan = plan_first_frames(first_frames, record.set_name, len(record), length)
    if plan.why_none:
        yield from (Predicted(frame, None, None, plan.why_none) for frame in sorted(wanted))
        return
    ahead = plan.looking_ahead
    last = max(wanted, default=-1)
    forward = {frame for frame in wanted if frame >= ahead}
    in_order = range(last + 1 if forward else 0)
    yield from _stream(record, predictor, in_order, forward, tell, instead)
    backward = {frame for frame in wanted if frame < ahead}
    start = min(ahead + length - 1, len(record)) - 1
    order = range(start, -1, -1) if backward else range(0)
    yield from _stream(record, predictor, order, backward, tell, instead)


def _stream(
    record: VideoRecord,
    predictor: Predictor | None,
    order: Sequence[int],
    wanted: Collection[int],
    tell: Callable[[str], None],
    instead: SoundInstead | None,
) -> Iterator[Predicted]:
    sound = _begun(record, predictor, order)
    for place, frame in enumerate(order):
        if sound is None and frame not in wanted:
            continue
        try:
            rgb = record.load_rgb(frame)
            if sound is not None:
                sound.predictor.push_frame(rgb, record.stamp_ns(place))
                sound.feed(record.stamp_ns(place))
        except VinetError as error:
            if frame in wanted:
                yield Predicted(frame, None, None, str(error))
            continue
        if frame in wanted:
            _exchange(predictor, instead, frame, place + 1)
            yield _predict(predictor, frame, rgb)
    if sound is not None and sound.silent and instead is None:
        tell(sound.note)


def _begun(
    record: VideoRecord, predictor: Predictor | None, order: Sequence[int]
) -> ClipSound | None:
    """Empty the predictor, if there is one, and return the sound that belongs to the frames."""
    if predictor is None or not len(order):
        return None
    predictor.reset()
    reversed_from = order[0] if order[0] > order[-1] else None
    return ClipSound(VideoSound(record, reversed_from), predictor)


def _exchange(
    predictor: Predictor | None, instead: SoundInstead | None, frame: int, pushed: int
) -> None:
    """Let the next prediction hear what stands in for the sound, if something does."""
    if predictor is not None and predictor.hearing is not None and instead is not None:
        frames = min(pushed, predictor.executor.clip_length)
        predictor.hearing.exchange = partial(instead, frame, frames)


def _predict(predictor: Predictor | None, frame: int, rgb: NDArray[np.uint8]) -> Predicted:
    if predictor is None:
        return Predicted(frame, rgb, None, "no network")
    try:
        predicted = predictor.predict()
    except VinetError as error:
        return Predicted(frame, rgb, None, str(error))
    if predicted is None:
        return Predicted(frame, rgb, None, "the window is not full yet")
    return Predicted(frame, rgb, predicted.values)
