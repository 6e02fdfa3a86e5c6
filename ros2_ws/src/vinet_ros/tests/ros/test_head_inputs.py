# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What arrives at gaze_controller is checked: joint states, candidates, frames, stamps."""

import math

import numpy as np
import pytest
from geometry_msgs.msg import Point, PointStamped
from head_bench import cloud
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import JointState, PointCloud2, PointField

from vinet_ros.errors import FrameError
from vinet_ros.ros.gaze_parameters import GazeParameters
from vinet_ros.ros.head_inputs import (
    MAX_CANDIDATES,
    Frames,
    TargetGate,
    cloud_points,
    joint_position,
    point_of,
)
from vinet_ros.ros.parameters import ParameterError

SECOND = 1_000_000_000
SIGNED = GazeParameters(pan_sign=-1)


def joint_state(names: list[str], position: list[float], velocity: list[float] = []) -> JointState:  # noqa: B006
    message = JointState(name=names, position=position, velocity=velocity)
    message.header.stamp.sec = 7
    return message


def test_joints_are_found_by_name_and_turned_by_their_signs() -> None:
    message = joint_state(["arm", "tilt", "pan"], [9.0, 0.2, 0.5], [9.0, 1.0, -2.0])
    assert joint_position(message, SIGNED) == (7 * SECOND, (-0.5, 0.2), (2.0, 1.0))


@pytest.mark.parametrize("velocity", [[], [math.nan, math.nan], [1.0]])
def test_velocities_that_are_not_measured_are_none(velocity: list[float]) -> None:
    message = joint_state(["pan", "tilt"], [0.5, 0.2], velocity)
    assert joint_position(message, SIGNED)[2] is None


@pytest.mark.parametrize(
    ("names", "position", "words"),
    [
        (["pan"], [0.1], "must tell of pan and tilt once each, got pan"),
        (["pan", "tilt", "pan"], [0.1] * 3, "once each"),
        (["pan", "tilt"], [0.1], "2 names and 1 positions"),
        (["pan", "tilt"], [], "2 names and 0 positions"),
    ],
)
def test_joint_states_that_lack_something_are_refused(names, position, words) -> None:
    with pytest.raises(FrameError, match=words):
        joint_position(joint_state(names, position), SIGNED)


def test_candidates_are_read_whatever_their_layout() -> None:
    points = np.array([(1.0, 2.0, 3.0, 0.5), (4.0, 5.0, 6.0, 0.25)])
    for order, kind, datatype in (("<", "f4", 7), (">", "f8", 8)):
        size = int(kind[1])
        names = ("saliency", "z", "y", "x")
        message = PointCloud2(height=1, width=2, is_bigendian=order == ">")
        message.fields = [
            PointField(name=name, offset=4 + i * size, datatype=datatype, count=1)
            for i, name in enumerate(names)
        ]
        message.point_step = 4 + 4 * size
        rows = [b"\0" * 4 + row[::-1].astype(order + kind).tobytes() for row in points]
        message.data = b"".join(rows)
        assert cloud_points(message) == [tuple(row) for row in points.tolist()]


def test_a_point_that_is_not_finite_is_left_out_and_saliency_may_be_missing() -> None:
    message = cloud(0, [1.0, 0.0, 2.0, 0.5])
    message.width = 2
    message.data = np.array([math.nan, 0, 1, 1, 1, 0, 2, 0.5], "<f4").tobytes()
    assert cloud_points(message) == [(1.0, 0.0, 2.0, 0.5)]
    message.fields = message.fields[:3]
    assert cloud_points(message) == [(1.0, 0.0, 2.0, 1.0)]
    message.width, message.data = 0, b""
    assert cloud_points(message) == []


def test_of_a_huge_cloud_only_the_first_points_count() -> None:
    message = cloud(0, [1.0, 0.0, 2.0, 0.5] * 1000)
    message.width = 1000
    assert len(cloud_points(message)) == MAX_CANDIDATES


