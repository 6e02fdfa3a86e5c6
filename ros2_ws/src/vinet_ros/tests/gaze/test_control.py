# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinet_ros.gaze import ControlSettings, HeadControl, PanTilt

unhurried = settings(deadline=None, max_examples=60)  # the machine may be busy

MS = 1_000_000
LIMITS = ControlSettings()
wild = st.one_of(st.floats(), st.floats(-3, 3), st.sampled_from([math.nan, math.inf, -math.inf]))
wild_places = st.builds(PanTilt, wild, wild)
gaps_ms = st.integers(-50, 400)


def go(control, goals, period_ms=33, velocity=PanTilt(0.0, 0.0), start_ms=0):  # noqa: B008
    """Return the commands of one goal after another."""
    return [
        control.step((start_ms + k * period_ms) * MS, goal, velocity)
        for k, goal in enumerate(goals)
    ]


def started(position=PanTilt(0.0, 0.0), velocity=PanTilt(0.0, 0.0), **changes):  # noqa: B008
    control = HeadControl(dataclasses.replace(LIMITS, **changes))
    control.start(position, velocity)
    return control


def pans(commands):
    return np.array([command.position.pan_rad for command in commands])


def turns(commands):
    """Return how often the pan's velocity changes its sign."""
    signs = [np.sign(c.velocity.pan_rad) for c in commands if abs(c.velocity.pan_rad) > 1e-9]
    return sum(a != b for a, b in itertools.pairwise(signs))


@unhurried
@given(
    st.builds(PanTilt, st.floats(-1.57, 1.57), st.floats(-0.78, 0.78)),
    st.builds(PanTilt, st.floats(-5, 5), st.floats(-5, 5)),
    st.lists(st.tuples(gaps_ms, st.none() | wild_places, wild_places), max_size=60),
)
def test_no_limit_is_ever_passed_whatever_arrives(position, velocity, orders):
    control = started(position, velocity)
    now_ms, last = 1000, None
    control.step(now_ms * MS, None)
    for gap_ms, goal, goal_velocity in orders:
        now_ms += gap_ms
        command = control.step(now_ms * MS, goal, goal_velocity)
        pan, tilt = command.position
        assert LIMITS.pan_min <= pan <= LIMITS.pan_max
        assert LIMITS.tilt_min <= tilt <= LIMITS.tilt_max
        for axis in range(2):
            assert abs(command.velocity[axis]) <= LIMITS.max_velocity + 1e-9
            assert abs(command.drive_rad_s[axis]) <= LIMITS.max_velocity + 1e-9
            assert abs(command.acceleration[axis]) <= LIMITS.max_acceleration + 1e-6
            if last is not None and gap_ms > 0:
                way = abs(command.position[axis] - last.position[axis])
                assert way <= LIMITS.max_velocity * min(gap_ms, 100) * 1e-3 + 1e-9
        last = command


