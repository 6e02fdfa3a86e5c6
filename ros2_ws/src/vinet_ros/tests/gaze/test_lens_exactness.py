# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Every lens model is inverted to 1e-9 wherever it can be, and is OpenCV's own."""

import math
from dataclasses import replace
from types import SimpleNamespace

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
)
from vinet_ros.gaze.camera_info import camera_info_to_camera

EXACT = 1e-9  # of a ray's or a normalised point's coordinates
LIKE_OPENCV = 1e-6
TIGHT = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10_000, 1e-15)
WIDTH, HEIGHT = 640, 480

# What calibrations of real lenses give, and beyond: mild tele lenses to strong wide-angle ones.
RANGES = {
    "plumb_bob": (0.4, 0.2, 0.01, 0.01, 0.1),
    "rational_polynomial": (0.8, 0.4, 0.01, 0.01, 0.1, 0.8, 0.4, 0.1),
    "equidistant": (0.1, 0.05, 0.02, 0.01),
}
MODELS = pytest.mark.parametrize("model", RANGES)
many = settings(deadline=None, max_examples=100)


@st.composite
def cameras(draw, model):
    d = tuple(draw(st.floats(-limit, limit)) for limit in RANGES[model])
    fx = draw(st.floats(250, 2000))
    fy = fx * draw(st.floats(0.9, 1.1))
    cx, cy = draw(st.floats(200, 440)), draw(st.floats(150, 330))
    return PinholeCamera(WIDTH, HEIGHT, fx, fy, cx, cy, model, d)


pixels = st.tuples(st.floats(-0.5, WIDTH - 0.5), st.floats(-0.5, HEIGHT - 0.5))


def ray_at(camera, pixel):
    """Return the pixel's ray; leave out where the model folds back before the pixel."""
    try:
        return pixel_to_ray(camera, *pixel)
    except FrameError:
        assume(False)


def pixel_at(camera, ray):
    """Return the ray's pixel; leave out what the model does not image, or outside the image."""
    try:
        u, v = ray_to_pixel(camera, ray)
    except ValueError:
        assume(False)
    assume(camera.contains(u, v))
    return u, v


def sharpness(camera, ray):
    """Return by how much the image moves, at least, when the ray turns by a little.

    At the fold it is zero: there a pixel says nothing of its ray, whatever the arithmetic.
    """
    step = 1e-6
    forward = ray[2]
    across = np.cross(ray, (0.0, 0.0, 1.0) if abs(forward) < 0.9 else (1.0, 0.0, 0.0))
    across /= np.linalg.norm(across)
    along = np.cross(ray, across)
    columns = []
    for way in (across, along):
        ends = [np.array(camera.lens.image(tuple(ray + s * step * way))) for s in (1, -1)]
        columns.append((ends[0] - ends[1]) / (2 * step))
    return float(np.linalg.svd(np.stack(columns, axis=1), compute_uv=False)[-1])


@MODELS
@many
@given(data=st.data())
def test_a_pixel_comes_back_from_its_ray(model, data):
    camera, pixel = data.draw(cameras(model)), data.draw(pixels)
    u, v = ray_to_pixel(camera, ray_at(camera, pixel))
    assert abs(u - pixel[0]) / camera.fx < EXACT and abs(v - pixel[1]) / camera.fy < EXACT


@MODELS
@many
@given(data=st.data())
def test_a_ray_comes_back_from_its_pixel(model, data):
    camera = data.draw(cameras(model))
    x, y = data.draw(st.floats(-2, 2)), data.draw(st.floats(-2, 2))
    ray = np.array((x, y, 1.0)) / math.sqrt(x * x + y * y + 1)
    pixel = pixel_at(camera, tuple(ray))
    try:
        assume(sharpness(camera, ray) > 1e-4)
    except ValueError:
        assume(False)  # at the very edge of what the model images
    assert pixel_to_ray(camera, *pixel) == pytest.approx(ray, abs=EXACT)


