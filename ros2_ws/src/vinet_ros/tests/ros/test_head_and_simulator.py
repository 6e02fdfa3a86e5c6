# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""gaze_controller moves the simulated head, with its servos and its latency, by each output."""

import math
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from geometry_msgs.msg import PointStamped
from node_bench import Bench
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from std_srvs.srv import SetBool

from vinet_ros.gaze import Head, PanTilt
from vinet_ros.ros.gaze_controller import GazeController
from vinet_ros.ros.messages import stamp_to_ns
from vinet_ros.ros.pan_tilt_simulator import PanTiltSimulator
from vinet_ros.ros.qos import sensor_qos
from vinet_ros.simulation import ServoSettings

BASE, BEAT_S = "head_base", 0.05
GOALS = (PanTilt(0.7, 0.3), PanTilt(-0.5, -0.2))
START = PanTilt(-0.3, 0.1)


class Loop:
    """Both nodes, and a target from outside that stands in the head's base."""

    def __init__(self, bench: Bench, picture: Path, **parameters: Any) -> None:
        self.bench = bench
        self.goal = GOALS[0]
        self.states: list[JointState] = []
        qos = sensor_qos(depth=200)
        bench.node.create_subscription(JointState, "joint_states", self.states.append, qos)
        common = {"pan_sign": -1, **{k: parameters.pop(k) for k in _both(parameters)}}
        self.simulator = self._made(
            PanTiltSimulator,
            path=str(picture),
            image_width=16,
            image_height=16,
            image_rate_hz=2.0,
            start_pan=START.pan_rad,
            start_tilt=START.tilt_rad,
            **common,
        )
        self.controller = self._made(
            GazeController,
            policy="external",
            base_frame=BASE,
            external_timeout_s=5.0,
            target_timeout_s=5.0,
            joint_timeout_s=5.0,
            **common,
            **parameters,
        )
        self.stall_s = 0.0
        self._beat_s = math.inf
        self._targets = bench.node.create_publisher(PointStamped, "external_target", 5)
        bench.node.create_timer(BEAT_S, self._point)
        bench.spin_until(lambda: self.controller.state == "active" and len(self.states) > 10)
        request = SetBool.Request(data=True)
        client = bench.node.create_client(SetBool, "gaze_controller/enable")
        bench.spin_until(client.service_is_ready)
        done = client.call_async(request)
        bench.spin_until(done.done)
        assert done.result().success, done.result().message

    @property
    def pose(self) -> PanTilt:
        pan, tilt = self.states[-1].position
        return PanTilt(-pan, tilt)

    def _made(self, kind: Any, **parameters: Any) -> Any:
        node = kind(parameter_overrides=[Parameter(k, value=v) for k, v in parameters.items()])
        self.bench.nodes.append(node)
        self.bench.executor.add_node(node)
        return node

    def _point(self) -> None:
        now_s = time.monotonic()
        self.stall_s = max(self.stall_s, now_s - self._beat_s - BEAT_S)
        self._beat_s = now_s
        x, y, z = (float(v) for v in Head().to_base((0.0, 0.0, 2.0), self.goal))
        message = PointStamped(header=Header(frame_id=BASE))
        message.point.x, message.point.y, message.point.z = x, y, z
        self._targets.publish(message)


def _both(parameters: dict[str, Any]) -> list[str]:
    return [name for name in parameters if name.startswith("command_")]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((32, 64, 3), 120, np.uint8))
    return path


WAYS = (
    {"output_mode": "joint_trajectory"},
    {"output_mode": "commands", "command_order": "tilt_pan"},
    {"output_mode": "commands", "command_interface": "velocity"},
    {"output_mode": "joint_command"},
    {"output_mode": "pan_tilt_cmd"},
)


def overshoots(values: list[float], goal: float, start: float) -> Iterator[float]:
    """Yield by how much each value is beyond the goal, on the way from the start."""
    side = math.copysign(1.0, goal - start)
    for value in values:
        yield side * (value - goal)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way.values()))
def test_every_output_brings_the_head_there_and_stops_it(
    bench: Bench, picture: Path, way: dict[str, str]
) -> None:
    loop = Loop(bench, picture, **way)
    start = START
    for goal in GOALS:
        loop.goal, first = goal, len(loop.states)
        bench.spin_until(lambda: math.dist(loop.pose, goal) < 0.01)  # noqa: B023
        bench.spin_for(0.7)
        assert math.dist(loop.pose, goal) < 0.01, "it does not stay"
        way_of_it = [(-s.position[0], s.position[1]) for s in loop.states[first:]]
        for axis in range(2):
            values = [position[axis] for position in way_of_it]
            # The controller shares this test's thread: while that stalls, a velocity goes on.
            most = 0.03 + 1.0 * loop.stall_s
            assert max(overshoots(values, goal[axis], start[axis])) < most
        start = goal
    # Numbers that come late, on a busy machine, make a servo catch up, at most at its own speed.
    fastest = min(1.5 + 30 * max(loop.stall_s - BEAT_S, 0.0), ServoSettings().max_velocity)
    for before, after in pairwise(loop.states):
        time_s = (stamp_to_ns(after.header.stamp) - stamp_to_ns(before.header.stamp)) * 1e-9
        for a, b in zip(before.position, after.position, strict=True):
            assert abs(b - a) <= fastest * time_s + 1e-3, "faster than max_velocity"
    loop.goal = GOALS[0]
    bench.spin_until(lambda: loop.pose.pan_rad > 0.0)
    loop.controller.trigger_deactivate()
    bench.spin_for(0.5)
    held = loop.pose
    bench.spin_for(0.5)
    assert math.dist(loop.pose, held) < 1e-3 and loop.pose.pan_rad < GOALS[0].pan_rad - 0.1
