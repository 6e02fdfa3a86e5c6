"""The image and camera_info subscriptions of an active node."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
from rclpy.node import Node
from rclpy.qos import qos_policy_name_from_kind
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from vinet_ros.errors import VinetError
from vinet_ros.ros.calibration import Calibration, CameraView
from vinet_ros.ros.frame_history import Frame
from vinet_ros.ros.input_monitor import InputMonitor
from vinet_ros.ros.messages import compressed_to_rgb, image_to_rgb, stamp_to_ns
from vinet_ros.ros.qos import sensor_qos
from vinet_ros.ros.record import Record
from vinet_ros.ros.saliency_diagnostics import InputHealth
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.ros.stamp_gate import StampGate, StampVerdict

_TYPES = {"raw": Image, "compressed": CompressedImage}
_TYPE_NAMES = {"raw": "sensor_msgs/msg/Image", "compressed": "sensor_msgs/msg/CompressedImage"}
_CONVERTERS = {"raw": image_to_rgb, "compressed": compressed_to_rgb}
_CLOCK_JUMP = JumpThreshold(
    min_forward=Duration(seconds=2), min_backward=Duration(nanoseconds=-1), on_clock_change=True
)
_REMEDIES = {
    StampVerdict.ZERO: "an image has no stamp; let the camera driver stamp its images",
    StampVerdict.FUTURE: "an image is stamped more than 1 s ahead; synchronise the clocks",
    StampVerdict.TOO_OLD: "an image was older than max_age_s on arrival; look at the network",
    StampVerdict.REPEATED: "two images have the same stamp; is there a second publisher?",
    StampVerdict.OUT_OF_ORDER: "an image is older than the last; is there a second publisher?",
}


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
        node: Node,
        settings: Callable[[], SaliencyParameters],
        sink: Callable[[Frame], None],
        calibration: Calibration,
        record: Record,
    ) -> None:
        self.enabled = True
        self.size: tuple[int, int] | None = None
        self._node = node
        self._settings = settings
        self._sink = sink
        self._calibration = calibration
        self._record = record
        self._transport = settings().image_transport
        self._convert = _CONVERTERS[self._transport]
        self._gate = StampGate()
        self._lost = 0
        self._monitor = InputMonitor(time.monotonic_ns())
        self._subscriptions = [self._subscribe_to_images(), self._subscribe_to_info()]
        self._jump_handle = node.get_clock().create_jump_callback(
            _CLOCK_JUMP, post_callback=self._clock_jumped
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

    def health(self) -> InputHealth:
        """Return what is known of the topic; the ages are those since the last call."""
        topic, type_name = self._subscriptions[0].topic_name, _TYPE_NAMES[self._transport]
        publishers = self._node.get_publishers_info_by_topic(topic)
        fitting = [info for info in publishers if info.topic_type == type_name]
        return InputHealth(
            topic=topic,
            transport=self._transport,
            publishers=tuple(_node_name(info) for info in fitting),
            other_types=tuple({info.topic_type for info in publishers} - {type_name}),
            report=self._monitor.report(time.monotonic_ns()),
            lost_in_transport=self._lost,
            size=self.size,
            verdicts=dict(self._gate.counts),
            ages_ns=self._gate.read_ages(),
            clock_waits=self._now_ns() == 0,
        )

    def _subscribe_to_images(self) -> "Subscription[Any]":
        settings = self._settings()
        topic = image_topic(self._node, self._transport)
        qos = sensor_qos(settings.image_reliability, settings.image_depth)
        events = SubscriptionEventCallbacks(
            incompatible_qos=self._qos_mismatched, message_lost=self._messages_lost
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
        self._monitor.arrived(stamp_ns, time.monotonic_ns(), info, gap_ns=gap_ns)
        if not self.enabled:
            return
        verdict = self._gate.judge(stamp_ns, self._now_ns(), round(settings.max_age_s * 1e9))
        if verdict is not StampVerdict.GOOD:
            self._complain("stamps", _REMEDIES[verdict])
            return
        try:
            with self._record.timed("convert"):
                rgb = self._convert(message)
            self.size = (rgb.shape[0], rgb.shape[1])
            self._sink(Frame(stamp_ns, message.header, rgb))
        except VinetError as error:
            self._complain("image", str(error))

    def _complain(self, kind: str, text: str) -> None:
        if self._record.incident(kind, text):
            self._node.get_logger().warning(text)

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

    def _clock_jumped(self, jump: TimeJump) -> None:
        delta_ns = int(jump.delta.nanoseconds)
        if self._now_ns() == delta_ns:
            return  # a simulated clock has started
        self._gate.forget_order()
        self._complain("clock", f"the clock jumped by {delta_ns / 1e9:.3f} s")

    def _now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)


def image_topic(node: Node, transport: str) -> str:
    """Return the resolved name of the topic that images are taken from."""
    topic = str(node.resolve_topic_name("image"))
    return f"{topic}/compressed" if transport == "compressed" else topic


def _node_name(info: Any) -> str:
    return f"{info.node_namespace.rstrip('/')}/{info.node_name}"
