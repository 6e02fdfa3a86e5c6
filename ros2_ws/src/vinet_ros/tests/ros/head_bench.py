# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A bench for gaze_controller over real DDS: a head that obeys, a target that its camera sees."""

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, PointStamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from node_bench import Bench
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, JointState, PointCloud2, PointField
from std_msgs.msg import Header
from std_srvs.srv import SetBool, Trigger

from vinet_ros.gaze import Head, PanTilt
from vinet_ros.ros.gaze_controller import GazeController
from vinet_ros.ros.messages import ns_to_stamp, stamp_to_ns
from vinet_ros.ros.qos import sensor_qos

PAGE = Path(__file__).parents[5] / "docs" / "gaze_controller.md"
CAMERA, SECOND = "camera", 1_000_000_000
BEAT_S = 0.02
TARGET_BEATS = 2
LAG_BEATS = 3
GOAL = PanTilt(0.8, 0.3)
LEVELS = {"OK": 0, "WARN": 1, "ERROR": 2, "STALE": 3}


@dataclass(frozen=True)
class Row:
    """What the table of faults says of one."""

    state: str
    command: str
    status: str
    level: int
    words: str


def fault_table() -> dict[str, Row]:
    """Return the rows of the docs' table of faults by the names of their tests."""
    rows = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 5 or not (test := re.fullmatch(r"`(test_\w+)`", cells[4])):
            continue
        said = re.fullmatch(r"(\w+) (OK|WARN|ERROR|STALE): (.+)", cells[3])
        status, level, words = said.groups() if said else ("", "OK", "")
        rows[test[1]] = Row(cells[1], cells[2], status, LEVELS[level], words)
    return rows


