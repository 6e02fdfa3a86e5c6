# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import math

import numpy as np
import pytest

from vinet_ros.gaze import PanTilt
from vinet_ros.gaze.geometry import difference, distance
from vinet_ros.gaze.kalman import ConstantVelocityFilter, TargetFilter

NOISE_RAD = 0.02


def watched(path, duration_s, seed=0, rate_hz=15.0):
    """Yield (time, filter) after each noisy measurement of a path."""
    random = np.random.default_rng(seed)

    def seen(time_s):
        pan, tilt = path(time_s)
        noise = random.normal(0, NOISE_RAD, 2)
        return PanTilt(pan + float(noise[0]), tilt + float(noise[1]))

    target, time_s = TargetFilter(0, seen(0.0), noise_rad=NOISE_RAD), 0.0
    while time_s < duration_s:
        time_s += float(random.uniform(0.8, 1.2)) / rate_hz
        target.update(round(time_s * 1e9), seen(time_s))
        yield time_s, target


def test_the_filter_agrees_with_kalmans_equations_in_matrices():
    random = np.random.default_rng(1)
    mine = ConstantVelocityFilter(PanTilt(0.1, 0.0), 0.02, 0.1)
    state, spread = np.array([0.1, 0.0]), np.diag([0.02**2, mine.speed_sigma**2])
    for _ in range(40):
        dt = float(random.uniform(0.03, 0.2))
        move = np.array([[1, dt], [0, 1]])
        growth = 0.1**2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        state, spread = move @ state, move @ spread @ move.T + growth
        measured = float(random.normal(0, 0.1))
        gain = spread[:, 0] / (spread[0, 0] + 0.02**2)
        expected = (measured - state[0]) ** 2 / (spread[0, 0] + 0.02**2)
        state = state + gain * (measured - state[0])
        spread = spread - np.outer(gain, spread[0])
        mine.predict(dt)
        assert mine.update(PanTilt(measured, mine.direction.tilt_rad)) == pytest.approx(expected)
        assert (mine.direction.pan_rad, mine.velocity.pan_rad) == pytest.approx(tuple(state))
        assert mine.place_sigma_rad == pytest.approx(math.sqrt(spread[0, 0]))
        assert mine.speed_sigma == pytest.approx(math.sqrt(spread[1, 1]))


@pytest.mark.parametrize("seed", range(4))
def test_a_moving_target_is_seen_to_move_and_where_it_will_be(seed):
    def path(t):
        return 0.175 * t - 0.4, 0.1

    errors, since = [], math.inf
    for time_s, target in watched(path, 5.0, seed):
        if target.moving:
            since = min(since, time_s)
        if time_s > 2:
            later_s = time_s + 0.12
            direction, velocity = target.at(round(later_s * 1e9))
            errors.append(math.dist(direction, path(later_s)))
            assert velocity.pan_rad == pytest.approx(0.175, abs=0.2)
    assert since < 1.3
    assert np.median(errors) < 0.025


def test_a_slow_target_is_not_left_behind():
    errors = []
    for time_s, target in watched(lambda t: (0.05 * t, 0.0), 10.0):
        direction, _ = target.at(round(time_s * 1e9))
        errors.append(math.dist(direction, (0.05 * time_s, 0.0)))
    assert np.median(errors) < 0.04


def test_a_standing_target_stands_and_its_place_is_calm():
    moving, places = 0, []
    for seed in range(4):
        for time_s, target in watched(lambda t: (0.3, -0.1), 20.0, seed):
            if time_s > 3:
                moving += target.moving
                places.append(target.at(round(time_s * 1e9)).direction)
    assert moving / len(places) < 0.02
    offs = [math.dist(place, (0.3, -0.1)) for place in places]
    assert np.percentile(offs, 95) < 0.012


def test_a_target_that_stops_stands_again():
    states = {}
    for time_s, target in watched(lambda t: (0.2 * min(t, 3.0), 0.0), 8.0):
        states[time_s] = target.moving, target.travelled_rad, target.at(round(time_s * 1e9))
    assert any(moving and far > 0.2 for t, (moving, far, _) in states.items() if 2 < t < 3)
    last = states[max(states)]
    assert last[0] is False and last[1] == 0.0
    assert last[2].direction.pan_rad == pytest.approx(0.6, abs=0.02)
    assert last[2].velocity == (0.0, 0.0)


