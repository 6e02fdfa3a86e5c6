# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import contextlib
import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinet_ros.errors import FrameError, VinetError
from vinet_ros.gaze import (
    AttentionSettings,
    ControlSettings,
    FollowerSettings,
    GazeFollower,
    PanTilt,
)

unhurried = settings(deadline=None, max_examples=40)  # the machine may be busy

MS = 1_000_000
START_MS = 10_000
LEFT = (-0.6, 0.0, 2.0, 0.8)  # optical frame: x right, so this is to the left
LEFT_PAN = math.atan2(0.6, 2.0)


class Robot:
    """A head that does at once what it is told, and images of one target."""

    def __init__(self, follower=None, place=PanTilt(0.0, 0.0)):  # noqa: B008
        self.follower = follower or GazeFollower()
        self.place, self.now_ms = place, START_MS
        self.commands = []

    def live(self, duration_ms, target=None, joints=True):
        """Pass time; the target is a direction in head coordinates."""
        for _ in range(duration_ms // 10):
            self.now_ms += 10
            if joints:
                self.follower.push_joints(self.now_ms * MS, self.place)
            if target is not None and self.now_ms % 60 == 0:
                point = (*self._seen(target), 0.8)
                self.follower.push_targets(self.now_ms * MS, [point])
            if self.now_ms % 30 == 0:
                command = self.follower.step(self.now_ms * MS)
                self.commands.append(command)
                if command is not None:
                    self.place = command.position
        return self.commands[-1]

    def enable(self):
        self.follower.enable(self.now_ms * MS)

    def _seen(self, target):
        pan, tilt = target
        level = 2.0 * math.cos(tilt)
        base = (level * math.cos(pan), level * math.sin(pan), 2.0 * math.sin(tilt))
        return [float(v) for v in self.follower.head.to_optical(base, self.place)]


def running(**parts):
    robot = Robot(GazeFollower(**parts))
    robot.live(100)
    robot.enable()
    return robot


def test_nothing_is_commanded_before_it_is_enabled():
    robot = Robot()
    assert robot.live(1000, target=PanTilt(0.4, 0.1)) is None
    assert robot.follower.state == "disabled" and robot.place == (0.0, 0.0)


def test_enabling_needs_a_fresh_joint_state():
    robot = Robot()
    with pytest.raises(VinetError, match="no joint state has come yet"):
        robot.enable()
    robot.live(100)
    robot.now_ms += 3000
    with pytest.raises(VinetError, match=r"3\.00 s old"):
        robot.enable()


def test_a_target_is_brought_to_the_middle():
    robot = running()
    target = PanTilt(0.5, 0.2)
    robot.live(2000, target)
    assert robot.place == pytest.approx(target, abs=0.02)
    assert robot.follower.state == "following"
    assert robot.follower.fixation.kind == "fixation"


@pytest.mark.parametrize("place", [PanTilt(0.7, -0.3), PanTilt(-1.9, 0.9)])
def test_enabling_from_any_pose_makes_no_jump(place):
    robot = Robot(place=place)
    robot.live(100)
    robot.enable()
    robot.live(30, target=PanTilt(0.0, 0.0))
    assert robot.commands[-1].position == pytest.approx(place, abs=1e-9)


def test_without_targets_the_head_holds_and_says_why():
    robot = running()
    robot.live(500, target=PanTilt(1.2, 0.0))  # still on the way
    robot.live(3000)
    assert robot.follower.state == "timeout"
    assert robot.follower.reason.startswith("the last target is")
    assert robot.follower.control.at_rest
    assert 0.1 < robot.place.pan_rad < 1.2
    assert robot.follower.counters.timeouts == 1
    robot.live(1500, target=PanTilt(1.2, 0.0))
    assert robot.follower.state == "following"


def test_on_timeout_center_goes_to_the_centre_and_follows_again():
    robot = running(settings=FollowerSettings(on_timeout="center"))
    robot.live(2000, target=PanTilt(0.6, 0.2))
    robot.live(3000)
    assert robot.place == pytest.approx((0.0, 0.0), abs=0.021)
    assert robot.follower.state == "timeout"
    robot.live(2000, target=PanTilt(0.6, 0.2))
    assert robot.place == pytest.approx((0.6, 0.2), abs=0.03)


def test_on_timeout_disable_brakes_and_is_silent_then():
    robot = running(settings=FollowerSettings(on_timeout="disable"))
    robot.live(500, target=PanTilt(1.2, 0.0))
    assert robot.live(3000) is None
    assert robot.follower.state == "disabled"
    assert robot.follower.reason.startswith("disabled: the last target is")
    braked = [command for command in robot.commands if command is not None][-1]
    assert braked.velocity == (0.0, 0.0)
    assert robot.live(1000, target=PanTilt(1.2, 0.0)) is None


@pytest.mark.parametrize("on_timeout", ["hold", "center"])
def test_joint_states_that_stop_stop_the_head(on_timeout):
    robot = running(settings=FollowerSettings(on_timeout=on_timeout))
    robot.live(500, target=PanTilt(1.2, 0.0))
    robot.live(1000, joints=False)
    stood = robot.place
    robot.live(1000, joints=False)
    assert robot.place == stood and robot.follower.control.at_rest
    assert robot.follower.state == "timeout" and "joint state" in robot.follower.reason


def test_stop_brakes_and_stays_until_enabled_again():
    robot = running()
    robot.live(600, target=PanTilt(1.2, 0.0))
    before = robot.place
    robot.follower.stop()
    assert robot.live(1000, target=PanTilt(1.2, 0.0)) is None
    assert 0 < robot.place.pan_rad - before.pan_rad < 1.0 / 8 + 0.04  # v^2 / 2a and a step
    robot.enable()
    robot.live(1500, target=PanTilt(1.2, 0.0))
    assert robot.place == pytest.approx((1.2, 0.0), abs=0.03)


def test_enabling_while_it_still_brakes_goes_on_without_a_jump():
    robot = running()
    robot.live(600, target=PanTilt(1.2, 0.0))
    robot.follower.stop()
    robot.live(60, target=PanTilt(1.2, 0.0))
    robot.enable()
    robot.live(600, target=PanTilt(1.2, 0.0))
    speeds = [command.velocity.pan_rad for command in robot.commands if command is not None]
    jumps = [abs(b - a) for a, b in itertools.pairwise(speeds)]
    assert max(jumps) <= 4.0 * 0.03 + 1e-6


def test_center_goes_there_and_follows_on():
    robot = running()
    robot.live(2000, target=PanTilt(0.9, 0.2))
    robot.follower.center()
    robot.live(300, target=PanTilt(0.9, 0.2))
    assert robot.follower.state == "centering" and robot.place.pan_rad < 0.9
    robot.live(4000, target=PanTilt(0.9, 0.2))
    assert any(abs(c.position.pan_rad) < 0.021 for c in robot.commands[-130:] if c)
    assert robot.place == pytest.approx((0.9, 0.2), abs=0.03)


def test_center_is_refused_while_disabled():
    with pytest.raises(VinetError, match="enable"):
        GazeFollower().center()


def test_halt_holds_the_measured_place_at_once():
    robot = running()
    robot.live(600, target=PanTilt(1.2, 0.0))
    command = robot.follower.halt(robot.now_ms * MS)
    measured = robot.follower.joints.newest.position
    assert command.position == measured and command.velocity == command.drive_rad_s == (0, 0)
    assert robot.live(300, target=PanTilt(1.2, 0.0)) is None
    assert GazeFollower().halt(0) is None


def test_targets_are_where_the_head_was_at_the_images_stamp():
    follower = GazeFollower()
    for k in range(100):
        follower.push_joints((START_MS + 10 * k) * MS, PanTilt(0.004 * k, 0.0))
    for k in (40, 47, 54):  # images of 0.5 s ago, from a slowly turning head
        aside = LEFT_PAN - 0.004 * k
        point = (-2 * math.sin(aside), 0.0, 2 * math.cos(aside), 0.5)
        follower.push_targets((START_MS + 10 * k) * MS, [point])
    assert follower.fixation.direction == pytest.approx((LEFT_PAN, 0.0), abs=1e-6)


def test_a_target_a_little_newer_than_the_joint_state_waits_for_the_next():
    follower = GazeFollower()
    follower.push_joints(START_MS * MS, PanTilt(0.0, 0.0))
    for k in range(1, 4):
        follower.push_targets((START_MS + 60 * k - 30) * MS, [LEFT])
        follower.push_joints((START_MS + 60 * k) * MS, PanTilt(0.0, 0.0))
    assert follower.attention.counters.images == 3
    with pytest.raises(FrameError, match="newer than the newest joint state"):
        follower.push_targets((START_MS + 3000) * MS, [LEFT])


def test_bad_targets_are_refused_and_the_good_ones_among_them_used():
    robot = running()
    stamp_ns = robot.now_ms * MS
    for bad in [(math.nan, 0.0, 2.0, 0.5), (0.0, 0.0, math.inf, 0.5), (0.0, 0.0, 2.0, math.nan)]:
        with pytest.raises(FrameError):
            robot.follower.push_targets(stamp_ns, [bad])
        robot.follower.push_targets(stamp_ns, [bad, LEFT])
    assert robot.follower.counters.refused_targets == 3
    assert robot.follower.attention.counters.refused_candidates == 0


def test_bad_joint_states_are_refused_and_counted():
    robot = running()
    with pytest.raises(FrameError, match="finite"):
        robot.follower.push_joints((robot.now_ms + 5) * MS, PanTilt(math.nan, 0.0))
    with pytest.raises(FrameError, match="older"):
        robot.follower.push_joints((robot.now_ms - 20) * MS, PanTilt(0.0, 0.0))
    assert robot.follower.counters.refused_joint_states == 2


def test_a_clock_that_was_set_back_stops_the_head_until_all_is_fresh_again():
    robot = running()
    robot.live(600, target=PanTilt(1.2, 0.0))
    place = robot.place
    robot.now_ms -= 5000
    robot.live(100)
    assert robot.follower.state == "timeout"
    robot.live(3000, target=PanTilt(0.3, 0.0))
    assert robot.place == pytest.approx((0.3, 0.0), abs=0.03)
    jumps = [math.dist(place, c.position) for c in robot.commands[20:22] if c]
    assert max(jumps) < 0.1


def test_an_external_target_wins_and_its_frame_is_respected():
    robot = running(attention=AttentionSettings(policy="external"))
    for _ in range(40):
        robot.live(60, target=PanTilt(-0.5, 0.0))
        robot.follower.push_external(
            robot.now_ms * MS, (2.0, 2.0 * math.tan(0.4), 0.0), in_base=True
        )
    assert robot.place == pytest.approx((0.4, 0.0), abs=0.03)
    for _ in range(10):
        robot.live(60)
        robot.follower.push_external(robot.now_ms * MS, (0.0, 0.0, 2.0))  # straight ahead: stay
    assert robot.place == pytest.approx((0.4, 0.0), abs=0.03)
    robot.live(2500, target=PanTilt(-0.5, 0.0))
    assert robot.place == pytest.approx((-0.5, 0.0), abs=0.03)
    with pytest.raises(FrameError, match="finite"):
        robot.follower.push_external(robot.now_ms * MS, (math.nan, 0.0, 1.0), in_base=True)


@pytest.mark.parametrize("policy", ["center", "random", "hold"])
def test_policies_that_need_no_target_go_on_without_one(policy):
    robot = Robot(
        GazeFollower(attention=AttentionSettings(policy=policy, random_period_s=0.5)),
        place=PanTilt(0.5, 0.2),
    )
    robot.live(100)
    robot.enable()
    robot.live(4000)
    assert robot.follower.counters.timeouts == 0
    moved = math.dist(robot.place, (0.5, 0.2)) > 0.02
    assert moved == (policy != "hold")
    if policy == "center":
        assert robot.place == pytest.approx((0.0, 0.0), abs=0.021)


times = st.one_of(st.just(0), st.integers(-150, 50), st.integers(-3000, 3000))
no_numbers = st.sampled_from([math.nan, math.inf, -math.inf])
numbers = st.one_of(st.floats(-4, 4), st.sampled_from([math.nan, math.inf, -math.inf, 1e308]))
events = st.one_of(
    st.tuples(st.just("joints"), times, st.tuples(st.floats(-1.5, 1.5), st.floats(-0.7, 0.7))),
    st.tuples(st.just("joints"), times, st.tuples(no_numbers, no_numbers)),
    st.tuples(st.just("targets"), times, st.lists(st.tuples(*[numbers] * 4), max_size=3)),
    st.tuples(st.just("external"), times, st.tuples(*[numbers] * 3)),
    st.tuples(st.sampled_from(["enable", "stop", "center", "wait"]), times, st.none()),
)


@unhurried
@given(st.lists(events, max_size=60), st.sampled_from(["hold", "center", "disable"]))
def test_whatever_arrives_no_limit_is_passed_and_nothing_breaks(story, on_timeout):
    limits = ControlSettings()
    robot = Robot(
        GazeFollower(
            attention=AttentionSettings(policy="external"),
            settings=FollowerSettings(on_timeout=on_timeout),
        )
    )
    robot.live(100)
    robot.enable()
    follower = robot.follower
    for what, offset_ms, data in story:
        stamp_ns = (robot.now_ms + offset_ms) * MS
        doings = {
            "joints": lambda s=stamp_ns, d=data: follower.push_joints(s, PanTilt(*d)),
            "targets": lambda s=stamp_ns, d=data: follower.push_targets(s, d),
            "external": lambda s=stamp_ns, d=data: follower.push_external(s, d),
            "enable": lambda: follower.enable(robot.now_ms * MS),
            "stop": follower.stop,
            "center": follower.center,
            "wait": lambda: None,
        }
        with contextlib.suppress(VinetError):
            doings[what]()
        robot.now_ms += 30
        command = follower.step(robot.now_ms * MS)
        if command is None:
            continue
        robot.place = command.position
        assert all(abs(v) <= limits.max_velocity + 1e-9 for v in command.velocity)
        assert all(abs(v) <= limits.max_velocity + 1e-9 for v in command.drive_rad_s)
        assert abs(command.position.pan_rad) <= limits.pan_max
        assert abs(command.position.tilt_rad) <= limits.tilt_max


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="on_timeout"):
        FollowerSettings(on_timeout="panic")
    with pytest.raises(ValueError, match="target_timeout_s"):
        FollowerSettings(target_timeout_s=0.0)
    with pytest.raises(ValueError, match="joints_timeout_s"):
        FollowerSettings(joints_timeout_s=math.nan)
