# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The camera behind the images."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from vinet_ros.errors import FrameError
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.streaming import SaliencyMap
from vinet_ros.streaming.camera_view import Calibration
from vinet_ros.streaming.gaze_pipeline import GazePipeline


def calibrated(fx: float = 500.0) -> CameraInfo:
    info = CameraInfo(width=640, height=480, distortion_model="plumb_bob", d=[0.0] * 5)
    info.k = [fx, 0.0, 320.0, 0.0, fx, 240.0, 0.0, 0.0, 1.0]
    info.p = [fx, 0.0, 320.0, 0.0, 0.0, fx, 240.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def test_without_info_an_angle_is_assumed_and_said() -> None:
    view = Calibration().view((480, 640), 60.0)
    assert view.problem == "no camera_info arrived"
    assert view.camera.fx == pytest.approx(320 / math.tan(math.radians(30)))


@pytest.mark.parametrize(
    ("k0", "d0", "words"),
    [(0.0, 0.0, "not calibrated"), (1.0, 0.0, "not calibrated"), (math.nan, 0.0, "finite")],
)
def test_an_info_that_cannot_be_used_is_as_none_and_said(k0: float, d0: float, words: str) -> None:
    info = calibrated()
    info.k[0], info.d = k0, [d0] * 5
    calibration = Calibration()
    calibration.take(info)
    view = calibration.view((480, 640), 60.0)
    assert words in view.problem
    assert view.camera.fx == pytest.approx(320 / math.tan(math.radians(30)))


def test_a_new_calibration_counts_at_once_and_an_equal_one_changes_nothing() -> None:
    calibration = Calibration()
    calibration.take(calibrated())
    first = calibration.view((480, 640), 60.0)
    assert (first.camera.fx, first.problem) == (500.0, "")
    calibration.take(calibrated())
    assert calibration.view((480, 640), 60.0) is first
    calibration.take(calibrated(600.0))
    assert calibration.view((480, 640), 60.0).camera.fx == 600.0
    assert calibration.view((240, 320), 60.0).camera.fx == 300.0


def test_the_info_of_the_map_is_that_of_the_image_scaled() -> None:
    calibration = Calibration()
    calibration.take(calibrated())
    header = Header(frame_id="camera")
    info = calibration.view((480, 640), 60.0).info_for((240, 320), header, CameraInfo)
    assert (info.width, info.height, info.header.frame_id) == (320, 240, "camera")
    assert info.k[0] == 250.0
    assert info.k[2] == pytest.approx(320.5 / 2 - 0.5)


def test_the_info_of_an_assumed_camera_says_what_is_assumed() -> None:
    view = Calibration().view((480, 640), 90.0)
    info = view.info_for((240, 320), Header(), CameraInfo)
    assert (info.width, info.height) == (320, 240)
    assert info.k[0] == pytest.approx(160)
    assert info.p[:3] == pytest.approx(info.k[:3])
    assert list(info.r) == [1, 0, 0, 0, 1, 0, 0, 0, 1]


ANY = st.one_of(
    st.floats(width=64),
    st.floats(-2000, 2000),
    st.sampled_from([0.0, 1.0, 800.0, 5e-324, 1e300, float("nan"), float("inf")]),
)
SIZES = st.sampled_from([0, 1, 2, 100, 480, 640, 65535, 2**32 - 1])


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_whatever_a_calibration_says_the_gaze_is_finite(data: st.DataObject) -> None:
    info = CameraInfo(width=640, height=480)
    info.k = [800.0, 0.0, 320.0, 0.0, 800.0, 240.0, 0.0, 0.0, 1.0]
    k, p = list(info.k), list(info.p)
    for place in data.draw(st.sets(st.integers(0, 8), max_size=3)):
        k[place] = data.draw(ANY)
    for place in data.draw(st.sets(st.integers(0, 11), max_size=3)):
        p[place] = data.draw(ANY)
    info.k, info.p = k, p
    models = ["", "plumb_bob", "rational_polynomial", "equidistant", "magic"]
    info.distortion_model = data.draw(st.sampled_from(models))
    info.d = data.draw(st.lists(st.one_of(ANY, st.floats(-1, 1)), max_size=16))
    info.width, info.height = data.draw(st.one_of(st.just((640, 480)), st.tuples(SIZES, SIZES)))
    info.roi.width, info.roi.height = data.draw(st.tuples(SIZES, SIZES))
    info.binning_x = info.binning_y = data.draw(SIZES)
    calibration = Calibration()
    calibration.take(info)
    view = calibration.view((480, 640), 60.0)
    scaled = view.info_for((56, 96), Header(), CameraInfo)
    assert np.isfinite([*scaled.k, *scaled.p]).all()
    values = np.zeros((56, 96), np.float32)
    values[20, 30] = values[5, 90] = 1.0
    try:
        points = GazePipeline(SaliencyParameters()).update(SaliencyMap(values, 1), view.camera)
    except FrameError:
        return
    assert all(np.isfinite(point.position_m).all() for point in points)
