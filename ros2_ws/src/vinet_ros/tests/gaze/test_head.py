# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PanTilt, PinholeCamera, pan_tilt_to_pixel, pixel_to_ray
from vinet_ros.gaze.head import Head, HeadMount, wrap

unhurried = settings(deadline=None)
angles = st.floats(-math.pi, math.pi)
tilts = st.floats(-1.4, 1.4)
poses = st.builds(PanTilt, angles, tilts)
offsets = st.tuples(*[st.floats(-0.2, 0.2)] * 3)
small_turns = st.tuples(angles, st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
heads = st.builds(lambda xyz, rpy: Head(HeadMount(xyz, rpy)), offsets, small_turns)
CENTRED = PinholeCamera(640, 480, 500.0, 510.0, 322.5, 236.25)


def angle_between(a: PanTilt, b: PanTilt) -> float:
    return max(abs(wrap(a.pan_rad - b.pan_rad)), abs(a.tilt_rad - b.tilt_rad))


@unhurried
@given(heads, poses, st.floats(1.0, 50.0))
def test_a_point_on_the_optical_axis_is_where_the_head_is(head, pose, distance_m):
    """Unless another pose with less tilt sees it too: then that one does."""
    point = head.to_base((0.0, 0.0, distance_m), pose)
    found = head.direction_of_point(point)
    if angle_between(found, pose) > 1e-9:
        assert abs(found.tilt_rad) <= abs(pose.tilt_rad) + 1e-9
        assert head.to_optical(point, found) == pytest.approx((0, 0, distance_m), abs=1e-9)


@unhurried
@given(
    heads,
    poses,
    st.floats(-1, 1),
    st.floats(-1, 1),
    st.floats(1.0, 50.0),
)
def test_turned_to_its_direction_the_head_has_a_point_on_its_axis(head, pose, x, y, depth_m):
    seen = (x * depth_m, y * depth_m, depth_m)
    try:
        goal = head.direction(seen, pose)
    except FrameError:
        assume(False)
    x, y, z = head.to_optical(head.to_base(seen, pose), goal)
    assert max(abs(x), abs(y)) < 1e-9 * max(1.0, depth_m) and z > 0
    assert abs(goal.pan_rad) <= math.pi and abs(goal.tilt_rad) <= math.pi


@unhurried
@given(heads, poses, poses, st.floats(-3, 3), st.floats(0.5, 3), st.floats(0.6, 3))
def test_a_target_stays_while_the_head_moves(head, first, second, x, y, z):
    point = (x, y, z)
    assume(math.hypot(x, y) > 0.3)
    try:
        seen = [head.direction(head.to_optical(point, pose), pose) for pose in (first, second)]
    except FrameError:
        assume(False)  # above a camera that looks aside
    assert angle_between(*seen) < 1e-9


@unhurried
@given(poses, st.floats(0, 639), st.floats(0, 479))
def test_without_offset_and_roll_at_level_the_pixel_s_angles_are_added_once(pose, u, v):
    """At tilt 0 pan adds; nowhere are the joint's angles added twice."""
    ray = pixel_to_ray(CENTRED, u, v)
    here = Head().direction(ray, PanTilt(pose.pan_rad, 0.0))
    x, y, z = ray
    expected = PanTilt(wrap(pose.pan_rad + math.atan2(-x, z)), math.atan2(-y, math.hypot(x, z)))
    assert angle_between(here, expected) < 1e-9


@unhurried
@given(heads, poses, poses)
def test_view_is_a_rigid_motion_and_to_optical_its_inverse(head, pose, point):
    rotation, _ = head.view(pose)
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    there = (*point, 2.0)
    assert head.to_optical(head.to_base(there, pose), pose) == pytest.approx(there, abs=1e-9)


def test_pan_is_to_the_left_and_tilt_upward():
    head = Head()
    right_below = (1.0, 1.0, 2.0)
    goal = head.direction(right_below, PanTilt(0.0, 0.0))
    assert goal.pan_rad == pytest.approx(-math.atan2(1, 2))
    assert goal.tilt_rad == pytest.approx(-math.atan2(1, math.hypot(1, 2)))
    rotation, position = head.view(PanTilt(math.pi / 2, 0.0))
    assert rotation[:, 2] == pytest.approx((0, 1, 0), abs=1e-12)  # the axis looks left
    assert head.view(PanTilt(0.0, math.pi / 4))[0][2, 2] == pytest.approx(math.sqrt(0.5))
    assert position == pytest.approx((0, 0, 0))


def test_an_offset_and_a_roll_count():
    """A camera 10 cm left of the axes has to turn right to see what is straight ahead at 1 m."""
    beside = Head(HeadMount(xyz_m=(0.0, 0.1, 0.0)))
    assert beside.direction_of_point((1, 0, 0)).pan_rad == pytest.approx(-math.asin(0.1))
    rolled = Head(HeadMount(rpy_rad=(math.pi / 2, 0.0, 0.0)))
    # Rolled clockwise by a quarter, the picture's right is below.
    goal = rolled.direction((1.0, 0.0, 1.0), PanTilt(0.0, 0.0))
    assert goal == pytest.approx((0.0, -math.pi / 4))
    pitched = Head(HeadMount(rpy_rad=(0.0, 0.3, 0.0)))  # looks down by 0.3
    assert pitched.direction_of_point((1, 0, 0)) == pytest.approx((0.0, 0.3))


def test_a_camera_that_looks_backward_turns_round():
    behind = Head(HeadMount(rpy_rad=(0.0, 0.0, math.pi)))
    goal = behind.direction_of_point((1, 0, 0.5))
    assert abs(goal.pan_rad) == pytest.approx(math.pi)
    assert goal.tilt_rad == pytest.approx(-math.atan2(0.5, 1))


@pytest.mark.parametrize(
    ("mount", "point", "words"),
    [
        (HeadMount(), (math.nan, 0, 1), "must be finite"),
        (HeadMount(), (math.inf, 0, 1), "must be finite"),
        (HeadMount(), (0, 0, 0), "too near to its axes"),
        (HeadMount(xyz_m=(0.2, 0, 0)), (0.1, 0, 0), "too near"),
        (HeadMount(xyz_m=(0, 0.1, 0)), (0, 0, 1), "too near"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(mount, point, words):
    with pytest.raises(FrameError, match=words):
        Head(mount).direction_of_point(point)


@pytest.mark.parametrize(
    "bad", [{"xyz_m": (0, 0, math.nan)}, {"rpy_rad": (0, 0)}, {"rpy_rad": (0, 0, math.inf)}]
)
def test_a_mount_needs_finite_numbers(bad):
    with pytest.raises(ValueError, match="three finite numbers"):
        HeadMount(**bad)


@unhurried
@given(small_turns, offsets, st.floats(0.1, 10))
def test_a_mount_comes_back_from_the_pose_of_its_optical_frame(rpy, xyz, length):
    mount = HeadMount(xyz, rpy)
    rotation, position = Head(mount).view(PanTilt(0.0, 0.0))
    vector = cv2.Rodrigues(rotation)[0].ravel()
    angle = float(np.linalg.norm(vector))
    axis = vector / angle if angle else vector
    x, y, z = (length * math.sin(angle / 2) * float(value) for value in axis)
    quaternion = (x, y, z, length * math.cos(angle / 2))
    again = HeadMount.of_optical_frame(tuple(position.tolist()), quaternion)
    assert again.rotation == pytest.approx(mount.rotation, abs=1e-6)
    assert again.xyz_m == pytest.approx(xyz)


@pytest.mark.parametrize("quaternion", [(0, 0, 0, 0), (math.nan, 0, 0, 1), (math.inf, 0, 0, 1)])
def test_a_rotation_needs_a_quaternion(quaternion):
    with pytest.raises(ValueError, match="finite quaternion"):
        HeadMount.of_optical_frame((0.0, 0.0, 0.0), quaternion)


def test_what_the_camera_sees_beside_its_axis_is_seen_there_in_pixels():
    """Head, ray and pixel agree: a point seen at a pixel is the pixel's pan and tilt away."""
    head, pose = Head(), PanTilt(0.4, 0.0)
    point = head.to_base(pixel_to_ray(CENTRED, 500.0, 100.0), pose)
    goal = head.direction_of_point(point)
    assert pan_tilt_to_pixel(CENTRED, goal.pan_rad - pose.pan_rad, goal.tilt_rad) == pytest.approx(
        (500.0, 100.0), abs=1e-9
    )
