# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Commands to the head, in the form that its controller takes.

Angles turn into joint positions here, by the joints' signs, and only here.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from builtin_interfaces.msg import Duration as DurationMessage
from geometry_msgs.msg import Point, PointStamped
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64, Float64MultiArray, Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from vinet_ros.gaze import Head, PanTilt
from vinet_ros.gaze.control import ControlSettings, HeadCommand
from vinet_ros.gaze.trajectory import Aim, TrajectoryPoint, TrajectoryWays, begun
from vinet_ros.ros.gaze_parameters import GazeParameters
from vinet_ros.ros.messages import NS_PER_S, ns_to_stamp
from vinet_ros.ros.qos import output_qos

_STILL = PanTilt(0.0, 0.0)
_LATE_S = 0.1  # by which a trajectory is sent too late at most; more is a clock that was set
_HOLD_S = 0.1  # time from start of a trajectory that holds a position


class HeadOutput(ABC):
    """The topics that one output mode commands the head by.

    Args:
        node: Their node.
        settings: Names, signs and rates.

    Attributes:
        now_ns: Tells the time by which commands are stamped.
        sent: Commands so far.
    """

    message_types: tuple[tuple[str, type], ...]
    """Topics and their types."""

    def __init__(self, node: LifecycleNode, settings: GazeParameters) -> None:
        self._node = node
        self._settings = settings
        self.now_ns: Callable[[], int] = lambda: int(node.get_clock().now().nanoseconds)
        self.sent = 0
        self.publishers = [
            node.create_lifecycle_publisher(kind, topic, output_qos())
            for topic, kind in self.message_types
        ]

    @property
    def topics(self) -> list[str]:
        """Resolved names of the topics."""
        return [str(publisher.topic_name) for publisher in self.publishers]

    @property
    def listeners(self) -> int:
        """How many subscriptions there are on the topic that has fewest."""
        return min(int(publisher.get_subscription_count()) for publisher in self.publishers)

    @abstractmethod
    def follow(self, command: HeadCommand, aim: Aim | None, limits: ControlSettings) -> None:
        """Command a step of a motion.

        Args:
            command: The step.
            aim: Where it leads; None: to a rest.
            limits: Of the motion.
        """

    @abstractmethod
    def stop(self, hold: HeadCommand) -> None:
        """Command to stop at once.

        Args:
            hold: The measured position, to be held.
        """

    def flush(self, timeout_s: float) -> bool:
        """Wait until the listeners have what was sent; return whether they do."""
        timeout = Duration(seconds=timeout_s)
        return all([bool(publisher.wait_for_all_acked(timeout)) for publisher in self.publishers])

    def destroy(self) -> None:
        """Take the topics off the network."""
        for publisher in self.publishers:
            self._node.destroy_lifecycle_publisher(publisher)
        self.publishers = []

    def _send(self, *messages: Any) -> None:
        for publisher, message in zip(self.publishers, messages, strict=True):
            publisher.publish(message)
        self.sent += 1

    def _joints(self, angles: PanTilt) -> list[float]:
        return [
            sign * float(angle) for sign, angle in zip(self._settings.signs, angles, strict=True)
        ]


class TrajectoryOutput(HeadOutput):
    """Whole ways for joint_trajectory_controller, each sent once.

    A standing goal gets one trajectory, which leads to it; a moving one a new trajectory with
    every step. Each ends at rest, as the controller asks for.
    """

    message_types = (("joint_trajectory", JointTrajectory),)

    def __init__(self, node: LifecycleNode, settings: GazeParameters) -> None:
        super().__init__(node, settings)
        self._ways = TrajectoryWays()

    def follow(self, command: HeadCommand, aim: Aim | None, limits: ControlSettings) -> None:
        """Send a trajectory if the goal is another one than before."""
        points = self._ways.follow(command, aim, limits)
        if points:
            if command.velocity != _STILL:  # what rests has lost nothing
                points = begun(points, self._since_s(command.stamp_ns))
            self._send(trajectory_message(self._settings.joints, points, self._joints))

    def _since_s(self, stamp_ns: int) -> float:
        """Return how long ago a step was: what it took to work out its way."""
        return min(max((self.now_ns() - stamp_ns) / NS_PER_S, 0.0), _LATE_S)

    def stop(self, hold: HeadCommand) -> None:
        """Hold the position."""
        point = TrajectoryPoint(_HOLD_S, hold.position, _STILL)
        self._send(trajectory_message(self._settings.joints, [point], self._joints))
        self._ways.stop()


