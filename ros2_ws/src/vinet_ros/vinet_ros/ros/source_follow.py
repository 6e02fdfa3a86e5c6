# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""As fast as the node follows: when the next frame may be sent.

Two signs that a frame was taken. A message of the following node that carries the frame's stamp
is the better one: the node has used the frame. Where no such topic is published there are the
acknowledgements of DDS: they say that the frame is in the queue of every reliable subscriber,
not that its callback has run, so a subscriber slower than the source needs a queue as long as it
is behind. Best-effort subscribers acknowledge nothing.
"""

import importlib
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy

from vinet_ros.offline.frames import NS_PER_S
from vinet_ros.ros.qos import sensor_qos
from vinet_ros.ros.source_outputs import SourceOutputs

_SLICE_S = 0.1  # between two looks at whether it was told to stop
_ACKNOWLEDGEMENT_SLICE_S = 0.02  # rclpy keeps all other threads waiting meanwhile
_ANSWERS = 10  # only the newest counts
_PUBLISHER_WAIT_S = 1.0  # discovery finds a node's topics one after the other


class Follower:
    """Waits until the following node has taken a frame.

    Args:
        node: Subscribes; it must be spun by another thread.
        outputs: Where the frames go out.
        topic: Of the following node, with a header first in its messages; empty for none.
        timeout_s: Longest wait for one frame.
        stopped: Ends every wait.
    """

    def __init__(
        self,
        node: Node,
        outputs: SourceOutputs,
        topic: str,
        timeout_s: float,
        stopped: threading.Event,
    ) -> None:
        self._node, self._outputs = node, outputs
        self._topic = node.resolve_topic_name(topic) if topic else ""
        self._timeout_s, self._stopped = timeout_s, stopped
        self._subscription: Any = None
        self._answered = threading.Condition()
        self._answer_ns: int | None = None

    def start(self) -> None:
        """Look for the topic to follow, and say in the log what it will be."""
        found = self._find_publisher()
        if found is not None:
            package, _, name = str(found.topic_type).replace("/", ".").rpartition(".")
            message_type = getattr(importlib.import_module(package), name)
            reliable = found.qos_profile.reliability == ReliabilityPolicy.RELIABLE
            qos = sensor_qos("reliable" if reliable else "best_effort", _ANSWERS)
            self._subscription = self._node.create_subscription(
                message_type, self._topic, self._take, qos, raw=True
            )
            self._node.get_logger().info(f"each frame waits for its answer on {self._topic}")
            return
        image_topic = self._outputs.image_topic
        infos = self._node.get_subscriptions_info_by_topic(image_topic)
        deaf = [i for i in infos if i.qos_profile.reliability != ReliabilityPolicy.RELIABLE]
        missing = f"nobody publishes {self._topic}" if self._topic else "follow_topic is empty"
        text = f"{missing}: each frame waits for its acknowledgement"
        if deaf:
            text += (
                f"; {len(deaf)} of {len(infos)} subscribers of {image_topic} are best effort and "
                "give none"
            )
        self._node.get_logger().warning(text)

    def wait(self, stamp_ns: int, beat: Callable[[], None]) -> bool:
        """Wait until the frame that was published last is taken.

        Args:
            stamp_ns: Its stamp.
            beat: Called again and again meanwhile.

        Returns:
            Whether it was taken; False after the timeout or when stopped.
        """
        end_s = time.monotonic() + self._timeout_s
        while not self._stopped.is_set():
            left_s = end_s - time.monotonic()
            if self._taken(stamp_ns, max(0.0, min(left_s, _SLICE_S))):
                return True
            if left_s <= 0:
                return False
            beat()
        return False

    def _taken(self, stamp_ns: int, patience_s: float) -> bool:
        if self._subscription is None:
            slice_s = min(patience_s, _ACKNOWLEDGEMENT_SLICE_S)
            if self._outputs.wait_for_acknowledgement(slice_s):
                return True
            self._stopped.wait(0.001)  # the others' turn
            return False
        with self._answered:
            return self._answered.wait_for(lambda: self._answer_ns == stamp_ns, patience_s)

    def _find_publisher(self) -> Any:
        """Return what is known of the topic's first publisher; None when there is none."""
        end_s = time.monotonic() + _PUBLISHER_WAIT_S
        while self._topic and not self._stopped.is_set():
            infos = self._node.get_publishers_info_by_topic(self._topic)
            if infos:
                return infos[0]
            if time.monotonic() >= end_s:
                break
            self._stopped.wait(0.02)
        return None

    def _take(self, message: bytes) -> None:
        # Whatever the type, a header begins with its stamp, after the four bytes of encapsulation.
        order = "<" if message[1] & 1 else ">"
        seconds, nanoseconds = struct.unpack_from(order + "iI", message, 4)
        with self._answered:
            self._answer_ns = seconds * NS_PER_S + nanoseconds
            self._answered.notify_all()
