# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The way to a goal as a few points, for a controller that interpolates between them itself."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from vinet_ros.gaze.control import ControlSettings, HeadCommand
from vinet_ros.gaze.geometry import PanTilt
from vinet_ros.gaze.profile import AxisLimits, AxisState, advance_within, stopped

_LEAST_STEP_S = 1e-3  # points nearer together are one
_FOLLOW_STEP_S = 0.02  # between points of a way after a moving goal, where it bends
_NEAR_RAD, _NEAR_RAD_S = 1e-4, 5e-3  # points so near to the cubic of others say nothing new

Axes = tuple[AxisState, AxisState]
Limits = tuple[AxisLimits, AxisLimits]
Aim = tuple[PanTilt, PanTilt]
"""Where a command leads: the goal within the limits, rad, and how it moves, rad/s."""

_STILL = PanTilt(0.0, 0.0)
_SAME_RAD = 1e-6


class TrajectoryPoint(NamedTuple):
    """Where the head shall be, and how fast, a time after the start."""

    time_s: float
    position: PanTilt
    velocity: PanTilt


class TrajectoryWays:
    """Commands as whole ways, each given once: a goal that stands needs no second one.

    A way after a moving goal goes on for a while before it brakes. On a busy machine commands
    come unevenly: a shorter one would brake and catch up again and again.
    """

    def __init__(self) -> None:
        self._last: Aim | None = None

    def follow(
        self, command: HeadCommand, aim: Aim | None, settings: ControlSettings
    ) -> list[TrajectoryPoint]:
        """Return the way of a step; nothing where the last one goes on.

        Args:
            command: The step.
            aim: The goal within the limits, rad, and how it moves, rad/s; None: to a rest.
            settings: Limits of the motion.
        """
        if aim is None and self._last is None:
            return []  # it brakes already
        if aim is not None and self._last is not None and _same(aim, self._last):
            return []
        self._last = aim
        axes = (
            AxisState(command.position.pan_rad, command.velocity.pan_rad),
            AxisState(command.position.tilt_rad, command.velocity.tilt_rad),
        )
        if aim is None:
            return brake(axes, settings.limits)
        place, motion = aim
        if motion == _STILL:
            return trajectory_to(axes, place, settings.limits)
        return trajectory_along(axes, place, motion, settings.limits, settings.plan_ahead_s)

    def stop(self) -> None:
        """Forget the last way: the head was told to hold."""
        self._last = None


def begun(points: Sequence[TrajectoryPoint], since_s: float) -> list[TrajectoryPoint]:
    """Return a way that began a while ago, by times from now on.

    A trajectory starts when it arrives. One that is sent some ms after the step that it begins at
    would put the head back by as much, each time by another amount, and so shake it.

    Args:
        points: Of the way, by times from its begin on.
        since_s: How long ago that was, >= 0.
    """
    left = [p._replace(time_s=p.time_s - since_s) for p in points]
    ahead = [point for point in left if point.time_s >= _LEAST_STEP_S]
    return ahead or [left[-1]._replace(time_s=_LEAST_STEP_S)]


def trajectory_to(axes: Axes, goal: PanTilt, limits: Limits) -> list[TrajectoryPoint]:
    """Return the quickest way to a standing goal, which ends there at rest.

    A point stands wherever the acceleration of an axis changes, so a cubic spline through
    positions and velocities is this way exactly and keeps all limits.

    Args:
        axes: Pan and tilt now.
        goal: Rad; it is limited to the positions allowed.
        limits: Of pan and tilt.

    Returns:
        Points with times > 0 that grow; at least one.
    """
    aims = [
        AxisState(min(max(place, limit.low), limit.high), 0.0)
        for place, limit in zip(goal, limits, strict=True)
    ]
    times = [
        time_s
        for axis, aim, limit in zip(axes, aims, limits, strict=True)
        for time_s in _switches(axis, aim.position, limit)
    ]

    def at(time_s: float) -> list[AxisState]:
        return [
            advance_within(axis, aim, time_s, limit)
            for axis, aim, limit in zip(axes, aims, limits, strict=True)
        ]

    points = [_point(time_s, at(time_s)) for time_s in _apart(times)]
    last = points[-1]
    points[-1] = last._replace(velocity=PanTilt(0.0, 0.0))  # rounding may leave a trace of one
    return points


