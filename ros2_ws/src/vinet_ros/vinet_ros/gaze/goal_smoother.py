# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What of a goal's small changes the head takes up."""

import math

from vinet_ros.gaze.geometry import PanTilt

_STILL = PanTilt(0.0, 0.0)
_LEAP_RAD = 0.15  # a larger change of a goal's place is another goal
_BACK = 2.5  # dead bands that a standing goal must be off by for the head to turn back


class GoalSmoother:
    """Keeps a standing goal within a dead band, and takes up a moving goal's corrections softly.

    A standing goal stays the last one until it is further off than the dead band: the noise of
    an estimate makes no motion, and none is broken off or turned round by it. It takes more to go
    back on the last correction: a network sees a thing a little elsewhere whenever the camera has
    turned, and the head would go to and fro after that. A moving goal is followed as it moves;
    what its place is corrected by is taken up bit by bit.

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
        self._owed = self._step = _STILL

    def reset(self) -> None:
        """Forget the last goal."""
        self.place, self._velocity, self._step = None, _STILL, _STILL

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
        if last is not None and may_stay and _distance(goal, last) <= self._band(goal, last):
            self.place = last
            return last, _STILL
        self._step = _step(goal, self.place) if may_stay else _STILL
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

    def _band(self, goal: PanTilt, last: PanTilt) -> float:
        """Return how far a standing goal may be off without moving the head."""
        step, off = self._step, _difference(goal, last)
        back = step.pan_rad * off.pan_rad + step.tilt_rad * off.tilt_rad < 0
        return self._deadband * (_BACK if back else 1.0)

    def _correction(self, goal: PanTilt, dt_s: float) -> PanTilt:
        """Return what of all corrections is not taken up yet."""
        left = math.exp(-self._per_s * dt_s) if dt_s > 0 and self._per_s < math.inf else 0.0
        owed = [
            left * (o + g - s - v * dt_s)
            for o, g, s, v in zip(self._owed, goal, self._seen, self._velocity, strict=True)
        ]
        return _STILL if math.hypot(*owed) > _LEAP_RAD else PanTilt(owed[0], owed[1])


def _step(goal: PanTilt, last: PanTilt | None) -> PanTilt:
    """Return what a standing goal was corrected by; nothing if it is another one."""
    step = _STILL if last is None else _difference(goal, last)
    return _STILL if math.hypot(*step) > _LEAP_RAD else step


def _difference(one: PanTilt, other: PanTilt) -> PanTilt:
    return PanTilt(one.pan_rad - other.pan_rad, one.tilt_rad - other.tilt_rad)


def _distance(one: PanTilt, other: PanTilt) -> float:
    return math.hypot(*_difference(one, other))
