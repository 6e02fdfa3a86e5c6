# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The full images behind the prediction that is under way."""

import threading
from dataclasses import dataclass
from typing import Any

from vinet_ros.ros.pictures import Picture

_LATER = 4
"""Images that may arrive between the start of a prediction and its look at the window."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """An image as it came: header, and the picture that nobody writes to."""

    stamp_ns: int
    header: Any
    picture: Picture


class FrameHistory:
    """Keeps the newest image, and those that a prediction may have been made from.

    A prediction takes seconds on a slow machine; the images of that time are not kept.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: Frame | None = None
        self._kept: list[Frame] = []

    def push(self, frame: Frame) -> None:
        """Take an image, before the window gets it."""
        with self._lock:
            self._newest = frame
            if self._kept and len(self._kept) <= _LATER:
                self._kept.append(frame)

    def begin(self) -> Frame | None:
        """Keep images from the newest on, until :meth:`end`; return the newest."""
        with self._lock:
            self._kept = [self._newest] if self._newest else []
            return self._newest

    def end(self, stamp_ns: int) -> Frame | None:
        """Return the kept image of a stamp, if it is among them, and keep no more."""
        with self._lock:
            kept, self._kept = self._kept, []
        return next((frame for frame in kept if frame.stamp_ns == stamp_ns), None)
