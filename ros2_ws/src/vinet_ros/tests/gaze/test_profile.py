# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vinet_ros.gaze.profile import (
    AxisLimits,
    AxisState,
    advance,
    advance_within,
    can_stop,
    stopped,
)

unhurried = settings(deadline=None)  # the machine may be busy

LIMITS = AxisLimits(-1.5, 1.5, 1.0, 4.0)
places = st.floats(-1.5, 1.5)
speeds = st.floats(-1.0, 1.0)
steps = st.lists(st.floats(0.001, 0.2), min_size=1, max_size=60)


def test_the_way_takes_the_shortest_time_there_is():
    # 0.25 s to full speed, 0.25 s to brake, 0.125 rad each; the rest at 1 rad/s
    start, goal = AxisState(-1.0, 0.0), AxisState(1.0, 0.0)
    after = advance(start, goal, 2.2499, LIMITS)
    assert after.position < 1.0 and after.velocity > 0
    assert advance(start, goal, 2.2501, LIMITS) == AxisState(1.0, 0.0)
    # a short way has no time to reach full speed: 2 * sqrt(d / a)
    assert advance(AxisState(0.0, 0.0), AxisState(0.04, 0.0), 0.2001, LIMITS).position == 0.04
    assert advance(AxisState(0.0, 0.0), AxisState(0.04, 0.0), 0.1999, LIMITS).velocity > 0


@unhurried
@given(places, speeds, places, speeds, st.floats(0, 3), st.floats(0, 3))
def test_two_steps_end_where_one_does(position, speed, goal, goal_speed, first_s, second_s):
    start, aim = AxisState(position, speed), AxisState(goal, goal_speed)
    middle = advance(start, aim, first_s, LIMITS)
    later = AxisState(goal + goal_speed * first_s, goal_speed)
    twice = advance(middle, later, second_s, LIMITS)
    once = advance(start, aim, first_s + second_s, LIMITS)
    assert twice == pytest.approx(once, abs=1e-5)  # roots of rounding at the very end


@unhurried
@given(places, speeds, places, st.lists(st.floats(0.001, 0.2), min_size=20, max_size=80))
def test_a_goal_is_not_overshot_and_reached_in_the_end(position, speed, goal, gaps_s):
    state, aim = AxisState(position, speed), AxisState(goal, 0.0)
    way = speed * abs(speed) / (2 * LIMITS.acceleration)
    assume(abs(speed) < 1e-6 or (goal - position - way) * speed >= 0)  # it can still stop
    side = math.copysign(1.0, goal - position)
    for gap_s in gaps_s:
        state = advance(state, aim, gap_s, LIMITS)
        assert side * (goal - state.position) >= -1e-9
    assert advance(state, aim, 10.0, LIMITS) == AxisState(goal, 0.0)


@unhurried
@given(places, speeds, places, speeds, st.floats(0.001, 0.2))
def test_speed_and_acceleration_keep_within_their_limits(position, speed, goal, goal_speed, dt_s):
    after = advance(AxisState(position, speed), AxisState(goal, goal_speed), dt_s, LIMITS)
    assert abs(after.velocity) <= LIMITS.velocity + 1e-9
    assert abs(after.velocity - speed) <= LIMITS.acceleration * dt_s + 1e-9
    mean = (after.position - position) / dt_s
    assert abs(mean) <= LIMITS.velocity + 1e-9
    assert abs(mean - speed) <= 0.5 * LIMITS.acceleration * dt_s + 1e-9


@unhurried
@given(places, speeds, st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1), steps)
def test_no_position_limit_is_passed_whatever_the_goals_do(position, speed, goals, gaps_s):
    state = AxisState(position, speed)
    assume(can_stop(state, LIMITS))
    for goal, gap_s in zip(goals * 60, gaps_s, strict=False):
        state = advance_within(state, AxisState(*goal), gap_s, LIMITS)
        assert LIMITS.low <= state.position <= LIMITS.high
        assert abs(state.velocity) <= LIMITS.velocity + 1e-9


@unhurried
@given(st.floats(1.6, 5.0), st.sampled_from([-1, 1]), steps)
def test_a_state_outside_is_led_back_in(position, side, gaps_s):
    state = AxisState(side * position, 0.0)
    for gap_s in gaps_s:
        after = advance_within(state, AxisState(side * 9.0, side * 0.5), gap_s, LIMITS)
        assert 1.5 <= side * after.position <= side * state.position
        state = after
    assert advance_within(state, AxisState(9.0 * side, 0.0), 20.0, LIMITS).position == 1.5 * side


@unhurried
@given(places, speeds)
def test_a_stop_brakes_as_hard_as_allowed(position, speed):
    after = stopped(AxisState(position, speed), 1.0, LIMITS.acceleration)
    assert after.velocity == 0
    assert after.position == pytest.approx(position + speed * abs(speed) / 8.0, abs=1e-12)
    assert abs(stopped(AxisState(0.0, 1.0), 0.1, 4.0).velocity - 0.6) < 1e-12


@unhurried
@given(places, st.floats(-0.9, 0.9))
def test_a_moving_goal_is_caught_up_with_and_kept(goal, goal_speed):
    after = advance(AxisState(0.0, 0.0), AxisState(goal, goal_speed), 60.0, LIMITS)
    assert after == pytest.approx((goal + 60 * goal_speed, goal_speed), abs=1e-9)
