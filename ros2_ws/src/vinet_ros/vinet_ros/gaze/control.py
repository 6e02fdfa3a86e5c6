# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""From a goal in head coordinates to joint commands that keep within all limits."""

import math
from dataclasses import dataclass

from vinet_ros.gaze.geometry import PanTilt
from vinet_ros.gaze.goal_smoother import GoalSmoother
from vinet_ros.gaze.profile import AxisLimits, AxisState, advance_within, can_stop, stopped

_STILL = PanTilt(0.0, 0.0)
_POSITIVE = ("max_velocity", "max_acceleration", "max_lead_rad", "max_step_s", "plan_ahead_s")
_PLANNED, _PLANNED_SPEED = 0.75, 0.97  # of the greatest acceleration and velocity


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """The head's limits, and how it goes to its goal.

    Args:
        pan_min: Rad; minus infinity for a pan axis that turns on and on.
        pan_max: Rad.
        tilt_min: Rad.
        tilt_max: Rad.
        max_velocity: Rad/s, of each axis.
        max_acceleration: Rad/s2, of each axis.
        gain: Share of a correction to a moving goal's place that is taken up in 0.1 s; 1: at
            once. A standing goal is gone to on the quickest way.
        deadband: Rad; a standing goal that differs less from the last one moves nothing.
        max_lead_rad: The commanded position stays within this of the measured one, so that a
            head that was held does not leap when it is let go.
        max_step_s: A longer time between two steps counts as this, unless the head has a plan.
        plans: What is decided at a step moves the head from then on, as a trajectory does that is
            sent at it; else up to that step, as a position does. A trajectory that begins where
            a position would be has the head make up for a step, at more than its acceleration.
        plan_ahead_s: How long a plan goes on after a moving goal before it brakes. A step that
            comes later than that finds the head where its braking has led.

    Raises:
        ValueError: If limits contradict each other or a number is out of range.
    """

    pan_min: float = -1.57
    pan_max: float = 1.57
    tilt_min: float = -0.78
    tilt_max: float = 0.78
    max_velocity: float = 1.0
    max_acceleration: float = 4.0
    gain: float = 0.6
    deadband: float = 0.02
    max_lead_rad: float = 0.5
    max_step_s: float = 0.1
    plans: bool = False
    plan_ahead_s: float = 0.25

    def __post_init__(self) -> None:
        for axis in ("pan", "tilt"):
            low, high = getattr(self, f"{axis}_min"), getattr(self, f"{axis}_max")
            if not low < high:
                raise ValueError(
                    f"{axis}_min must be below {axis}_max, got {low:g} and {high:g}; set both"
                )
        for name in _POSITIVE:
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive and finite, got {getattr(self, name)}")
        if not 0 < self.gain <= 1:
            raise ValueError(f"gain must be above 0 and at most 1, got {self.gain}")
        if not 0 <= self.deadband < math.inf:
            raise ValueError(f"deadband must be 0 or more, got {self.deadband}")

    @property
    def limits(self) -> tuple[AxisLimits, AxisLimits]:
        """What pan and tilt may do; a plan leaves some of the acceleration and the velocity.

        Trajectories that follow each other do not meet to the millisecond, and what they are
        apart the head makes up for.
        """
        speed, share = (_PLANNED_SPEED, _PLANNED) if self.plans else (1.0, 1.0)
        rates = (speed * self.max_velocity, share * self.max_acceleration)
        return (
            AxisLimits(self.pan_min, self.pan_max, *rates),
            AxisLimits(self.tilt_min, self.tilt_max, *rates),
        )

    def clamped(self, direction: PanTilt) -> PanTilt:
        """Return the nearest direction within the joint limits."""
        return PanTilt(
            min(max(direction.pan_rad, self.pan_min), self.pan_max),
            min(max(direction.tilt_rad, self.tilt_min), self.tilt_max),
        )


