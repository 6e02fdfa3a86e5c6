# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The image and camera_info subscriptions of an active node."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from vinet_ros.errors import VinetError
from vinet_ros.ros.clock_watch import ClockWatch
from vinet_ros.ros.frame_history import Frame
from vinet_ros.ros.health import InputHealth
from vinet_ros.ros.image_library import image_library
from vinet_ros.ros.input_monitor import InputMonitor
from vinet_ros.ros.managed_node import ManagedNode
from vinet_ros.ros.messages import stamp_to_ns
from vinet_ros.ros.pictures import Picture, compressed_picture, image_picture
from vinet_ros.ros.qos import sensor_qos
from vinet_ros.ros.record import Record
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.ros.stamp_gate import StampGate, StampVerdict
from vinet_ros.streaming.camera_view import Calibration, CameraView

_TYPES = {"raw": Image, "compressed": CompressedImage}
_TYPE_NAMES = {"raw": "sensor_msgs/msg/Image", "compressed": "sensor_msgs/msg/CompressedImage"}
_CONVERTERS: dict[str, Callable[[Any], Picture]] = {
    "raw": image_picture,
    "compressed": compressed_picture,
}
_MOST_TEXT = 40
"""Characters of a text from the network that are kept."""
_CLOCK_JUMP = JumpThreshold(
    min_forward=Duration(seconds=2), min_backward=Duration(nanoseconds=-1), on_clock_change=True
)


