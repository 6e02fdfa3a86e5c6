# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The demo: a clip or a camera through source_node and saliency_node, then a closed loop.

Both nodes run in processes of their own and talk over DDS; the demo is a third one, which
subscribes to what they publish, shows it live and leaves files.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Point, PointStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from rich.console import Console
from sensor_msgs.msg import CameraInfo, Image

from vinet_ros.errors import VinetError
from vinet_ros.ros.demo_head import HeadDemo
from vinet_ros.ros.demo_options import DemoError, DemoOptions, read_options
from vinet_ros.ros.demo_output import SHEET_NAME, TABLE_NAME, VIDEO_NAME, DemoOutput
from vinet_ros.ros.demo_processes import NodeProcess, parameter_arguments
from vinet_ros.ros.demo_state import DemoState, Gaze, direction_deg, percentile
from vinet_ros.ros.demo_view import DemoView
from vinet_ros.ros.interrupts import end_on_signals
from vinet_ros.ros.messages import image_to_rgb, stamp_to_ns
from vinet_ros.ros.qos import sensor_qos

_START_S = 120.0  # a cold start: the network is loaded, compiled and measured
_FIRST_FRAME_S = 30.0
_SILENCE_S = 2.0
_DRAIN_S = 20.0
_PROFILE_VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"
_OLD_PROFILE_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
_OLD_DISTRIBUTIONS = ("humble", "iron", "jazzy")  # newer ones warn about the old name


class DemoNode(Node):
    """Subscribes to what source_node and saliency_node publish.

    Args:
        state: Where figures go.
        output: Where pictures and gazes go.
    """

    def __init__(self, state: DemoState, output: DemoOutput) -> None:
        super().__init__("demo")
        self._state, self._output = state, output
        self._parts: dict[int, dict[str, Point]] = {}
        reliable = QoSProfile(depth=10)
        self.create_subscription(CameraInfo, "camera_info", self._on_camera_info, sensor_qos())
        self.create_subscription(Image, "saliency/overlay", self._on_overlay, reliable)
        self.create_subscription(PointStamped, "gaze/pixel", self._on_pixel, reliable)
        self.create_subscription(PointStamped, "gaze/target", self._on_target, reliable)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, reliable)

    def _on_camera_info(self, msg: CameraInfo) -> None:
        # One for each image, with its stamp; far cheaper to receive than the image.
        self._state.note_frame(stamp_to_ns(msg.header.stamp))

    def _on_overlay(self, msg: Image) -> None:
        self._output.add_picture(image_to_rgb(msg), stamp_to_ns(msg.header.stamp))

    def _on_pixel(self, msg: PointStamped) -> None:
        self._join(stamp_to_ns(msg.header.stamp), pixel=msg.point)

    def _on_target(self, msg: PointStamped) -> None:
        self._join(stamp_to_ns(msg.header.stamp), target=msg.point)

    def _join(self, stamp_ns: int, **points: Point) -> None:
        """Make a gaze of the pixel and the target of one frame, whichever comes first."""
        parts = self._parts.setdefault(stamp_ns, {})
        parts.update(points)
        if len(parts) < 2:
            return
        self._parts = {ns: other for ns, other in self._parts.items() if ns > stamp_ns}
        pixel, target = parts["pixel"], parts["target"]
        pan_deg, tilt_deg = direction_deg(target.x, target.y, target.z)
        gaze = Gaze(
            stamp_ns=stamp_ns,
            u=pixel.x,
            v=pixel.y,
            saliency=pixel.z,
            pan_deg=pan_deg,
            tilt_deg=tilt_deg,
            latency_ms=(self.get_clock().now().nanoseconds - stamp_ns) / 1e6,
        )
        self._state.note_gaze(gaze, time.monotonic())
        self._output.add_gaze(gaze)

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            node, _, name = status.name.partition(": ")
            if node.endswith("saliency_node"):
                values = {item.key: item.value for item in status.values}
                self._state.note_status(name, ord(status.level), status.message, values)


