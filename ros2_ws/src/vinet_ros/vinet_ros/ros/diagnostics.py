"""Publishes statuses on /diagnostics."""

from collections.abc import Callable, Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile

from vinet_ros.ros.status import Status


class DiagnosticPublisher:
    """Publishes what a function says, now and then; also while a simulated clock stands still.

    Args:
        node: The node that it speaks for.
        statuses: Called for every message.
        hardware_id: What the node watches, e.g. its image topic.
    """

    def __init__(
        self, node: Node, statuses: Callable[[], Sequence[Status]], hardware_id: str
    ) -> None:
        self._node = node
        self._statuses = statuses
        self._hardware_id = hardware_id
        self._prefix = node.get_fully_qualified_name().lstrip("/")
        self._publisher = node.create_publisher(
            DiagnosticArray, "/diagnostics", QoSProfile(depth=10)
        )
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
        array = DiagnosticArray()
        array.header.stamp = self._node.get_clock().now().to_msg()
        array.status = [self._message(status) for status in self._statuses()]
        self._publisher.publish(array)

    def _message(self, status: Status) -> DiagnosticStatus:
        return DiagnosticStatus(
            level=bytes([status.level]),
            name=f"{self._prefix}: {status.name}",
            message=status.message,
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=value) for key, value in status.values],
        )
