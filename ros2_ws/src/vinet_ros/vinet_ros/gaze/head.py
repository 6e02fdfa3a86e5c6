# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Kinematics of a pan-tilt head that carries a camera.

The base frame and the camera's body frame follow REP 103: x forward, y left, z up. Pan turns about
the base's z axis, positive to the left; tilt about the turned y axis, positive upward; both axes
meet in the origin. The camera sits in the tilt link with an offset and a rotation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import FrameError
from vinet_ros.gaze.geometry import PanTilt

Array = NDArray[np.float64]
Vector = tuple[float, float, float]

# Columns: the optical frame's x (right), y (down), z (forward) in the body frame.
_OPTICAL_TO_BODY = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


@dataclass(frozen=True, slots=True)
class HeadMount:
    """Where the camera sits in the head.

    Args:
        xyz_m: The camera's optical centre in the tilt link, metres.
        rpy_rad: Roll, pitch and yaw of the camera's body frame in the tilt link, radians, about
            fixed x, y, z in this order, as in URDF. Zeros: it looks along the link's x axis.

    Raises:
        ValueError: If there are not three finite numbers each.
    """

    xyz_m: Vector = (0.0, 0.0, 0.0)
    rpy_rad: Vector = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("xyz_m", "rpy_rad"):
            values = getattr(self, name)
            if len(values) != 3 or not all(math.isfinite(value) for value in values):
                raise ValueError(f"{name} of a mount needs three finite numbers, got {values}")

    @classmethod
    def of_optical_frame(
        cls, xyz_m: Vector, quaternion: tuple[float, float, float, float]
    ) -> "HeadMount":
        """Return the mount of a camera from the pose of its optical frame in the tilt link.

        Args:
            xyz_m: Place, metres.
            quaternion: Rotation (x, y, z, w), as in geometry_msgs; of any length but zero.

        Raises:
            ValueError: If the numbers are not finite, or the quaternion is zero.
        """
        length = math.hypot(*quaternion)
        if not (math.isfinite(length) and length > 0):
            raise ValueError(
                f"a rotation needs a finite quaternion that is not 0, got {quaternion}"
            )
        x, y, z, w = (value / length for value in quaternion)
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        body = rotation @ _OPTICAL_TO_BODY.T
        roll = math.atan2(body[2, 1], body[2, 2])
        pitch = math.atan2(-body[2, 0], math.hypot(body[0, 0], body[1, 0]))
        return cls(xyz_m, (roll, pitch, math.atan2(body[1, 0], body[0, 0])))

    @property
    def rotation(self) -> Array:
        """Rotation from the camera's body frame into the tilt link, (3, 3)."""
        roll, pitch, yaw = self.rpy_rad
        return rotation_z(yaw) @ rotation_y(pitch) @ rotation_x(roll)


class Head:
    """A pan-tilt head: from the camera's optical frame to the base, and to where it must turn.

    Args:
        mount: Where the camera sits.
    """

    def __init__(self, mount: HeadMount | None = None) -> None:
        self.mount = mount or HeadMount()
        self._offset = np.asarray(self.mount.xyz_m, np.float64)
        self._rotation: Array = self.mount.rotation @ _OPTICAL_TO_BODY  # optical to tilt link
        self._axis: Array = self._rotation[:, 2]  # the optical axis in the tilt link

    def view(self, joints: PanTilt) -> tuple[Array, Array]:
        """Return the pose of the optical frame in the base: rotation (3, 3), position (3,) in m.

        Args:
            joints: Pan and tilt of the head, radians.
        """
        link = rotation_z(joints.pan_rad) @ rotation_y(-joints.tilt_rad)
        return link @ self._rotation, link @ self._offset

    def to_base(self, point_optical_m: Sequence[float], joints: PanTilt) -> Array:
        """Return a point of the optical frame in the base, (3,) in m.

        Inverse: :meth:`to_optical`.
        """
        rotation, position = self.view(joints)
        moved: Array = rotation @ np.asarray(point_optical_m, np.float64) + position
        return moved

    def to_optical(self, point_base_m: Sequence[float] | Array, joints: PanTilt) -> Array:
        """Return a point of the base in the optical frame, (3,) in m. Inverse: :meth:`to_base`."""
        rotation, position = self.view(joints)
        moved: Array = rotation.T @ (np.asarray(point_base_m, np.float64) - position)
        return moved

    def direction(self, point_optical_m: Sequence[float], joints: PanTilt) -> PanTilt:
        """Return where the head must be to have a point that the camera sees on its optical axis.

        This is the target in head coordinates: it stays where it is while the head moves.

        Args:
            point_optical_m: The point in the optical frame, m.
            joints: Where the head was when the camera saw it.

        Raises:
            FrameError: If the point is not finite, or the head cannot look at it.
        """
        return self.direction_of_point(self.to_base(point_optical_m, joints))

    def direction_of_point(self, point_base_m: Sequence[float] | Array) -> PanTilt:
        """Return pan and tilt that bring a point onto the optical axis; exact.

        Of the two ways in which a head can look at a point, the one with the smaller tilt. Right
        above the pan axis every pan is as good; then it is the one of a level direction.

        Args:
            point_base_m: The point in the base, m.

        Returns:
            Pan and tilt in [-pi, pi].

        Raises:
            FrameError: If the point is not finite, or the head cannot look at it: nearer than
                the camera's offset, or above or below a camera that sits beside the pan axis.

        Inverse: a point on the optical axis of :meth:`view`.
        """
        x, y, z = (float(value) for value in point_base_m)
        if not all(math.isfinite(value) for value in (x, y, z)):
            raise FrameError(f"a target must be finite, got ({x}, {y}, {z})")
        along = float(self._axis @ self._offset)
        square = along * along + x * x + y * y + z * z - float(self._offset @ self._offset)
        reach = math.sqrt(square) - along if square > 0 else 0.0
        # The point in the tilt link once it is on the axis: the head's turns keep its distance.
        aim_x, aim_y, aim_z = (float(value) for value in self._offset + reach * self._axis)
        level_square = x * x + y * y - aim_y * aim_y
        if reach <= 0 or level_square < -1e-12 * (x * x + y * y + z * z):
            raise FrameError(
                f"the head cannot look at ({x:g}, {y:g}, {z:g}) m, too near to its axes; "
                "look at the target's distance and the camera's mount"
            )
        level = math.sqrt(max(level_square, 0.0))
        raised = math.atan2(aim_z, aim_x)
        forward = wrap(math.atan2(z, level) - raised)
        backward = wrap(math.atan2(z, -level) - raised)
        tilt, across = min(((forward, level), (backward, -level)), key=lambda way: abs(way[0]))
        return PanTilt(wrap(math.atan2(y, x) - math.atan2(aim_y, across)), tilt)


def wrap(angle_rad: float) -> float:
    """Return an angle in [-pi, pi].

    >>> round(wrap(1.5 * math.pi) / math.pi, 6)
    -0.5
    """
    return math.remainder(angle_rad, math.tau)


def rotation_x(angle_rad: float) -> Array:
    """Return the rotation about x, (3, 3)."""
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def rotation_y(angle_rad: float) -> Array:
    """Return the rotation about y, (3, 3)."""
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def rotation_z(angle_rad: float) -> Array:
    """Return the rotation about z, (3, 3)."""
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
