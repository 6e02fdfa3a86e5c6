# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What every source of frames gives: videos, image folders, bags and cameras alike."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.encodings import RawImage, Rgb, decode_compressed, decode_raw
from vinet_ros.errors import DataError
from vinet_ros.offline.calibration_file import CameraCalibration

NS_PER_S = 1_000_000_000
Size = tuple[int, int]
"""(height, width)."""


@dataclass(frozen=True, slots=True)
class CompressedImage:
    """A picture as a sensor_msgs/CompressedImage carries it.

    Args:
        format: What the message says of its data, e.g. "jpeg" or "rgb8; png compressed bgr8".
        data: Bytes-like, a whole JPEG or PNG file.
    """

    format: str
    data: Any

    @property
    def encoding(self) -> str:
        """What was compressed, where the format names it first; empty where it does not."""
        return self.format.partition(";")[0].strip()


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a source.

    Args:
        index: Its place in the source from 0; bad frames have one too.
        time_ns: Presentation time since the source's start, never less than the frame's before;
            of a camera, the time of the clock that it was given.
        picture: uint8 (H, W, 3) RGB, or the image as a bag has it; :meth:`rgb` takes either.
        stamp_ns: Stamp of the recorded message, or when it was recorded where it has none; None
            where the source has no clock of its own.
        frame_id: Of the recorded message.
        calibration: Of the camera, as the bag has it.
    """

    index: int
    time_ns: int
    picture: Rgb | RawImage | CompressedImage
    stamp_ns: int | None = None
    frame_id: str = ""
    calibration: CameraCalibration | None = None

    def rgb(self) -> Rgb:
        """Return the picture as uint8 (H, W, 3), a view where it is RGB already.

        Raises:
            FrameError: If a recorded image cannot be decoded.
        """
        if isinstance(self.picture, RawImage):
            return decode_raw(self.picture)
        if isinstance(self.picture, CompressedImage):
            return decode_compressed(self.picture.data, self.picture.encoding)
        return self.picture

    def decoded(self, size: Size | None = None) -> "Frame":
        """Return the frame with an RGB picture, scaled to a size.

        Args:
            size: (height, width); None keeps its own.

        Raises:
            FrameError: If a recorded image cannot be decoded.
        """
        return replace(self, picture=scaled(self.rgb(), size))

    def shifted(self, offset_ns: int) -> "Frame":
        """Return the frame as if it had come later."""
        stamp_ns = None if self.stamp_ns is None else self.stamp_ns + offset_ns
        return replace(self, time_ns=self.time_ns + offset_ns, stamp_ns=stamp_ns)


@dataclass(frozen=True, slots=True, eq=False)
class SoundChunk:
    """A part of a source's sound.

    Args:
        samples: (N, channels) float32, -1..1.
        rate_hz: Samples a second of each channel.
        time_ns: Of the first sample, on the clock of the frames' times.
    """

    samples: NDArray[np.float32]
    rate_hz: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before it is played.

    Args:
        name: Path or device, with a bag's topic.
        height: Rows of the first frame; later frames of folders and bags can differ.
        width: Columns.
        rate_hz: Mean frame rate; 0 where it is unknown.
        duration_ns: 0 where it is unknown.
        frame_count: 0 where it is unknown.
        encoding: Of the first picture: rgb8, or as the bag has it; "jpeg" and the like for
            compressed ones.
        compressed: Whether pictures are :class:`CompressedImage`.
        live: Whether frames come when they come, not when they are asked for.
    """

    name: str
    height: int
    width: int
    rate_hz: float
    duration_ns: int = 0
    frame_count: int = 0
    encoding: str = "rgb8"
    compressed: bool = False
    live: bool = False


@dataclass(frozen=True, slots=True)
class BadRecord:
    """Something in a source that could not be used.

    Args:
        index: Of the frame that it cost, or the next one where it cost none.
        reason: One line: expected, got, what to do.
    """

    index: int
    reason: str


OnBad = Callable[[BadRecord], None]


class FrameSource(ABC):
    """An open source of frames; use it as a context, or close it."""

    info: SourceInfo

    @abstractmethod
    def frames(
        self,
        start: int = 0,
        *,
        size: Size | None = None,
        decode: bool = False,
        on_bad: OnBad | None = None,
    ) -> Iterator[Frame]:
        """Yield the frames in order, each time from the source's start; one iteration at a time.

        Args:
            start: Index of the first frame to give: times and stamps are those of a whole run,
                so that a broken-off run can go on where it ended. Not for cameras.
            size: (height, width) to scale pictures to; None keeps theirs.
            decode: Whether every picture is to be RGB; a size asks for it too.
            on_bad: Called with what is left out; None raises instead.

        Raises:
            DataError: If the source is damaged or ends too early, after all frames that could be
                read; if a frame is bad and there is no ``on_bad``.
        """

    def sound(self) -> Iterator[SoundChunk]:
        """Yield the sound in order, from the start; nothing where the source has none.

        Raises:
            DataError: If it cannot be decoded, after all that could be.
        """
        return iter(())

    def close(self) -> None:  # noqa: B027 - most sources hold nothing between two iterations
        """Give back what is held."""

    def __enter__(self) -> "FrameSource":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _leave_out(self, index: int, error: Exception, on_bad: OnBad | None) -> None:
        """Report a bad record, or raise DataError where nobody wants to know."""
        if on_bad is None:
            raise DataError(f"frame {index} of {self.info.name}: {error}") from error
        on_bad(BadRecord(index, str(error)))


def scaled(rgb: Rgb, size: Size | None) -> Rgb:
    """Return a picture in another size (height, width); itself where it fits already.

    Args:
        rgb: uint8 (H, W, 3).
        size: None keeps its own.
    """
    if size is None or rgb.shape[:2] == size:
        return rgb
    shrinks = size[0] * size[1] < rgb.shape[0] * rgb.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    picture: NDArray[Any] = cv2.resize(rgb, size[::-1], interpolation=method)
    return np.asarray(picture, np.uint8)