def test_one_stray_measurement_makes_no_motion():
    *_, (_, target) = watched(lambda t: (0.0, 0.0), 3.0)
    stamp_ns = target.stamp_ns + 66_000_000
    target.update(stamp_ns, PanTilt(0.1, 0.0))
    assert not target.moving
    assert abs(target.at(stamp_ns).direction.pan_rad) < 0.02


def test_what_is_not_seen_is_carried_on_for_a_while_only():
    *_, (time_s, target) = watched(lambda t: (0.3 * t, 0.0), 3.0)
    near = target.at(target.stamp_ns + 400_000_000, longest_s=0.5)
    far = target.at(target.stamp_ns + 9_000_000_000, longest_s=0.5)
    assert near.direction.pan_rad == pytest.approx(0.3 * (time_s + 0.4), abs=0.06)
    assert far.direction.pan_rad == pytest.approx(0.3 * (time_s + 0.5), abs=0.06)
    assert far.velocity == (0.0, 0.0)


def test_what_is_seen_elsewhere_stands_there_and_does_not_fly():
    *_, (_, target) = watched(lambda t: (0.0, 0.0), 1.0)
    for k in range(1, 40):
        target.update(target.stamp_ns + 33_000_000, PanTilt(0.14, 0.05))
        assert not target.moving and target.at(target.stamp_ns).direction.pan_rad < 0.15, k
    assert target.at(target.stamp_ns).direction == pytest.approx((0.14, 0.05), abs=1e-3)


def test_a_leap_is_no_noise_of_the_measurements():
    target = TargetFilter(0, PanTilt(0.0, 0.0))
    for step in range(1, 30):
        pan = 0.0 if step < 20 else 0.3
        target.update(round(step * 0.05e9), PanTilt(pan, 0.0))
        if step == 19:
            before = target.noise_rad
    assert target.at(target.stamp_ns).direction == (0.3, 0.0)
    assert target.noise_rad <= before


def test_a_motion_seen_for_a_moment_is_not_carried_on_for_long():
    for _, target in watched(lambda t: (0.6 * max(t - 1.0, 0.0), 0.0), 3.0):
        if target.moving:
            break
    seen = target.at(target.stamp_ns).direction.pan_rad
    later_ns = target.stamp_ns + 2_000_000_000
    target.predict(later_ns - 500_000_000)  # images go by in which it is not looked for
    left = target.at(later_ns)
    assert left.direction.pan_rad == pytest.approx(seen + 0.12, abs=0.01)
    assert left.velocity == (0.0, 0.0)


def test_what_is_too_fast_to_be_believed_stands_elsewhere():
    places = [0.0] * 30 + [0.012 * k for k in range(1, 30)]  # 0.36 rad/s at 30 Hz
    moved = {}
    for fastest in (0.3, math.inf):
        target = TargetFilter(0, PanTilt(0.0, 0.0), noise_rad=0.005)
        moved[fastest] = False
        for k, pan in enumerate(places, 1):
            target.update(k * 33_333_333, PanTilt(pan, 0.0), fastest)
            moved[fastest] |= target.moving and target.at(target.stamp_ns).velocity.pan_rad > 0.3
        assert target.at(target.stamp_ns).direction.pan_rad == pytest.approx(0.35, abs=0.06)
    assert moved == {0.3: False, math.inf: True}


def test_a_target_is_followed_across_the_back():
    target = TargetFilter(0, PanTilt(3.0, 0.0), noise_rad=NOISE_RAD)
    for k in range(1, 60):
        pan = math.remainder(3.0 + 0.3 * k / 15, math.tau)
        target.update(round(k / 15 * 1e9), PanTilt(pan, 0.0))
    assert target.moving
    off = difference(target.at(target.stamp_ns).direction, PanTilt(pan, 0.0))
    assert math.hypot(*off) < 0.02


def test_distances_go_the_short_way_round():
    assert distance(PanTilt(3.1, 0.0), PanTilt(-3.1, 0.0)) == pytest.approx(math.tau - 6.2)
    assert distance(PanTilt(0.2, 1.0), PanTilt(0.0, 1.0)) == pytest.approx(0.2 * math.cos(1.0))
