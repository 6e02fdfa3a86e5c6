# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A trajectory, interpolated as joint_trajectory_controller does it, is the profile itself."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vinet_ros.gaze import PanTilt
from vinet_ros.gaze.control import ControlSettings, HeadControl
from vinet_ros.gaze.profile import AxisLimits, AxisState, advance_within, can_stop
from vinet_ros.gaze.trajectory import (
    TrajectoryPoint,
    TrajectoryWays,
    begun,
    brake,
    trajectory_along,
    trajectory_to,
)

LIMITS = (AxisLimits(-1.57, 1.57, 1.0, 4.0), AxisLimits(-0.78, 0.78, 1.0, 4.0))
unhurried = settings(deadline=None)
axis_states = [
    st.builds(AxisState, st.floats(limit.low, limit.high), st.floats(-1, 1)).filter(
        lambda state, limit=limit: can_stop(state, limit)
    )
    for limit in LIMITS
]
starts = st.tuples(*axis_states)
goals = st.builds(PanTilt, st.floats(-2, 2), st.floats(-1, 1))
speeds = st.builds(PanTilt, st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))


def splines(start, points):
    """Yield, for each axis and stretch, its duration and the cubic's coefficients, lowest first.

    Source:
        Cubic Hermite interpolation; with positions and velocities joint_trajectory_controller
        does the same.
    """
    for axis in range(2):
        t0, p0, v0 = 0.0, start[axis].position, start[axis].velocity
        for point in points:
            t1, p1, v1 = point.time_s, point.position[axis], point.velocity[axis]
            h = t1 - t0
            c2 = (3 * (p1 - p0) / h - 2 * v0 - v1) / h
            c3 = (2 * (p0 - p1) / h + v0 + v1) / (h * h)
            yield axis, t0, h, (p0, v0, c2, c3)
            t0, p0, v0 = t1, p1, v1


def check_limits(start, points):
    for axis, _, h, (p, v, c2, c3) in splines(start, points):
        t, limit = np.linspace(0, h, 21), LIMITS[axis]
        position = p + (v + (c2 + c3 * t) * t) * t
        assert position.min() >= limit.low - 1e-3 and position.max() <= limit.high + 1e-3
        assert np.abs(v + (2 * c2 + 3 * c3 * t) * t).max() <= limit.velocity + 1e-2
        if h >= 2e-3:  # points that were one cannot tell an acceleration
            assert np.abs(2 * c2 + 6 * c3 * t).max() <= 1.05 * limit.acceleration


def check_form(points, after_s=0.0):
    times = [after_s, *(point.time_s for point in points)]
    assert all(b > a for a, b in pairwise(times))
    assert points[-1].velocity == (0.0, 0.0)
    assert 1 <= len(points) <= 8


@unhurried
@given(starts, goals)
def test_the_way_to_a_goal_ends_there_at_rest_within_all_limits(start, goal):
    points = trajectory_to(start, goal, LIMITS)
    check_form(points)
    inside = [min(max(g, x.low), x.high) for g, x in zip(goal, LIMITS, strict=True)]
    assert points[-1].position == pytest.approx(inside, abs=1e-9)
    assume(min(np.diff([0.0, *(p.time_s for p in points)])) > 2e-3)
    check_limits(start, points)


@unhurried
@given(starts, goals)
def test_it_is_the_profile_at_any_time(start, goal):
    points = trajectory_to(start, goal, LIMITS)
    for axis, t0, h, (p, v, c2, c3) in splines(start, points):
        aim = AxisState(goal[axis], 0.0)
        for t in np.linspace(0, h, 5):
            expected = advance_within(start[axis], aim, t0 + t, LIMITS[axis])
            # Points that are nearer than a millisecond are one: 1 mrad at full speed.
            assert p + (v + (c2 + c3 * t) * t) * t == pytest.approx(expected.position, abs=1e-3)


