"""source_node as a process of its own, over real DDS."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rclpy
from made_clips import HEIGHT, WIDTH, number_of, write_clip
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image

from vinet_ros.errors import DataError
from vinet_ros.gaze import PinholeCamera
from vinet_ros.offline.camera import Camera
from vinet_ros.ros.messages import camera_info_to_camera, image_to_rgb, stamp_to_ns
from vinet_ros.ros.parameters import ParameterError
from vinet_ros.ros.qos import sensor_qos
from vinet_ros.ros.source_node import SourceNode
from vinet_ros.ros.source_parameters import SourceParameters

PATIENCE_S = 60.0
MS = 1_000_000


class Viewer:
    """Subscribes to everything that a source publishes, and keeps it with its arrival."""

    def __init__(self, reliable: bool = True) -> None:
        self.node = rclpy.create_node("viewer")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.images: list[Image] = []
        self.arrivals_ns: list[int] = []
        self.infos: list[CameraInfo] = []
        self.clocks_ns: list[int] = []
        qos = sensor_qos("reliable" if reliable else "best_effort", 64)
        self.node.create_subscription(CameraInfo, "camera_info", self.infos.append, qos)
        self.node.create_subscription(
            Clock, "/clock", lambda m: self.clocks_ns.append(stamp_to_ns(m.clock)), 100
        )
        self.node.create_subscription(Image, "image", self._take, qos)

    def _take(self, image: Image) -> None:
        self.arrivals_ns.append(time.time_ns())
        self.images.append(image)

    def spin_while(self, condition) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while condition():
            assert time.monotonic() < end_s, f"{len(self.images)} images came"
            self.executor.spin_once(timeout_sec=0.02)

    def watch(self, source: subprocess.Popen) -> None:
        self.spin_while(lambda: source.poll() is None)

    @property
    def numbers(self) -> list[int]:
        return [number_of(image_to_rgb(image)) for image in self.images]

    @property
    def stamps_ns(self) -> list[int]:
        return [stamp_to_ns(image.header.stamp) for image in self.images]


@pytest.fixture
def viewer(domain_id: int) -> Iterator[Viewer]:
    rclpy.init(domain_id=domain_id)
    viewer = Viewer()
    try:
        yield viewer
    finally:
        viewer.executor.shutdown()
        viewer.node.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture
def start(domain_id: int) -> Iterator:
    """Start source_node with parameters; it is ended with the test."""
    started: list[subprocess.Popen] = []

    def start(path: object, **parameters: object) -> subprocess.Popen:
        defaults = {"image_reliability": "reliable", "image_depth": 64, "wait_for_subscribers": 1}
        arguments = ["--ros-args", "-p", f"path:='{path}'"]
        for name, value in {**defaults, **parameters}.items():
            arguments += ["-p", f"{name}:={str(value).lower() if value in (0, 1) else value}"]
        process = subprocess.Popen(
            [sys.executable, "-m", "vinet_ros.ros.source_node", *arguments],
            env={**os.environ, "ROS_DOMAIN_ID": str(domain_id)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def output_of(process: subprocess.Popen) -> str:
    return process.communicate(timeout=PATIENCE_S)[0]


def test_every_frame_of_a_clip_arrives_at_its_time(viewer, start, tmp_path):
    source = start(write_clip(tmp_path / "a.mp4", 45, rate=30))
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


def test_a_variable_rate_and_a_speed_keep_their_times(viewer, start, tmp_path):
    times_ms = [0, 100, 150, 400, 1000]
    source = start(write_clip(tmp_path / "a.mkv", 5, times_ms=times_ms), rate=2.0)
    viewer.watch(source)
    assert viewer.numbers == list(range(5))
    passed_ms = (np.array(viewer.stamps_ns) - viewer.stamps_ns[0]) / MS
    np.testing.assert_allclose(passed_ms, np.array(times_ms) / 2, atol=1e-3)
    shown_ms = (np.array(viewer.arrivals_ns) - viewer.arrivals_ns[0]) / MS
    assert shown_ms[-1] == pytest.approx(500, abs=150)


def test_a_loop_keeps_its_pace_until_it_is_interrupted(viewer, start, tmp_path):
    source = start(write_clip(tmp_path / "a.mp4", 12, rate=30), loop=True)
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
def test_a_signal_while_waiting_for_subscribers_ends_it(start, tmp_path, number):
    source = start(write_clip(tmp_path / "a.mp4", 5), wait_for_subscribers=16)
    assert source.stdout is not None
    assert any("playing" in line for line in iter(source.stdout.readline, ""))
    source.send_signal(number)
    assert "Traceback" not in output_of(source)
    assert source.returncode == 0


def test_any_clip_plays_as_vga_at_30_hz(viewer, start, tmp_path):
    source = start(
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


def test_a_published_clock_runs_with_the_stamps(viewer, start, tmp_path):
    path = write_clip(tmp_path / "a.mp4", 10, rate=10)
    source = start(path, publish_clock=True, rate=2.0, wait_for_subscribers=1)
    viewer.watch(source)
    np.testing.assert_allclose(np.diff(viewer.stamps_ns), 1e9 / 10, atol=2)
    assert viewer.clocks_ns == sorted(viewer.clocks_ns)
    assert set(viewer.stamps_ns[-8:]) <= set(viewer.clocks_ns)
    assert len(viewer.clocks_ns) > 20  # between the frames too
    gaps_ms = np.diff(viewer.clocks_ns) / MS
    assert np.median(gaps_ms) < 50


def test_without_real_time_it_is_quick_and_stamped_by_the_file(viewer, start, tmp_path):
    source = start(write_clip(tmp_path / "a.mp4", 50, rate=5), realtime=False)
    viewer.spin_while(lambda: not viewer.images)
    start_s = time.monotonic()
    viewer.watch(source)
    assert time.monotonic() - start_s < 8  # of the ten seconds that it lasts
    assert viewer.numbers[-1] == 49
    np.testing.assert_allclose(np.diff(viewer.stamps_ns) % 200_000_000, 0, atol=2)


def test_an_uncalibrated_camera_can_be_played(viewer, start, tmp_path):
    source = start(write_clip(tmp_path / "a.mp4", 3), horizontal_fov_deg=0.0)
    viewer.watch(source)
    assert camera_info_to_camera(viewer.infos[0]) is None
    assert viewer.infos[0].width == WIDTH


def test_nobody_to_wait_for_is_said_and_it_plays(start, tmp_path):
    source = start(write_clip(tmp_path / "a.mp4", 3), wait_timeout_s=0.2)
    log = output_of(source)
    assert source.returncode == 0
    assert "0 of 1 subscribers after 0.2 s; playing all the same" in log


def test_a_cut_off_file_plays_as_far_as_it_goes_and_ends_with_an_error(viewer, start, tmp_path):
    path = write_clip(tmp_path / "a.mp4", 60, options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: int(0.7 * path.stat().st_size)])
    source = start(path)
    viewer.watch(source)
    assert source.returncode != 0
    assert len(viewer.images) > 10
    assert one_error(output_of(source)).startswith(f"error: '{path}' is cut off or damaged")


def one_error(log: str) -> str:
    """Return the node's only line that is no information."""
    (line,) = [x for x in log.splitlines() if "[INFO]" not in x and "[rmw_fastrtps" not in x]
    return line


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
        (text_file, {"encoding": "jpeg"}, "encoding must be one of rgb8, bgr8"),
        (text_file, {"rate": 0.0001}, "parameter rate expects double 0.01 to 100"),
    ],
)
def test_what_cannot_be_played_is_one_clear_line(start, tmp_path, path, parameters, says):
    source = start(path(tmp_path), **parameters)
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


def test_a_camera_gives_its_frames_stamped_by_the_clock(tmp_path):
    """OpenCV opens a file as it opens a camera; here is no camera."""
    ticks = iter(range(1000, 2000))
    path = str(write_clip(tmp_path / "a.mp4", 12))
    with Camera(path, lambda: next(ticks), size=(60, 80)) as camera:
        assert camera.size == (60, 80)
        assert camera.rate_hz == pytest.approx(30)
        frames = list(camera)
    assert [f.time_ns for f in frames] == list(range(1000, 1012))
    assert [number_of(f.pixels) for f in frames] == pytest.approx(list(range(12)), abs=1)
    assert frames[0].pixels[4, 4, 0] > 200  # RGB: the corner is red
    with Camera(path, lambda: 0, bgr=True) as camera:
        assert next(iter(camera)).pixels[4, 4, 2] > 200


def test_a_camera_that_is_not_there_is_refused(capfd):
    with pytest.raises(DataError, match="see that it is plugged in"):
        Camera(63, lambda: 0)
    assert capfd.readouterr().err == ""
