# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The benchmark's own node: hears the outputs and the diagnostics of saliency_node."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PointStamped
from rclpy.node import Node

from vinet_ros.ros.messages import stamp_to_ns
from vinet_ros.ros.qos import output_qos
from vinet_ros.ros.saliency_outputs import OUTPUTS

NODE = "saliency_node"


class Listener(Node):
    """Notes when each gaze target came, and what the diagnostics say.

    Args:
        outputs: gaze for the target alone, all for every topic, none.
    """

    def __init__(self, outputs: str) -> None:
        super().__init__("benchmark_listener", start_parameter_services=False)
        self.targets: dict[int, int] = {}
        self.messages: Counter[str] = Counter()
        self.statuses: dict[str, dict[str, str]] = {}
        self.findings: Counter[str] = Counter()
        self.create_subscription(DiagnosticArray, "/diagnostics", self._keep, 10)
        if outputs == "none":
            return
        self.create_subscription(PointStamped, "gaze/target", self._note_target, output_qos())
        for output in OUTPUTS if outputs == "all" else ():
            # Not turned into Python: what the listener does with a picture is not the node's.
            self.create_subscription(
                output.message_type,
                output.topic,
                self._count(output.topic),
                output_qos(),
                raw=True,
            )

    def value(self, status: str, key: str, default: str = "") -> str:
        """Return the newest value of a key of the node's diagnostics."""
        return self.statuses.get(status, {}).get(key, default)

    def count(self, status: str, key: str) -> int:
        """Return the newest value of a key that counts."""
        return int(self.value(status, key, "0"))

    def told(self) -> str:
        """Return what the node said last, for an error's text."""
        said = [f"{name}: {keys['message']}" for name, keys in self.statuses.items()]
        return "; ".join(said) or "nothing"

    def _note_target(self, target: PointStamped) -> None:
        self.targets[stamp_to_ns(target.header.stamp)] = time.monotonic_ns()

    def _count(self, topic: str) -> Callable[[Any], None]:
        def count(message: bytes) -> None:
            self.messages[topic] += 1

        return count

    def _keep(self, array: DiagnosticArray) -> None:
        for status in array.status:
            node, _, name = status.name.partition(": ")
            if node != NODE:
                continue
            self.statuses[name] = {pair.key: pair.value for pair in status.values}
            self.statuses[name]["message"] = status.message
            if ord(status.level) in (1, 2):  # a warning or an error
                self.findings[f"{name}: {status.message}"] += 1