@pytest.mark.parametrize(
    ("d", "x", "y"),
    [
        # What the tangential part adds lies beyond all that the radial one reaches.
        ((0.0, 0.0, 0.0, -0.0078125, 0.0, 0.75, 0.0, 0.0625), -0.75, 0.5),
        # A pole, which rounding puts before the limit.
        ((0.0, 0.0, 0.0, 0.0, 0.0, -0.8, 0.0, 0.0), -0.75, 0.0),
    ],
)
def test_rays_that_were_hard_to_find(d, x, y):
    camera = PinholeCamera(WIDTH, HEIGHT, 250.0, 250.0, 341.0, 150.0, "rational_polynomial", d)
    ray = np.array((x, y, 1.0)) / math.sqrt(x * x + y * y + 1)
    u, v = ray_to_pixel(camera, tuple(ray))
    assert pixel_to_ray(camera, u, v) == pytest.approx(ray, abs=EXACT)


@MODELS
@many
@given(data=st.data())
def test_pan_and_tilt_come_back_from_their_pixel(model, data):
    camera, pixel = data.draw(cameras(model)), data.draw(pixels)
    ray_at(camera, pixel)
    u, v = pan_tilt_to_pixel(camera, *pixel_to_pan_tilt(camera, *pixel))
    assert abs(u - pixel[0]) / camera.fx < EXACT and abs(v - pixel[1]) / camera.fy < EXACT


def opencv_image(camera, ray):
    """Return the pixel of a ray by OpenCV's own projection."""
    point = np.array([[ray]], np.float64)
    none = np.zeros(3)
    if camera.distortion_model == "equidistant":
        image, _ = cv2.fisheye.projectPoints(point, none, none, matrix(camera), lens(camera))
    else:
        image, _ = cv2.projectPoints(point, none, none, matrix(camera), lens(camera))
    return image.reshape(2)


def opencv_ray(camera, pixel):
    """Return the ray of a pixel by OpenCV's own undistortion; None where it did not converge."""
    point = np.array([[pixel]], np.float64)
    fisheye = camera.distortion_model == "equidistant"
    undistort = cv2.fisheye.undistortPoints if fisheye else cv2.undistortPoints
    x, y = undistort(point, matrix(camera), lens(camera), criteria=TIGHT).reshape(2)
    if not (math.isfinite(x) and math.isfinite(y)) or max(abs(x), abs(y)) > 1e4:
        return None
    again = opencv_image(camera, (x, y, 1.0))
    ray = np.array((x, y, 1.0)) / math.sqrt(x * x + y * y + 1)
    return ray if np.abs(again - pixel).max() < 1e-7 else None


def matrix(camera):
    return np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])


def lens(camera):
    return np.array(camera.d, np.float64)


@MODELS
@many
@given(data=st.data())
def test_rays_are_those_of_opencv_s_undistortion(model, data):
    """Where it converges: it iterates to a fixed point, which strong lenses do not have."""
    camera, pixel = data.draw(cameras(model)), data.draw(pixels)
    ray = np.array(ray_at(camera, pixel))
    assume(ray[2] > 0.05)  # it writes a ray as x / z, y / z
    theirs = opencv_ray(camera, pixel)
    assume(theirs is not None)
    try:
        assume(sharpness(camera, ray) > 1e-3)
    except ValueError:
        assume(False)
    radius = np.hypot(*(theirs[:2] / theirs[2]))
    assume(radius < getattr(camera.lens, "limit", math.inf))  # not one of beyond the fold
    np.testing.assert_allclose(ray, theirs, atol=LIKE_OPENCV)


@MODELS
@many
@given(data=st.data())
def test_opencv_images_each_ray_at_its_pixel(model, data):
    """The forward model of OpenCV is exact: it needs no iteration to be compared with."""
    camera, pixel = data.draw(cameras(model)), data.draw(pixels)
    ray = ray_at(camera, pixel)
    assume(ray[2] > 0.05)
    assert opencv_image(camera, ray) == pytest.approx(pixel, abs=LIKE_OPENCV)


