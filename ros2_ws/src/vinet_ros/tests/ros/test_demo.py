# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The demo: its figures, its files, and whole runs with both nodes over DDS."""

import csv
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import rclpy

from vinet_ros.gaze import PinholeCamera, pixel_to_pan_tilt, pixel_to_ray
from vinet_ros.ros.demo_head import HEAD_SHEET, HEAD_VIDEO
from vinet_ros.ros.demo_options import DemoError, default_clip, read_options, video_duration_s
from vinet_ros.ros.demo_output import (
    COLUMNS,
    SHEET_NAME,
    TABLE_NAME,
    VIDEO_NAME,
    DemoOutput,
    FrameSample,
    contact_sheet,
)
from vinet_ros.ros.demo_processes import NodeProcess, parameter_arguments
from vinet_ros.ros.demo_state import DemoState, Gaze, direction_deg, percentile
from vinet_ros.ros.demo_view import DemoView, figures

DEMO = [sys.executable, "-m", "vinet_ros.ros.demo"]


def gaze(stamp_ns=0, latency_ms=50.0):
    return Gaze(stamp_ns, 10.0, 20.0, 0.5, 3.0, -1.0, latency_ms)


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def picture(shade, size=(48, 64)):
    return np.full((*size, 3), shade, np.uint8)


def test_direction_agrees_with_the_camera_geometry():
    camera = PinholeCamera.from_hfov(640, 480, 60.0)
    for u, v in ((0, 0), (319.5, 239.5), (600, 100), (12.25, 470)):
        expected = pixel_to_pan_tilt(camera, u, v)
        pan_deg, tilt_deg = direction_deg(*(2.0 * c for c in pixel_to_ray(camera, u, v)))
        assert pan_deg == pytest.approx(math.degrees(expected.pan_rad), abs=1e-9)
        assert tilt_deg == pytest.approx(math.degrees(expected.tilt_rad), abs=1e-9)


def test_rate_and_latency_are_those_of_the_last_seconds():
    state = DemoState()
    for step in range(101):
        state.note_gaze(gaze(latency_ms=200.0 if step < 50 else 40.0), now_s=step * 0.1)
    assert state.rate_hz(now_s=10.0) == pytest.approx(10.0, rel=0.05)
    assert state.recent_latency_ms() == 40.0
    assert state.mean_rate_hz() == pytest.approx(10.0)
    assert percentile(state.latencies_ms, 95) == 200.0
    assert state.rate_hz(now_s=20.0) == 0.0 and state.recent_latency_ms() is None


def test_statuses_name_the_model_and_the_failure():
    state = DemoState()
    values = {"model": "vinet_lite", "path": "openvino fp32", "device": "cpu"}
    state.note_status("model", 0, "fine", values)
    assert state.engine() == "vinet_lite, openvino fp32 on cpu"
    state.note_status("lifecycle", 2, "no weights", {})
    assert state.failure == "no weights"
    state.note_status("camera", 1, "uncalibrated", {})
    assert state.warnings == {"camera": "uncalibrated"}
    state.note_status("camera", 0, "calibrated", {})
    assert not state.warnings


def test_sample_spreads_frames_evenly_in_bounded_memory():
    sample = FrameSample(wanted=5, width=32)
    for index in range(1000):
        sample.add(picture(index % 256), stamp_ns=index)
        assert len(sample._kept) <= 20
    stamps = [stamp for stamp, _ in sample.frames()]
    assert len(stamps) == 5 and stamps[0] == 0
    gaps = np.diff(stamps)
    assert gaps.min() > 0 and gaps.max() <= 1.5 * gaps.min()


@pytest.mark.parametrize("count", [1, 3, 12])
def test_contact_sheet_shows_every_frame(count):
    frames = [(index * 10**9, picture(60 + 10 * index, (30, 400))) for index in range(count)]
    sheet = contact_sheet(frames, 0, "clip: network")
    for index in range(count):
        assert (sheet == 60 + 10 * index).all(axis=2).sum() >= 30 * 400


