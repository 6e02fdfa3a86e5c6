# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The benchmark's own node: starts trials over the nodes' services and hears what happens."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PointStamped, PoseArray
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from vinet_ros.gaze import PanTilt
from vinet_ros.ros.head_benchmark.judge import Array, Recording
from vinet_ros.ros.head_benchmark.options import Trial
from vinet_ros.ros.messages import NS_PER_S, stamp_to_ns
from vinet_ros.ros.qos import sensor_qos
from vinet_ros.simulation import VirtualCamera

Wait = Callable[[Callable[[], bool], str], None]
"""Spins until a condition holds; the text says what for."""


class Recorder(Node):
    """Keeps what came since the last :meth:`clear`.

    Args:
        **arguments: Those of rclpy's Node.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__("head_benchmark", start_parameter_services=False, **arguments)
        self.statuses: dict[str, dict[str, str]] = {}
        self.clear()
        self.create_subscription(JointState, "simulation/joint_states", self._note_head, 200)
        self.create_subscription(PoseArray, "simulation/things", self._note_things, 200)
        states = sensor_qos(depth=200)
        self.create_subscription(JointState, "joint_states", self._note_joints, states)
        self.create_subscription(JointTrajectory, "joint_trajectory", self._note_command, 200)
        self.create_subscription(PointStamped, "gaze/target", self._note_target, 10)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._note_statuses, 50)
        self._callers: dict[str, Any] = {}

    def clear(self) -> None:
        """Forget what came."""
        self._head: dict[int, tuple[float, ...]] = {}
        self._things: dict[int, Array] = {}
        self._joints: dict[int, tuple[tuple[float, ...], tuple[float, ...]]] = {}
        self._commands: list[tuple[float, ...]] = []
        self.targets = 0

    @property
    def views(self) -> int:
        """Views of the camera that came."""
        return len(self._head)

    @property
    def seconds(self) -> float:
        """Time between the first and the last view, by their stamps."""
        stamps = list(self._head)
        return (stamps[-1] - stamps[0]) / NS_PER_S if stamps else 0.0

    def value(self, node: str, status: str, key: str) -> str:
        """Return the newest value of a node's diagnostics."""
        return self.statuses.get(f"{node}: {status}", {}).get(key, "")

    def call(self, kind: Any, service: str, request: Any, wait: Wait) -> Any:
        """Call a service and return its answer."""
        if service not in self._callers:
            self._callers[service] = self.create_client(kind, service)
        client = self._callers[service]
        wait(client.service_is_ready, f"{service} is not there")
        done = client.call_async(request)
        wait(done.done, f"{service} does not answer")
        return done.result()

    def trigger(self, service: str, wait: Wait) -> tuple[bool, str]:
        """Call a std_srvs/Trigger; return success and message."""
        answer = self.call(Trigger, service, Trigger.Request(), wait)
        return bool(answer.success), str(answer.message)

    def enable(self, on: bool, wait: Wait) -> tuple[bool, str]:
        """Enable or disable gaze_controller; return success and message."""
        answer = self.call(SetBool, "gaze_controller/enable", SetBool.Request(data=on), wait)
        return bool(answer.success), str(answer.message)

    def set_parameters(self, node: str, values: Mapping[str, Any], wait: Wait) -> tuple[bool, str]:
        """Set parameters of a node, all or none; return success and reason."""
        messages = [
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
        ]
        request = SetParametersAtomically.Request(parameters=messages)
        answer = self.call(
            SetParametersAtomically, f"{node}/set_parameters_atomically", request, wait
        )
        return bool(answer.result.successful), str(answer.result.reason)

    def recording(self, trial: Trial, camera: VirtualCamera) -> Recording:
        """Return what came as the recording of a trial.

        Args:
            trial: Whose it is.
            camera: The simulator's.
        """
        stamps = sorted(self._head.keys() & self._things.keys())
        first_ns = stamps[0] if stamps else 0
        head = np.array([self._head[ns] for ns in stamps]).reshape(-1, 2)
        things = np.array([self._things[ns] for ns in stamps])
        in_view = np.array(
            [
                [_sees(camera, place, pose) for place in places]
                for places, pose in zip(things, head, strict=True)
            ],
            bool,
        )
        joint_stamps = sorted(self._joints)
        states = np.array([self._joints[ns] for ns in joint_stamps]).reshape(-1, 2, 2)
        return Recording(
            part=trial.part.name,
            seed=trial.seed,
            times_s=_seconds(stamps, first_ns),
            head=head,
            things=things,
            in_view=in_view,
            joint_times_s=_seconds(joint_stamps, first_ns),
            joints=states[:, 0],
            joint_velocities=states[:, 1],
            commands=np.array(self._commands, float).reshape(-1, 2),
            targets=self.targets / max(self.seconds, 1e-3),
        )

    def _note_head(self, msg: JointState) -> None:
        self._head[stamp_to_ns(msg.header.stamp)] = tuple(msg.position)

    def _note_things(self, msg: PoseArray) -> None:
        points = np.array([(p.position.x, p.position.y, p.position.z) for p in msg.poses])
        x, y, z = points.reshape(-1, 3).T
        directions = np.stack((np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))), axis=1)
        self._things[stamp_to_ns(msg.header.stamp)] = directions

    def _note_joints(self, msg: JointState) -> None:
        self._joints[stamp_to_ns(msg.header.stamp)] = tuple(msg.position), tuple(msg.velocity)

    def _note_command(self, msg: JointTrajectory) -> None:
        self._commands += [tuple(point.positions) for point in msg.points]

    def _note_target(self, msg: PointStamped) -> None:
        self.targets += 1

    def _note_statuses(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            values = {pair.key: pair.value for pair in status.values}
            self.statuses[status.name] = {**values, "message": status.message}


def _sees(camera: VirtualCamera, place: Array, pose: Array) -> bool:
    if not all(math.isfinite(value) for value in place):
        return False
    return camera.sees(PanTilt(*place.tolist()), PanTilt(*pose.tolist()))


def _seconds(stamps_ns: list[int], first_ns: int) -> Array:
    return np.array([(stamp_ns - first_ns) / NS_PER_S for stamp_ns in stamps_ns], float)
