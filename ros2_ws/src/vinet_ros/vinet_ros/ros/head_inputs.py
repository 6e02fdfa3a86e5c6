# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What arrives at gaze_controller: joint states, targets, frames, stamps; checked.

Messages are read by the names of their fields. What is wrong raises FrameError.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sensor_msgs.msg import PointField

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PanTilt
from vinet_ros.gaze.joint_history import JUMP_BACK_NS
from vinet_ros.ros.gaze_parameters import GazeParameters
from vinet_ros.ros.messages import NS_PER_S, stamp_to_ns

MAX_CANDIDATES = 64
"""Of a cloud; those after them are left out."""
MAX_FUTURE_NS = NS_PER_S
_TYPES = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8"}
_FIELDS = ("x", "y", "z", "saliency")

TargetPoint = tuple[float, float, float, float]


def joint_position(msg: Any, settings: GazeParameters) -> tuple[int, PanTilt, PanTilt | None]:
    """Return stamp, head angles and, where it has them, velocities of a sensor_msgs/JointState.

    Args:
        msg: The message; it may tell of other joints too.
        settings: Names and signs of the joints.

    Raises:
        FrameError: If it does not tell of both joints, tells of one twice, or lacks a position.
    """
    names = list(msg.name)
    if any(names.count(name) != 1 for name in settings.joints):
        raise FrameError(
            f"a joint state must tell of {' and '.join(settings.joints)} once each, got "
            f"{', '.join(names)}; publish both in one message"
        )
    if len(msg.position) != len(names):
        raise FrameError(
            f"a joint state has {len(names)} names and {len(msg.position)} positions; look at "
            "the driver"
        )
    places = [names.index(name) for name in settings.joints]
    position = _angles(msg.position, places, settings.signs)
    # Drivers that do not measure velocities leave them empty, or fill in NaN.
    velocity = None
    if len(msg.velocity) == len(names):
        velocity = _angles(msg.velocity, places, settings.signs)
        if not all(math.isfinite(value) for value in velocity):
            velocity = None
    return stamp_to_ns(msg.header.stamp), position, velocity


def cloud_points(msg: Any) -> list[TargetPoint]:
    """Return (x, y, z, saliency) of each point of a sensor_msgs/PointCloud2.

    Points that are not finite are left out. A cloud without saliency has 1 everywhere.

    Raises:
        FrameError: If the fields, steps and data contradict each other, or no point is finite.
    """
    count, step = int(msg.width) * int(msg.height), int(msg.point_step)
    offsets = {f.name: (int(f.offset), _TYPES.get(f.datatype, "")) for f in msg.fields}
    wrong = [name for name in "xyz" if not offsets.get(name, (0, ""))[1]]
    sizes = [offset + int(kind[1]) for offset, kind in offsets.values() if kind]
    if wrong or step < max(sizes, default=1) or len(msg.data) < count * step:
        raise FrameError(
            "candidates need fields x, y, z of float32 or float64 and width * height points of "
            f"point_step bytes, got fields {', '.join(offsets) or 'none'}, {count} points of "
            f"{step} bytes in {len(msg.data)}"
        )
    count = min(count, MAX_CANDIDATES)
    order = ">" if msg.is_bigendian else "<"
    names = [name for name in _FIELDS if offsets.get(name, (0, ""))[1]]
    layout = np.dtype(
        {
            "names": names,
            "formats": [order + offsets[name][1] for name in names],
            "offsets": [offsets[name][0] for name in names],
            "itemsize": step,
        }
    )
    points = np.frombuffer(bytes(msg.data[: count * step]), layout, count)
    columns = [points[name] if name in names else np.ones(count) for name in _FIELDS]
    rows = np.stack(columns, axis=-1).astype(np.float64)
    finite = rows[np.isfinite(rows).all(axis=-1)]
    if count and not len(finite):
        raise FrameError(f"none of {count} candidates is finite; look at what publishes them")
    return [(x, y, z, saliency) for x, y, z, saliency in finite.tolist()]


def point_of(msg: Any) -> TargetPoint:
    """Return (x, y, z, 1) of a geometry_msgs/PointStamped.

    Raises:
        FrameError: If it is not finite.
    """
    point = (float(msg.point.x), float(msg.point.y), float(msg.point.z), 1.0)
    if not all(math.isfinite(value) for value in point):
        raise FrameError(f"a target must be finite, got {point[:3]}; look at what publishes it")
    return point


@dataclass(slots=True)
class Frames:
    """Which frames targets may be in.

    Args:
        asked: Frame of the camera by parameter; empty: that of camera_info.
        base: Frame of the head's base; empty: unknown.
    """

    asked: str
    base: str
    told: str = ""
    """Frame of the newest camera_info."""

    @property
    def camera(self) -> str:
        """Frame of the camera; empty while unknown."""
        return self.asked or self.told

    def check_camera(self, frame_id: str) -> None:
        """Raise FrameError unless a frame is the camera's."""
        if not self.camera:
            raise FrameError(
                "the camera's frame is not known; publish camera_info, or set camera_frame"
            )
        if frame_id != self.camera:
            raise FrameError(
                f"a target in frame {frame_id!r} cannot be used, expected the camera's, "
                f"{self.camera!r}; set camera_frame if that is another name of it"
            )

    def in_base(self, frame_id: str) -> bool:
        """Return whether a frame is the head's base; raise FrameError if it is unknown."""
        if self.base and frame_id == self.base:
            return True
        try:
            self.check_camera(frame_id)
        except FrameError as error:
            base = f"{self.base!r}" if self.base else "not known, set base_frame"
            raise FrameError(f"{error}; the head's base is {base}") from error
        return False


@dataclass(slots=True)
class TargetGate:
    """Which targets come in time and in order.

    A stamp that jumps back by more than a second is a clock that was set: it is let through.

    Args:
        name: What it judges, for the message.
    """

    name: str
    last_ns: int = 0
    jumps: int = field(default=0)

    def check(self, stamp_ns: int, now_ns: int, max_age_s: float) -> None:
        """Raise FrameError unless a message can be used.

        Args:
            stamp_ns: Its stamp.
            now_ns: Time on arrival.
            max_age_s: A message older than this is of no use any more.
        """
        age_s = (now_ns - stamp_ns) / NS_PER_S
        if stamp_ns <= 0:
            raise FrameError(f"{self.name} has no stamp; stamp it with its image's")
        if -age_s * NS_PER_S > MAX_FUTURE_NS:
            raise FrameError(
                f"{self.name} is stamped {-age_s:.1f} s ahead of the clock; synchronise the clocks"
            )
        behind_ns = self.last_ns - stamp_ns
        if behind_ns > JUMP_BACK_NS:
            self.jumps += 1
            self.last_ns = 0
        if age_s > max_age_s:
            raise FrameError(
                f"{self.name} was {age_s:.2f} s old on arrival, older than {max_age_s:g} s; raise "
                "the timeout if its source takes so long, or look at the clocks"
            )
        if 0 < behind_ns <= JUMP_BACK_NS:
            raise FrameError(
                f"{self.name} is {behind_ns / 1e6:.0f} ms older than the last one; is there a "
                "second publisher?"
            )
        self.last_ns = stamp_ns


def _angles(values: Any, places: list[int], signs: tuple[int, int]) -> PanTilt:
    pan, tilt = (sign * float(values[place]) for sign, place in zip(signs, places, strict=True))
    return PanTilt(pan, tilt)
