# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import pytest
from made_clips import number_of, write_clip

from vinet_ros.errors import DataError
from vinet_ros.offline.camera import Camera


def test_a_camera_gives_its_frames_stamped_by_the_clock(tmp_path):
    """OpenCV opens a file as it opens a camera; here is no camera."""
    ticks = iter(range(1000, 2000))
    path = str(write_clip(tmp_path / "a.mp4", 12))
    with Camera(path, lambda: next(ticks), size=(60, 80)) as camera:
        assert (camera.info.height, camera.info.width) == (60, 80)
        assert camera.info.rate_hz == pytest.approx(30)
        assert camera.info.live
        frames = list(camera.frames())
    assert [f.time_ns for f in frames] == list(range(1000, 1012))
    assert [f.index for f in frames] == list(range(12))
    assert [number_of(f.rgb()) for f in frames] == pytest.approx(list(range(12)), abs=1)
    assert frames[0].rgb()[4, 4, 0] > 200  # RGB: the corner is red


def test_a_camera_scales_what_is_asked_for_later(tmp_path):
    with Camera(str(write_clip(tmp_path / "a.mp4", 3)), lambda: 0) as camera:
        assert [f.rgb().shape for f in camera.frames(size=(30, 40))] == [(30, 40, 3)] * 3
        assert list(camera.frames()) == []


def test_a_camera_cannot_go_back(tmp_path):
    with (
        Camera(str(write_clip(tmp_path / "a.mp4", 3)), lambda: 0) as camera,
        pytest.raises(ValueError, match="cannot go back to frame 2"),
    ):
        next(camera.frames(2))


def test_a_camera_that_is_not_there_is_refused(capfd):
    with pytest.raises(DataError, match="see that it is plugged in"):
        Camera(63, lambda: 0)
    assert capfd.readouterr().err == ""
