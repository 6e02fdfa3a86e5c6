# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The diagnostics as a text in rviz, which has no display of its own for them."""

from collections.abc import Callable, Sequence

from geometry_msgs.msg import Point
from rclpy.duration import Duration
from rclpy.node import Node
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from vinet_ros.ros.qos import output_qos
from vinet_ros.ros.status import Level, Status

DIAGNOSTIC_MARKERS = "diagnostics/markers"
UNKNOWN_FRAME = "camera_optical_frame"
"""Frame of the text until an image tells one; it is the default of source_node and rviz."""

_COLORS = {
    Level.OK: (0.3, 1.0, 0.4, 1.0),
    Level.WARN: (1.0, 0.8, 0.1, 1.0),
    Level.ERROR: (1.0, 0.25, 0.2, 1.0),
    Level.STALE: (0.7, 0.7, 0.7, 1.0),
}
_PLACE_M = (0.0, -1.2, 2.0)  # above what the camera sees, at the default distance of a target
_LETTER_M = 0.06
_LINE_LENGTH = 90
_LIFETIME_PERIODS = 3.0  # then a text that nobody renews is gone


class DiagnosticMarkers:
    """Publishes the statuses as one text, made only while somebody listens.

    Args:
        node: The node that it speaks for.
        frame_id: Returns the frame of the newest image, empty where none is known.
    """

    def __init__(self, node: Node, frame_id: Callable[[], str]) -> None:
        self._name = node.get_fully_qualified_name().lstrip("/")
        self._newest_frame_id = frame_id
        self._frame_id = UNKNOWN_FRAME
        self._publisher = node.create_publisher(MarkerArray, DIAGNOSTIC_MARKERS, output_qos())

    def publish(self, statuses: Sequence[Status], period_s: float) -> None:
        """Publish the statuses; `period_s` is when the next ones are due."""
        self._frame_id = self._newest_frame_id() or self._frame_id
        if not self._publisher.get_subscription_count():
            return
        # Stamp zero: at the newest transform, for the text belongs to no image.
        marker = text_marker(Header(frame_id=self._frame_id), self._name, statuses)
        marker.lifetime = Duration(seconds=_LIFETIME_PERIODS * period_s).to_msg()
        self._publisher.publish(MarkerArray(markers=[marker]))


def text_marker(header: Header, name: str, statuses: Sequence[Status]) -> Marker:
    """Return a text with a line for each status, coloured by the worst of them.

    A status without a current value colours only where there is nothing else.
    """
    marker = Marker(header=header, ns=name, id=0, action=Marker.ADD)
    marker.type = Marker.TEXT_VIEW_FACING
    marker.pose.position = Point(**dict(zip("xyz", _PLACE_M, strict=True)))
    marker.pose.orientation.w = 1.0
    marker.scale.z = _LETTER_M
    levels = [status.level for status in statuses if status.level is not Level.STALE]
    color = _COLORS[max(levels, default=Level.STALE)]
    marker.color = ColorRGBA(**dict(zip("rgba", color, strict=True)))
    marker.text = "\n".join([name, *(_line(status) for status in statuses)])
    return marker


def _line(status: Status) -> str:
    level = "" if status.level is Level.OK else f"{status.level.name} "
    line = f"{level}{status.name}: {' '.join(status.message.split())}"
    if len(line) > _LINE_LENGTH:
        line = f"{line[: _LINE_LENGTH - 3]}..."
    # Only the letters that rviz's font surely has: names and errors may come from strangers.
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in line)
