# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import pytest
import yaml

from vinet_ros.errors import DataError
from vinet_ros.offline.calibration_file import read_calibration

GOOD = {
    "image_width": 640,
    "image_height": 480,
    "camera_name": "head",
    "camera_matrix": {"rows": 3, "cols": 3, "data": [500, 0, 320, 0, 501.5, 240, 0, 0, 1]},
    "distortion_model": "plumb_bob",
    "distortion_coefficients": {"rows": 1, "cols": 5, "data": [0.1, -0.2, 0, 0, 0]},
    "rectification_matrix": {"rows": 3, "cols": 3, "data": [0, 1, 0, 1, 0, 0, 0, 0, 1]},
    "projection_matrix": {"data": [400, 0, 310, 0, 0, 401, 230, 0, 0, 0, 1, 0]},
}


def write(tmp_path, content):
    path = tmp_path / "camera.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_a_file_of_camera_calibration_is_read(tmp_path, form):
    calibration = read_calibration(form.format(write(tmp_path, GOOD)))
    assert (calibration.width, calibration.height) == (640, 480)
    assert calibration.k == (500, 0, 320, 0, 501.5, 240, 0, 0, 1)
    assert calibration.d == (0.1, -0.2, 0, 0, 0)
    assert calibration.r[:2] == (0, 1)
    assert calibration.p[:3] == (400, 0, 310)
    assert calibration.distortion_model == "plumb_bob"


def test_a_space_in_a_url_is_written_as_urls_write_it(tmp_path):
    folder = tmp_path / "my cameras"
    folder.mkdir()
    path = write(folder, GOOD)
    assert read_calibration(f"file://{str(path).replace(' ', '%20')}").width == 640


def test_rectification_may_be_left_out(tmp_path):
    few = {k: v for k, v in GOOD.items() if not k.startswith(("rectif", "projec"))}
    calibration = read_calibration(write(tmp_path, few))
    assert calibration.r == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    assert calibration.p == (500, 0, 320, 0, 0, 501.5, 240, 0, 0, 0, 1, 0)


def without(key):
    return {k: v for k, v in GOOD.items() if k != key}


def matrix(key, data):
    return {**GOOD, key: {"data": data}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[1, 2", "is not YAML"),
        ("\0", "is not YAML"),
        ("", "expected keys and values, got NoneType"),
        ("just text", "expected keys and values, got str"),
        (without("camera_matrix"), "'camera_matrix' is missing"),
        (without("image_width"), "'image_width' is missing"),
        ({**GOOD, "image_width": "wide"}, "image_width must be a number of pixels, got 'wide'"),
        ({**GOOD, "image_height": 0}, "image_height must be a number of pixels"),
        (matrix("camera_matrix", [1, 2, 3]), "camera_matrix needs 9 numbers, got 3"),
        (matrix("camera_matrix", [0] * 9), "focal lengths of 0 and 0"),
        (matrix("camera_matrix", ["x"] * 9), "could not convert string"),
        (matrix("projection_matrix", [1.0] * 9), "projection_matrix needs 12 numbers"),
        (matrix("distortion_coefficients", [float("nan")]), "must be finite"),
        ({**GOOD, "camera_matrix": 7}, "is no camera calibration"),
    ],
)
def test_what_is_no_calibration_is_one_clear_error(tmp_path, content, says):
    with pytest.raises(DataError) as refused:
        read_calibration(write(tmp_path, content))
    assert says in str(refused.value)
    assert "give a file as camera_calibration writes it" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_missing_files_and_other_urls_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read \(No such file"):
        read_calibration(tmp_path / "missing.yaml")
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory"):
        read_calibration(tmp_path)
    for url in ("package://robot/camera.yaml", "http://host/camera.yaml", "file://far/a.yaml"):
        with pytest.raises(DataError, match="a path or a file:// URL of this machine"):
            read_calibration(url)
