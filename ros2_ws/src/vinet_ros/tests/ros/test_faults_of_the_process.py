# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Faults around the process: signals under load, full disks, listeners that hang or die.

Whole processes over real DDS; see docs/faults.md.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import torch
from geometry_msgs.msg import PointStamped
from node_bench import Bench, spot
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool

from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.ros.demo_processes import NodeProcess, parameter_arguments
from vinet_ros.ros.messages import stamp_to_ns

START_S = 200.0
"""A process imports torch, compiles its network and measures it; on a busy machine, slowly."""
END_S = 60.0


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A weights file of a small network that has not learned."""
    torch.manual_seed(0)
    options = {"clip_length": 2, "width": 16, "motion_width": 8}
    path = tmp_path / "small.safetensors"
    card = WeightsCard("vinet_lite", 2, (224, 384), 15.0, options)
    save_weights(path, create_model("vinet_lite", **options), card)
    return path


@pytest.fixture
def environment(domain_id: int, tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "ROS_DOMAIN_ID": str(domain_id), "ROS_LOG_DIR": str(tmp_path)}


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., NodeProcess]]:
    with ExitStack() as stack:

        def start(module: str, *arguments: str, **variables: str) -> NodeProcess:
            log = tmp_path / f"{module.rpartition('.')[2]}.log"
            process = NodeProcess(
                f"vinet_ros.ros.{module}", arguments, log, {**environment, **variables}
            )
            return stack.enter_context(process)

        yield start


@pytest.mark.system
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_under_load(bench: Bench, start, weights: Path, number: signal.Signals) -> None:
    """A camera at 30 Hz, every output wanted, a prediction under way: it ends, without a trace."""
    pixels = bench.listen(PointStamped, "gaze/pixel")
    for topic in ("saliency/image", "saliency/image_mono", "saliency/overlay"):
        bench.listen(Image, topic)
    arguments = parameter_arguments(weights=str(weights), diagnostics_period_s=0.2)
    node = start("saliency_node", *arguments)
    start("benchmark.source", "--width", "640", "--height", "480", "--rate", "30")
    bench.spin_until(lambda: len(pixels) >= 10, START_S)
    bench.spin_until(lambda: float(bench.value("inference", "under_way_s") or 0) > 0, START_S)
    for _ in range(2):  # as a terminal and a launch do
        os.killpg(node._process.pid, number)
    assert node._process.wait(END_S) == 0, node.log.read_text()
    assert "Traceback" not in node.log.read_text()
    bench.spin_until(lambda: not bench.node.count_publishers("gaze/pixel"))


@pytest.mark.system
def test_a_disk_that_is_full(bench: Bench, environment, weights: Path, tmp_path: Path) -> None:
    """Neither the console nor the log folder takes a line; the gaze goes on."""
    arguments = parameter_arguments(weights=str(weights), diagnostics_period_s=0.2)
    blocked = tmp_path / "file"
    blocked.write_text("a file stands where the log folder should be")
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(
            [sys.executable, "-m", "vinet_ros.ros.saliency_node", *arguments],
            stdout=full,
            stderr=full,
            env={**environment, "ROS_LOG_DIR": str(blocked / "logs")},
        )
    try:
        pixels = bench.listen(PointStamped, "gaze/pixel")
        bench.spin_until(lambda: bench.says("lifecycle", "active"), START_S)
        bench.show(lambda: bench.count("stamps", "zero") >= 3, send=lambda rgb: bench.send(rgb, 0))
        bench.fresh(pixels)  # in spite of the warnings that had no place
        process.send_signal(signal.SIGINT)
        assert process.wait(END_S) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.system
def test_a_log_folder_that_cannot_be_made(bench: Bench, start, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    arguments = parameter_arguments(autostart=False, diagnostics_period_s=0.2)
    node = start("saliency_node", *arguments, ROS_LOG_DIR=str(blocked / "logs"))
    bench.spin_until(lambda: bench.says("lifecycle", "unconfigured"), START_S)
    assert "set ROS_LOG_DIR to a folder that can be written" in node.log.read_text()


LISTENER = """
import rclpy
from geometry_msgs.msg import PointStamped
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node("listener")
for kind, topic in ((PointStamped, "gaze/pixel"), (Image, "saliency/overlay")):
    node.create_subscription(kind, topic, lambda message: print("heard", flush=True), 1)
rclpy.spin(node)
"""


@contextmanager
def listener(environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENER], env=environment, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.system
@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["hangs", "dies"])
def test_a_listener_that_vanishes(bench: Bench, environment, number: signal.Signals) -> None:
    """Its outputs are reliable, and still nobody else waits for it."""
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    with listener(environment) as process:
        bench.show(lambda: bench.count("outputs", "saliency/overlay") >= 3)
        assert process.stdout.readline() == "heard\n"
        process.send_signal(number)
        for _ in range(60):
            start_ns = bench.now_ns()
            bench.fresh(pixels)
            assert bench.now_ns() - start_ns < 5_000_000_000
        assert bench.says("lifecycle", "active", level=0)
        assert bench.value("outputs", "failed_messages") == "0"
        assert bench.value("inference", "failed_predictions") == "0"


def test_other_names(bench: Bench) -> None:
    """Name, namespace and topic remapped: everything is found under the new names."""
    arguments = ("__ns:=/left", "__node:=eyes", "image:=/camera/image_raw")
    remaps = [word for argument in arguments for word in ("-r", argument)]
    node = bench.saliency_node(cli_args=["--ros-args", *remaps])
    bench.spin_until(lambda: node.state == "active")
    pixels = bench.listen(PointStamped, "/left/gaze/pixel")
    camera = bench.node.create_publisher(Image, "/camera/image_raw", 5)

    def send(rgb: object) -> None:
        image = Image(height=480, width=640, step=1920, encoding="rgb8")
        image.data = spot().tobytes()
        image.header.stamp = bench.node.get_clock().now().to_msg()
        camera.publish(image)

    bench.show(lambda: pixels, send=send)
    assert stamp_to_ns(pixels[-1].header.stamp) > 0
    status = bench.status("input", node="left/eyes")
    assert status is not None and status.hardware_id == "/camera/image_raw"
    assert {"topic": "/camera/image_raw"}.items() <= {
        v.key: v.value for v in status.values
    }.items()
    client = bench.node.create_client(SetBool, "/left/eyes/enable")
    assert client.wait_for_service(5)
