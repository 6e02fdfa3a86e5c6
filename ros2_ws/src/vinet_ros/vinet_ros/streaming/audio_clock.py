# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""When each sample of a sound was heard, by the jittering stamps of its chunks."""

from __future__ import annotations

import math

_NS_PER_S = 1_000_000_000
_BANDWIDTH_HZ = 0.05
_LARGEST_ANGLE = 0.5  # of the loop for one chunk; it is stable well beyond
_LARGEST_SKEW = 1e-3  # sound cards are within 2e-4; what is off by more is no clock's drift
_JITTER_TAU_S = 0.5
_FIRST_JITTER_S = 0.005
_LEAST_TOLERANCE_S, _MOST_TOLERANCE_S = 0.003, 0.05


class AudioClock:
    """Follows the sound card's clock by the camera's, through the jitter of single stamps.

    A delay-locked loop of second order: it tracks a constant drift without a lag, and a single
    stamp moves it little.

    Args:
        rate_hz: Samples a second, by the sound card's own clock.
        position: Number of the first sample.
        stamp_ns: When that was heard.

    Source:
        F. Adriaensen, "Using a DLL to filter time", 2005.
    """

    def __init__(self, rate_hz: int, position: float, stamp_ns: int) -> None:
        self.rate_hz = rate_hz
        self.skew = 0.0
        self.jitter_s = _FIRST_JITTER_S
        self._origin_ns = stamp_ns
        self._position = position
        self._time_s = 0.0  # of that position, after the origin
        self._updates = 1

    @property
    def drift_ppm(self) -> float:
        """How much slower than the camera's the sound card's clock is, in millionths."""
        return 1e6 * self.skew

    @property
    def tolerance_s(self) -> float:
        """How far off a stamp may be and still continue the sound; grows with the jitter."""
        tolerance_s = 0.002 + 4.0 * self.jitter_s
        return min(max(tolerance_s, _LEAST_TOLERANCE_S), _MOST_TOLERANCE_S)

    def error_s(self, position: float, stamp_ns: int) -> float:
        """Return by how much a sample is stamped later than expected."""
        return (stamp_ns - self._origin_ns) / _NS_PER_S - self._expected_s(position)

    def position(self, stamp_ns: int) -> float:
        """Return which sample was heard at a time; inverse of :meth:`stamp_ns`."""
        after_s = (stamp_ns - self._origin_ns) / _NS_PER_S - self._time_s
        return self._position + after_s * self.rate_hz / (1.0 + self.skew)

    def stamp_ns(self, position: float) -> int:
        """Return when a sample was heard; inverse of :meth:`position`."""
        return self._origin_ns + round(self._expected_s(position) * _NS_PER_S)

    def follow(self, position: float, stamp_ns: int) -> None:
        """Learn from a stamp that continues the sound."""
        error_s = self.error_s(position, stamp_ns)
        passed_s = (position - self._position) / self.rate_hz
        if passed_s <= 0:
            return
        self.note_jitter(error_s, passed_s)
        self._updates += 1
        angle = min(2 * math.pi * _BANDWIDTH_HZ * passed_s, _LARGEST_ANGLE)
        # The first stamps count equally, so that one bad first stamp is soon forgotten.
        gain = max(math.sqrt(2) * angle, 1 / self._updates)
        self._time_s = self._expected_s(position) + gain * error_s
        self._position = position
        skew = self.skew + angle * angle * error_s / passed_s
        self.skew = min(max(skew, -_LARGEST_SKEW), _LARGEST_SKEW)

    def note_jitter(self, error_s: float, passed_s: float) -> None:
        """Count an error towards the jitter, if it may be one."""
        share = min(passed_s / _JITTER_TAU_S, 0.5)
        self.jitter_s += share * (min(abs(error_s), _MOST_TOLERANCE_S) - self.jitter_s)

    def _expected_s(self, position: float) -> float:
        return self._time_s + (position - self._position) * (1.0 + self.skew) / self.rate_hz