class ArrayOutput(HeadOutput):
    """Numbers for forward_command_controller, with every step."""

    message_types = (("commands", Float64MultiArray),)

    def follow(self, command: HeadCommand, aim: Aim | None, limits: ControlSettings) -> None:
        """Send positions or velocities."""
        velocity = self._settings.command_interface == "velocity"
        self._send(self._message(command.drive_rad_s if velocity else command.position))

    def stop(self, hold: HeadCommand) -> None:
        """Send the position to hold, or no velocity."""
        velocity = self._settings.command_interface == "velocity"
        self._send(self._message(_STILL if velocity else hold.position))

    def _message(self, values: PanTilt) -> Float64MultiArray:
        data = self._joints(values)
        reverse = self._settings.command_order == "tilt_pan"
        return Float64MultiArray(data=data[::-1] if reverse else data)


class JointStateOutput(HeadOutput):
    """Positions by the joints' names, with every step."""

    message_types = (("joint_command", JointState),)

    def follow(self, command: HeadCommand, aim: Aim | None, limits: ControlSettings) -> None:
        """Send positions."""
        self._send(self._message(command))

    def stop(self, hold: HeadCommand) -> None:
        """Send the position to hold."""
        self._send(self._message(hold))

    def _message(self, command: HeadCommand) -> JointState:
        header = Header(stamp=ns_to_stamp(command.stamp_ns))
        names = list(self._settings.joints)
        return JointState(header=header, name=names, position=self._joints(command.position))


class PanTiltOutput(HeadOutput):
    """A topic for each joint of a pan-tilt unit, with every step."""

    message_types = (("pan_cmd", Float64), ("tilt_cmd", Float64))

    def follow(self, command: HeadCommand, aim: Aim | None, limits: ControlSettings) -> None:
        """Send positions."""
        self.stop(command)

    def stop(self, hold: HeadCommand) -> None:
        """Send the position to hold."""
        self._send(*(Float64(data=value) for value in self._joints(hold.position)))


class LookAtOutput(HeadOutput):
    """A point for a robot that turns to it by itself, with every step; nothing to stop."""

    message_types = (("look_at", PointStamped),)

    def __init__(self, node: LifecycleNode, settings: GazeParameters) -> None:
        super().__init__(node, settings)
        self._head = Head(settings.mount)

    def follow(self, command: HeadCommand, aim: Aim | None, limits: ControlSettings) -> None:
        """Send the point in front of the camera in the commanded pose."""
        ahead = (0.0, 0.0, self._settings.look_at_distance_m)
        x, y, z = (float(value) for value in self._head.to_base(ahead, command.position))
        stamp = ns_to_stamp(command.stamp_ns)
        header = Header(stamp=stamp, frame_id=self._settings.base_frame)
        self._send(PointStamped(header=header, point=Point(x=x, y=y, z=z)))

    def stop(self, hold: HeadCommand) -> None:
        """Send nothing more."""


def create_output(node: LifecycleNode, settings: GazeParameters) -> HeadOutput:
    """Return the output of the mode in the parameters."""
    kinds: dict[str, type[HeadOutput]] = {
        "joint_trajectory": TrajectoryOutput,
        "commands": ArrayOutput,
        "joint_command": JointStateOutput,
        "pan_tilt_cmd": PanTiltOutput,
        "look_at": LookAtOutput,
    }
    return kinds[settings.output_mode](node, settings)


def trajectory_message(
    names: Sequence[str], points: Sequence[TrajectoryPoint], joints: Any = list
) -> JointTrajectory:
    """Return a trajectory that starts when it arrives: its stamp is zero.

    Args:
        names: Of the pan and the tilt joint.
        points: Times grow strictly, the last velocities are zero.
        joints: Turns angles, or their velocities, into those of the joints.
    """
    message = JointTrajectory(joint_names=list(names))
    message.points = [
        JointTrajectoryPoint(
            positions=joints(point.position),
            velocities=joints(point.velocity),
            time_from_start=_duration(point.time_s),
        )
        for point in points
    ]
    return message


def _duration(time_s: float) -> DurationMessage:
    sec, nanosec = divmod(round(time_s * NS_PER_S), NS_PER_S)
    return DurationMessage(sec=sec, nanosec=nanosec)
