"""The messages of a gaze, from the points of a pipeline."""

from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Point, PointStamped
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from vinet_ros.ros.gaze_pipeline import GazePoint

CANDIDATE_FIELDS = ("x", "y", "z", "u", "v", "saliency")
_FLOAT_BYTES = 4
_GAZE_COLOR = (0.0, 1.0, 0.4, 1.0)
_CANDIDATE_COLOR = (1.0, 0.75, 0.0, 0.8)
_SHAFT_M, _HEAD_M = 0.01, 0.03


def pixel_message(header: Header, point: GazePoint) -> PointStamped:
    """Return the place in pixels of the camera image, with the saliency as z."""
    return PointStamped(header=header, point=Point(x=point.u, y=point.v, z=point.saliency))


def target_message(header: Header, point: GazePoint) -> PointStamped:
    """Return the place in metres in the optical frame."""
    return PointStamped(header=header, point=_position(point))


def candidates_message(header: Header, points: Sequence[GazePoint]) -> PointCloud2:
    """Return all points, best first, as an unordered cloud of float32 fields."""
    rows = np.array([(*p.position_m, p.u, p.v, p.saliency) for p in points], "<f4")
    step = _FLOAT_BYTES * len(CANDIDATE_FIELDS)
    cloud = PointCloud2(
        header=header,
        height=1,
        width=len(points),
        fields=[
            PointField(name=name, offset=i * _FLOAT_BYTES, datatype=PointField.FLOAT32, count=1)
            for i, name in enumerate(CANDIDATE_FIELDS)
        ],
        is_bigendian=False,
        point_step=step,
        row_step=step * len(points),
        is_dense=True,
    )
    cloud.data = rows.tobytes()
    return cloud


def marker_message(header: Header, points: Sequence[GazePoint]) -> MarkerArray:
    """Return the ray to the first point and a ball at each; markers of before are deleted."""
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    if points:
        markers.append(_ray(header, points[0]))
    markers += [_ball(header, index, point) for index, point in enumerate(points)]
    return MarkerArray(markers=markers)


def _ray(header: Header, point: GazePoint) -> Marker:
    marker = Marker(header=header, ns="gaze_ray", id=0, type=Marker.ARROW, action=Marker.ADD)
    marker.points = [Point(), _position(point)]
    marker.scale.x, marker.scale.y, marker.scale.z = _SHAFT_M, _HEAD_M, 2 * _HEAD_M
    marker.pose.orientation.w = 1.0
    marker.color = ColorRGBA(**dict(zip("rgba", _GAZE_COLOR, strict=True)))
    return marker


def _ball(header: Header, index: int, point: GazePoint) -> Marker:
    marker = Marker(header=header, ns="gaze", id=index, type=Marker.SPHERE, action=Marker.ADD)
    marker.pose.position = _position(point)
    marker.pose.orientation.w = 1.0
    distance_m = sum(value * value for value in point.position_m) ** 0.5
    diameter_m = (0.05 if index == 0 else 0.03) * distance_m
    marker.scale.x = marker.scale.y = marker.scale.z = diameter_m
    color = _GAZE_COLOR if index == 0 else _CANDIDATE_COLOR
    marker.color = ColorRGBA(**dict(zip("rgba", color, strict=True)))
    return marker


def _position(point: GazePoint) -> Point:
    x, y, z = point.position_m
    return Point(x=x, y=y, z=z)
