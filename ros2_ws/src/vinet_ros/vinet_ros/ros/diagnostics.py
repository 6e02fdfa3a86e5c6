# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Publishes statuses on /diagnostics, and as a text for rviz."""

from collections.abc import Callable, Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile

from vinet_ros.ros.diagnostic_markers import DiagnosticMarkers
from vinet_ros.ros.status import Status


class DiagnosticPublisher:
    """Publishes what a function says, now and then; also while a simulated clock stands still.

    Args:
        node: The node that it speaks for.
        statuses: Called for every message.
        hardware_id: What the node watches, e.g. its image topic.
        frame_id: Returns the frame where rviz shows them as a text, empty while none is known;
            None for no text.
    """

    def __init__(
        self,
        node: Node,
        statuses: Callable[[], Sequence[Status]],
        hardware_id: str,
        frame_id: Callable[[], str] | None = None,
    ) -> None:
        self._node = node
        self._statuses = statuses
        self._hardware_id = hardware_id
        self._prefix = node.get_fully_qualified_name().lstrip("/")
        self._publisher = node.create_publisher(
            DiagnosticArray, "/diagnostics", QoSProfile(depth=10)
        )
        self._markers = DiagnosticMarkers(node, frame_id) if frame_id is not None else None
        self._clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = None
        self._period_s = 0.0

    def set_period(self, period_s: float) -> None:
        """Publish from now on at this period."""
        if period_s == self._period_s:
            return
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
        self._period_s = period_s
        self._timer = self._node.create_timer(period_s, self.publish, clock=self._clock)

    def publish(self) -> None:
        """Publish one message now."""
        statuses = self._statuses()
        array = DiagnosticArray()
        array.header.stamp = self._node.get_clock().now().to_msg()
        array.status = [self._message(status) for status in statuses]
        self._publisher.publish(array)
        if self._markers is not None:
            self._markers.publish(statuses, self._period_s)

    def _message(self, status: Status) -> DiagnosticStatus:
        return DiagnosticStatus(
            level=bytes([status.level]),
            name=f"{self._prefix}: {status.name}",
            message=status.message,
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=value) for key, value in status.values],
        )
