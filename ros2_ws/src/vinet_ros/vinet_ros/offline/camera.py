"""Cameras of this machine in, through OpenCV."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from vinet_ros.errors import DataError
from vinet_ros.offline.video import VideoFrame


class Camera:
    """An open camera; iterating takes its frames as they come, until it ends.

    Args:
        device: Index, or a device or file that OpenCV can open.
        now_ns: The clock that frames are stamped with, read when a frame is there.
        size: (height, width) to scale frames to, also asked of the camera; None keeps its own.
        rate_hz: Frame rate to ask for; 0 keeps its own.
        bgr: BGR instead of RGB.

    Raises:
        DataError: If it cannot be opened or gives no first frame.
    """

    def __init__(
        self,
        device: int | str,
        now_ns: Callable[[], int],
        *,
        size: tuple[int, int] | None = None,
        rate_hz: float = 0.0,
        bgr: bool = False,
    ) -> None:
        self._device, self._now_ns, self._wanted, self._bgr = device, now_ns, size, bgr
        with _quiet_opencv():  # the error says it in one line
            self._capture = cv2.VideoCapture(device)
        if size is not None:
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[0])
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[1])
        if rate_hz > 0:
            self._capture.set(cv2.CAP_PROP_FPS, rate_hz)
        first = self._read()
        if first is None:
            self._capture.release()
            raise DataError(
                f"camera {device!r} cannot be opened or gives no frame; see that it is plugged "
                "in, free, and that you may read it (group video)"
            )
        self._first = first
        self.rate_hz = float(self._capture.get(cv2.CAP_PROP_FPS))
        """Frame rate that the camera claims; 0 where it does not say."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the frames."""
        height, width = self._first.pixels.shape[:2]
        return height, width

    def __iter__(self) -> Iterator[VideoFrame]:
        """Yield frames, the first one included, stamped by the clock."""
        frame: VideoFrame | None = self._first
        while frame is not None:
            yield frame
            frame = self._read()

    def __enter__(self) -> "Camera":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._capture.release()

    def _read(self) -> VideoFrame | None:
        if not self._capture.grab():
            return None
        time_ns = self._now_ns()  # before decoding, which takes its time
        done, pixels = self._capture.retrieve()
        if not done:
            return None
        if self._wanted is not None and pixels.shape[:2] != self._wanted:
            pixels = cv2.resize(pixels, self._wanted[::-1], interpolation=cv2.INTER_AREA)
        if not self._bgr:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        return VideoFrame(np.asarray(pixels, np.uint8), time_ns)


@contextmanager
def _quiet_opencv() -> Iterator[None]:
    logging: Any = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)
