# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""source_node in a process of its own, and somebody who watches what it publishes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from made_clips import number_of
from rclpy.executors import SingleThreadedExecutor
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from vinet_ros.ros.messages import image_to_rgb, stamp_to_ns
from vinet_ros.ros.qos import sensor_qos

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
        self.compressed: list[CompressedImage] = []
        self.clocks_ns: list[int] = []
        self.statuses: dict[str, dict[str, str]] = {}
        qos = sensor_qos("reliable" if reliable else "best_effort", 64)
        self.node.create_subscription(CameraInfo, "camera_info", self.infos.append, qos)
        self.node.create_subscription(
            Clock, "/clock", lambda m: self.clocks_ns.append(stamp_to_ns(m.clock)), 100
        )
        self.node.create_subscription(
            CompressedImage, "image/compressed", self.compressed.append, qos
        )
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._note, 10)
        self.node.create_subscription(Image, "image", self._take, qos)

    def _take(self, image: Image) -> None:
        self.arrivals_ns.append(time.time_ns())
        self.images.append(image)

    def _note(self, array: DiagnosticArray) -> None:
        for status in array.status:
            values = {item.key: item.value for item in status.values}
            self.statuses[status.name] = {**values, "message": status.message}

    def spin_while(self, condition) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while condition():
            assert time.monotonic() < end_s, self.told()
            self.executor.spin_once(timeout_sec=0.02)

    def spin_for(self, duration_s: float) -> None:
        end_s = time.monotonic() + duration_s
        while time.monotonic() < end_s:
            self.executor.spin_once(timeout_sec=0.02)

    def watch(self, source: subprocess.Popen) -> None:
        self.spin_while(lambda: source.poll() is None)

    def told(self) -> str:
        return f"{len(self.images)} and {len(self.compressed)} compressed images came"

    @property
    def source(self) -> dict[str, str]:
        """The newest status of the source: its values and its message."""
        return self.statuses["source_node: source"]

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
def play(domain_id: int) -> Iterator:
    """Start source_node with parameters; it is ended with the test."""
    started: list[subprocess.Popen] = []

    def play(path: object, **parameters: object) -> subprocess.Popen:
        defaults = {"image_reliability": "reliable", "image_depth": 64, "wait_for_subscribers": 1}
        arguments = ["--ros-args"]
        for name, value in {"path": str(path), **defaults, **parameters}.items():
            arguments += ["-p", f"{name}:={json.dumps(value)}"]  # JSON is YAML
        process = subprocess.Popen(
            [sys.executable, "-m", "vinet_ros.ros.source_node", *arguments],
            env={**os.environ, "ROS_DOMAIN_ID": str(domain_id)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield play
    for process in started:
        process.kill()
        process.communicate()


def output_of(process: subprocess.Popen) -> str:
    return process.communicate(timeout=PATIENCE_S)[0]


def one_error(log: str) -> str:
    """Return the node's only line that is no information."""
    (line,) = [x for x in log.splitlines() if "[INFO]" not in x and "[rmw_fastrtps" not in x]
    return line
