# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Looking about at random."""

import random

from vinet_ros.gaze.geometry import PanTilt


class Wander:
    """A direction that changes to another at random times, the same for the same seed.

    Args:
        period_s: Mean time between two changes.
        reach: Largest pan and tilt, rad.
        seed: Of the random numbers.
    """

    def __init__(self, period_s: float, reach: PanTilt, seed: int) -> None:
        self._period_s = period_s
        self._reach = reach
        self._random = random.Random(seed)
        self._place = PanTilt(0.0, 0.0)
        self._until_ns: int | None = None

    def at(self, now_ns: int) -> PanTilt:
        """Return the direction at a time; a clock that jumps changes it at most once."""
        longest_ns = round(2 * self._period_s * 1e9)
        until_ns = self._until_ns
        if until_ns is None or not until_ns - longest_ns <= now_ns < until_ns:
            pan, tilt = (self._random.uniform(-reach, reach) for reach in self._reach)
            self._place = PanTilt(pan, tilt)
            share = self._random.uniform(0.5, 1.5)
            self._until_ns = now_ns + round(share * self._period_s * 1e9)
        return self._place
