# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PinholeCamera
from vinet_ros.ros.messages import (
    camera_info_to_camera,
    compressed_to_rgb,
    describe_camera,
    fill_compressed,
    fill_image,
    ns_to_stamp,
    scale_camera_info,
    stamp_to_ns,
)
from vinet_ros.ros.qos import output_qos, sensor_qos


@pytest.mark.parametrize(
    ("encoding", "shape", "dtype"),
    [
        ("rgb8", (5, 7, 3), np.uint8),
        ("bgr8", (5, 7, 3), np.uint8),
        ("mono8", (5, 7), np.uint8),
        ("mono16", (5, 7), np.uint16),
        ("32FC1", (5, 7), np.float32),
    ],
)
def test_a_filled_image_holds_the_array(encoding, shape, dtype):
    pixels = np.random.default_rng(0).integers(0, 200, (9, *shape[1:])).astype(dtype)[::2]
    msg, header = Image(), Image().header
    header.frame_id = "camera"
    fill_image(msg, pixels, encoding, header)
    assert (msg.height, msg.width, msg.encoding) == (5, 7, encoding)
    assert msg.header.frame_id == "camera"
    assert msg.step == 7 * pixels[0, 0].nbytes
    np.testing.assert_array_equal(np.frombuffer(msg.data, dtype).reshape(shape), pixels)


@pytest.mark.parametrize(
    ("encoding", "shape", "dtype"),
    [
        ("rgb8", (5, 7), np.uint8),
        ("rgb8", (5, 7, 4), np.uint8),
        ("mono8", (5, 7, 3), np.uint8),
        ("32FC1", (5, 7), np.float64),
        ("rgb9", (5, 7, 3), np.uint8),
    ],
)
def test_an_array_that_does_not_fit_is_refused(encoding, shape, dtype):
    with pytest.raises(ValueError, match="got"):
        fill_image(Image(), np.zeros(shape, dtype), encoding)


def test_a_filled_jpeg_comes_back():
    rgb = np.full((60, 80, 3), (200, 120, 40), np.uint8)
    msg = CompressedImage()
    fill_compressed(msg, rgb, Image().header, quality=95)
    assert msg.format == "bgr8; jpeg compressed bgr8"
    np.testing.assert_allclose(compressed_to_rgb(msg).astype(int), rgb.astype(int), atol=3)


@given(st.integers(-(2**31) * 10**9, 2**31 * 10**9 - 1))
def test_a_stamp_comes_back(stamp_ns):
    assert stamp_to_ns(ns_to_stamp(stamp_ns)) == stamp_ns


def test_a_stamp_beyond_its_field_is_refused():
    with pytest.raises(ValueError, match=r"2\*\*31"):
        ns_to_stamp(2**31 * 10**9)


CAMERA = PinholeCamera(640, 480, 500, 510, 322.5, 236.25, "plumb_bob", (0.1, 0.01, 0, 0, 0))


def info_of(camera=CAMERA, **fields):
    info = CameraInfo()
    describe_camera(info, camera)
    for name, value in fields.items():
        setattr(info, name, value)
    return info


def test_a_camera_comes_back():
    assert camera_info_to_camera(info_of()) == CAMERA
    assert camera_info_to_camera(info_of(), (480, 640)) == CAMERA


def test_no_calibration_is_none():
    assert camera_info_to_camera(CameraInfo()) is None
    assert camera_info_to_camera(info_of(k=[1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0])) is None


def test_a_resized_image_gets_a_scaled_camera():
    assert camera_info_to_camera(info_of(), (240, 320)) == CAMERA.scaled(320, 240)


def test_region_and_binning_are_applied():
    info = info_of(binning_x=2, binning_y=2)
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = 100, 50, 400, 300
    expected = CAMERA.cropped(100, 50, 400, 300).scaled(200, 150)
    assert camera_info_to_camera(info) == expected
    assert camera_info_to_camera(info, (150, 200)) == expected
    scaled = scale_camera_info(info, 200, 150)
    assert camera_info_to_camera(scaled) == expected


def test_the_calibration_of_another_stream_is_refused():
    with pytest.raises(FrameError, match="another aspect ratio"):
        camera_info_to_camera(info_of(), (720, 1280))


@pytest.mark.parametrize(
    "fields",
    [
        {"k": [math.nan] + [0.0] * 8},
        {"k": [500.0, 0, 320, 0, math.inf, 240, 0, 0, 1]},
        {"k": [500.0, 0, 320, 0, -500.0, 240, 0, 0, 1]},
        {"d": [math.nan]},
        {"d": [0.1] * 9},
        {"distortion_model": "thin_prism"},
        {"width": 0},
    ],
)
def test_a_broken_calibration_is_refused(fields):
    with pytest.raises(FrameError, match="calibrate the camera anew"):
        camera_info_to_camera(info_of(**fields))


def test_a_scaled_camera_info_is_that_of_the_scaled_camera():
    info = info_of()
    info.header.frame_id = "camera"
    scaled = scale_camera_info(info, 384, 224)
    assert camera_info_to_camera(scaled) == CAMERA.scaled(384, 224)
    assert scaled.header.frame_id == "camera"
    assert scaled.p[0] == scaled.k[0]
    assert scaled.p[6] == scaled.k[5]
    assert list(info.k) == list(info_of().k)


def test_an_uncalibrated_camera_info_stays_so():
    info = CameraInfo(width=640, height=480)
    scaled = scale_camera_info(info, 384, 224)
    assert (scaled.width, scaled.height) == (384, 224)
    assert not scaled.k.any()
    assert not scaled.p.any()


def test_image_conversion_runs_without_ros():
    code = (
        "import sys, vinet_ros.ros.messages; "
        "print([m for m in sys.modules if m.split('.')[0] in ('rclpy', 'sensor_msgs')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_qualities_of_service():
    assert sensor_qos().reliability.name == "BEST_EFFORT"
    assert (sensor_qos().depth, sensor_qos("reliable", 9).depth) == (5, 9)
    assert (output_qos().reliability.name, output_qos().depth) == ("RELIABLE", 1)
    with pytest.raises(ValueError, match="best_effort, reliable"):
        sensor_qos("fast")
    with pytest.raises(ValueError, match="depth"):
        sensor_qos("reliable", 0)
