# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PanTilt
from vinet_ros.gaze.joint_history import JointHistory

MS = 1_000_000
SECOND = 1000 * MS


def turning(history: JointHistory, until_s: float, step_s: float = 0.02, start_s: float = 1.0):
    """A head that pans at 1 rad/s and tilts at -0.5 rad/s, its velocities not measured."""
    stamp_s = start_s
    while stamp_s <= until_s + 1e-9:
        history.push(round(stamp_s * SECOND), PanTilt(stamp_s, -0.5 * stamp_s))
        stamp_s += step_s
    return history


@given(st.floats(1.0, 2.04))
def test_the_pose_is_that_of_the_stamp(stamp_s):
    sample = turning(JointHistory(), 2.0).at(round(stamp_s * SECOND))
    assert sample.position == pytest.approx((stamp_s, -0.5 * stamp_s), abs=1e-8)
    assert sample.velocity == pytest.approx((1.0, -0.5), abs=1e-6)
    assert sample.stamp_ns == round(stamp_s * SECOND)


def test_measured_velocities_are_interpolated():
    history = JointHistory()
    history.push(SECOND, PanTilt(0.0, 0.0), PanTilt(1.0, 0.0))
    history.push(SECOND + 100 * MS, PanTilt(0.2, 0.0), PanTilt(3.0, 1.0))
    sample = history.at(SECOND + 25 * MS)
    assert sample.position == pytest.approx((0.05, 0.0))
    assert sample.velocity == pytest.approx((1.5, 0.25))
    assert history.newest.velocity == (3.0, 1.0)
    ahead = history.at(SECOND + 140 * MS)
    assert ahead.position == pytest.approx((0.2 + 3.0 * 0.04, 0.04))


def test_of_one_sample_nothing_moves():
    history = JointHistory()
    history.push(SECOND, PanTilt(0.3, 0.1))
    assert history.at(SECOND + 40 * MS).position == (0.3, 0.1)
    assert history.newest.velocity == (0.0, 0.0)


@pytest.mark.parametrize(
    ("stamp_s", "words"),
    [
        (0.5, "0.500 s older than the oldest joint state"),
        (2.3, "0.300 s newer than the newest joint state, at most 0.050 s"),
    ],
)
def test_a_stamp_outside_says_by_how_much(stamp_s, words):
    with pytest.raises(FrameError, match=words):
        turning(JointHistory(), 2.0).at(round(stamp_s * SECOND))


def test_nothing_is_known_before_the_first_and_after_a_reset():
    history = JointHistory()
    for _ in range(2):
        assert history.newest is None
        with pytest.raises(FrameError, match="no joint state has arrived"):
            history.at(SECOND)
        turning(history, 1.2)
        assert history.newest is not None
        history.reset()


def test_a_gap_is_not_bridged():
    history = turning(JointHistory(), 1.2)
    turning(history, 2.1, start_s=2.0)
    with pytest.raises(FrameError, match=r"gap of 0\.800 s"):
        history.at(round(1.5 * SECOND))
    assert history.at(round(2.05 * SECOND)).position.pan_rad == pytest.approx(2.05)


def test_only_the_last_seconds_are_kept():
    history = turning(JointHistory(length_s=2.0), 10.0)
    with pytest.raises(FrameError, match="older than the oldest"):
        history.at(round(7.9 * SECOND))
    assert history.at(round(8.1 * SECOND)).position.pan_rad == pytest.approx(8.1)


@pytest.mark.parametrize(
    ("stamp_s", "position", "velocity", "words"),
    [
        (1.3, (math.nan, 0.0), None, "finite"),
        (1.3, (0.0, math.inf), None, "finite"),
        (1.3, (0.0, 0.0), (math.nan, 0.0), "finite"),
        (0.0, (0.0, 0.0), None, "no stamp"),
        (1.2, (0.0, 0.0), None, "same stamp"),
        (1.1, (0.0, 0.0), None, r"0\.100 s older than the last"),
    ],
)
def test_a_bad_measurement_is_refused_and_changes_nothing(stamp_s, position, velocity, words):
    history = turning(JointHistory(), 1.2)
    newest = history.newest
    with pytest.raises(FrameError, match=words):
        history.push(
            round(stamp_s * SECOND), PanTilt(*position), PanTilt(*velocity) if velocity else None
        )
    assert history.newest == newest and history.restarts == 0


def test_a_clock_that_was_set_back_starts_anew():
    history = turning(JointHistory(), 20.0, start_s=18.0)
    history.push(3 * SECOND, PanTilt(0.5, 0.0))
    assert history.restarts == 1
    assert history.newest.position == (0.5, 0.0)
    with pytest.raises(FrameError, match="newer than the newest"):
        history.at(19 * SECOND)


def test_lengths_are_checked():
    for bad in ({"length_s": 0.0}, {"max_gap_s": -1.0}, {"max_ahead_s": math.nan}):
        with pytest.raises(ValueError, match="must be positive"):
            JointHistory(**bad)
