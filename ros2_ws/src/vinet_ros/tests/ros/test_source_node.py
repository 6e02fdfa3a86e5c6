# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""source_node as a process of its own, over real DDS."""

import signal
import time
from pathlib import Path

import numpy as np
import pytest
import rclpy
from made_clips import HEIGHT, WIDTH, write_clip
from rclpy.parameter import Parameter
from source_bench import MS, one_error, output_of

from vinet_ros.gaze import PinholeCamera
from vinet_ros.ros.messages import camera_info_to_camera, image_to_rgb
from vinet_ros.ros.parameters import ParameterError
from vinet_ros.ros.source_node import SourceNode
from vinet_ros.ros.source_parameters import SourceParameters


def test_every_frame_of_a_clip_arrives_at_its_time(viewer, play, tmp_path):
    source = play(write_clip(tmp_path / "a.mp4", 45, rate=30))
    viewer.watch(source)
    assert source.returncode == 0
    assert viewer.numbers == list(range(45))
    stamps_ns = np.array(viewer.stamps_ns)
    np.testing.assert_allclose(np.diff(stamps_ns), 1e9 / 30, atol=2)
    lags_ms = (np.array(viewer.arrivals_ns) - stamps_ns) / MS
    assert -1 < np.median(lags_ms) < 100  # stamped by the clock, not ahead of it
    image, info = viewer.images[0], viewer.infos[0]
    assert (image.height, image.width, image.encoding) == (HEIGHT, WIDTH, "rgb8")
    assert image.header == info.header
    assert image.header.frame_id == "camera_optical_frame"
    assert camera_info_to_camera(info) == PinholeCamera(
        **{**vars_of(PinholeCamera.from_hfov(WIDTH, HEIGHT, 60)), "distortion_model": "plumb_bob"},
        d=(0.0,) * 5,
    )
    log = output_of(source)
    assert f"{WIDTH}x{HEIGHT} rgb8, 30.00 Hz, 1.5 s, on /image" in log
    assert "45 frames in" in log


def vars_of(camera):
    return {name: getattr(camera, name) for name in ("width", "height", "fx", "fy", "cx", "cy")}


def test_a_variable_rate_and_a_speed_keep_their_times(viewer, play, tmp_path):
    times_ms = [0, 100, 150, 400, 1000]
    source = play(write_clip(tmp_path / "a.mkv", 5, times_ms=times_ms), rate=2.0)
    viewer.watch(source)
    assert viewer.numbers == list(range(5))
    passed_ms = (np.array(viewer.stamps_ns) - viewer.stamps_ns[0]) / MS
    np.testing.assert_allclose(passed_ms, np.array(times_ms) / 2, atol=1e-3)
    shown_ms = (np.array(viewer.arrivals_ns) - viewer.arrivals_ns[0]) / MS
    assert shown_ms[-1] == pytest.approx(500, abs=150)


def test_a_loop_keeps_its_pace_until_it_is_interrupted(viewer, play, tmp_path):
    source = play(write_clip(tmp_path / "a.mp4", 12, rate=30), loop=True)
    viewer.spin_while(lambda: len(viewer.images) < 30)
    source.send_signal(signal.SIGINT)
    viewer.watch(source)
    assert source.returncode == 0
    assert viewer.numbers[:30] == [k % 12 for k in range(30)]
    np.testing.assert_allclose(np.diff(viewer.stamps_ns), 1e9 / 30, atol=2)
    log = output_of(source)
    assert "Traceback" not in log
    assert "rror" not in log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_waiting_for_subscribers_ends_it(play, tmp_path, number):
    source = play(write_clip(tmp_path / "a.mp4", 5), wait_for_subscribers=16)
    assert source.stdout is not None
    assert any("playing" in line for line in iter(source.stdout.readline, ""))
    source.send_signal(number)
    assert "Traceback" not in output_of(source)
    assert source.returncode == 0


def test_any_clip_plays_as_vga_at_30_hz(viewer, play, tmp_path):
    source = play(
        write_clip(tmp_path / "a.mp4", 25, rate=25),
        image_width=640,
        image_height=480,
        publish_rate_hz=30.0,
        encoding="bgr8",
        horizontal_fov_deg=90.0,
    )
    viewer.watch(source)
    assert len(viewer.images) == 30
    assert sorted(set(viewer.numbers)) == list(range(25))
    np.testing.assert_allclose(np.diff(viewer.stamps_ns), 1e9 / 30, atol=2)
    image = viewer.images[0]
    assert (image.height, image.width, image.encoding) == (480, 640, "bgr8")
    assert image_to_rgb(image)[20, 20, 0] > 200  # the corner is red, not blue
    camera = camera_info_to_camera(viewer.infos[0])
    assert camera is not None
    assert (camera.width, camera.fx) == (640, pytest.approx(320))


