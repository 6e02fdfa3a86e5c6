# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vinet_ros.errors import FrameError
from vinet_ros.gaze import (
    PinholeCamera,
    pan_tilt_to_pixel,
    pixel_to_pan_tilt,
    pixel_to_ray,
    ray_to_pixel,
    scale_pixel,
)

unhurried = settings(deadline=None)  # the machine may be busy

PLUMB_BOB = (-0.28, 0.09, 0.001, -0.002, -0.01)
RATIONAL = (0.6, 0.12, 0.0012, -0.0008, 0.01, 0.9, 0.25, 0.03)
FISHEYE = (0.02, -0.01, 0.003, -0.001)


def camera(model="", d=(), fx=500.0, fy=510.0):
    return PinholeCamera(640, 480, fx, fy, 322.5, 236.25, model, d)


def small(limit):
    return st.floats(-limit, limit, allow_nan=False)


coefficients = st.one_of(
    st.tuples(st.just(""), st.just(())),
    st.tuples(
        st.just("plumb_bob"),
        st.tuples(small(0.4), small(0.2), small(0.01), small(0.01), small(0.1)),
    ),
    st.tuples(
        st.just("rational_polynomial"),
        st.tuples(*map(small, (0.4, 0.2, 0.01, 0.01, 0.1, 0.4, 0.2, 0.1))),
    ),
    st.tuples(
        st.just("equidistant"), st.tuples(small(0.1), small(0.05), small(0.02), small(0.01))
    ),
)
cameras = st.builds(
    lambda lens, fx, fy: camera(*lens, fx=fx, fy=fy),
    coefficients,
    st.floats(300, 2000),
    st.floats(300, 2000),
)
columns = st.floats(-0.5, 639.5)
rows = st.floats(-0.5, 479.5)


def ray_or_skip(cam, u, v):
    """Wild coefficients fold the image back before its corner: refused, as a test below says."""
    try:
        return pixel_to_ray(cam, u, v)
    except FrameError:
        assume(False)


@unhurried
@given(cameras, columns, rows)
def test_a_pixel_comes_back_from_its_ray(cam, u, v):
    x, y, z = ray_or_skip(cam, u, v)
    assert math.isclose(x * x + y * y + z * z, 1.0, abs_tol=1e-12)
    assert ray_to_pixel(cam, (3 * x, 3 * y, 3 * z)) == pytest.approx((u, v), abs=1e-5)


@unhurried
@given(cameras, columns, rows)
def test_a_pixel_comes_back_from_its_pan_and_tilt(cam, u, v):
    ray_or_skip(cam, u, v)
    pan, tilt = pixel_to_pan_tilt(cam, u, v)
    assert pan_tilt_to_pixel(cam, pan, tilt) == pytest.approx((u, v), abs=1e-5)


@unhurried
@given(cameras, columns, rows, st.integers(16, 4000), st.integers(16, 4000))
def test_a_resized_image_shows_the_same_ray(cam, u, v, width, height):
    ray = ray_or_skip(cam, u, v)
    there = scale_pixel(u, v, from_size=(cam.height, cam.width), to_size=(height, width))
    inside = (
        min(max(there[0], -0.5), width - 0.5),
        min(max(there[1], -0.5), height - 0.5),
    )
    assert inside == pytest.approx(there, abs=1e-9)
    assert pixel_to_ray(cam.scaled(width, height), *inside) == pytest.approx(ray, abs=1e-8)


@unhurried
@given(columns, rows, st.integers(0, 600), st.integers(0, 400))
def test_a_part_of_the_image_shows_the_same_ray(u, v, left, top):
    cam = camera("plumb_bob", PLUMB_BOB)
    assume(u >= left and v >= top)
    part = cam.cropped(left, top, 640 - left, 480 - top)
    assert pixel_to_ray(part, u - left, v - top) == pytest.approx(pixel_to_ray(cam, u, v))


@unhurried
@given(columns, rows, st.integers(1, 5000), st.integers(1, 5000))
def test_scaling_a_pixel_there_and_back(u, v, width, height):
    there = scale_pixel(u, v, (480, 640), (height, width))
    assert scale_pixel(*there, (height, width), (480, 640)) == pytest.approx((u, v), abs=1e-9)


@pytest.mark.parametrize(
    ("model", "d"), [("plumb_bob", PLUMB_BOB), ("rational_polynomial", RATIONAL), ("", ())]
)
def test_rays_are_those_of_opencv(model, d):
    cam = camera(model, d)
    pixels = grid()
    expected = cv2.undistortPoints(
        pixels, intrinsics(cam), np.array(d or [0.0] * 5), criteria=FINE
    )
    rays = np.array([pixel_to_ray(cam, u, v) for u, v in pixels[:, 0]])
    np.testing.assert_allclose(rays[:, :2] / rays[:, 2:], expected[:, 0], atol=1e-9)


def test_fisheye_rays_are_those_of_opencv():
    cam = camera("equidistant", FISHEYE)
    pixels = grid()
    expected = cv2.fisheye.undistortPoints(
        pixels, intrinsics(cam), np.array(FISHEYE), criteria=FINE
    )
    rays = np.array([pixel_to_ray(cam, u, v) for u, v in pixels[:, 0]])
    np.testing.assert_allclose(rays[:, :2] / rays[:, 2:], expected[:, 0], atol=1e-9)


