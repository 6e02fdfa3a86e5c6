# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet watch``: a running saliency_node, live in a viewer on another computer.

Subscribes to the node's topics and serves them over WebSocket. The overlay is subscribed to only
while a viewer looks at it: before, the node does not even draw it.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PointStamped
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, PointCloud2

from vinet_ros.ros.demo_state import direction_deg
from vinet_ros.ros.messages import stamp_to_ns
from vinet_ros.ros.qos import sensor_qos
from vinet_ros.ros.running import run_node
from vinet_ros.ros.watch_channels import GAZE, LATENCY, RATES, Candidate, WatchServer

_LOOK_PERIOD_S = 0.25
_SHOWN = {
    ("latency", "p50_ms"): (LATENCY, "p50_ms"),
    ("latency", "p95_ms"): (LATENCY, "p95_ms"),
    ("input", "rate_hz"): (RATES, "images_in_hz"),
    ("input", "received_share"): (RATES, "received_share"),
    ("inference", "rate_hz"): (RATES, "maps_out_hz"),
    ("inference", "skipped_windows"): (RATES, "skipped_windows"),
    ("process", "cpu_share"): (RATES, "cpu_share"),
    ("process", "memory_mib"): (RATES, "memory_mib"),
}
"""Where a value of the diagnostics is plotted: (status, key) to (channel, figure)."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What to watch and where to serve it.

    Args:
        namespace: Of saliency_node's topics, such as ``/left``; empty for the root.
        node: The node's name, as its diagnostics give it.
        host: Address to listen on.
        port: Of the server; 0 takes a free one.
    """

    namespace: str = ""
    node: str = "saliency_node"
    host: str = "127.0.0.1"
    port: int = 8765


class WatchNode(Node):
    """Hands on what saliency_node publishes.

    Args:
        options: See there.

    Raises:
        VinetError: If the server cannot listen.
    """

    def __init__(self, options: WatchOptions) -> None:
        super().__init__("vinet_watch", namespace=options.namespace.strip("/") or None)
        self._watched = f"{options.namespace.strip('/')}/{options.node}".lstrip("/")
        self.server = WatchServer(options.host, options.port, f"vinet watch {self._watched}")
        self._overlay: Any = None
        reliable = QoSProfile(depth=5)
        self.create_subscription(PointStamped, "gaze/target", self._on_target, reliable)
        self.create_subscription(PointStamped, "gaze/pixel", self._on_pixel, reliable)
        self.create_subscription(PointCloud2, "gaze/candidates", self._on_candidates, reliable)
        self.create_subscription(
            DiagnosticArray, "/diagnostics", self._on_diagnostics, QoSProfile(depth=20), raw=True
        )
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # also while simulated time stands still
        self.create_timer(_LOOK_PERIOD_S, self._follow_viewers, clock=steady)
        self.get_logger().info(
            f"watching {self._watched}: open ws://{options.host}:{self.server.port} in Foxglove "
            "or Lichtblick (Open connection, Foxglove WebSocket)"
        )

    def close(self) -> None:
        """Let the viewers go."""
        self.server.close()

    def _follow_viewers(self) -> None:
        """Listen to the overlay while somebody looks at it, and only then."""
        wanted = self.server.overlay_wanted
        if wanted and self._overlay is None:
            self._overlay = self.create_subscription(
                CompressedImage, "saliency/overlay/compressed", self._on_overlay, sensor_qos()
            )
        elif not wanted and self._overlay is not None:
            self.destroy_subscription(self._overlay)
            self._overlay = None

    def _on_overlay(self, msg: CompressedImage) -> None:
        encoding = "png" if "png" in msg.format else "jpeg"
        stamp_ns = stamp_to_ns(msg.header.stamp)
        self.server.send_overlay(stamp_ns, msg.header.frame_id, bytes(msg.data), encoding)

    def _on_target(self, msg: PointStamped) -> None:
        p = msg.point
        pan_deg, tilt_deg = direction_deg(p.x, p.y, p.z)
        self.server.send_figures(GAZE, {"pan_deg": pan_deg, "tilt_deg": tilt_deg})
        age_ns = self.get_clock().now().nanoseconds - stamp_to_ns(msg.header.stamp)
        self.server.send_figures(LATENCY, {"gaze_ms": age_ns / 1e6})

    def _on_pixel(self, msg: PointStamped) -> None:
        p = msg.point
        self.server.send_figures(GAZE, {"u": p.x, "v": p.y, "saliency": p.z})

    def _on_candidates(self, msg: PointCloud2) -> None:
        self.server.send_candidates(stamp_to_ns(msg.header.stamp), read_candidates(msg))

    def _on_diagnostics(self, data: bytes) -> None:
        self.server.send_diagnostics(data)
        array = deserialize_message(data, DiagnosticArray)
        figures: dict[str, dict[str, float]] = {LATENCY: {}, RATES: {}}
        for status in array.status:
            owner, _, name = status.name.partition(": ")
            for pair in status.values if owner == self._watched else ():
                if (place := _SHOWN.get((name, pair.key))) is not None:
                    figures[place[0]][place[1]] = _number(pair.value)
        for topic, values in figures.items():
            self.server.send_figures(topic, values)


def read_candidates(cloud: PointCloud2) -> list[Candidate]:
    """Return the peaks of saliency_node's gaze/candidates, best first; [] of another cloud."""
    offsets = {field.name: field.offset for field in cloud.fields if field.datatype == 7}
    names = ("u", "v", "saliency")
    step = cloud.point_step
    if not set(names) <= set(offsets) or max(offsets[n] for n in names) + 4 > step:
        return []
    kind = np.dtype(
        {"names": names, "formats": ["<f4"] * 3, "offsets": [offsets[n] for n in names],
         "itemsize": step}
    )  # fmt: skip
    data = bytes(cloud.data)
    count = min(cloud.width, len(data) // step)
    return [Candidate(*map(float, row)) for row in np.frombuffer(data, kind, count)]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def read_options(arguments: Sequence[str]) -> tuple[WatchOptions, list[str]]:
    """Return the options of a command line, and what is left of it for ROS."""
    default = WatchOptions()
    parser = argparse.ArgumentParser(prog="vinet watch", description=__doc__)
    parser.add_argument("--namespace", default=default.namespace)
    parser.add_argument("--node", default=default.node)
    parser.add_argument("--host", default=default.host)
    parser.add_argument("--port", type=int, default=default.port)
    known, rest = parser.parse_known_args(list(arguments))
    return WatchOptions(known.namespace, known.node, known.host, known.port), rest


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop."""
    options, rest = read_options(sys.argv[1:] if arguments is None else arguments)
    return run_node(lambda: WatchNode(options), rest)


if __name__ == "__main__":
    sys.exit(main())