@dataclass(frozen=True, slots=True)
class HeadCommand:
    """What the head shall do at a time; all of it within the limits.

    Args:
        stamp_ns: The time.
        position: Rad, for a head that is commanded by position.
        velocity: Rad/s, of the commanded position.
        acceleration: Rad/s2, mean since the last command.
        drive_rad_s: Velocity for a head that is commanded by velocity: the commanded position's
            with a correction towards it from the measured position.
    """

    stamp_ns: int
    position: PanTilt
    velocity: PanTilt
    acceleration: PanTilt
    drive_rad_s: PanTilt


class HeadControl:
    """Moves a commanded position to a goal: quick, within all limits, without overshoot.

    The commanded position is the controller's own, measured ones only start it and hold it back
    (``max_lead_rad``): the delay of joint states cannot make it swing.

    Args:
        settings: Limits and habits.
    """

    def __init__(self, settings: ControlSettings | None = None) -> None:
        self.settings = settings or ControlSettings()
        self.refused_goals = 0
        self._axes: tuple[AxisState, AxisState] | None = None
        self._drive = _STILL
        self._aim: tuple[PanTilt, PanTilt] | None = None
        self._now_ns: int | None = None
        self._plan: tuple[AxisState, AxisState] | None = None
        self._smoother = GoalSmoother(self.settings.gain, self.settings.deadband)

    def configure(self, settings: ControlSettings) -> None:
        """Take other limits and habits from now on; a motion goes on within them."""
        self.settings = settings
        self._plan = None
        self._smoother = GoalSmoother(settings.gain, settings.deadband)

    @property
    def started(self) -> bool:
        """Whether there is a commanded position."""
        return self._axes is not None

    @property
    def at_rest(self) -> bool:
        """Whether the commanded position stands."""
        return self._axes is None or all(axis.velocity == 0 for axis in self._axes)

    @property
    def position(self) -> PanTilt | None:
        """The commanded position; None before the start."""
        return self._axes and PanTilt(self._axes[0].position, self._axes[1].position)

    @property
    def aim(self) -> tuple[PanTilt, PanTilt] | None:
        """Where the last step leads, rad, and how that moves, rad/s; None: to a rest.

        The goal after smoothing, dead band and joint limits, its pan on the way that is taken.
        """
        return self._aim

    def start(self, position: PanTilt, velocity: PanTilt = _STILL) -> None:
        """Begin at the head's own pose and motion, so that nothing jumps.

        The pose may be outside the joint limits, the way then leads back into them. A velocity
        that cannot be braked before a limit is cut to one that can.

        Args:
            position: Measured, rad.
            velocity: Measured, rad/s.

        Raises:
            ValueError: If a number is not finite.
        """
        if not all(math.isfinite(value) for value in (*position, *velocity)):
            raise ValueError(f"control starts at a finite pose, got {position}, {velocity}")
        pan, tilt = (
            _brakable(AxisState(p, v), limits)
            for p, v, limits in zip(position, velocity, self.settings.limits, strict=True)
        )
        self._axes, self._now_ns = (pan, tilt), None
        self._drive = PanTilt(pan.velocity, tilt.velocity)
        self._aim = self._plan = None
        self._smoother.reset()

    def clock_set(self, by_ns: int) -> None:
        """Note that the clock of the steps was set, which is no time that has passed.

        A plan would seem to have led the head to its end, and the next command tear it there.
        """
        if self._now_ns is not None:
            self._now_ns += by_ns

    def forget(self) -> None:
        """Have no commanded position any more, until the next start."""
        self._axes = None

    def step(
        self,
        now_ns: int,
        goal: PanTilt | None,
        goal_velocity: PanTilt = _STILL,
        measured: PanTilt | None = None,
    ) -> HeadCommand:
        """Return the next command.

        Args:
            now_ns: Time of the command; a jump back moves nothing.
            goal: Where to look, rad, any finite numbers; None: brake and stand. A goal that is
                not finite is refused and counted, and counts as None.
            goal_velocity: How the goal moves, rad/s.
            measured: Where the head is, if that is known.

        Raises:
            ValueError: If control was not started.
        """
        if self._axes is None:
            raise ValueError("control has no pose; call start with the measured one first")
        dt_s = self._elapsed_s(now_ns)
        if goal is not None and not all(math.isfinite(v) for v in (*goal, *goal_velocity)):
            goal, self.refused_goals = None, self.refused_goals + 1
        if measured is not None and not all(math.isfinite(value) for value in measured):
            measured = None
        before = self._axes
        if self.settings.plans:
            self._axes = self._advanced(before, dt_s)
        if goal is None:
            self._smoother.reset()
            self._aim = self._plan = None
        else:
            self._plan = self._towards(self._axes, goal, goal_velocity, measured, dt_s)
        if not self.settings.plans:
            self._axes = self._advanced(before, dt_s)
        return self._command(now_ns, before, measured, dt_s)

    def hold(self, now_ns: int, measured: PanTilt) -> HeadCommand:
        """Return the command that stops at once: the measured position, no velocity.

        For the last command before an end; :meth:`step` without a goal brakes gently. The
        position may be outside the joint limits if the head is.
        """
        self.start(measured)
        return HeadCommand(now_ns, measured, _STILL, _STILL, _STILL)

    def _elapsed_s(self, now_ns: int) -> float:
        last_ns, self._now_ns = self._now_ns, now_ns
        if last_ns is None:
            return 0.0
        elapsed_s = max((now_ns - last_ns) * 1e-9, 0.0)
        # A head that has a plan went on with it, however long this took.
        return elapsed_s if self.settings.plans else min(elapsed_s, self.settings.max_step_s)

    def _advanced(
        self, axes: tuple[AxisState, AxisState], dt_s: float
    ) -> tuple[AxisState, AxisState]:
        """Return the axes after a step of the plan; without one they brake."""
        goals = self._plan or (None, None)
        pan, tilt = (
            self._advanced_axis(axis, goal, dt_s, limits)
            for axis, goal, limits in zip(axes, goals, self.settings.limits, strict=True)
        )
        return pan, tilt

    def _advanced_axis(
        self, axis: AxisState, goal: AxisState | None, dt_s: float, limits: AxisLimits
    ) -> AxisState:
        if goal is None:
            return stopped(axis, dt_s, limits.acceleration)
        brakes_s = max(dt_s - self.settings.plan_ahead_s, 0.0) if self._brakes_after else 0.0
        ahead = advance_within(axis, goal, dt_s - brakes_s, limits)
        return stopped(ahead, brakes_s, limits.acceleration)

    @property
    def _brakes_after(self) -> bool:
        """Whether the plan is one that is followed for a while only."""
        return self.settings.plans and self._aim is not None and self._aim[1] != _STILL

    def _towards(
        self,
        axes: tuple[AxisState, AxisState],
        goal: PanTilt,
        goal_velocity: PanTilt,
        measured: PanTilt | None,
        dt_s: float,
    ) -> tuple[AxisState, AxisState]:
        """Return the plan to a goal, which is that of now: the goals at the plan's begin."""
        place = PanTilt(self._unwrapped_pan(goal.pan_rad, axes[0]), goal.tilt_rad)
        place, motion = self._smoother.update(
            place, goal_velocity, dt_s, self.position if self.at_rest else None
        )
        self._aim = self._within(place, motion)
        begun_s = 0.0 if self.settings.plans else dt_s
        pan, tilt = (
            self._reachable(p - v * begun_s, v, m, limits)
            for p, v, m, limits in zip(
                place, motion, measured or (None, None), self.settings.limits, strict=True
            )
        )
        return pan, tilt

    def _within(self, place: PanTilt, motion: PanTilt) -> tuple[PanTilt, PanTilt]:
        """Return a goal and its motion, both ended at the joint limits."""
        inside = self.settings.clamped(place)
        pan, tilt = (v if p == i else 0.0 for p, v, i in zip(place, motion, inside, strict=True))
        return inside, PanTilt(pan, tilt)

    def _reachable(
        self, place: float, velocity: float, measured: float | None, limits: AxisLimits
    ) -> AxisState:
        """Return an axis' goal, held back to where the head follows and to where it may be."""
        if measured is not None:
            lead = self.settings.max_lead_rad
            held = min(max(place, measured - lead), measured + lead)
            place, velocity = held, velocity if held == place else 0.0
        inside = min(max(place, limits.low), limits.high)
        return AxisState(inside, velocity if inside == place else 0.0)

    def _unwrapped_pan(self, pan_rad: float, axis: AxisState) -> float:
        """Return the pan of the same direction that is within the limits and nearest.

        Nearest to the axis, but the way begun is kept unless another is clearly shorter: a
        target behind the head must not make it swing. Out of reach: the nearer limit's side.
        """
        low, high = self.settings.pan_min, self.settings.pan_max
        near = axis.position + math.remainder(pan_rad - axis.position, math.tau)
        ways = [near + turn * math.tau for turn in (-1, 0, 1)]
        open_ways = [way for way in ways if low <= way <= high]
        if not open_ways:
            return min(ways, key=lambda way: max(low - way, way - high))
        begun = self._smoother.place
        bonus = 0.2 if begun is not None else 0.0
        kept = min(open_ways, key=lambda way: abs(way - begun.pan_rad) if begun else 0.0)
        return min(open_ways, key=lambda way: abs(way - axis.position) - bonus * (way == kept))

    def _command(
        self,
        now_ns: int,
        before: tuple[AxisState, AxisState],
        measured: PanTilt | None,
        dt_s: float,
    ) -> HeadCommand:
        assert self._axes is not None
        bends = [
            (b.velocity - a.velocity) / dt_s if dt_s > 0 else 0.0
            for a, b in zip(before, self._axes, strict=True)
        ]
        pan, tilt = self._axes
        self._drive = self._driven(measured, dt_s)
        return HeadCommand(
            now_ns,
            PanTilt(pan.position, tilt.position),
            PanTilt(pan.velocity, tilt.velocity),
            PanTilt(bends[0], bends[1]),
            self._drive,
        )

    def _driven(self, measured: PanTilt | None, dt_s: float) -> PanTilt:
        """Return the velocity for a head that is commanded by velocity."""
        assert self._axes is not None
        most = self.settings.max_acceleration * dt_s
        drives = []
        for axis, limits, last, at in zip(
            self._axes, self.settings.limits, self._drive, measured or (None, None), strict=True
        ):
            wanted = axis.velocity
            if at is not None:
                # On a fast way the head lags by its delay, which is no error to be corrected.
                calm = 1.0 - min(abs(axis.velocity) / limits.velocity, 1.0)
                wanted += _DRIVE_PER_S * calm * (axis.position - at)
            wanted = min(max(wanted, last - most), last + most)
            wanted = min(max(wanted, -limits.velocity), limits.velocity)
            drives.append(
                _brakable(AxisState(axis.position if at is None else at, wanted), limits)
            )
        return PanTilt(drives[0].velocity, drives[1].velocity)


_DRIVE_PER_S = 3.0  # of the distance to the commanded position, slow beside a head's own delay


def _brakable(state: AxisState, limits: AxisLimits) -> AxisState:
    """Return a state with its velocity cut to what can be braked before a limit."""
    velocity = min(max(state.velocity, -limits.velocity), limits.velocity)
    state = AxisState(state.position, velocity)
    if can_stop(state, limits):
        return state
    ahead = limits.high - state.position if velocity > 0 else state.position - limits.low
    most = math.sqrt(2 * limits.acceleration * max(ahead, 0.0))
    return AxisState(state.position, math.copysign(min(abs(velocity), most), velocity))