def test_video_keeps_the_times_of_the_stamps(tmp_path):
    stamps_ns = [5_000_000_000, 5_040_000_000, 5_140_000_000, 5_140_000_000, 6_000_000_000]
    with DemoOutput(tmp_path) as output:
        for number, stamp_ns in enumerate(stamps_ns):
            output.add_picture(picture(40 * number, (49, 65)), stamp_ns)
            output.add_gaze(gaze(stamp_ns))
    output.write_sheet("clip")
    with av.open(str(tmp_path / VIDEO_NAME)) as container:
        frames = list(container.decode(video=0))
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.04, 0.14, 1.0], abs=1e-3)
    assert (frames[0].height, frames[0].width) == (48, 64)
    shades = [float(frame.to_ndarray(format="rgb24").mean()) for frame in frames]
    assert shades == pytest.approx([0, 40, 80, 160], abs=4)
    assert cv2.imread(str(tmp_path / SHEET_NAME)).shape[1] > 400
    rows = rows_of(tmp_path / TABLE_NAME)
    assert tuple(rows[0]) == COLUMNS and len(rows) == 5
    assert float(rows[-1]["time_s"]) == pytest.approx(1.0)


def test_files_of_a_run_before_do_not_stay(tmp_path):
    (tmp_path / VIDEO_NAME).write_text("old")
    with DemoOutput(tmp_path) as output:
        pass
    assert output.pictures == 0 and not (tmp_path / VIDEO_NAME).exists()


def test_missing_inputs_are_named(tmp_path):
    with pytest.raises(DemoError, match=r"no file .*missing\.mp4"):
        read_options(["--video", str(tmp_path / "missing.mp4")])
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    with pytest.raises(DemoError, match="cannot be read as a video"):
        read_options(["--video", str(text)])
    with pytest.raises(DemoError, match="no camera 97"):
        read_options(["--camera", "97"])


def test_options_of_the_default_clip():
    options = read_options(["--duration", "3", "--out", "there"])
    assert (options.title, options.duration_s, options.out) == ("bikes.mp4", 3.0, Path("there"))
    assert video_duration_s(default_clip()) == pytest.approx(10.0)
    assert read_options(["--duration", "99"]).duration_s == pytest.approx(10.0)


def test_parameters_survive_the_command_line():
    values = {"path": "it's: a [clip], 1.mp4", "number": "0", "rate": 1.0, "wait": 2, "loop": True}
    rclpy.init(args=parameter_arguments(**values), domain_id=88)
    try:
        node = rclpy.create_node("reader", automatically_declare_parameters_from_overrides=True)
        assert {name: node.get_parameter(name).value for name in values} == values
        node.destroy_node()
    finally:
        rclpy.try_shutdown()


def test_view_writes_plain_lines_without_a_terminal(capsys):
    from rich.console import Console

    state = DemoState()
    state.note_frame(0)
    state.note_frame(5_000_000_000)
    with DemoView(Console(), "clip", total_s=10.0) as view:
        view.show(state, now_s=0.0)
        state.note_gaze(gaze(), now_s=1.0)
        view.show(state, now_s=1.0)
        view.show(state, now_s=2.5)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "waiting" in lines[0]
    assert "50%" in lines[1] and "pixel 10, 20  pan +3.0 deg  tilt -1.0 deg" in lines[1]
    assert figures(state, 2.5) in lines[1]


def test_a_gaze_tells_of_its_frame_too():
    state = DemoState()
    for stamp_ns in (0, 40_000_000):
        state.note_frame(stamp_ns)
    for stamp_ns in (40_000_000, 80_000_000):
        state.note_gaze(gaze(stamp_ns), now_s=1.0)
    assert (state.frames, state.gazes) == (3, 2)


