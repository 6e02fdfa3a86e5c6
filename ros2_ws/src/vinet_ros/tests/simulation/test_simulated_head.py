# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The simulated head: it goes where it is told, late by what is set, within what servos can do."""

import math

import numpy as np
import pytest

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PanTilt
from vinet_ros.simulation import ServoSettings, SimulatedHead, Waypoint

S = 1_000_000_000
START_NS = 100 * S


def head(start=(0.0, 0.0), **settings):
    return SimulatedHead(ServoSettings(**settings), PanTilt(*start), START_NS)


def run(simulated, seconds, step_s=0.01, command=None):
    """Advance step by step; return times, positions (N, 2) and velocities (N, 2)."""
    samples = []
    for step in range(round(seconds / step_s)):
        if command is not None:
            command(simulated, step * step_s)
        now_ns = simulated.now_ns + round(step_s * S)
        simulated.advance(now_ns)
        samples.append(simulated.at(now_ns))
    times = np.array([(sample.stamp_ns - START_NS) / S for sample in samples])
    return times, np.array([s.position for s in samples]), np.array([s.velocity for s in samples])


def go(simulated, pan, tilt=0.0, reach_s=0.0):
    simulated.command_waypoints(simulated.now_ns, [Waypoint(reach_s, PanTilt(pan, tilt))])


def test_it_reaches_a_position_without_overshoot_and_rests():
    simulated = head()
    go(simulated, 0.5, -0.3)
    _, positions, velocities = run(simulated, 1.0)
    np.testing.assert_allclose(positions[-1], (0.5, -0.3), atol=1e-6)
    np.testing.assert_allclose(velocities[-1], 0.0, atol=1e-5)
    assert positions[:, 0].max() < 0.5 + 1e-5 and positions[:, 1].min() > -0.3 - 1e-5


def test_a_command_takes_effect_after_the_latency():
    simulated = head(latency_s=0.2)
    go(simulated, 0.5)
    times, positions, _ = run(simulated, 0.5)
    assert np.all(positions[times < 0.2] == 0.0)
    assert positions[times > 0.26, 0].min() > 0.01