@unhurried
@given(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5), st.integers(2, 100))
def test_a_standing_goal_is_reached_without_overshoot_and_the_head_rests(start, goal, period_ms):
    control = started(PanTilt(start, 0.0))
    commands = go(control, [PanTilt(goal, 0.0)] * (6000 // period_ms), period_ms)
    ways = (goal - pans(commands)) * math.copysign(1.0, goal - start)
    assert ways.min() >= -1e-9
    assert turns(commands) == 0
    assert control.at_rest
    assert ways[-1] <= LIMITS.deadband


def test_the_way_is_time_optimal():
    commands = go(started(), [PanTilt(0.5, 0.0)] * 200, period_ms=5)
    arrived = next(k for k, c in enumerate(commands) if c.position.pan_rad > 0.4999)
    assert arrived * 0.005 == pytest.approx(0.5 / 1.0 + 1.0 / 4.0, abs=0.02)


def test_noise_within_the_dead_band_moves_nothing_and_turns_no_motion_round():
    random = np.random.default_rng(3)
    control = started()
    noise = random.normal(0, LIMITS.deadband / 8, (400, 2))
    commands = go(control, [PanTilt(0.7 + a, 0.1 + b) for a, b in noise])
    assert turns(commands) == 0
    still = pans(commands)[40:]
    assert np.ptp(still) == 0


def test_a_goal_inside_the_dead_band_is_not_gone_to_after_the_start_either():
    control = started(PanTilt(0.3, 0.1))
    commands = go(control, [PanTilt(0.31, 0.11)] * 20)
    assert {command.position for command in commands} == {PanTilt(0.3, 0.1)}


def test_a_moving_goal_is_followed_without_lag():
    control = started()
    speed, commands = 0.3, []
    for k in range(90):
        t = k * 0.033
        goal = PanTilt(-0.5 + speed * t, 0.0)
        commands.append(control.step(round(t * 1e9), goal, PanTilt(speed, 0.0)))
    assert commands[-1].position.pan_rad == pytest.approx(-0.5 + speed * t, abs=1e-3)
    assert commands[-1].velocity.pan_rad == pytest.approx(speed, abs=1e-2)


@pytest.mark.parametrize("gain", [0.2, 0.6, 1.0])
def test_the_gain_is_the_share_of_a_correction_taken_up_in_a_tenth_of_a_second(gain):
    control, speed, places = started(gain=gain, max_acceleration=1000.0), 0.2, []
    for k in range(60):
        t = k * 0.01
        step = 0.05 if k >= 50 else 0.0
        goal = PanTilt(speed * t + step, 0.0)
        command = control.step(round(t * 1e9), goal, PanTilt(speed, 0.0))
        places.append(command.position.pan_rad - speed * t)
    assert abs(places[49]) < 1e-3
    assert places[59] == pytest.approx(0.05 * gain, abs=0.004)


@unhurried
@given(
    st.builds(PanTilt, st.floats(-1.5, 1.5), st.floats(-0.7, 0.7)),
    st.builds(PanTilt, st.floats(-0.3, 0.3), st.floats(-0.2, 0.2)),
    wild_places,
)
def test_the_start_from_any_pose_and_motion_makes_no_jump(position, velocity, goal):
    control = started(position, velocity)
    first, second = go(control, [goal, goal])
    assert first.position == pytest.approx(position, abs=1e-12)
    for axis in range(2):
        jump = abs(second.velocity[axis] - first.velocity[axis])
        assert jump <= LIMITS.max_acceleration * 0.033 + 1e-9


def test_a_start_outside_the_limits_leads_back_into_them():
    commands = go(started(PanTilt(2.0, -1.2)), [PanTilt(1.5, -0.7)] * 60)
    assert (np.diff(pans(commands)) <= 1e-12).all()
    assert commands[-1].position == pytest.approx((1.5, -0.7))


def test_without_a_goal_the_head_brakes_within_its_acceleration():
    control = started(PanTilt(0.0, 0.0), PanTilt(1.0, 0.0))
    commands = go(control, [None] * 12, period_ms=50)
    assert control.at_rest
    assert commands[-1].position.pan_rad == pytest.approx(1.0 / 8.0)


def test_a_goal_out_of_reach_is_looked_for_at_the_limit():
    commands = go(started(), [PanTilt(2.5, 0.9)] * 80)
    assert commands[-1].position == (LIMITS.pan_max, LIMITS.tilt_max)
    commands = go(started(), [PanTilt(-2.5, 0.0)] * 80)
    assert commands[-1].position.pan_rad == LIMITS.pan_min


def test_a_pan_axis_that_turns_far_takes_the_shorter_way_round():
    wide = {"pan_min": -6.28, "pan_max": 6.28}
    commands = go(started(PanTilt(3.0, 0.0), **wide), [PanTilt(-3.0, 0.0)] * 60)
    assert commands[-1].position.pan_rad == pytest.approx(2 * math.pi - 3.0)
    endless = {"pan_min": -math.inf, "pan_max": math.inf}
    commands = go(started(PanTilt(40.0, 0.0), **endless), [PanTilt(0.0, 0.0)] * 120)
    assert commands[-1].position.pan_rad == pytest.approx(
        6 * 2 * math.pi + 2 * math.pi * 0.0, abs=2.4
    )
    assert math.remainder(commands[-1].position.pan_rad, 2 * math.pi) == pytest.approx(0, abs=1e-9)


def test_a_target_behind_the_head_does_not_make_it_swing():
    control = started(PanTilt(0.0, 0.0), pan_min=-6.28, pan_max=6.28, deadband=0.0)
    random = np.random.default_rng(0)
    behind = [
        PanTilt(math.remainder(math.pi + n, 2 * math.pi), 0.0) for n in random.normal(0, 0.05, 200)
    ]
    commands = go(control, behind)
    assert abs(commands[-1].position.pan_rad) > 2.9
    assert (np.abs(np.diff(np.sign(pans(commands)[5:]))) == 0).all()


def test_a_head_that_is_held_is_not_run_away_from():
    control = started()
    held = PanTilt(0.1, 0.0)
    for k in range(100):
        command = control.step(k * 33 * MS, PanTilt(1.5, 0.0), measured=held)
    assert command.position.pan_rad == pytest.approx(0.1 + LIMITS.max_lead_rad)
    # let go: on to the goal
    for k in range(100, 200):
        command = control.step(k * 33 * MS, PanTilt(1.5, 0.0), measured=command.position)
    assert command.position.pan_rad == pytest.approx(1.5)


def test_a_head_driven_by_velocity_arrives_and_passes_no_limit():
    control, place = started(), 0.0
    places = []
    for k in range(200):
        command = control.step(k * 33 * MS, PanTilt(9.0, 0.0), measured=PanTilt(place, 0.0))
        place += command.drive_rad_s.pan_rad * 0.033 * 1.02  # its own gauge is off by 2 %
        places.append(place)
    assert places[-1] == pytest.approx(LIMITS.pan_max, abs=0.01)
    assert max(places) <= LIMITS.pan_max + 0.005


def test_a_clock_that_jumps_back_moves_nothing():
    control = started()
    go(control, [PanTilt(1.0, 0.0)] * 10, start_ms=5000)
    before = control.position
    assert control.step(0, PanTilt(1.0, 0.0)).position == before
    assert control.step(33 * MS, PanTilt(1.0, 0.0)).position != before


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_set_is_no_time_that_has_passed(hours):
    ways = []
    for set_by_ns in (0, hours * 3600 * 1_000_000_000):
        control = started(plans=True)
        control.step(0, PanTilt(0.5, 0.0))
        control.step(33_000_000, PanTilt(0.5, 0.0))
        control.clock_set(set_by_ns)
        later = control.step(66_000_000 + set_by_ns, PanTilt(0.5, 0.0))
        ways.append((later.position, later.velocity))
    assert ways[0] == ways[1] and 0 < ways[0][0].pan_rad < 0.05


def test_hold_stops_at_the_measured_place():
    control = started(PanTilt(0.0, 0.0), PanTilt(1.0, 0.0))
    command = control.hold(0, PanTilt(0.2, 0.1))
    assert command.position == (0.2, 0.1) and command.velocity == command.drive_rad_s == (0, 0)
    assert control.at_rest


def test_bad_goals_are_counted_and_brake():
    control = started(PanTilt(0.0, 0.0), PanTilt(0.4, 0.0))
    go(control, [PanTilt(math.nan, 0.0)] * 10)
    assert control.refused_goals == 10 and control.at_rest


def test_steps_and_starts_without_a_pose_are_refused():
    with pytest.raises(ValueError, match="start"):
        HeadControl().step(0, None)
    with pytest.raises(ValueError, match="finite"):
        HeadControl().start(PanTilt(math.nan, 0.0))


@pytest.mark.parametrize(
    "changes",
    [
        {"pan_min": 1.0, "pan_max": -1.0},
        {"tilt_min": 0.5, "tilt_max": 0.5},
        {"pan_min": math.nan},
        {"max_velocity": 0.0},
        {"max_acceleration": math.inf},
        {"gain": 0.0},
        {"gain": 1.1},
        {"deadband": -0.1},
        {"max_lead_rad": 0.0},
        {"max_step_s": math.nan},
    ],
)
def test_settings_that_contradict_are_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes)).split("_m")[0]):
        ControlSettings(**changes)
