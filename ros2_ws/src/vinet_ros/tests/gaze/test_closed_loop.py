# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The gaze loop in driven time: late, irregular and noisy targets, a head that lags."""

import math

import numpy as np
import pytest
from closed_loop import ClosedLoop, Thing, standing

from vinet_ros.gaze import AttentionSettings, ControlSettings, GazeFollower, PanTilt

DEGREE = math.pi / 180
LIMITS = ControlSettings()
SEEDS = range(4)


def moving(speed_deg_s, since_s=1.0):
    """Return a way from the left to the right edge of the view and back, and so on."""

    def path(time_s):
        if time_s < since_s:
            return None
        way = (speed_deg_s * DEGREE * (time_s - since_s)) % 2.0
        return PanTilt(0.5 - way if way < 1.0 else way - 1.5, 0.1)

    return path


def check_limits(trace):
    places = np.array([command.position for command in trace.commands])
    assert (np.abs(places) <= (LIMITS.pan_max, LIMITS.tilt_max)).all()
    speeds = trace.velocities()
    assert np.abs(speeds).max() <= LIMITS.max_velocity + 1e-9
    gaps = np.diff([command.stamp_ns for command in trace.commands]) * 1e-9
    bends = np.abs(np.diff(speeds, axis=0)) / gaps[:, None]
    assert bends.max() <= LIMITS.max_acceleration + 1e-6


def sign_changes(speeds):
    signs = np.sign(speeds[np.abs(speeds) > 1e-9])
    return int((np.diff(signs) != 0).sum())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_target_is_followed_at_ten_degrees_a_second(seed):
    path = moving(10)
    things = [Thing(path, flicker=0.15, seen=0.9)]
    loop = ClosedLoop(GazeFollower(), things, seed=seed, joint_noise_rad=0.001)
    trace = loop.run(8.0)
    check_limits(trace)
    time_s = np.array(trace.time_s)
    steps = [k for k, t in enumerate(time_s) if t > 1.1]
    errors = np.array([math.dist(trace.head[k], path(time_s[k])) for k in steps])
    arrived = time_s[steps][errors < 3 * DEGREE]
    assert arrived[0] - 1.0 < 1.5
    assert np.median(errors[time_s[steps] > 2.5]) < 2 * DEGREE


@pytest.mark.parametrize("seed", SEEDS)
def test_a_moving_target_is_preferred_to_equals_that_stand(seed):
    path = moving(10)
    equals = [Thing(standing(pan, tilt), flicker=0.1) for pan, tilt in ((0.15, -0.2), (-0.3, 0.3))]
    things = [Thing(path, flicker=0.1, seen=0.9), *equals]
    loop = ClosedLoop(GazeFollower(), things, seed=seed, joint_noise_rad=0.001)
    trace = loop.run(6.5)
    check_limits(trace)
    late = [k for k, t in enumerate(trace.time_s) if t > 3.0]
    errors = [math.dist(trace.head[k], path(trace.time_s[k])) for k in late]
    assert np.median(errors) < 2.5 * DEGREE


@pytest.mark.parametrize("lag_s", [0.0, 0.08, 0.2])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_standing_target_is_arrived_at_calmly(seed, lag_s):
    place = PanTilt(0.4, 0.1)
    thing = Thing(standing(*place), flicker=0.2, seen=0.9)
    loop = ClosedLoop(
        GazeFollower(), [thing], seed=seed, lag_s=lag_s, joint_noise_rad=0.001, noise_rad=0.015
    )
    trace = loop.run(10.0)
    check_limits(trace)
    errors = trace.errors(thing.path)
    first = int(np.argmax(errors < 3 * DEGREE))
    assert trace.time_s[first] < 1.5
    assert np.median(errors[first:]) < 1.5 * DEGREE
    for axis in range(2):
        assert sign_changes(trace.velocities()[first:, axis]) <= 2


@pytest.mark.parametrize("seed", SEEDS)
def test_the_head_rests_when_nothing_moves(seed):
    things = [
        Thing(standing(pan, tilt), saliency, flicker=0.05)
        for pan, tilt, saliency in ((0.3, 0.1, 1.0), (-0.3, 0.0, 0.9), (0.0, -0.3, 0.8))
    ]
    loop = ClosedLoop(GazeFollower(), things, seed=seed, joint_noise_rad=0.001)
    trace = loop.run(25.0)
    check_limits(trace)
    resting = np.abs(trace.velocities()[-240:]).max(axis=1) < 1e-9  # the last 8 s
    assert resting.mean() > 0.95


@pytest.mark.parametrize("seed", SEEDS)
def test_three_equals_are_all_visited_within_ten_seconds_without_inhibition_one(seed):
    pans = (-0.4, 0.05, 0.4)

    def visited(ior_enable):
        follower = GazeFollower(attention=AttentionSettings(ior_enable=ior_enable))
        things = [Thing(standing(pan), flicker=0.1) for pan in pans]
        loop = ClosedLoop(
            follower, things, seed=seed, joint_noise_rad=0.001, start=PanTilt(0.2, 0.2)
        )
        trace = loop.run(10.0)
        check_limits(trace)
        return sum(bool((trace.errors(thing.path) < 3 * DEGREE).any()) for thing in things)

    assert visited(ior_enable=True) == 3
    assert visited(ior_enable=False) == 1


def test_the_heads_own_motion_makes_no_targets():
    """A thing leaps to and fro; what stands lights up while the head turns."""

    def false_saccades(seed, suppress):
        random = np.random.default_rng(seed)

        def leaping(time_s):
            return PanTilt(0.2 * (-1) ** int(time_s / 2.5), 0.0)

        walls = [
            Thing(
                standing(random.uniform(-0.55, 0.55), side * random.uniform(0.17, 0.3)),
                0.02,
                0.005,
                lights_up=4.0,
            )
            for side in (-1, 1, -1, 1)
        ]
        habits = AttentionSettings(suppress_during_motion=suppress)
        follower = GazeFollower(attention=habits)
        loop = ClosedLoop(follower, [Thing(leaping, 1.0, 0.1), *walls], seed=seed)
        loop.run(12.0)
        return follower.attention.counters.saccades - 5  # the leaps there are

    off = sum(false_saccades(seed, suppress=False) for seed in range(6))
    on = sum(false_saccades(seed, suppress=True) for seed in range(6))
    assert off >= 10
    assert on <= off / 2


def test_a_head_with_an_offset_camera_looks_at_near_things_too():
    from vinet_ros.gaze import Head, HeadMount

    head = Head(HeadMount((0.05, 0.02, 0.08), (0.3, 0.0, 0.0)))
    loop = ClosedLoop(GazeFollower(head), [Thing(standing(0.4, 0.1))], noise_rad=0.0, seed=0)
    loop.kinematics = head
    trace = loop.run(3.0)
    pan, tilt = trace.head[-1]
    point = (
        2 * math.cos(0.1) * math.cos(0.4),
        2 * math.cos(0.1) * math.sin(0.4),
        2 * math.sin(0.1),
    )
    x, y, z = head.to_optical(point, PanTilt(pan, tilt))
    assert math.hypot(x, y) / z < 0.02
