# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import itertools
import math

import numpy as np
import pytest

from vinet_ros.gaze import PanTilt
from vinet_ros.gaze.jumps import LeapWatch, jumped_to
from vinet_ros.gaze.kalman import TargetFilter

HZ = 30
HERE, THERE = PanTilt(0.08, 0.02), PanTilt(0.14, 0.1)


def stamp(step):
    return round(step * 1e9 / HZ)


def measured(path, noise_rad, seed, steps=12):
    random = np.random.default_rng(seed)
    return [
        (stamp(k), PanTilt(*(float(v) for v in path(k / HZ) + random.normal(0, noise_rad, 2))))
        for k in range(steps)
    ]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("jump_s", [0.1, 0.2, 0.3])
def test_a_jump_is_told_and_where_it_led(seed, jump_s):
    def path(time_s):
        return np.array(HERE if time_s < jump_s else THERE)

    place = jumped_to(measured(path, 0.008, seed))
    assert place is not None
    assert math.dist(place, THERE) < 0.02


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("speed", [0.1, 0.3, 1.0, 2.0])
@pytest.mark.parametrize("begun_s", [-1.0, 0.1, 0.2])
def test_a_motion_is_no_jump(seed, speed, begun_s):
    def path(time_s):
        return np.array([HERE.pan_rad + speed * max(time_s - begun_s, 0.0), HERE.tilt_rad])

    assert jumped_to(measured(path, 0.01, seed)) is None


def test_a_few_measurements_tell_nothing():
    assert jumped_to(measured(lambda t: np.array(HERE if t < 0.05 else THERE), 0.0, 0, 4)) is None


def test_pan_is_taken_the_short_way_round():
    over = [PanTilt(math.pi - 0.02, 0.0)] * 6 + [PanTilt(-math.pi + 0.08, 0.0)] * 6
    place = jumped_to([(stamp(k), pan_tilt) for k, pan_tilt in enumerate(over)])
    assert place == pytest.approx((math.pi + 0.08, 0.0))


def test_it_stands_elsewhere_once_it_was_seen_there_for_long_enough():
    watch = LeapWatch(0.3)
    stands = [watch.lasts(stamp(k), THERE, HERE) for k in range(12)]
    assert stands == [False] * 9 + [True] * 3


def test_what_is_seen_now_here_now_there_stays():
    watch = LeapWatch(0.3)
    other = PanTilt(0.0, 0.1)
    assert not any(watch.lasts(stamp(k), (THERE, other)[k // 3 % 2], HERE) for k in range(60))


def test_seen_where_it_stands_it_has_not_leapt():
    watch = LeapWatch(0.3)
    for step in range(60):
        if step % 8 == 7:
            watch.end()
        else:
            assert not watch.lasts(stamp(step), THERE, HERE)


def test_a_fast_one_is_followed_at_once():
    watch = LeapWatch(0.3)
    assert not watch.lasts(stamp(0), PanTilt(0.13, 0.02), HERE)
    assert watch.lasts(stamp(1), PanTilt(0.18, 0.02), HERE)


def test_it_does_not_go_to_and_fro():
    target = TargetFilter(0, HERE)
    places = []
    for step in range(1, 6 * HZ):
        target.update(stamp(step), (HERE, THERE)[step // HZ % 2])
        places.append(target.at(target.stamp_ns).direction)
        assert not target.moving
    changes = sum(math.dist(a, b) > 0.05 for a, b in itertools.pairwise(places))
    assert changes <= 2


def test_a_target_that_somebody_sets_goes_back_at_once():
    watch = LeapWatch(0.0)
    watch.leave(stamp(0), THERE)
    assert [watch.lasts(stamp(k), THERE, HERE) for k in (1, 2)] == [False, True]
