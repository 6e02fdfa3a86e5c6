# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What of a goal's small changes the head takes up."""

import math

from vinet_ros.gaze.geometry import PanTilt

_STILL = PanTilt(0.0, 0.0)
_LEAP_RAD = 0.15  # a larger change of a moving goal's place is another goal


class GoalSmoother:
    """Keeps a standing goal within a dead band, and takes up a moving goal's corrections softly.

    A standing goal stays the last one until it is further off than the dead band: the noise of
    an estimate makes no motion, and none is broken off or turned round by it. A moving goal is
    followed as it moves; what its place is corrected by is taken up bit by bit.

    Args:
        gain: Share of a correction that is taken up in 0.1 s, in (0, 1].
        deadband: Rad.
    """

    def __init__(self, gain: float, deadband: float) -> None:
        self._per_s = -math.log1p(-gain) / 0.1 if gain < 1 else math.inf
        self._deadband = deadband
        self.place: PanTilt | None = None
        """The goal that was last given; None before any."""
        self._seen = self._velocity = _STILL
        self._owed = _STILL

    def reset(self) -> None:
        """Forget the last goal."""
        self.place, self._velocity = None, _STILL

    def update(
        self, goal: PanTilt, velocity: PanTilt, dt_s: float, rests_at: PanTilt | None
    ) -> tuple[PanTilt, PanTilt]:
        """Return the place and velocity to go for.

        Args:
            goal: Where the goal is.
            velocity: How it moves, rad/s; zero: it stands.
            dt_s: Time since the last update.
            rests_at: Where the head stands; None while it moves.
        """
        standing = velocity == _STILL
        last = self.place or rests_at
        may_stay = self._velocity == _STILL and (standing or rests_at is not None)
        if last is not None and may_stay and _distance(goal, last) <= self._deadband:
            self.place = last
            return last, _STILL
        moving = not standing and self._velocity != _STILL
        self._owed = self._correction(goal, dt_s) if moving else _STILL
        self._seen, self._velocity = goal, velocity
        pull = self._per_s if self._owed != _STILL else 0.0
        self.place = PanTilt(
            goal.pan_rad - self._owed.pan_rad, goal.tilt_rad - self._owed.tilt_rad
        )
        return self.place, PanTilt(
            velocity.pan_rad + pull * self._owed.pan_rad,
            velocity.tilt_rad + pull * self._owed.tilt_rad,
        )

    def _correction(self, goal: PanTilt, dt_s: float) -> PanTilt:
        """Return what of all corrections is not taken up yet."""
        left = math.exp(-self._per_s * dt_s) if dt_s > 0 and self._per_s < math.inf else 0.0
        owed = [
            left * (o + g - s - v * dt_s)
            for o, g, s, v in zip(self._owed, goal, self._seen, self._velocity, strict=True)
        ]
        return _STILL if math.hypot(*owed) > _LEAP_RAD else PanTilt(owed[0], owed[1])


def _distance(one: PanTilt, other: PanTilt) -> float:
    return math.hypot(one.pan_rad - other.pan_rad, one.tilt_rad - other.tilt_rad)
