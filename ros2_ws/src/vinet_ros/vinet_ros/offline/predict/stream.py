# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Frames of a source with their maps and gaze; a broken-off run goes on exactly as it was."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vinet_ros.encodings import Rgb
from vinet_ros.errors import DataError, FrameError
from vinet_ros.offline.clip_sound import ClipSound
from vinet_ros.offline.frames import BadRecord, Frame, FrameSource, OnBad, Size
from vinet_ros.offline.predict.request import GazeOptions
from vinet_ros.streaming import FrameWindow, Predictor, SaliencyMap
from vinet_ros.streaming.camera_view import Calibration, CameraView
from vinet_ros.streaming.gaze_pipeline import GazePipeline, GazePoint


@dataclass(frozen=True, slots=True)
class Moment:
    """What the frame window must know of a frame: its stamp and (height, width)."""

    index: int
    stamp_ns: int
    size: Size


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """A frame and what the network made of it.

    Args:
        frame: Index, times and frame_id.
        rgb: Its picture, uint8 (H, W, 3).
        saliency: The network's map.
        points: The gaze, best first, in pixels of the picture.
        view: The camera.
    """

    frame: Frame
    rgb: Rgb
    saliency: SaliencyMap
    points: tuple[GazePoint, ...]
    view: CameraView

    @property
    def moment(self) -> Moment:
        """What a later run must know of it."""
        return Moment(self.frame.index, stamp_of(self.frame), size_of(self.rgb))


class GazeStream:
    """A predictor and a gaze pipeline over the frames of one source, one map for each frame.

    Args:
        predictor: With an empty window.
        options: From maps to a gaze.
        max_gap_s: Of the predictor's window.
    """

    def __init__(self, predictor: Predictor, options: GazeOptions, max_gap_s: float) -> None:
        self._predictor = predictor
        self._options = options
        self._max_gap_s = max_gap_s
        self._pipeline = GazePipeline(options)
        self._calibration = Calibration()
        self.no_gaze = ""
        """Why the last frame that has no gaze has none, where the lens is the reason."""
        self._sound: ClipSound | None = None

    @property
    def smoothed(self) -> tuple[NDArray[np.float32], int] | None:
        """The smoothed map and its stamp, to go on from."""
        return self._pipeline.smoother.state

    @property
    def hearing(self) -> str:
        """What the network heard, for people; empty where it takes no sound."""
        return self._sound.note if self._sound is not None else ""

    def listen(self, source: FrameSource) -> None:
        """Let the network hear a source's sound along with its frames, if it takes any."""
        self._sound = ClipSound(source, self._predictor)

    def run(
        self,
        source: FrameSource,
        done: Iterable[Moment] = (),
        smoothed: tuple[NDArray[np.float32], int] | None = None,
        on_bad: OnBad | None = None,
    ) -> Iterator[Predicted]:
        """Yield each frame with map and gaze, after those that were done in a run before.

        Args:
            source: Of the frames.
            done: What was yielded before, from the first frame on; it is gone through twice.
            smoothed: State of the smoother after the last of them.
            on_bad: Called with what is left out; None raises instead.

        Raises:
            DataError: If the source is damaged, after all that could be read.
            VinetError: If the network gives NaN.
        """
        start, last = self._restore(done, smoothed)
        self.listen(source)

        def report(bad: BadRecord) -> None:
            if on_bad is None:
                raise DataError(f"frame {bad.index} of {source.info.name}: {bad.reason}")
            if bad.index > last:
                on_bad(bad)

        start_ns: int | None = None
        for frame in source.frames(start=start, decode=True, on_bad=report):
            if frame.index <= last:
                self._map(frame, frame.rgb())
                continue
            if source.info.live:  # a camera's times are those of the clock
                start_ns = frame.time_ns if start_ns is None else start_ns
                frame = replace(frame, time_ns=frame.time_ns - start_ns)
            yield self.predict(frame)

    def _restore(
        self, done: Iterable[Moment], smoothed: tuple[NDArray[np.float32], int] | None
    ) -> tuple[int, int]:
        """Fill the window but for the frames that must be read again; return first and last."""
        self._pipeline.smoother.restore(smoothed)
        needed, last = self._needed(done)
        empty = np.zeros((*self._predictor.executor.input_size, 3), np.uint8)
        pushed = False
        for moment in done:
            if moment.index < needed:
                self._predictor.push_frame(empty, moment.stamp_ns, moment.size)
                pushed = True
        if pushed:
            # What stands in for the frames that are gone is encoded now, so that each needed
            # one is encoded by itself, as it was: together they may differ in the last bit.
            self._predictor.predict()
        return needed, last

    def predict(self, frame: Frame) -> Predicted:
        """Return the map and gaze after the next frame, whose picture is RGB.

        Raises:
            VinetError: If the network gives NaN.
        """
        rgb = frame.rgb()
        if frame.calibration is not None:
            self._calibration.take(frame.calibration)
        saliency = self._map(frame, rgb)
        view = self._calibration.view(size_of(rgb), self._options.hfov_deg)
        try:
            points = self._pipeline.update(saliency, view.camera)
        except FrameError as error:  # the calibration has no direction for any peak
            points, self.no_gaze = (), str(error)
        return Predicted(frame, rgb, saliency, points, view)

    def _map(self, frame: Frame, rgb: Rgb) -> SaliencyMap:
        self._predictor.push_frame(rgb, stamp_of(frame))
        if self._sound is not None:
            self._sound.feed(frame.time_ns)
        saliency = self._predictor.predict()
        assert saliency is not None, "a window that repeats its first frame is never empty"
        return saliency

    def _needed(self, done: Iterable[Moment]) -> tuple[int, int]:
        """Return the index of the oldest frame that is still in the window, and of the last."""
        window = FrameWindow(
            self._predictor.executor.clip_length, self._predictor.window_rate_hz, self._max_gap_s
        )
        numbers: dict[int, int] = {}  # of frames, by their slots
        last = -1
        for moment in done:
            window.push(np.zeros((1, 1, 3), np.uint8), moment.stamp_ns, moment.size)
            slots = window.snapshot() or []
            last = numbers[id(slots[-1])] = moment.index
            if len(numbers) > 4 * window.length:
                alive = {id(slot) for slot in slots}
                numbers = {key: n for key, n in numbers.items() if key in alive}
        slots = window.snapshot() or []
        return min((numbers[id(slot)] for slot in slots), default=0), last


def stamp_of(frame: Frame) -> int:
    """Return the stamp that saliency_node would see: the recorded one, or the file's time."""
    return frame.time_ns if frame.stamp_ns is None else frame.stamp_ns


def size_of(rgb: Rgb) -> Size:
    """Return (height, width)."""
    return int(rgb.shape[0]), int(rgb.shape[1])