@pytest.mark.parametrize(
    ("model", "d", "f"),
    [
        ("plumb_bob", (-0.28, 0.09, 0.001, -0.002, -0.01), 500.0),
        ("plumb_bob", (0.12, -0.25, -0.0008, 0.0005, 0.1), 900.0),
        ("rational_polynomial", (0.6, 0.12, 0.0012, -0.0008, 0.01, 0.9, 0.25, 0.03), 500.0),
        ("rational_polynomial", (8.1, 3.4, 0.0001, 0.0002, 0.13, 8.4, 5.9, 0.8), 380.0),
        ("equidistant", (0.02, -0.01, 0.003, -0.001), 280.0),
    ],
)
def test_real_calibrations_over_the_whole_image(model, d, f):
    """Nothing is left out here: every pixel of a grid, both ways and OpenCV's."""
    camera = PinholeCamera(WIDTH, HEIGHT, f, 1.02 * f, 322.5, 236.25, model, d)
    for u in np.linspace(-0.5, WIDTH - 0.5, 17):
        for v in np.linspace(-0.5, HEIGHT - 0.5, 13):
            ray = pixel_to_ray(camera, u, v)
            assert ray_to_pixel(camera, ray) == pytest.approx((u, v), abs=EXACT * f)
            theirs = opencv_ray(camera, (u, v))
            assert theirs is not None
            np.testing.assert_allclose(ray, theirs, atol=LIKE_OPENCV)


def info(camera, *, roi=(0, 0, 0, 0), binning=(0, 0)):
    left, top, width, height = roi
    return SimpleNamespace(
        width=camera.width,
        height=camera.height,
        k=matrix(camera).ravel(),
        d=camera.d,
        distortion_model=camera.distortion_model,
        roi=SimpleNamespace(x_offset=left, y_offset=top, width=width, height=height),
        binning_x=binning[0],
        binning_y=binning[1],
    )


@MODELS
@many
@given(data=st.data(), binning=st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_region_of_interest_and_binning_show_the_same_rays(model, data, binning):
    """A binned pixel's centre is the middle of the full pixels in it; what is left over is cut."""
    camera = data.draw(cameras(model))
    left, top = data.draw(st.integers(0, 300)), data.draw(st.integers(0, 200))
    width = data.draw(st.integers(40, WIDTH - left))
    height = data.draw(st.integers(40, HEIGHT - top))
    part = camera_info_to_camera(info(camera, roi=(left, top, width, height), binning=binning))
    assert (part.width, part.height) == (width // binning[0], height // binning[1])
    u = data.draw(st.integers(0, part.width - 1))
    v = data.draw(st.integers(0, part.height - 1))
    full_u = left + u * binning[0] + (binning[0] - 1) / 2
    full_v = top + v * binning[1] + (binning[1] - 1) / 2
    expected = ray_at(camera, (full_u, full_v))
    assert ray_at(part, (u, v)) == pytest.approx(expected, abs=EXACT)


def test_a_pole_of_the_model_is_refused_and_divides_nothing():
    """A rational model whose denominator vanishes within the image images up to the pole."""
    lens_with_pole = (0.0, 0.0, 0.0, 0.0, 0.0, -0.25)  # 1 - r^2 / 4: at r = 2
    camera = PinholeCamera(WIDTH, HEIGHT, 250.0, 250.0, 320.0, 240.0, "rational_polynomial")
    camera = replace(camera, d=lens_with_pole)
    with pytest.raises(ValueError, match="pole"):
        ray_to_pixel(camera, (2.0, 0.0, 1.0))
    with pytest.raises(ValueError, match="no image"):
        ray_to_pixel(camera, (2.01, 0.0, 1.0))
    for column in (320.0, 500.0, WIDTH - 0.5):
        ray = pixel_to_ray(camera, column, 240.0)
        assert ray_to_pixel(camera, ray) == pytest.approx((column, 240.0), abs=1e-9)
    far = replace(camera, fx=1.0, fy=1.0)
    ray = pixel_to_ray(far, WIDTH - 0.5, 240.0)
    assert ray[0] / ray[2] == pytest.approx(2.0, abs=0.01)