def test_a_published_clock_runs_with_the_stamps(viewer, play, tmp_path):
    path = write_clip(tmp_path / "a.mp4", 10, rate=10)
    source = play(path, publish_clock=True, rate=2.0, wait_for_subscribers=1)
    viewer.watch(source)
    np.testing.assert_allclose(np.diff(viewer.stamps_ns), 1e9 / 10, atol=2)
    assert viewer.clocks_ns == sorted(viewer.clocks_ns)
    assert set(viewer.stamps_ns[-8:]) <= set(viewer.clocks_ns)
    assert len(viewer.clocks_ns) > 20  # between the frames too
    gaps_ms = np.diff(viewer.clocks_ns) / MS
    assert np.median(gaps_ms) < 50


def test_without_real_time_it_is_quick_and_stamped_by_the_file(viewer, play, tmp_path):
    source = play(write_clip(tmp_path / "a.mp4", 50, rate=5), realtime=False)
    viewer.spin_while(lambda: not viewer.images)
    start_s = time.monotonic()
    viewer.watch(source)
    assert time.monotonic() - start_s < 8  # of the ten seconds that it lasts
    assert viewer.numbers == list(range(50))
    np.testing.assert_allclose(np.diff(viewer.stamps_ns) % 200_000_000, 0, atol=2)


def test_an_uncalibrated_camera_can_be_played(viewer, play, tmp_path):
    source = play(write_clip(tmp_path / "a.mp4", 3), horizontal_fov_deg=0.0)
    viewer.watch(source)
    assert camera_info_to_camera(viewer.infos[0]) is None
    assert viewer.infos[0].width == WIDTH


def test_nobody_to_wait_for_is_said_and_it_plays(play, tmp_path):
    source = play(write_clip(tmp_path / "a.mp4", 3), wait_timeout_s=0.2)
    log = output_of(source)
    assert source.returncode == 0
    assert "0 of 1 subscribers after 0.2 s; playing all the same" in log


def test_a_cut_off_file_plays_as_far_as_it_goes_and_ends_with_an_error(viewer, play, tmp_path):
    path = write_clip(tmp_path / "a.mp4", 60, options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: int(0.7 * path.stat().st_size)])
    source = play(path)
    viewer.watch(source)
    assert source.returncode != 0
    assert len(viewer.images) > 10
    assert one_error(output_of(source)).startswith(f"error: '{path}' is cut off or damaged")


def text_file(folder: Path) -> Path:
    path = folder / "a.mp4"
    path.write_text("no video\n" * 500)
    return path


@pytest.mark.parametrize(
    ("path", "parameters", "says"),
    [
        (lambda folder: folder / "missing.mp4", {}, "no video file at"),
        (text_file, {}, "is not a video file"),
        (lambda folder: "", {}, "path is empty"),
        (lambda folder: "63", {}, "camera 63 cannot be opened"),
        (lambda folder: "/dev/video63", {}, "camera '/dev/video63' cannot be opened"),
        (lambda folder: "63", {"image_width": 64}, "both image_width and image_height"),
        (text_file, {"encoding": "jpeg"}, "encoding must be one of auto, rgb8, bgr8"),
        (text_file, {"rate": 0.0001}, "parameter rate expects double 0.01 to 100"),
    ],
)
def test_what_cannot_be_played_is_one_clear_line(play, tmp_path, path, parameters, says):
    source = play(path(tmp_path), **parameters)
    line = one_error(output_of(source))
    assert line.startswith("error: ")
    assert says in line
    assert source.returncode not in (0, None)


def test_parameters_do_not_change_while_it_plays(domain_id, tmp_path):
    path = write_clip(tmp_path / "a.mp4", 5)
    rclpy.init(domain_id=domain_id)
    node = SourceNode(parameter_overrides=[Parameter("path", value=str(path))])
    try:
        (result,) = node.set_parameters([Parameter("rate", value=2.0)])
        assert not result.successful
        assert "rate" in result.reason
    finally:
        node.close()
        node.destroy_node()
        rclpy.try_shutdown()


def test_one_side_of_the_size_sets_the_other():
    assert SourceParameters("a").scaled_size(480, 640) == (480, 640)
    assert SourceParameters("a", image_width=320).scaled_size(480, 640) == (240, 320)
    assert SourceParameters("a", image_height=240).scaled_size(480, 640) == (240, 320)
    assert SourceParameters("a", image_width=9, image_height=7).scaled_size(480, 640) == (7, 9)
    with pytest.raises(ParameterError, match="path is empty"):
        SourceParameters()