def test_stubborn_process_is_ended(tmp_path, monkeypatch):
    (tmp_path / "stubborn.py").write_text(
        "import signal, time\n"
        "for number in (signal.SIGINT, signal.SIGTERM):\n"
        "    signal.signal(number, signal.SIG_IGN)\n"
        "print('up', flush=True)\n"
        "time.sleep(100)\n"
    )
    monkeypatch.setattr(
        "vinet_ros.ros.demo_processes._PATIENCE_S",
        ((signal.SIGINT, 0.2), (signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0)),
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with NodeProcess("stubborn", [], tmp_path / "log", environment) as process:
        wait_until(lambda: "up" in process.tail())
        assert process.exit_code is None
    assert process.exit_code == -signal.SIGKILL


TORN = """
import os, signal, subprocess, sys
from pathlib import Path
from vinet_ros.ros.demo_processes import NodeProcess

class Torn(subprocess.Popen):
    def _execute_child(self, *arguments, **options):
        os.kill(os.getpid(), signal.SIGINT)  # as soon as it may be heard, so in the midst
        super()._execute_child(*arguments, **options)
        print(self.pid, flush=True)

subprocess.Popen = Torn
with NodeProcess("idler", [], Path("log"), os.environ):
    print("went on")
"""


def test_an_interrupt_while_a_process_starts_leaves_none_behind(tmp_path):
    (tmp_path / "idler.py").write_text("import time\ntime.sleep(100)\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", TORN], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stderr.endswith("KeyboardInterrupt\n")
    assert not is_running(int(done.stdout))


def test_a_process_gives_way_if_asked_and_keeps_the_session(tmp_path):
    (tmp_path / "idler.py").write_text("import time\nprint('up', flush=True)\ntime.sleep(100)\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    with NodeProcess("idler", [], tmp_path / "log", environment, niceness=7) as process:
        wait_until(lambda: "up" in process.tail())
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(ours + 7, 19)
        assert os.getsid(process.pid) == os.getsid(0)
        assert os.getpgid(process.pid) == process.pid
    assert process.exit_code is not None


def wait_until(condition, limit_s=60.0):
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.system
def test_demo_plays_a_clip_and_leaves_its_files(tmp_path):
    done = subprocess.run(
        [*DEMO, "--duration", "3", "--head", "0", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gaze targets from" in done.stdout and "vinet_lite" in done.stdout
    rows = rows_of(tmp_path / TABLE_NAME)
    assert len(rows) >= 3  # a busy machine is slow; how fast it is is measured elsewhere
    times_s = [float(row["time_s"]) for row in rows]
    assert times_s == sorted(times_s) and 1.0 < times_s[-1] < 4.5
    for row in rows:
        assert 0 <= float(row["u"]) < 640 and 0 <= float(row["v"]) < 272
        assert abs(float(row["pan_deg"])) <= 30.5  # half of the field of view that is assumed
        assert 0 < float(row["latency_ms"]) < 20_000
    with av.open(str(tmp_path / VIDEO_NAME)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) >= 3
    assert float(frames[-1].time) == pytest.approx(times_s[-1], abs=1.0)
    assert cv2.imread(str(tmp_path / SHEET_NAME)).shape[1] > 1200  # three pictures wide


@pytest.mark.system
def test_demo_closes_the_loop(tmp_path):
    done = subprocess.run(
        [*DEMO, "--duration", "1", "--head", "6", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "degrees off what moved" in done.stdout  # it appears after three seconds
    with av.open(str(tmp_path / HEAD_VIDEO)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) >= 3 and float(frames[-1].time) < 20.0
    assert np.std(frames[-1].to_ndarray(format="rgb24")) > 10
    assert cv2.imread(str(tmp_path / HEAD_SHEET)).shape[1] > 1200


@pytest.mark.system
def test_demo_fails_with_the_nodes_reason(tmp_path):
    done = subprocess.run(
        [*DEMO, "--weights", str(tmp_path / "none.safetensors"), "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 1
    assert "none.safetensors" in done.stderr


@pytest.mark.system
def test_interrupt_ends_the_nodes(tmp_path):
    with (tmp_path / "stdout").open("w+") as output:
        demo = subprocess.Popen([*DEMO, "--out", str(tmp_path)], stdout=output, stderr=output)
        wait_until(lambda: (tmp_path / "source_node.log").exists(), limit_s=180)
        wait_until(lambda: len(children_of(demo.pid)) == 2)
        children = children_of(demo.pid)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 130
    assert not any(is_running(child) for child in children)