class HeadBench(Bench):
    """A head whose joints are where a command put them some beats later, and a camera on it.

    The driver publishes joint states and the camera a target with every beat, until told
    otherwise.
    """

    def __init__(self) -> None:
        super().__init__()
        self.head = Head()
        self.position = PanTilt(0.1, -0.1)
        self.goal: PanTilt | None = None
        self.measured: list[PanTilt] = []
        self._on_its_way: deque[PanTilt] = deque([self.position] * LAG_BEATS, LAG_BEATS)
        self.drives = self.sees = True
        self.joint_names = ["pan", "tilt"]
        self.signs = (1, 1)
        self.now: Callable[[], int] = self.now_ns
        self._beats = 0
        self.commands: list[JointState] = self.listen(JointState, "joint_command", 1000)
        self._joints = self.node.create_publisher(JointState, "joint_states", sensor_qos(depth=20))
        self._targets = self.node.create_publisher(PointStamped, "gaze/target", 10)
        self._infos = self.node.create_publisher(CameraInfo, "camera_info", sensor_qos())
        self.node.create_timer(BEAT_S, self.beat)

    def controller(self, cli_args: Sequence[str] = (), **parameters: Any) -> GazeController:
        """Make a gaze_controller, quick to tell how it is, patient with a busy machine."""
        values = {
            "output_mode": "joint_command",
            "diagnostics_period_s": 0.1,
            "target_timeout_s": 1.0,
            "joint_timeout_s": 1.0,
            **parameters,
        }
        node = GazeController(
            parameter_overrides=[Parameter(k, value=v) for k, v in values.items()],
            cli_args=list(cli_args),
        )
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def enabled(self, **parameters: Any) -> GazeController:
        """Make an active controller and enable it."""
        node = self.controller(**parameters)
        self.spin_until(lambda: node.state == "active")
        self.spin_until(lambda: self.count("joints", "received") > 3)
        answer = self.enable()
        assert answer.success, answer.message
        return node

    def following(self, **parameters: Any) -> GazeController:
        """Make a controller whose head is under way to a target."""
        self.goal = GOAL
        node = self.enabled(**parameters)
        self.spin_until(self.under_way)
        return node

    def under_way(self) -> bool:
        """Whether the last commands move fast."""
        positions = [command.position[0] for command in self.commands[-3:]]
        return len(positions) == 3 and all(b - a > 0.004 for a, b in pairwise(positions))

    def enable(self, on: bool = True) -> SetBool.Response:
        return self.call(SetBool, "enable", data=on)

    def trigger(self, service: str) -> Trigger.Response:
        return self.call(Trigger, service)

    def change(self, transition: int) -> bool:
        request = Transition(id=transition)
        return bool(self.call(ChangeState, "change_state", transition=request).success)

    def beat(self) -> None:
        """Publish what driver and camera have to say now."""
        self._beats += 1
        self.position = self._on_its_way[0]
        if self.commands:
            self._on_its_way.append(PanTilt(*self.commands[-1].position))
        if self._beats % 10 == 1:
            self._infos.publish(CameraInfo(header=Header(frame_id=CAMERA)))
        stamp_ns = self.now()
        if self.drives:
            self.send_joints(stamp_ns)
        if self.sees and self.goal is not None and self._beats % TARGET_BEATS == 0:
            self.send_target(stamp_ns)

    def send_joints(self, stamp_ns: int, position: PanTilt | None = None) -> None:
        angles = position or self.position
        self.measured.append(angles)
        values = [sign * float(angle) for sign, angle in zip(self.signs, angles, strict=True)]
        state = JointState(name=self.joint_names, position=values[: len(self.joint_names)])
        state.header.stamp = ns_to_stamp(stamp_ns)
        self._joints.publish(state)

    def send_target(
        self, stamp_ns: int, point: Sequence[float] | None = None, frame: str = CAMERA
    ) -> None:
        """Publish where the camera sees the goal, or another point."""
        if point is None:
            assert self.goal is not None
            there = self.head.to_base((0.0, 0.0, 2.0), self.goal)
            point = self.head.to_optical(there, self.position)
        x, y, z = (float(value) for value in point)
        header = Header(stamp=ns_to_stamp(stamp_ns), frame_id=frame)
        self._targets.publish(PointStamped(header=header, point=Point(x=x, y=y, z=z)))

    def insist(self, send: Callable[[], object]) -> None:
        """Send a bad target until it was refused: a good one that comes behind may replace it."""
        refused = self.count("targets", "refused")
        timer = self.node.create_timer(5 * BEAT_S, send)
        self.spin_until(lambda: self.count("targets", "refused") > refused)
        self.node.destroy_timer(timer)

    def told(self) -> str:
        """Return the newest diagnostics and the last command for a failing test's message."""
        last = list(self.commands[-1].position) if self.commands else "none"
        return f"{super().told()}; goal {self.goal}, last command {last}"

    def withdraw_driver(self) -> None:
        """End the head's driver."""
        self.drives = False
        self.node.destroy_publisher(self._joints)

    def status(self, name: str, node: str = "gaze_controller") -> Any:
        return super().status(name, node)

    def call(self, kind: type, service: str, patience_s: float = 30.0, **fields: Any) -> Any:
        """Call a service of gaze_controller over DDS and return its response."""
        client = self.node.create_client(kind, f"gaze_controller/{service}")
        self.spin_until(client.service_is_ready)
        done = client.call_async(kind.Request(**fields))
        self.spin_until(done.done, patience_s)
        self.node.destroy_client(client)
        return done.result()

    def check(self, row: Row) -> None:
        """Check state, diagnostics and last command against a row of the table of faults."""
        if row.status:
            self.spin_until(lambda: self.says(row.status, row.words, row.level))
        source = "head" if self.status("head").level != b"\x03" else "lifecycle"
        self.spin_until(lambda: self.value(source, "state") == row.state)
        if row.status:
            self.spin_until(lambda: self.says(row.status, row.words, row.level))
        self.check_command(row.command)
        at_once = row.state in ("inactive", "finalized") or row.status == "process"
        # A stop at once goes back by what the head lags behind.
        self.check_limits(self.commands[:-1] if at_once else self.commands)

    def check_command(self, command: str) -> None:
        """Check what the last command is."""
        if command == "goes on":
            self.spin_until(lambda: self.is_at(self.goal))
        elif command == "centre":
            self.spin_until(lambda: self.is_at(PanTilt(0.0, 0.0)))
        elif command == "stop":
            self.spin_for(1.0)
            sent, last = len(self.commands), self.commands[-1]
            self.spin_for(0.5)
            assert len(self.commands) == sent, "commands come after the stop"
            if self.drives and self.joint_names == ["pan", "tilt"]:
                assert PanTilt(*last.position) in self.measured[-200:], "not a measured position"
            assert self.goal is None or not self.is_at(self.goal), "it went on to the target"
        else:
            assert command == "none"
            self.spin_for(0.5)
            assert not self.commands

    def is_at(self, place: PanTilt | None) -> bool:
        """Whether the last command is at a place."""
        assert place is not None
        last = self.commands[-1].position if self.commands else (9.0, 9.0)
        return max(abs(a - b) for a, b in zip(last, place, strict=True)) < 0.03

    def check_limits(self, commands: Sequence[JointState] | None = None) -> None:
        """Check that no command passed a limit, and none leapt."""
        for before, after in pairwise(self.commands if commands is None else commands):
            time_s = (stamp_to_ns(after.header.stamp) - stamp_to_ns(before.header.stamp)) / SECOND
            for a, b, limit in zip(before.position, after.position, (1.57, 0.78), strict=True):
                assert abs(b) <= limit
                assert abs(b - a) <= 1.0 * min(max(time_s, 0.0), 0.1) + 0.02


def cloud(stamp_ns: int, values: list[float], step: int = 16) -> PointCloud2:
    """Return one candidate (x, y, z, saliency), in as many bytes as are claimed or not."""
    fields = [
        PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
        for i, name in enumerate(("x", "y", "z", "saliency"))
    ]
    header = Header(stamp=ns_to_stamp(stamp_ns), frame_id=CAMERA)
    message = PointCloud2(header=header, height=1, width=1, fields=fields, point_step=step)
    message.row_step = step
    message.data = np.array(values, "<f4").tobytes()
    return message