class Demo:
    """One run of the demo, from the first process to the last file."""

    def __init__(self, options: DemoOptions, console: Console) -> None:
        self._options = options
        self._console = console
        self._state = DemoState()

    def run(self) -> None:
        """Play the source to its end and write the files.

        Raises:
            DemoError: If a node failed or nothing came out.
        """
        options = self._options
        with DemoOutput(options.out) as output:
            node = DemoNode(self._state, output)
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            try:
                self._play(node, lambda: executor.spin_once(timeout_sec=0.05))
            finally:
                executor.remove_node(node)
                node.destroy_node()
        self._report(output)

    def _play(self, node: Node, spin: Callable[[], None]) -> None:
        options, environment = self._options, dict(os.environ)
        view = DemoView(self._console, options.title, options.duration_s)
        saliency = NodeProcess(
            "vinet_ros.ros.saliency_node",
            self._saliency_arguments(),
            options.out / "saliency_node.log",
            environment,
        )
        source = NodeProcess(
            "vinet_ros.ros.source_node",
            parameter_arguments(path=options.source, wait_for_subscribers=1),
            options.out / "source_node.log",
            environment,
        )
        self._say("starting saliency_node (the network is loaded and measured)")
        with saliency:
            with self._console.status("starting"):  # turns in a terminal, else says nothing
                self._wait_until_ready(node, saliency, spin)
            self._say(f"ready: {self._state.engine()}")
            with source, view:
                self._watch(source, saliency, view, spin)

    def _saliency_arguments(self) -> list[str]:
        options = self._options
        chosen = {"model": options.model, "weights": options.weights, "device": options.device}
        given = {name: value for name, value in chosen.items() if value}
        return parameter_arguments(**given)

    def _wait_until_ready(
        self, node: Node, saliency: NodeProcess, spin: Callable[[], None]
    ) -> None:
        # It subscribes to the image when it is active; the model is in its diagnostics.
        limit_s = time.monotonic() + _START_S
        while not (node.count_subscribers("image") and self._state.model):
            self._check(saliency)
            if time.monotonic() > limit_s:
                raise DemoError(f"saliency_node was not ready in {_START_S:.0f} s{_log(saliency)}")
            spin()

    def _watch(
        self,
        source: NodeProcess,
        saliency: NodeProcess,
        view: DemoView,
        spin: Callable[[], None],
    ) -> None:
        start_s = time.monotonic()
        end_s: float | None = None
        while end_s is None or not self._drained(end_s):
            spin()
            now_s = time.monotonic()
            self._check(saliency)
            view.show(self._state, now_s)
            if end_s is None and self._ended(source, start_s):
                end_s = now_s
                source.stop()

    def _check(self, saliency: NodeProcess) -> None:
        if saliency.exit_code is not None:
            raise DemoError(f"saliency_node ended with {saliency.exit_code}{_log(saliency)}")
        if self._state.failure:
            raise DemoError(f"saliency_node did not start: {self._state.failure}")

    def _ended(self, source: NodeProcess, start_s: float) -> bool:
        """Return whether the source has sent all that is wanted of it."""
        if source.exit_code not in (None, 0):
            raise DemoError(f"source_node ended with {source.exit_code}{_log(source)}")
        if source.exit_code == 0 or self._state.played_s() >= self._options.duration_s:
            return True
        waited_s = time.monotonic() - start_s
        if not self._state.frames and waited_s > _FIRST_FRAME_S:
            raise DemoError(f"source_node sent nothing in {_FIRST_FRAME_S:.0f} s{_log(source)}")
        return waited_s > 2 * self._options.duration_s + _FIRST_FRAME_S

    def _drained(self, end_s: float) -> bool:
        """Return whether the last frame's gaze is there, or will not come any more."""
        state, now_s = self._state, time.monotonic()
        last_s = state.last_arrival_s
        if state.gaze is not None and state.gaze.stamp_ns == state.newest_frame_ns:
            return now_s - (last_s or end_s) > _SILENCE_S / 4  # its overlay may be on the way
        # A slow network needs its own time for the last window.
        period_s = 1 / state.mean_rate_hz() if state.mean_rate_hz() else _DRAIN_S
        silent_s = now_s - max(last_s or end_s, end_s)
        return silent_s > max(_SILENCE_S, 2 * period_s) or now_s - end_s > _DRAIN_S

    def _report(self, output: DemoOutput) -> None:
        state, options = self._state, self._options
        if not state.gazes or not output.pictures:
            raise DemoError(
                f"{state.frames} frames were sent, but {state.gazes} gaze targets and "
                f"{output.pictures} overlays came out; see the logs in {options.out}"
            )
        output.write_sheet(f"{options.title}: {state.engine()}")
        for name, message in state.warnings.items():
            self._say(f"warning ({name}): {message}")
        self._say(
            f"{state.gazes} gaze targets from {state.frames} frames, "
            f"{state.mean_rate_hz():.1f} a second; frame to gaze "
            f"p50 {percentile(state.latencies_ms, 50):.0f} ms, "
            f"p95 {percentile(state.latencies_ms, 95):.0f} ms; {state.engine()}"
        )
        for name in (VIDEO_NAME, SHEET_NAME, TABLE_NAME):
            self._say(f"wrote {options.out / name}")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _log(process: NodeProcess) -> str:
    return f"; the end of {process.log}:\n{process.tail()}"


def prepare_environment() -> None:
    """Set what this process and its children need to talk, apart from any other ROS here."""
    profile = share_folder() / "config" / "fastdds_large_images.xml"
    os.environ[_PROFILE_VARIABLE] = str(profile)
    if os.environ.get("ROS_DISTRO") in _OLD_DISTRIBUTIONS:
        os.environ[_OLD_PROFILE_VARIABLE] = str(profile)
    os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"


def share_folder() -> Path:
    """Return where config/ and models/ lie: in the checkout, else in the installed package."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "package.xml").is_file():
        return checkout
    from ament_index_python.packages import get_package_share_directory

    return Path(get_package_share_directory("vinet_ros"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return 0 only when a gaze and pictures came out."""
    console = Console()
    try:
        options = read_options(arguments)
        prepare_environment()
        end_on_signals()
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        Demo(options, console).run()
        if options.head_s:
            HeadDemo(options, console).run()
    except KeyboardInterrupt:
        console.print("interrupted; the nodes are ended", highlight=False)
        return 130
    except (VinetError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
