# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Cameras of this machine in, through OpenCV."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from vinet_ros.errors import DataError
from vinet_ros.offline.frames import Frame, FrameSource, OnBad, Size, SourceInfo, scaled


class Camera(FrameSource):
    """An open camera; its frames are taken as they come, until it ends.

    Args:
        device: Index, or a device or file that OpenCV can open.
        now_ns: The clock that frames are stamped with, read when a frame is there.
        size: (height, width) to ask of the camera, and to scale frames to that come otherwise;
            None keeps its own.
        rate_hz: Frame rate to ask for; 0 keeps its own.

    Raises:
        DataError: If it cannot be opened or gives no first frame.
    """

    def __init__(
        self,
        device: int | str,
        now_ns: Callable[[], int],
        *,
        size: Size | None = None,
        rate_hz: float = 0.0,
    ) -> None:
        self._now_ns, self._wanted = now_ns, size
        with _quiet_opencv():  # the error says it in one line
            self._capture = cv2.VideoCapture(device)
        if size is not None:
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[0])
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[1])
        if rate_hz > 0:
            self._capture.set(cv2.CAP_PROP_FPS, rate_hz)
        first = self._read(0, size)
        if first is None:
            self._capture.release()
            raise DataError(
                f"camera {device!r} cannot be opened or gives no frame; see that it is plugged "
                "in, free, and that you may read it (group video)"
            )
        self._first: Frame | None = first
        height, width = first.rgb().shape[:2]
        self.info = SourceInfo(
            name=str(device),
            height=height,
            width=width,
            rate_hz=float(self._capture.get(cv2.CAP_PROP_FPS)),  # 0 where it does not say
            live=True,
        )

    def frames(
        self,
        start: int = 0,
        *,
        size: Size | None = None,
        decode: bool = False,
        on_bad: OnBad | None = None,
    ) -> Iterator[Frame]:
        """Yield frames, the first one included, stamped by the clock; once only.

        Raises:
            ValueError: If another start than 0 is asked for.
        """
        if start:
            raise ValueError(f"a camera cannot go back to frame {start}; start at 0")
        index, wanted = 0, size or self._wanted
        frame, self._first = self._first, None
        if frame is not None:
            frame = frame.decoded(wanted)
        while frame is not None:
            yield frame
            index += 1
            frame = self._read(index, wanted)

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()

    def _read(self, index: int, size: Size | None) -> Frame | None:
        if not self._capture.grab():
            return None
        time_ns = self._now_ns()  # before decoding, which takes its time
        done, bgr = self._capture.retrieve()
        if not done:
            return None
        rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        return Frame(index, time_ns, scaled(rgb, size), stamp_ns=time_ns)


@contextmanager
def _quiet_opencv() -> Iterator[None]:
    logging: Any = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)