FINE = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 1000, 1e-14)


def grid():
    u, v = np.meshgrid(np.linspace(-0.5, 639.5, 15), np.linspace(-0.5, 479.5, 11))
    return np.stack((u.ravel(), v.ravel()), axis=-1)[:, None, :]


def intrinsics(cam):
    return np.array([[cam.fx, 0, cam.cx], [0, cam.fy, cam.cy], [0, 0, 1]])


def test_the_edges_of_an_ideal_camera_are_half_its_field_of_view_away():
    cam = PinholeCamera.from_hfov(640, 480, 60)
    assert math.degrees(pixel_to_pan_tilt(cam, -0.5, 239.5).pan_rad) == pytest.approx(30)
    assert math.degrees(pixel_to_pan_tilt(cam, 639.5, 239.5).pan_rad) == pytest.approx(-30)
    assert pixel_to_pan_tilt(cam, 319.5, 239.5) == pytest.approx((0, 0))
    top = pixel_to_pan_tilt(cam, 319.5, -0.5).tilt_rad
    assert math.tan(top) == pytest.approx(240 / 640 * 2 * math.tan(math.radians(30)))


def test_pan_turns_before_tilt():
    cam = PinholeCamera.from_hfov(1000, 1000, 90)
    u, v = pan_tilt_to_pixel(cam, math.radians(30), math.radians(20))
    forward = math.cos(math.radians(20)) * math.cos(math.radians(30))
    assert u == pytest.approx(499.5 - 500 * math.tan(math.radians(30)))
    assert v == pytest.approx(499.5 - 500 * math.sin(math.radians(20)) / forward)


def test_a_fisheye_sees_behind_its_own_plane():
    cam = PinholeCamera(1000, 1000, 250, 250, 499.5, 499.5, "equidistant", (0.0, 0.0, 0.0, 0.0))
    pan, tilt = pixel_to_pan_tilt(cam, 499.5 - 250 * math.radians(110), 499.5)
    assert (math.degrees(pan), tilt) == pytest.approx((110, 0))


@pytest.mark.parametrize("pixel", [(-0.51, 0), (0, 479.51), (math.nan, 0), (0, math.inf)])
def test_a_pixel_outside_the_image_is_refused(pixel):
    with pytest.raises(ValueError, match="outside the image 640x480"):
        pixel_to_ray(camera(), *pixel)


def test_a_ray_behind_a_flat_image_is_refused():
    with pytest.raises(ValueError, match="no image of the ray"):
        pan_tilt_to_pixel(camera(), math.pi, 0.0)
    with pytest.raises(ValueError, match="no image of the ray"):
        ray_to_pixel(camera("equidistant", FISHEYE), (0.0, 0.0, -1.0))


def test_a_ray_beyond_the_fold_of_a_barrel_lens_is_refused():
    cam = camera("plumb_bob", (-0.3, 0.0, 0.0, 0.0, 0.0))
    fold = math.sqrt(1 / 0.9)
    ray_to_pixel(cam, (fold - 1e-6, 0.0, 1.0))
    with pytest.raises(ValueError, match="no image of the ray"):
        ray_to_pixel(cam, (fold + 1e-6, 0.0, 1.0))


@pytest.mark.parametrize(
    ("model", "d"),
    [("plumb_bob", (-0.3, 0.0, 0.001, 0.0, 0.0)), ("equidistant", (-0.3, 0.0, 0.0, 0.0))],
)
def test_a_corner_that_the_calibration_does_not_cover_is_refused(model, d):
    cam = camera(model, d, fx=250.0, fy=250.0)
    pixel_to_ray(cam, 322.5, 236.25)
    with pytest.raises(FrameError, match="calibrate it anew"):
        pixel_to_ray(cam, 0, 0)


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"width": 0}, "at least one pixel"),
        ({"fx": 0.0}, "focal lengths"),
        ({"fy": math.nan}, "focal lengths"),
        ({"cx": math.inf}, "optical axis"),
        ({"distortion_model": "kannala"}, "distortion model must be"),
        ({"distortion_model": "", "d": (0.1,)}, "distortion model must be"),
        ({"distortion_model": "plumb_bob", "d": (0.1,) * 6}, "5 coefficients"),
        ({"distortion_model": "plumb_bob", "d": (math.nan,)}, "finite"),
    ],
)
def test_impossible_cameras_are_refused(fields, match):
    good = {"width": 640, "height": 480, "fx": 500.0, "fy": 500.0, "cx": 319.5, "cy": 239.5}
    PinholeCamera(**good)
    with pytest.raises(ValueError, match=match):
        PinholeCamera(**{**good, **fields})


@pytest.mark.parametrize("hfov_deg", [0, 180, -10, math.nan])
def test_an_impossible_field_of_view_is_refused(hfov_deg):
    with pytest.raises(ValueError, match="hfov_deg"):
        PinholeCamera.from_hfov(640, 480, hfov_deg)


def test_missing_last_coefficients_are_zero():
    four = camera("plumb_bob", PLUMB_BOB[:4])
    five = camera("plumb_bob", (*PLUMB_BOB[:4], 0.0))
    assert pixel_to_ray(four, 10, 20) == pixel_to_ray(five, 10, 20)
