# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What seems to have leapt has not moved: the network answers to another thing, or another part.

A head that looks between two things sees now the one, now the other as the more salient; taken for
one that moves, or for one that leaps, they would keep the head going to and fro.
"""

import math
from collections.abc import Sequence

import numpy as np

from vinet_ros.gaze.geometry import PanTilt, difference, distance

LEAP_RAD = 0.04
"""Seen this far from where it stands, a target has leapt, if its noise is small enough to say."""
_LEFT_NS = 3_000_000_000  # it does not stand again where it was left, for this long
_LEAST = 5  # measurements that tell a jump from a motion
_SHARE = 0.5  # of what a motion leaves unexplained; a jump leaves less


class LeapWatch:
    """Decides when a standing target that is seen elsewhere stands there.

    Args:
        patient_s: It is seen there for as long before, and does not go back where it was left.
            0: seen there twice is enough, and it may go back. Infinite: it is never there, unless
            it goes ever farther.
    """

    def __init__(self, patient_s: float = 0.3) -> None:
        self._patient_ns = patient_s * 1e9
        self._first: tuple[int, PanTilt] | None = None
        self._left: tuple[int, PanTilt] | None = None

    def goes_on(self, seen: PanTilt) -> bool:
        """Return whether the target is seen again where it seemed to have leapt to."""
        return self._first is not None and distance(seen, self._first[1]) <= LEAP_RAD

    def lasts(self, stamp_ns: int, seen: PanTilt, stands: PanTilt) -> bool:
        """Note a measurement that is too far off; return whether the target is there now.

        One that goes ever farther does not leap: it has begun to move, fast.

        Args:
            stamp_ns: Of the measurement.
            seen: Where the target was measured, rad.
            stands: Where it is known to stand, rad.
        """
        first = self._first
        if first is None or not self.goes_on(seen):
            self._first = (stamp_ns, seen)
            return first is not None and (
                distance(seen, stands) > distance(first[1], stands) + 0.5 * LEAP_RAD
            )
        if stamp_ns - first[0] < self._patient_ns:
            return False
        return not (self._patient_ns and self._was_left(stamp_ns, seen, stands))

    def end(self) -> None:
        """Note a measurement that fits: the target has not leapt."""
        self._first = None

    def leave(self, stamp_ns: int, place: PanTilt) -> None:
        """Note that the target stands at a place no longer."""
        self._first, self._left = None, (stamp_ns, place)

    def _was_left(self, stamp_ns: int, seen: PanTilt, stands: PanTilt) -> bool:
        """Return whether the target stood there a moment ago."""
        if self._left is None or stamp_ns - self._left[0] > _LEFT_NS:
            return False
        return distance(seen, self._left[1]) < 0.5 * distance(seen, stands)


def jumped_to(measured: Sequence[tuple[int, PanTilt]]) -> PanTilt | None:
    """Return where a target stands after a jump, or None if it rather moves.

    Two things are compared by how much they leave unexplained: one place and then another, and
    one place and from some time on a constant velocity.

    Args:
        measured: Stamps (ns) and directions (rad) of the last part of a second, in order.
    """
    if len(measured) < _LEAST:
        return None
    begin_ns, begin = measured[0]
    seconds = np.array([(stamp_ns - begin_ns) * 1e-9 for stamp_ns, _ in measured])
    places = np.array([difference(place, begin) for _, place in measured])
    jump, split = min(
        (_spread(places[:split]) + _spread(places[split:]), split)
        for split in range(1, len(places))
    )
    if jump >= _SHARE * _unlike_motion(seconds, places):
        return None
    pan, tilt = places[split:].mean(axis=0)
    return PanTilt(begin.pan_rad + float(pan), begin.tilt_rad + float(tilt))


def _spread(places: np.ndarray) -> float:
    """Return the summed squares of what is left when they are taken for one place."""
    return float(((places - places.mean(axis=0)) ** 2).sum())


def _unlike_motion(seconds: np.ndarray, places: np.ndarray) -> float:
    """Return the summed squares of what standing and then moving evenly leaves, at its best."""
    least = math.inf
    for begun in seconds[:-1]:
        ways = np.stack([np.ones_like(seconds), np.maximum(seconds - begun, 0.0)], axis=1)
        fit = np.linalg.lstsq(ways, places, rcond=None)[0]
        least = min(least, float(((places - ways @ fit) ** 2).sum()))
    return least
