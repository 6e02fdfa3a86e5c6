# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Commands to a simulated head, out of the messages that a real one takes.

A trajectory has to keep the rules of joint_trajectory_controller; what that would refuse is
refused here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PanTilt
from vinet_ros.ros.messages import NS_PER_S, stamp_to_ns
from vinet_ros.simulation import Waypoint


@dataclass(frozen=True, slots=True)
class Joints:
    """The two joints as ROS knows them.

    Args:
        names: Of pan and tilt.
        signs: 1 or -1; a joint's angle is the head's times its sign.
    """

    names: tuple[str, str]
    signs: tuple[int, int]

    def to_head(self, values: Sequence[float], names: Sequence[str] | None = None) -> PanTilt:
        """Return joint angles or velocities as those of the head.

        Args:
            values: One a joint.
            names: Their joints; None: pan, tilt.

        Raises:
            FrameError: If they are not one finite number for each joint.
        """
        names = self.names if names is None else names
        if sorted(names) != sorted(self.names) or len(values) != 2:
            raise FrameError(
                f"expected one value each for {' and '.join(self.names)}, got {len(values)} for "
                f"{', '.join(names) or 'no joints'}"
            )
        if not all(math.isfinite(value) for value in values):
            raise FrameError(f"a command must be finite, got {list(values)}")
        by_name = dict(zip(names, values, strict=True))
        pan, tilt = (
            sign * by_name[name] for name, sign in zip(self.names, self.signs, strict=True)
        )
        return PanTilt(pan, tilt)

    def from_head(self, angles: PanTilt) -> list[float]:
        """Return the head's angles or velocities as those of the joints."""
        return [sign * float(angle) for sign, angle in zip(self.signs, angles, strict=True)]


def trajectory_waypoints(msg: Any, joints: Joints, now_ns: int) -> list[Waypoint]:
    """Return the points of a trajectory_msgs/JointTrajectory.

    Args:
        msg: The message.
        joints: Of the head.
        now_ns: The time, for a trajectory with a stamp; 0 starts at once.

    Raises:
        FrameError: If joint_trajectory_controller, as it comes, would refuse it.
    """
    if not msg.points:
        raise FrameError("a trajectory needs at least one point")
    stamp_ns = stamp_to_ns(msg.header.stamp)
    delay_s = (stamp_ns - now_ns) / NS_PER_S if stamp_ns else 0.0
    times_s = [stamp_to_ns(point.time_from_start) / NS_PER_S for point in msg.points]
    if any(later <= earlier for earlier, later in pairwise(times_s)):
        raise FrameError(f"a trajectory's times must grow strictly, got {times_s}")
    if times_s[0] < 0 or delay_s + times_s[-1] < 0:
        raise FrameError(
            f"a trajectory must not end in the past, got {delay_s + times_s[-1]:.3f} s; send it "
            "with a stamp of 0"
        )
    points = [
        _waypoint(point, max(delay_s + time_s, 0.0), joints, msg.joint_names)
        for point, time_s in zip(msg.points, times_s, strict=True)
    ]
    last = points[-1].velocity
    if last is not None and any(last):
        raise FrameError(f"a trajectory must end at rest, got velocities {tuple(last)}")
    return points


def _waypoint(point: Any, reach_s: float, joints: Joints, names: Sequence[str]) -> Waypoint:
    if len(point.accelerations) not in (0, len(names)) or len(point.effort):
        raise FrameError(
            "a point has accelerations for all joints or none, and no effort, got "
            f"{len(point.accelerations)} and {len(point.effort)}"
        )
    velocity = joints.to_head(point.velocities, names) if len(point.velocities) else None
    return Waypoint(reach_s, joints.to_head(point.positions, names), velocity)
