"""Measure saliency_node with its own diagnostics, fed by source_node from another process.

``python -m vinet_ros.ros.measure_node --video clip.mp4 --seconds 120`` prints a JSON report.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PointStamped
from rclpy.node import Node

from vinet_ros.errors import VinetError
from vinet_ros.ros.demo import prepare_environment
from vinet_ros.ros.demo_processes import NodeProcess, parameter_arguments
from vinet_ros.ros.qos import output_qos

_SPIN_S = 0.05
_PATIENCE_S = 180.0

Statuses = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What saliency_node did in a measured stretch, counted from its start to its end.

    Args:
        seconds: Length of the stretch.
        frames_received: Images that reached the node.
        frames_sent: Images that source_node published.
        received_share: The one over the other.
        targets: Messages on gaze/target.
        targets_per_second: Of them.
        latency_p50_ms: Image stamp to gaze, median, by the node's diagnostics since activation.
        latency_p95_ms: 95th percentile.
        latency_max_ms: Longest.
        steps_p50_ms: Median of each step on the way, over the last ten seconds.
        cpu_share: Processor time of the node; 1 is a whole core.
        memory_mib: Resident memory of the node at the end.
        model: Name of the network.
        path: How it was executed.
        machine: Processor and number of cores.
    """

    seconds: float
    frames_received: int
    frames_sent: int
    received_share: float
    targets: int
    targets_per_second: float
    latency_p50_ms: float
    latency_p95_ms: float
    latency_max_ms: float
    steps_p50_ms: dict[str, float]
    cpu_share: float
    memory_mib: float
    model: str
    path: str
    machine: str


class Listener(Node):
    """Counts gaze targets and keeps the newest diagnostics of saliency_node."""

    def __init__(self) -> None:
        super().__init__("measure_node")
        self.targets = 0
        self.cpu_shares: list[float] = []
        self.statuses: Statuses = {}
        self.create_subscription(PointStamped, "gaze/target", self._count, output_qos())
        self.create_subscription(DiagnosticArray, "/diagnostics", self._keep, 10)

    def value(self, status: str, key: str, default: str = "0") -> str:
        """Return the newest value of a key."""
        return self.statuses.get(status, {}).get(key, default)

    def count(self, status: str, key: str) -> int:
        """Return the newest value of a key that counts."""
        return int(self.value(status, key))

    def _count(self, target: PointStamped) -> None:
        self.targets += 1

    def _keep(self, array: DiagnosticArray) -> None:
        for status in array.status:
            node, _, name = status.name.partition(": ")
            if node == "saliency_node":
                self.statuses[name] = {pair.key: pair.value for pair in status.values}
                self.statuses[name]["message"] = status.message
        if "process" in self.statuses:
            self.cpu_shares.append(float(self.value("process", "cpu_share")))


def measure(
    video: str, seconds: float, parameters: Sequence[str] = (), size: tuple[int, int] = (640, 480)
) -> NodeReport:
    """Run both nodes and return what saliency_node did in a stretch of time.

    Args:
        video: File for source_node, played in a loop at 30 Hz.
        seconds: Length of the stretch; it begins with the first gaze target.
        parameters: ``name:=value`` for saliency_node.
        size: Width and height in which the images are published.

    Raises:
        VinetError: If no gaze comes, or a node ends before its time.
    """
    prepare_environment()
    width, height = size
    source = parameter_arguments(
        path=video,
        loop=True,
        publish_rate_hz=30.0,
        image_width=width,
        image_height=height,
        wait_for_subscribers=1,
        wait_timeout_s=_PATIENCE_S,
    )
    given = [word for parameter in parameters for word in ("-p", parameter)]
    commands = {"saliency_node": ["--ros-args", *given], "source_node": source}
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        nodes = [
            NodeProcess(f"vinet_ros.ros.{name}", arguments, logs / f"{name}.log", os.environ)
            for name, arguments in commands.items()
        ]
        for node in nodes:
            stack.enter_context(node)
        rclpy.init(args=[])  # the command line's parameters are for the node
        stack.callback(rclpy.try_shutdown)
        listener = Listener()
        stack.callback(listener.destroy_node)
        return _stretch(listener, seconds, nodes)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the report as JSON, and write it where that is asked for."""
    parser = argparse.ArgumentParser(prog="measure_node", description=__doc__)
    parser.add_argument("--video", required=True, help="file to play")
    parser.add_argument("--seconds", type=float, default=120.0, help="length of the measurement")
    parser.add_argument("--size", default="640x480", help="width x height of the images")
    parser.add_argument("--out", type=Path, help="file for the JSON")
    parser.add_argument("parameters", nargs="*", help="name:=value for saliency_node")
    given = parser.parse_args(arguments)
    width, _, height = given.size.partition("x")
    try:
        report = measure(given.video, given.seconds, given.parameters, (int(width), int(height)))
    except VinetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    text = json.dumps(asdict(report), indent=2)
    print(text)
    if given.out:
        given.out.write_text(text + "\n")
    return 0


def _stretch(listener: Listener, seconds: float, nodes: Sequence[NodeProcess]) -> NodeReport:
    _spin(listener, nodes, lambda: listener.targets > 0 and "input" in listener.statuses)
    before, start_s = _counts(listener), time.monotonic()
    listener.cpu_shares.clear()
    end_s = start_s + seconds
    _spin(listener, nodes, lambda: time.monotonic() >= end_s, seconds + _PATIENCE_S)
    elapsed_s = time.monotonic() - start_s
    received, sent, targets = (b - a for a, b in zip(before, _counts(listener), strict=True))
    return NodeReport(
        seconds=round(elapsed_s, 2),
        frames_received=received,
        frames_sent=sent,
        received_share=round(received / max(sent, 1), 5),
        targets=targets,
        targets_per_second=round(targets / elapsed_s, 2),
        latency_p50_ms=float(listener.value("latency", "total_p50_ms", "nan")),
        latency_p95_ms=float(listener.value("latency", "total_p95_ms", "nan")),
        latency_max_ms=float(listener.value("latency", "total_max_ms", "nan")),
        steps_p50_ms={
            step: float(listener.value("latency", f"{step}_p50_ms", "nan"))
            for step in ("convert", "resize", "predict", "publish")
        },
        cpu_share=round(sum(listener.cpu_shares) / max(len(listener.cpu_shares), 1), 3),
        memory_mib=float(listener.value("process", "memory_mib")),
        model=listener.value("model", "model", ""),
        path=f"{listener.value('model', 'path', '')} on {listener.value('model', 'device', '')}",
        machine=f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
    )


def _counts(listener: Listener) -> tuple[int, int, int]:
    """Return frames received and sent, and targets, since the start."""
    counts = [listener.count("input", key) for key in ("frames_received", "frames_sent")]
    return counts[0], counts[1], listener.targets


def _spin(
    listener: Listener,
    nodes: Sequence[NodeProcess],
    condition: Callable[[], bool],
    patience_s: float = _PATIENCE_S,
) -> None:
    end_s = time.monotonic() + patience_s
    while not condition():
        rclpy.spin_once(listener, timeout_sec=_SPIN_S)
        for node in nodes:
            if node.exit_code is not None:
                raise VinetError(f"{node.name} ended before its time: {node.tail()}")
        if time.monotonic() > end_s:
            messages = {name: keys["message"] for name, keys in listener.statuses.items()}
            raise VinetError(f"no gaze in {patience_s:.0f} s; the node says {messages}")


if __name__ == "__main__":
    raise SystemExit(main())
