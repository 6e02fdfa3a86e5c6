# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What gaze_controller does, for rviz: the optical axis, the goal, the limits, the view.

All in the camera's frame, which is the only one that is surely known: the head's own motion is
taken out with the measured pose.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from vinet_ros.errors import FrameError
from vinet_ros.gaze import Head, PanTilt, PinholeCamera, pixel_to_ray
from vinet_ros.gaze.control import ControlSettings

HEAD_MARKERS = "gaze/head_markers"
_DISTANCE_M = 2.0
_LINE_M = 0.01
_BALL_M = 0.08
_AXIS_COLOR = (0.2, 0.6, 1.0, 1.0)
_GOAL_COLOR = (1.0, 0.3, 0.2, 1.0)
_COMMAND_COLOR = (0.2, 1.0, 0.4, 0.8)
_LIMIT_COLOR = (0.8, 0.8, 0.8, 0.6)
_EDGE_POINTS = 9

Xyz = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class HeadScene:
    """What there is to show.

    Args:
        header: The camera's frame, and the time of the measured pose.
        head: Kinematics.
        measured: The head's pose.
        limits: Of the joints.
        goal: Where it shall look; None: nowhere.
        command: The commanded pose; None while disabled.
        camera: Its calibration; None while unknown.
    """

    header: Header
    head: Head
    measured: PanTilt
    limits: ControlSettings
    goal: PanTilt | None
    command: PanTilt | None
    camera: PinholeCamera | None


def head_markers(scene: HeadScene) -> MarkerArray:
    """Return the markers of a scene; those of before are deleted."""
    markers = [Marker(header=scene.header, action=Marker.DELETEALL)]
    markers.append(_line(scene, "axis", [(0.0, 0.0, 0.0), (0.0, 0.0, _DISTANCE_M)], _AXIS_COLOR))
    markers.append(_line(scene, "limits", _outline(scene), _LIMIT_COLOR))
    if scene.camera is not None:
        markers.append(_line(scene, "view", _view(scene.camera), _AXIS_COLOR))
    if scene.goal is not None:
        markers.append(_ball(scene, "goal", scene.goal, _GOAL_COLOR))
    if scene.command is not None:
        markers.append(_ball(scene, "command", scene.command, _COMMAND_COLOR))
    return MarkerArray(markers=markers)


def _outline(scene: HeadScene) -> list[Xyz]:
    """Return where the optical axis can point: the rectangle of the joint limits."""
    limits = scene.limits
    pans = (max(limits.pan_min, -math.pi), min(limits.pan_max, math.pi))
    tilts = (limits.tilt_min, limits.tilt_max)
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    points = []
    for (pan_0, tilt_0), (pan_1, tilt_1) in pairwise(corners):
        for step in range(_EDGE_POINTS):
            share = step / (_EDGE_POINTS - 1)
            pan = _mix(pans[pan_0], pans[pan_1], share)
            tilt = _mix(tilts[tilt_0], tilts[tilt_1], share)
            points.append(_ahead_of(scene, PanTilt(pan, tilt)))
    return points


def _mix(a: float, b: float, share: float) -> float:
    return a + (b - a) * share


def _ahead_of(scene: HeadScene, pose: PanTilt) -> Xyz:
    """Return, in the camera's frame of now, the point on the axis of another pose."""
    point = scene.head.to_base((0.0, 0.0, _DISTANCE_M), pose)
    x, y, z = (float(value) for value in scene.head.to_optical(point, scene.measured))
    return x, y, z


def _view(camera: PinholeCamera) -> list[Xyz]:
    """Return the outline of the image; corners that the lens has no ray for are left out."""
    right, bottom = camera.width - 0.5, camera.height - 0.5
    points = []
    for u, v in ((-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom), (-0.5, -0.5)):
        try:
            x, y, z = pixel_to_ray(camera, u, v)
        except FrameError:
            continue
        points.append((x * _DISTANCE_M, y * _DISTANCE_M, z * _DISTANCE_M))
    return points


def _line(scene: HeadScene, name: str, points: Sequence[Xyz], color: Sequence[float]) -> Marker:
    marker = _marker(scene, name, Marker.LINE_STRIP, color)
    marker.scale.x = _LINE_M
    marker.points = [Point(x=x, y=y, z=z) for x, y, z in points]
    return marker


def _ball(scene: HeadScene, name: str, pose: PanTilt, color: Sequence[float]) -> Marker:
    marker = _marker(scene, name, Marker.SPHERE, color)
    x, y, z = _ahead_of(scene, pose)
    marker.pose.position = Point(x=x, y=y, z=z)
    marker.scale.x = marker.scale.y = marker.scale.z = _BALL_M
    return marker


def _marker(scene: HeadScene, name: str, kind: int, color: Sequence[float]) -> Marker:
    marker = Marker(header=scene.header, ns=f"head_{name}", id=0, type=kind, action=Marker.ADD)
    marker.pose.orientation.w = 1.0
    marker.color = ColorRGBA(**dict(zip("rgba", color, strict=True)))
    return marker
