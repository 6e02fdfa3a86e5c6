# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""`vinet benchmark node` as a user calls it: real camera, node and listener over real DDS."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from vinet_ros.networks import create_model, model_spec
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.ros.step_trace import TRACE_VARIABLE, read_trace

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

BASIC = "BasicPerformanceMetrics."


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network so small that the machine is idle beside it."""
    torch.manual_seed(0)
    options = {"clip_length": 2, "width": 16, "motion_width": 8}
    spec = model_spec("vinet_lite")
    card = WeightsCard(
        model="vinet_lite",
        clip_length=2,
        input_size=spec.input_size,
        rate_hz=spec.rate_hz,
        options=options,
    )
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_weights(path, create_model("vinet_lite", **options), card)
    return path


def vinet(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "vinet_ros.cli", "benchmark", "node", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, **environment},
    )


def first_on_the_path(folder):
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)


def test_a_short_run_reports_every_part(weights, tmp_path):
    document, plot = tmp_path / "performance.md", tmp_path / "memory.png"
    document.write_text("# Performance\n")
    result = vinet(
        "--seconds", 8, "--settle", 1, "--size", "160x120", "--rate", 20, "--outputs", "all",
        "--json", tmp_path / "r.json", "--markdown", document, "--plot", plot,
        "--check", "--min-received", 0, "--max-memory-change", 1, f"weights:={weights}",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    whole = json.loads((tmp_path / "r.json").read_text())
    drops = whole["drops"]
    assert drops["published"] > 0
    assert drops["published"] >= drops["received"] >= drops["in_window"] >= drops["predicted"] > 0
    assert whole["input"][BASIC + "NUM_FRAMES_SENT"] == drops["published"]
    assert whole["gaze_target"][BASIC + "MEAN_LATENCY"] > 0
    assert whole["metadata"]["model"] == "vinet_lite"
    assert set(whole["steps"]) >= {"receive", "convert", "resize", "predict", "publish"}
    cpu = whole["cpu_cores"]
    assert 0 < cpu["ros_and_conversion"] <= cpu["total"] + 0.05
    assert cpu["transport"] > 0  # the middleware's threads are found by their names
    assert len(whole["samples"]) >= 5
    assert whole["memory"]["early_rss_mib"] > 50
    assert [limit["holds"] for limit in whole["limits"]] == [True, True]
    assert document.read_text().startswith("# Performance\n\n<!-- benchmark node 160x120 rgb8 -->")
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_broken_limit_is_the_exit_code_and_nothing_is_predicted_unasked(weights, tmp_path):
    result = vinet(
        "--seconds", 5, "--settle", 0, "--size", "160x120", "--transport", "compressed",
        "--no-inference", "--max-ros-cores", 0, "--check",
        "--json", tmp_path / "r.json", f"weights:={weights}",
    )  # fmt: skip
    assert result.returncode == 1, result.stderr
    assert "ROS and conversion, cores" in result.stderr and "BROKEN" in result.stderr
    whole = json.loads((tmp_path / "r.json").read_text())
    assert whole["drops"]["in_window"] > 0
    assert whole["drops"]["predicted"] == 0
    assert whole["gaze_target"] == {}


def test_a_node_that_cannot_start_is_an_error_with_its_reason():
    result = vinet("--seconds", 5, "num_peaks:=99")
    assert result.returncode == 1
    assert "saliency_node ended before its time" in result.stderr
    assert "num_peaks expects integer 1 to 16" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_ros_it_says_what_is_missing(tmp_path):
    (tmp_path / "rclpy.py").write_text("raise ImportError('No module named rclpy')\n")
    result = vinet("--seconds", 5, PYTHONPATH=first_on_the_path(tmp_path))
    assert result.returncode == 1
    assert "ROS 2 is not there" in result.stderr and "source its setup.bash" in result.stderr
    assert "Traceback" not in result.stderr


def test_help_and_faults_of_the_command_line_need_no_ros(tmp_path):
    (tmp_path / "rclpy.py").write_text("raise ImportError\n")
    helped = vinet("--help", PYTHONPATH=first_on_the_path(tmp_path))
    assert helped.returncode == 0 and "--no-inference" in helped.stdout
    wrong = vinet("--size", "8x8", PYTHONPATH=first_on_the_path(tmp_path))
    assert wrong.returncode == 1 and "--size expects at least 16x16" in wrong.stderr


def test_the_camera_sends_stamped_frames_and_says_when(bench, domain_id, tmp_path):
    from sensor_msgs.msg import CameraInfo, Image

    from vinet_ros.ros.messages import image_to_rgb, stamp_to_ns
    from vinet_ros.ros.qos import sensor_qos

    images, infos = [], []
    bench.node.create_subscription(Image, "image", images.append, sensor_qos(depth=64))
    bench.node.create_subscription(CameraInfo, "camera_info", infos.append, sensor_qos(depth=64))
    trace = tmp_path / "trace"
    camera = subprocess.Popen(
        [
            *(sys.executable, "-m", "vinet_ros.ros.benchmark.source", "--encoding", "bgr8"),
            *("--width", "64", "--height", "48", "--rate", "50"),
        ],
        env={**os.environ, "ROS_DOMAIN_ID": str(domain_id), TRACE_VARIABLE: str(trace)},
    )
    try:
        bench.spin_until(lambda: len(images) >= 30, 120)
    finally:
        camera.terminate()
        assert camera.wait(30) == 0
    stamps = [stamp_to_ns(image.header.stamp) for image in images]
    assert stamps == sorted(set(stamps))
    assert abs(time.time_ns() - stamps[-1]) < 60e9
    assert {image_to_rgb(image).shape for image in images} == {(48, 64, 3)}
    assert any(image.data != images[0].data for image in images)
    assert {info.width for info in infos} == {64}
    sent = read_trace(trace)
    assert set(stamps) <= set(sent["send"]["stamp_ns"].tolist())
    assert (sent["late"]["time_ns"] >= 0).all()  # never ahead of its time
    assert np.median(np.diff(sent["send"]["stamp_ns"])) >= 19_900_000
