# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The messages of a gaze, from the points of a pipeline.

The message types come from the caller, as attributes of ``types``: ROS's own classes, or a bag
library's.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vinet_ros.streaming.gaze_pipeline import GazePoint

CANDIDATE_FIELDS = ("x", "y", "z", "u", "v", "saliency")
_FLOAT_BYTES = 4
_GAZE_COLOR = (0.0, 1.0, 0.4, 1.0)
_CANDIDATE_COLOR = (1.0, 0.75, 0.0, 0.8)
_SHAFT_M, _HEAD_M = 0.01, 0.03


def pixel_message(types: Any, header: Any, point: GazePoint) -> Any:
    """Return the place in pixels of the camera image, with the saliency as z."""
    place = types.Point(x=point.u, y=point.v, z=point.saliency)
    return types.PointStamped(header=header, point=place)


def target_message(types: Any, header: Any, point: GazePoint) -> Any:
    """Return the place in metres in the optical frame."""
    return types.PointStamped(header=header, point=_position(types, point))


def candidates_message(types: Any, header: Any, points: Sequence[GazePoint]) -> Any:
    """Return all points, best first, as an unordered cloud of float32 fields."""
    rows = np.array([(*p.position_m, p.u, p.v, p.saliency) for p in points], "<f4")
    step = _FLOAT_BYTES * len(CANDIDATE_FIELDS)
    float32 = types.PointField.FLOAT32
    cloud = types.PointCloud2(
        header=header,
        height=1,
        width=len(points),
        fields=[
            types.PointField(name=name, offset=i * _FLOAT_BYTES, datatype=float32, count=1)
            for i, name in enumerate(CANDIDATE_FIELDS)
        ],
        is_bigendian=False,
        point_step=step,
        row_step=step * len(points),
        is_dense=True,
    )
    cloud.data = rows.tobytes()
    return cloud


def marker_message(types: Any, header: Any, points: Sequence[GazePoint]) -> Any:
    """Return the ray to the first point and a ball at each; markers of before are deleted."""
    markers = [types.Marker(header=header, action=types.Marker.DELETEALL)]
    if points:
        markers.append(_ray(types, header, points[0]))
    markers += [_ball(types, header, index, point) for index, point in enumerate(points)]
    return types.MarkerArray(markers=markers)


def _ray(types: Any, header: Any, point: GazePoint) -> Any:
    kind, action = types.Marker.ARROW, types.Marker.ADD
    marker = types.Marker(header=header, ns="gaze_ray", id=0, type=kind, action=action)
    marker.points = [types.Point(), _position(types, point)]
    marker.scale.x, marker.scale.y, marker.scale.z = _SHAFT_M, _HEAD_M, 2 * _HEAD_M
    marker.pose.orientation.w = 1.0
    marker.color = types.ColorRGBA(**dict(zip("rgba", _GAZE_COLOR, strict=True)))
    return marker


def _ball(types: Any, header: Any, index: int, point: GazePoint) -> Any:
    kind, action = types.Marker.SPHERE, types.Marker.ADD
    marker = types.Marker(header=header, ns="gaze", id=index, type=kind, action=action)
    marker.pose.position = _position(types, point)
    marker.pose.orientation.w = 1.0
    distance_m = sum(value * value for value in point.position_m) ** 0.5
    diameter_m = (0.05 if index == 0 else 0.03) * distance_m
    marker.scale.x = marker.scale.y = marker.scale.z = diameter_m
    color = _GAZE_COLOR if index == 0 else _CANDIDATE_COLOR
    marker.color = types.ColorRGBA(**dict(zip("rgba", color, strict=True)))
    return marker


def _position(types: Any, point: GazePoint) -> Any:
    x, y, z = point.position_m
    return types.Point(x=x, y=y, z=z)