@settings(deadline=None)
@given(
    width=st.integers(0, 2**32 - 1),
    height=st.integers(0, 2**32 - 1),
    step=st.integers(0, 2**32 - 1),
    offsets=st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=4),
    datatypes=st.lists(st.integers(0, 255), min_size=4, max_size=4),
    data=st.binary(max_size=80),
)
def test_a_cloud_that_lies_is_refused_or_read_and_nothing_else(
    width, height, step, offsets, datatypes, data
) -> None:
    message = PointCloud2(width=width, height=height, point_step=step, data=data)
    message.fields = [
        PointField(name=name, offset=offset, datatype=datatype, count=1)
        for name, offset, datatype in zip(
            ("x", "y", "z", "saliency"), offsets, datatypes, strict=True
        )
    ]
    try:
        points = cloud_points(message)
    except FrameError:
        return
    assert all(math.isfinite(value) for point in points for value in point)


def test_a_point_must_be_finite() -> None:
    assert point_of(PointStamped(point=Point(x=1.0, y=2.0, z=3.0))) == (1.0, 2.0, 3.0, 1.0)
    with pytest.raises(FrameError, match="must be finite"):
        point_of(PointStamped(point=Point(x=1.0, y=math.nan, z=3.0)))


def test_frames_are_known_by_parameter_or_by_camera_info() -> None:
    frames = Frames("", "")
    with pytest.raises(FrameError, match="publish camera_info, or set camera_frame"):
        frames.check_camera("eye")
    frames.told = "eye"
    frames.check_camera("eye")
    assert Frames("asked", "torso", told="eye").camera == "asked"
    assert Frames("asked", "torso").in_base("torso")
    assert not Frames("asked", "torso").in_base("asked")
    with pytest.raises(FrameError, match="not known, set base_frame"):
        frames.in_base("torso")


@pytest.mark.parametrize(
    ("stamp_s", "words"),
    [
        (0.0, "has no stamp"),
        (102.0, "2.0 s ahead of the clock"),
        (99.0, "1.00 s old on arrival, older than 0.5 s"),
        (99.9, "50 ms older than the last one"),
    ],
)
def test_a_stamp_that_is_of_no_use_is_refused(stamp_s: float, words: str) -> None:
    gate = TargetGate("a target")
    gate.check(round(99.95 * SECOND), 100 * SECOND, 0.5)
    with pytest.raises(FrameError, match=words):
        gate.check(round(stamp_s * SECOND), 100 * SECOND, 0.5)
    gate.check(round(99.96 * SECOND), 100 * SECOND, 0.5)


def test_a_clock_that_was_set_back_starts_the_order_anew() -> None:
    gate = TargetGate("a target")
    gate.check(100 * SECOND, 100 * SECOND, 0.5)
    gate.check(50 * SECOND, 50 * SECOND, 0.5)
    gate.check(51 * SECOND, 51 * SECOND, 0.5)
    assert gate.jumps == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"pan_min": 1.0, "pan_max": -1.0}, "pan_min must be below pan_max, got 1 and -1"),
        ({"tilt_min": 0.0, "tilt_max": 0.0}, "tilt_min must be below tilt_max"),
        ({"pan_sign": 0}, "pan_sign must be 1 or -1"),
        ({"pan_joint": "neck", "tilt_joint": "neck"}, "must be two joints"),
        ({"base_frame": "eye", "camera_frame": "eye"}, "must be two frames"),
        ({"output_mode": "look_at"}, "needs base_frame"),
        ({"command_interface": "velocity"}, "for output_mode commands"),
        ({"camera_mount_xyz_m": (0.0, math.nan, 0.0)}, "must be 3 finite numbers"),
        ({"max_velocity": 0.0}, "max_velocity must be 0.01 to 20"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(values, words) -> None:
    with pytest.raises(ParameterError, match=words):
        GazeParameters(**values)


def test_the_defaults_are_those_of_the_algorithms() -> None:
    from vinet_ros.gaze.attention_settings import AttentionSettings
    from vinet_ros.gaze.control import ControlSettings

    assert GazeParameters().control() == ControlSettings(plans=True)
    assert GazeParameters().attention() == AttentionSettings()
    assert GazeParameters(max_velocity=0.5).control().max_velocity == 0.5
    assert GazeParameters(ior_tau_s=9.0).attention().ior_tau_s == 9.0
