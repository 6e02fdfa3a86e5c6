# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A scene: a wide picture that may change, and things that stand or move before it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinet_ros.encodings import Rgb
from vinet_ros.errors import DataError
from vinet_ros.gaze import PanTilt
from vinet_ros.offline.frames import NS_PER_S, Frame
from vinet_ros.simulation.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Thing:
    """A flat picture that faces the head, at a place of its own.

    Args:
        rgb: uint8 (S, S, 3).
        alpha: float32 (S, S), 1 where it hides what is behind it.
        half_rad: Angle from its middle to the middle of its sides.
        place: Where it is at a time in seconds, as seen from the base; None while it is not there.
    """

    rgb: Rgb
    alpha: NDArray[np.float32]
    half_rad: float
    place: Callable[[float], PanTilt | None]


class Scene(ABC):
    """What there is to see; times are seconds since its start and never fall."""

    surroundings: Surroundings
    things: Sequence[Thing] = ()

    @abstractmethod
    def background(self, time_s: float) -> Rgb:
        """Return the wide picture, uint8 (H, W, 3), read-only by agreement."""


class ClipScene(Scene):
    """A wide clip or a still picture, over and over.

    Args:
        frames: Starts the clip over; with times from 0.
        duration_s: Of one pass; 0 for a still picture.
        surroundings: How it lies around the head.

    Raises:
        DataError: If there is no frame.
    """

    def __init__(
        self,
        frames: Callable[[], Iterator[Frame]],
        duration_s: float,
        surroundings: Surroundings,
    ) -> None:
        self.surroundings = surroundings
        self._frames, self._duration_s = frames, duration_s
        self._waiting = frames()
        self._offset_s = 0.0
        first = self._next()
        if first is None:
            raise DataError("the scene's clip has no frames; give another file")
        self._now: Frame = first
        self._later = self._next()

    def background(self, time_s: float) -> Rgb:
        """Return the frame that is on show."""
        while self._duration_s > 0:
            if self._later is None:
                if not self._start_over(time_s):
                    break
            elif self._time_s(self._later) <= time_s:
                self._now, self._later = self._later, self._next()
            else:
                break
        return self._now.rgb()

    def _start_over(self, time_s: float) -> bool:
        """Begin the next pass if it is time; return whether it was."""
        if time_s < self._offset_s + self._duration_s:
            return False
        self._offset_s += self._duration_s
        self._waiting = self._frames()
        self._later = self._next()
        return self._later is not None

    def _time_s(self, frame: Frame) -> float:
        return self._offset_s + frame.time_ns / NS_PER_S

    def _next(self) -> Frame | None:
        return next(self._waiting, None)
