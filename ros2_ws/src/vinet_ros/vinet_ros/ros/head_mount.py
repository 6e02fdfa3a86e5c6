# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The camera's place in the head, from tf2 where that is installed and asked for."""

from typing import Any

from rclpy.node import Node
from rclpy.time import Time

from vinet_ros.errors import FrameError, VinetError
from vinet_ros.gaze import HeadMount


class TfMount:
    """Listens to the transforms of a robot.

    Args:
        node: The node that it listens for.
        tilt_frame: Frame of the tilt link: x forward when the head is level, y left, z up.

    Raises:
        VinetError: If tf2 is not installed.
    """

    def __init__(self, node: Node, tilt_frame: str) -> None:
        try:
            import tf2_ros
        except ImportError as error:
            raise VinetError(
                "tilt_frame asks for the camera's place from tf2, which is not installed; install "
                "tf2_ros (ros-<distro>-tf2-ros), or set camera_mount_xyz_m and "
                "camera_mount_rpy_rad and leave tilt_frame empty"
            ) from error
        self._tilt_frame = tilt_frame
        self._error: Any = tf2_ros.TransformException
        self._buffer: Any = tf2_ros.Buffer(node=node)
        self._listener: Any = tf2_ros.TransformListener(self._buffer, node)

    def mount(self, camera_frame: str) -> HeadMount:
        """Return where the camera sits.

        Args:
            camera_frame: Its optical frame.

        Raises:
            FrameError: If no transform tells it yet, or it tells nonsense.
        """
        try:
            pose = self._buffer.lookup_transform(self._tilt_frame, camera_frame, Time()).transform
            place, turn = pose.translation, pose.rotation
            return HeadMount.of_optical_frame(
                (place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w)
            )
        except (self._error, ValueError) as error:
            raise FrameError(
                f"the place of the camera {camera_frame!r} in {self._tilt_frame!r} is not known: "
                f"{error}; does robot_state_publisher run?"
            ) from error

    def end(self) -> None:
        """Listen no more."""
        self._listener.unregister()