@unhurried
@given(starts, goals, speeds)
def test_after_a_moving_goal_it_brakes_within_the_limits(start, goal, speed):
    points = trajectory_along(start, goal, speed, LIMITS, ahead_s=0.2)
    follows = [p for p in points if p.time_s <= 0.2 + 1e-9]
    rest = points[len(follows) :]
    assert follows[-1].time_s == pytest.approx(0.2)
    for axis, t0, h, (p, v, c2, c3) in splines(start, follows):
        for t in np.linspace(0, h, 9):
            aim = AxisState(goal[axis], speed[axis])
            expected = advance_within(start[axis], aim, t0 + t, LIMITS[axis])
            assert p + (v + (c2 + c3 * t) * t) * t == pytest.approx(expected.position, abs=5e-4)
    end = [
        AxisState(p, v) for p, v in zip(follows[-1].position, follows[-1].velocity, strict=True)
    ]
    if rest:
        check_form(rest, after_s=0.2)
        check_limits(end, [p._replace(time_s=p.time_s - 0.2) for p in rest])
    else:
        assert follows[-1].velocity == pytest.approx((0.0, 0.0))


def test_a_way_that_bends_nowhere_has_no_points_on_it():
    start = (AxisState(0.0, 0.3), AxisState(0.1, -0.1))
    points = trajectory_along(start, PanTilt(0.0, 0.1), PanTilt(0.3, -0.1), LIMITS, ahead_s=0.2)
    assert [p.time_s for p in points] == pytest.approx([0.2, 0.225, 0.275])
    bent = trajectory_along(start, PanTilt(0.02, 0.1), PanTilt(0.3, -0.1), LIMITS, ahead_s=0.2)
    assert 4 < len(bent) < 10


def test_a_brake_takes_the_time_and_the_way_of_the_limits():
    first, last = brake((AxisState(0.1, 1.0), AxisState(0.2, -0.5)), LIMITS)
    assert (first.time_s, last.time_s) == pytest.approx((0.125, 0.25))
    assert last.position == pytest.approx((0.1 + 0.125, 0.2 - 0.03125))
    assert brake((AxisState(0.1, 0.0), AxisState(0.2, 0.0)), LIMITS) == []


def test_where_the_head_is_already_one_point_says_so():
    (point,) = trajectory_to((AxisState(0.3, 0.0), AxisState(0.1, 0.0)), PanTilt(0.3, 0.1), LIMITS)
    assert point.position == (0.3, 0.1) and point.time_s > 0


def test_a_way_that_is_sent_late_goes_on_as_it_would_have():
    points = [TrajectoryPoint(t, PanTilt(t, 0.0), PanTilt(1.0, 0.0)) for t in (0.02, 0.04, 0.3)]
    left = begun(points, 0.03)
    assert [p.time_s for p in left] == pytest.approx([0.01, 0.27])
    assert [p.position for p in left] == [p.position for p in points[1:]]
    assert begun(points, 0.0) == points
    (last,) = begun(points, 5.0)
    assert 0 < last.time_s < 0.01 and last.position == points[-1].position


def place_on(start, points, axis, time_s):
    """Return where and how fast an axis is on a way, after whose end it rests."""
    for which, t0, h, (p, v, c2, c3) in splines(start, points):
        if which == axis and t0 <= time_s <= t0 + h:
            t = time_s - t0
            return p + (v + (c2 + c3 * t) * t) * t, v + (2 * c2 + 3 * c3 * t) * t
    return points[-1].position[axis], 0.0


@pytest.mark.parametrize("velocity", [PanTilt(0.0, 0.0), PanTilt(0.3, -0.1)])
@pytest.mark.parametrize("late_s", [0.03, 0.1, 0.2, 0.3, 0.4, 2.0])
def test_a_step_that_comes_late_finds_the_head_on_the_way_that_was_sent(velocity, late_s):
    known = ControlSettings(plans=True)
    control, ways, goal = HeadControl(known), TrajectoryWays(), PanTilt(0.4, 0.1)
    control.start(PanTilt(0.0, 0.0))
    first = control.step(0, goal, velocity)
    sent = ways.follow(first, control.aim, known)
    moved = PanTilt(*(g + late_s * v for g, v in zip(goal, velocity, strict=True)))
    later = control.step(round(late_s * 1e9), moved, velocity)
    start = [AxisState(p, v) for p, v in zip(first.position, first.velocity, strict=True)]
    for axis in range(2):
        position, speed = place_on(start, sent, axis, late_s)
        assert later.position[axis] == pytest.approx(position, abs=1e-3)
        assert later.velocity[axis] == pytest.approx(speed, abs=0.02)