class CameraInput:
    """Subscribes to a camera, checks what comes and hands on what can be used.

    All of it runs in the executor's thread.

    Args:
        node: The node that subscribes.
        settings: Gives the parameters of this moment.
        sink: Takes each good frame.
        calibration: Takes what comes on camera_info.
        record: Where times and incidents are noted.
    """

    def __init__(
        self,
        node: ManagedNode,
        settings: Callable[[], SaliencyParameters],
        sink: Callable[[Frame], None],
        calibration: Calibration,
        record: Record,
    ) -> None:
        self.size: tuple[int, int] | None = None
        self.frame_id = ""
        self._node = node
        self._settings = settings
        self._sink = sink
        self._calibration = calibration
        self._record = record
        self._transport = settings().image_transport
        self._convert = _CONVERTERS[self._transport]
        image_library()  # chosen here: the first image does not wait for an import
        self._gate = StampGate()
        self._clock = ClockWatch()
        self._encoding = ""
        self._lost = 0
        self._used = 0
        self._monitor = InputMonitor(time.monotonic_ns())
        self._subscriptions = [self._subscribe_to_images(), self._subscribe_to_info()]
        self._jump_handle = node.get_clock().create_jump_callback(
            _CLOCK_JUMP, post_callback=node.guarded(self._clock_jumped, "a clock jump")
        )

    @property
    def info_topic(self) -> str:
        """Return the resolved name of the camera_info topic."""
        return str(self._subscriptions[1].topic_name)

    def destroy(self) -> None:
        """Unsubscribe."""
        self._jump_handle.unregister()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def view(self) -> CameraView | None:
        """Return what is known of the camera of the newest image; None before the first."""
        if self.size is None:
            return None
        return self._calibration.view(self.size, self._settings().fallback_hfov_deg)

    def forget_order(self) -> None:
        """Take the next stamp as the first one."""
        self._gate.forget_order()

    def health(self) -> InputHealth:
        """Return what is known of the topic; the ages are those since the last call."""
        topic, type_name = self._subscriptions[0].topic_name, _TYPE_NAMES[self._transport]
        publishers = self._node.get_publishers_info_by_topic(topic)
        fitting = [info for info in publishers if info.topic_type == type_name]
        now_ns = self._look_at_clock()
        return InputHealth(
            topic=topic,
            transport=self._transport,
            publishers=tuple(sorted(_node_name(info) for info in fitting)),
            mismatched=tuple(sorted(_node_name(info) for info in fitting if self._too_weak(info))),
            other_types=tuple(sorted({info.topic_type for info in publishers} - {type_name})),
            report=self._monitor.report(time.monotonic_ns()),
            lost_in_transport=self._lost,
            used=self._used,
            size=self.size,
            encoding=self._encoding,
            verdicts=dict(self._gate.counts),
            ages_ns=self._gate.read_ages(),
            clock_waits=now_ns == 0,
            clock_still_s=self._clock.still_s() if self._simulated else 0.0,
            least_rate_hz=self._settings().image_rate_min_hz,
            greatest_rate_hz=self._settings().image_rate_max_hz,
        )

    def _subscribe_to_images(self) -> "Subscription[Any]":
        settings = self._settings()
        topic = image_topic(self._node, self._transport)
        qos = sensor_qos(settings.image_reliability, settings.image_depth)
        events = SubscriptionEventCallbacks(
            incompatible_qos=self._node.guarded(self._qos_mismatched, "a QoS event"),
            message_lost=self._node.guarded(self._messages_lost, "a loss event"),
        )
        arguments = (_TYPES[self._transport], topic, self._take, qos)
        try:
            return self._node.create_subscription(*arguments, event_callbacks=events)
        except UnsupportedEventTypeError:  # not every middleware reports both
            return self._node.create_subscription(*arguments)

    def _subscribe_to_info(self) -> "Subscription[Any]":
        return self._node.create_subscription(
            CameraInfo, "camera_info", self._calibration.take, sensor_qos()
        )

    def _take(self, message: Any, info: Mapping[str, Any]) -> None:
        settings = self._settings()
        stamp_ns = stamp_to_ns(message.header.stamp)
        gap_ns = round(settings.max_gap_s * 1e9)
        change = self._monitor.arrived(stamp_ns, time.monotonic_ns(), info, gap_ns=gap_ns)
        if change:
            self._complain("stream", change)
        now_ns = self._look_at_clock()
        verdict = self._gate.judge(stamp_ns, now_ns, round(settings.max_age_s * 1e9))
        if verdict is not StampVerdict.GOOD:
            unusable = verdict in (StampVerdict.ZERO, StampVerdict.FUTURE)
            self._complain("stamps" if unusable else "order", self._gate.problem)
            return
        if now_ns:
            self._record.time("receive", now_ns - stamp_ns, stamp_ns)
        try:
            self._use(message, stamp_ns)
        except VinetError as error:
            self._complain("image", str(error))

    def _use(self, message: Any, stamp_ns: int) -> None:
        with self._record.timed("convert", stamp_ns):
            picture = self._convert(message)
        self._note_encoding(str(getattr(message, "encoding", "") or message.format)[:_MOST_TEXT])
        self.size, self.frame_id = picture.size, str(message.header.frame_id)
        self._sink(Frame(stamp_ns, message.header, picture))
        self._used += 1

    def _note_encoding(self, encoding: str) -> None:
        before, self._encoding = self._encoding, encoding
        if before and before != encoding:
            self._complain("stream", f"the camera's encoding changed from {before} to {encoding}")

    def _complain(self, kind: str, text: str) -> None:
        if self._record.incident(kind, text):
            self._node.get_logger().warning(text)

    def _too_weak(self, info: Any) -> bool:
        """Whether a publisher does not promise the reliability that is asked for."""
        asked = self._subscriptions[0].qos_profile.reliability
        offered = info.qos_profile.reliability
        return asked == ReliabilityPolicy.RELIABLE and offered == ReliabilityPolicy.BEST_EFFORT

    def _qos_mismatched(self, event: Any) -> None:
        policy = qos_policy_name_from_kind(event.last_policy_kind)
        topic = self._subscriptions[0].topic_name
        self._complain(
            "qos",
            f"a publisher of {topic} does not fit the subscription's {policy}; set "
            "image_reliability as it publishes",
        )

    def _messages_lost(self, event: Any) -> None:
        self._lost = event.total_count

    @property
    def _simulated(self) -> bool:
        return bool(self._node.get_clock().ros_time_is_active)

    def _look_at_clock(self) -> int:
        """Return the time by the node's clock, after a look whether a real one was set."""
        now_ns = int(self._node.get_clock().now().nanoseconds)
        step_ns = self._clock.look(now_ns, time.monotonic_ns(), simulated=self._simulated)
        if step_ns:
            self._note_jump(step_ns)
        return now_ns

    def _clock_jumped(self, jump: TimeJump) -> None:
        delta_ns = int(jump.delta.nanoseconds)
        if int(self._node.get_clock().now().nanoseconds) == delta_ns:
            return  # a simulated clock has started
        self._note_jump(delta_ns)

    def _note_jump(self, delta_ns: int) -> None:
        self._gate.forget_order()
        self._complain("clock", f"the clock jumped by {delta_ns / 1e9:.3f} s")


def image_topic(node: Node, transport: str) -> str:
    """Return the resolved name of the topic that images are taken from."""
    topic = str(node.resolve_topic_name("image"))
    return f"{topic}/compressed" if transport == "compressed" else topic


def _node_name(info: Any) -> str:
    return f"{info.node_namespace.rstrip('/')}/{info.node_name}"