def trajectory_along(
    axes: Axes, goal: PanTilt, goal_velocity: PanTilt, limits: Limits, ahead_s: float
) -> list[TrajectoryPoint]:
    """Return the way after a moving goal for a short time, then a full brake.

    A new trajectory is to come before the brake begins; if none does, the head stops within its
    limits.

    Args:
        axes: Pan and tilt now.
        goal: Where the goal is now, rad.
        goal_velocity: Rad/s.
        limits: Of pan and tilt.
        ahead_s: How long it follows, > 0.

    Returns:
        Points with times > 0 that grow. They are near together where the acceleration changes,
        which a cubic does not show, and as few as can be elsewhere: a head that is not quite where
        it is thought to be makes up for it on the way to the first point, the softer the later
        that is.
    """

    def at(time_s: float) -> list[AxisState]:
        return [
            advance_within(axis, AxisState(place, velocity), time_s, limit)
            for axis, place, velocity, limit in zip(axes, goal, goal_velocity, limits, strict=True)
        ]

    count = max(1, round(ahead_s / _FOLLOW_STEP_S))
    points = [
        _point(time_s, at(time_s)) for time_s in (ahead_s * k / count for k in range(1, count + 1))
    ]
    pan, tilt = at(ahead_s)
    return [*_fewest(axes, points), *brake((pan, tilt), limits, after_s=ahead_s)]


def brake(axes: Axes, limits: Limits, after_s: float = 0.0) -> list[TrajectoryPoint]:
    """Return the way to a rest by full braking.

    Args:
        axes: Pan and tilt at the start.
        limits: Of pan and tilt.
        after_s: Time at which it starts, added to every point's.

    Returns:
        Points with times > `after_s` that grow; none where both axes rest.
    """
    times = [
        abs(axis.velocity) / limit.acceleration for axis, limit in zip(axes, limits, strict=True)
    ]
    if not any(times):
        return []

    def at(time_s: float) -> list[AxisState]:
        return [
            stopped(axis, time_s, limit.acceleration)
            for axis, limit in zip(axes, limits, strict=True)
        ]

    points = [_point(after_s + time_s, at(time_s)) for time_s in _apart(times)]
    points[-1] = points[-1]._replace(velocity=PanTilt(0.0, 0.0))
    return points


def _fewest(axes: Axes, points: Sequence[TrajectoryPoint]) -> list[TrajectoryPoint]:
    """Leave out the points that lie on the cubics between the others."""
    pan, tilt = axes
    last = _point(0.0, [pan, tilt])
    kept: list[TrajectoryPoint] = []
    for k, point in enumerate(points):
        after = points[k + 1] if k + 1 < len(points) else None
        between = [p for p in points if last.time_s < p.time_s <= point.time_s]
        if after is None or not all(_on_cubic(last, after, p) for p in between):
            kept.append(point)
            last = point
    return kept


def _on_cubic(start: TrajectoryPoint, end: TrajectoryPoint, point: TrajectoryPoint) -> bool:
    """Whether a point between two lies on the cubic with the positions and velocities of both."""
    length_s = end.time_s - start.time_s
    share = (point.time_s - start.time_s) / length_s
    for axis in range(2):
        first, second = length_s * start.velocity[axis], length_s * end.velocity[axis]
        rise = end.position[axis] - start.position[axis]
        bend, twist = 3 * rise - 2 * first - second, first + second - 2 * rise
        place = start.position[axis] + share * (first + share * (bend + share * twist))
        speed = (first + share * (2 * bend + share * 3 * twist)) / length_s
        if abs(place - point.position[axis]) > _NEAR_RAD:
            return False
        if abs(speed - point.velocity[axis]) > _NEAR_RAD_S:
            return False
    return True


def _same(one: Aim, other: Aim) -> bool:
    """Whether two goals are one: a goal that moves is another one with each step."""
    if one[1] != _STILL or other[1] != _STILL:
        return False
    return all(abs(a - b) <= _SAME_RAD for a, b in zip(one[0], other[0], strict=True))


def _switches(axis: AxisState, goal: float, limits: AxisLimits) -> tuple[float, float, float]:
    """Return when the first bend, the stretch at full speed and the braking end."""
    a = limits.acceleration
    offset, speed = axis.position - goal, axis.velocity
    if offset + speed * abs(speed) / (2 * a) > 0:  # mirrored, so that the way leads upward
        offset, speed = -offset, -speed
    peak = min(math.sqrt(max(0.5 * speed * speed - a * offset, 0.0)), limits.velocity)
    bend_s = abs(peak - speed) / a
    left = -offset - 0.5 * (speed + peak) * bend_s - peak * peak / (2 * a)
    level_s = max(left, 0.0) / peak if peak else 0.0
    return bend_s, bend_s + level_s, bend_s + level_s + peak / a


def _apart(times: list[float]) -> list[float]:
    """Return the times in order, of those close together the last; at least one, all > 0."""
    ordered = sorted(times)
    kept = [
        time_s
        for time_s, after_s in pairwise(ordered)
        if time_s >= _LEAST_STEP_S and after_s - time_s >= _LEAST_STEP_S
    ]
    return [*kept, max(ordered[-1], _LEAST_STEP_S)]


def _point(time_s: float, axes: list[AxisState]) -> TrajectoryPoint:
    pan, tilt = axes
    return TrajectoryPoint(
        time_s, PanTilt(pan.position, tilt.position), PanTilt(pan.velocity, tilt.velocity)
    )