@pytest.mark.parametrize("late_s", [0.005, 0.05, 0.3, 2.0])
def test_a_command_that_is_told_of_late_leads_where_it_would_have(late_s):
    way = [Waypoint(0.2, PanTilt(0.1, 0.0), PanTilt(0.5, 0.0)), Waypoint(1.0, PanTilt(0.4, -0.2))]
    punctual, late = head(), head()
    for simulated in (punctual, late):
        simulated.command_velocity(START_NS, PanTilt(0.3, 0.0))
        simulated.advance(START_NS + S // 10)
    told_ns = START_NS + S // 10
    punctual.command_waypoints(told_ns, way)
    late.advance(told_ns + round(late_s * S))
    late.command_waypoints(told_ns, way)
    after_ns = told_ns + round((0.4 + late_s) * S)  # the servo has made up for it by then
    for time_ns in (after_ns, after_ns + S // 2, after_ns + 2 * S):
        for simulated in (punctual, late):
            simulated.advance(time_ns)
        # A history of half a second is what it can be late by.
        near = 1e-4 if late_s < 0.5 or time_ns > after_ns + S else 0.2
        np.testing.assert_allclose(
            late.at(time_ns).position, punctual.at(time_ns).position, atol=near
        )


def test_a_velocity_that_is_told_of_late_leads_where_it_would_have():
    punctual, late = head(), head()
    for simulated in (punctual, late):
        simulated.command_velocity(START_NS, PanTilt(0.3, 0.0))
        simulated.advance(START_NS + S // 10)
    punctual.command_velocity(START_NS + S // 10, PanTilt(-0.2, 0.1))
    late.advance(START_NS + S // 5)
    late.command_velocity(START_NS + S // 10, PanTilt(-0.2, 0.1))
    for simulated in (punctual, late):
        simulated.advance(START_NS + S)
    places = [simulated.at(START_NS + S).position for simulated in (punctual, late)]
    np.testing.assert_allclose(*places, atol=1e-4)


def test_velocity_acceleration_and_stops_hold_whatever_is_asked():
    settings = {"max_velocity": 1.0, "max_acceleration": 5.0}
    simulated = head(**settings)
    go(simulated, 50.0, -50.0)
    _, positions, velocities = run(simulated, 4.0, step_s=0.005)
    assert np.abs(velocities).max() <= 1.0 + 1e-9
    assert np.abs(positions[:, 0]).max() <= 1.6 and np.abs(positions[:, 1]).max() <= 0.8
    np.testing.assert_allclose(positions[-1], (1.6, -0.8), atol=1e-6)
    gains = np.diff(np.abs(velocities), axis=0) / 0.005
    assert gains.max() <= 5.0 + 1e-6


def test_it_follows_a_ramp_late_by_what_its_bandwidth_says():
    simulated = head(bandwidth_hz=8.0, latency_s=0.0)
    times, positions, _ = run(
        simulated, 2.0, command=lambda s, t: go(s, 0.2 * (t + 0.01), 0, 0.01)
    )
    late_s = times[-1] - positions[-1, 0] / 0.2
    assert late_s == pytest.approx(1 / (math.pi * 8.0), abs=0.003)


def test_it_passes_no_limit_that_its_setpoints_keep():
    simulated = head(latency_s=0.0)
    ways = np.clip(np.cumsum(np.full(60, 1.0 / 30)), 0.0, 1.2)  # 1 rad/s, then it stands

    def follow(simulated, t):
        index = round(t * 30)
        if abs(t * 30 - index) < 1e-9 and index < len(ways):
            go(simulated, float(ways[index]), 0.0, 1 / 30)

    _, positions, velocities = run(simulated, 3.0, step_s=1 / 30, command=follow)
    assert velocities.max() <= 1.0 + 1e-6 and positions.max() <= 1.2 + 1e-9
    assert positions[-1, 0] == pytest.approx(1.2, abs=1e-6)


def test_waypoints_with_velocities_are_a_cubic_through_them():
    simulated = head(bandwidth_hz=200.0, max_acceleration=1e6, latency_s=0.0)
    end = PanTilt(0.4, 0.0)
    simulated.command_waypoints(
        START_NS, [Waypoint(1.0, end, PanTilt(0.0, 0.0)), Waypoint(2.0, end)]
    )
    times, positions, _ = run(simulated, 1.5)
    share = np.clip(times, 0, 1)
    np.testing.assert_allclose(positions[:, 0], 0.4 * share**2 * (3 - 2 * share), atol=3e-3)


def test_a_velocity_lasts_until_the_next_command():
    simulated = head(latency_s=0.0)
    simulated.command_velocity(START_NS, PanTilt(0.3, -0.1))
    _, _, velocities = run(simulated, 1.0)
    np.testing.assert_allclose(velocities[-1], (0.3, -0.1), atol=1e-3)
    simulated.command_velocity(simulated.now_ns, PanTilt(0.0, 0.0))
    _, positions, velocities = run(simulated, 1.0)
    np.testing.assert_allclose(velocities[-1], 0.0, atol=1e-4)
    np.testing.assert_allclose(positions[-1], positions[-2], atol=1e-6)


def test_the_past_can_be_asked_but_not_the_future():
    simulated = head()
    go(simulated, 0.5)
    _, positions, _ = run(simulated, 1.0)
    past = simulated.at(START_NS + S // 4)
    assert 0.0 < past.position.pan_rad < positions[-1, 0]
    with pytest.raises(FrameError, match="newer"):
        simulated.at(START_NS + 2 * S)


def test_times_that_do_not_grow_are_refused():
    point = Waypoint(0.5, PanTilt(0.0, 0.0))
    for points in ([], [point, point]):
        with pytest.raises(FrameError, match="grow strictly"):
            head().command_waypoints(START_NS, points)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_velocity": 0.0},
        {"bandwidth_hz": math.nan},
        {"latency_s": -1.0},
        {"lowest": PanTilt(1.0, 0.0), "highest": PanTilt(0.5, 0.5)},
    ],
)
def test_impossible_servos_are_refused(wrong):
    with pytest.raises(ValueError, match=r"servo needs|stops must"):
        ServoSettings(**wrong)
