# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The demo's closed loop: a simulated head follows what moves in a made scene.

pan_tilt_simulator, saliency_node and gaze_controller run in processes of their own, as on a robot;
the demo enables the head and draws what happens.
"""

import math
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rich.console import Console
from sensor_msgs.msg import Image, JointState
from std_srvs.srv import SetBool, Trigger

from vinet_ros.encodings import Rgb
from vinet_ros.gaze import PanTilt, PinholeCamera
from vinet_ros.ros.demo_options import DemoError, DemoOptions
from vinet_ros.ros.demo_output import FrameSample, OverlayVideo, contact_sheet
from vinet_ros.ros.demo_processes import NodeProcess, parameter_arguments
from vinet_ros.ros.head_camera import HEAD_CAMERA
from vinet_ros.ros.messages import NS_PER_S, image_to_rgb, stamp_to_ns
from vinet_ros.ros.qos import output_qos
from vinet_ros.simulation import LoopPicture, Moment, VirtualCamera
from vinet_ros.simulation.virtual_camera import angle_between

HEAD_VIDEO, HEAD_SHEET = "head.mp4", "head_sheet.png"
_SCENE, _SEED = "mover", 4
_SIZE, _HFOV_DEG = (288, 384), 60.0
_WIDE_SIZE, _WIDE_FOV_DEG = (400, 960), 110.0
_START_S = 120.0
_KEPT = 600
_TRIES = 20


class HeadDemoNode(Node):
    """Hears the simulation and the network's overlay; makes a picture for each wide view.

    Args:
        show: Takes a picture and its stamp.
    """

    def __init__(self, show: Callable[[Rgb, int], None]) -> None:
        super().__init__("head_demo")
        self._show = show
        self._picture = LoopPicture(
            VirtualCamera(PinholeCamera.from_hfov(_WIDE_SIZE[1], _WIDE_SIZE[0], _WIDE_FOV_DEG)),
            VirtualCamera(PinholeCamera.from_hfov(_SIZE[1], _SIZE[0], _HFOV_DEG)),
        )
        self._view: Rgb = np.zeros((*_SIZE, 3), np.uint8)
        self._targets: deque[tuple[int, PanTilt | None]] = deque(maxlen=_KEPT)
        self.moments: deque[Moment] = deque(maxlen=_KEPT)
        self.errors_deg: list[float] = []
        self.states: dict[str, dict[str, str]] = {}
        self.create_subscription(JointState, "simulation/joint_states", self._on_head, 50)
        self.create_subscription(PoseArray, "simulation/things", self._on_things, 50)
        self.create_subscription(Image, "simulation/wide", self._on_wide, output_qos())
        self.create_subscription(Image, "saliency/overlay", self._on_view, QoSProfile(depth=2))
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 20)

    def ready(self) -> bool:
        """Return whether all three nodes work."""
        simulates = "pan_tilt_simulator: simulation" in self.states
        works = (
            self.states.get(f"{node}: lifecycle", {}).get("state") == "active"
            for node in ("saliency_node", "gaze_controller")
        )
        return simulates and all(works)

    def restart(self) -> None:
        """Forget what was seen before the scene started over."""
        self.moments.clear()
        self._targets.clear()
        self.errors_deg.clear()

    def _on_things(self, msg: PoseArray) -> None:
        point = msg.poses[0].position if msg.poses else None
        place = None
        if point is not None and math.isfinite(point.x):
            place = PanTilt(
                math.atan2(point.y, point.x), math.atan2(point.z, math.hypot(point.x, point.y))
            )
        self._targets.append((stamp_to_ns(msg.header.stamp), place))

    def _on_head(self, msg: JointState) -> None:
        stamp_ns = stamp_to_ns(msg.header.stamp)
        head = PanTilt(float(msg.position[0]), float(msg.position[1]))
        target = self._targets[-1][1] if self._targets else None
        self.moments.append(Moment(stamp_ns / NS_PER_S, head, target))
        if target is not None:
            self.errors_deg.append(math.degrees(angle_between(head, target)))

    def _on_view(self, msg: Image) -> None:
        self._view = image_to_rgb(msg)

    def _on_wide(self, msg: Image) -> None:
        if self.moments:
            picture = self._picture.compose(image_to_rgb(msg), self._view, self.moments)
            self._show(picture, stamp_to_ns(msg.header.stamp))

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            values = {pair.key: pair.value for pair in status.values}
            self.states[status.name] = {**values, "message": status.message}


class HeadDemo:
    """One run of the closed loop, from the first process to the last file."""

    def __init__(self, options: DemoOptions, console: Console) -> None:
        self._options, self._console = options, console
        self._sample = FrameSample()
        self._video: OverlayVideo | None = None
        self._first_ns = 0
        self._recording = False

    def run(self) -> None:
        """Let the head follow and write the files.

        Raises:
            DemoError: If a node failed or nothing came out.
        """
        for name in (HEAD_VIDEO, HEAD_SHEET):
            (self._options.out / name).unlink(missing_ok=True)
        node = HeadDemoNode(self._add)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        # All alike: this process draws and encodes; a network that gives way to that sees less.
        processes = [
            NodeProcess(
                f"vinet_ros.ros.{name}",
                arguments,
                self._options.out / f"{name}.log",
                os.environ,
            )
            for name, arguments in self._arguments().items()
        ]
        try:
            self._play(node, executor, processes)
        finally:
            executor.remove_node(node)
            node.destroy_node()
            if self._video is not None:
                self._video.close()
        self._report(node)

    def _arguments(self) -> dict[str, list[str]]:
        options = self._options
        chosen = {"model": options.model, "weights": options.weights, "device": options.device}
        given = {name: value for name, value in chosen.items() if value}
        simulator: dict[str, str | float | int | bool] = {
            "scene": _SCENE,
            "seed": _SEED,
            "image_height": _SIZE[0],
            "image_width": _SIZE[1],
            "horizontal_fov_deg": _HFOV_DEG,
            "wide_fov_deg": _WIDE_FOV_DEG,
        }
        return {
            "saliency_node": parameter_arguments(**given, **HEAD_CAMERA),
            "gaze_controller": parameter_arguments(diagnostics_period_s=0.5),
            "pan_tilt_simulator": parameter_arguments(**simulator),
        }

    def _play(
        self, node: HeadDemoNode, executor: SingleThreadedExecutor, processes: list[NodeProcess]
    ) -> None:
        def spin_until(condition: Callable[[], bool], limit_s: float, complaint: str) -> None:
            end_s = time.monotonic() + limit_s
            while not condition():
                for process in processes:
                    if process.exit_code is not None:
                        tail = f"the end of {process.log}:\n{process.tail()}"
                        raise DemoError(f"{process.name} ended before its time; {tail}")
                if time.monotonic() > end_s:
                    raise DemoError(f"{complaint} in {limit_s:.0f} s; see {self._options.out}")
                executor.spin_once(timeout_sec=0.05)

        self._say("starting the closed loop: pan_tilt_simulator, saliency_node, gaze_controller")
        with processes[0], processes[1], processes[2]:
            with self._console.status("starting"):
                spin_until(node.ready, _START_S, "the nodes are not ready")
            _call(node, spin_until, Trigger, "pan_tilt_simulator/restart", Trigger.Request())
            node.restart()
            spin_until(lambda: len(node.moments) > 2, _START_S, "no views come")
            _call(node, spin_until, SetBool, "gaze_controller/enable", SetBool.Request(data=True))
            self._recording = True
            start_s = time.monotonic()
            seconds = self._options.head_s
            spin_until(
                lambda: time.monotonic() - start_s > seconds, seconds + _START_S, "no end comes"
            )

    def _add(self, picture: Rgb, stamp_ns: int) -> None:
        if not self._recording:
            return
        if self._video is None:
            size = picture.shape[0], picture.shape[1]
            self._video = OverlayVideo(self._options.out / HEAD_VIDEO, size)
            self._first_ns = stamp_ns
        try:
            self._video.write(picture, stamp_ns)
        except av.FFmpegError as error:
            raise DemoError(f"{HEAD_VIDEO} cannot be written: {error}") from error
        self._sample.add(picture, stamp_ns)

    def _report(self, node: HeadDemoNode) -> None:
        frames = self._sample.frames()
        if not frames:
            raise DemoError(f"no picture of the closed loop came out; see {self._options.out}")
        model = node.states.get("saliency_node: model", {}).get("model", "")
        sheet = contact_sheet(frames, self._first_ns, f"the closed loop: {model}")
        path: Path = self._options.out / HEAD_SHEET
        cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
        if node.errors_deg:
            median = float(np.median(node.errors_deg[len(node.errors_deg) // 4 :]))
            self._say(f"the head was {median:.1f} degrees off what moved, in the median")
        for name in (HEAD_VIDEO, HEAD_SHEET):
            self._say(f"wrote {self._options.out / name}")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


_SpinUntil = Callable[[Callable[[], bool], float, str], None]


def _call(node: Node, spin_until: _SpinUntil, kind: type, service: str, request: object) -> None:
    """Call a service until it succeeds: on a busy machine joint states may be late."""
    client = node.create_client(kind, service)
    spin_until(client.service_is_ready, _START_S, f"{service} is not there")
    for left in reversed(range(_TRIES)):
        done = client.call_async(request)
        spin_until(done.done, _START_S, f"{service} does not answer")
        if done.result().success:
            return
        if not left:
            raise DemoError(f"{service}: {done.result().message}")
