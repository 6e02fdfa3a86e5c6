# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A camera for measurements: frames that lie ready in memory, sent by a steady clock.

``python -m vinet_ros.ros.benchmark.source`` is started by the benchmark. It writes when it sent
each frame, and how late, into the file named by VINET_STEP_TRACE.
"""

import argparse
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from vinet_ros.gaze import PinholeCamera
from vinet_ros.ros.benchmark.frames import encode_jpeg, encode_raw, make_frames
from vinet_ros.ros.interrupts import end_on_signals
from vinet_ros.ros.messages import describe_camera, ns_to_stamp
from vinet_ros.ros.qos import sensor_qos
from vinet_ros.ros.step_trace import StepTrace, open_trace

_FRAME_ID = "camera_optical_frame"
_HFOV_DEG = 60.0
_POLL_S = 0.02
_SETTLE_S = 0.5  # for a subscriber that was just found to find us


class Source(Node):
    """Publishes messages that were made before; nothing else runs in its process.

    Args:
        messages: Sent over and over.
        size: (height, width) of their images.
        rate_hz: Messages a second.
        trace: Takes when each was sent.
    """

    def __init__(
        self, messages: Sequence[Any], size: tuple[int, int], rate_hz: float, trace: StepTrace
    ) -> None:
        super().__init__("benchmark_source", start_parameter_services=False)
        self._messages = messages
        self._period_ns = round(1e9 / rate_hz)
        self._trace = trace
        compressed = isinstance(messages[0], CompressedImage)
        topic = "image/compressed" if compressed else "image"
        self._images = self.create_publisher(type(messages[0]), topic, sensor_qos())
        self._infos = self.create_publisher(CameraInfo, "camera_info", sensor_qos())
        self._info = CameraInfo()
        self._info.header.frame_id = _FRAME_ID
        describe_camera(self._info, PinholeCamera.from_hfov(size[1], size[0], _HFOV_DEG))

    def wait_for_subscriber(self) -> None:
        """Return when somebody listens to the images."""
        while not self._images.get_subscription_count():
            time.sleep(_POLL_S)
        time.sleep(_SETTLE_S)

    def play(self) -> None:
        """Send until an exception ends it.

        A camera that was held up does not send the missed frames in a burst, and neither does
        this: the next frame is due a period later.
        """
        due_ns = time.monotonic_ns()
        for message in cycle(self._messages):
            time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
            start_ns = time.monotonic_ns()
            self._send(message, start_ns, start_ns - due_ns)
            due_ns += self._period_ns
            if time.monotonic_ns() - due_ns > self._period_ns:
                due_ns = time.monotonic_ns()

    def _send(self, message: Any, start_ns: int, late_ns: int) -> None:
        stamp_ns = int(self.get_clock().now().nanoseconds)
        self._info.header.stamp = message.header.stamp = ns_to_stamp(stamp_ns)
        self._infos.publish(self._info)
        self._images.publish(message)
        end_ns = time.monotonic_ns()
        self._trace.add("send", stamp_ns, end_ns, end_ns - start_ns, -1)
        self._trace.add("late", stamp_ns, end_ns, late_ns, -1)


def make_messages(
    video: Path | None, size: tuple[int, int], encoding: str, transport: str
) -> list[Any]:
    """Return the messages to send, without stamps.

    Args:
        video: A file; None: a moving texture.
        size: (height, width) of the images.
        encoding: Of raw images.
        transport: raw or compressed.

    Raises:
        DataError: If the video cannot be read, or the encoding does not suit the size.
    """
    make = _compressed if transport == "compressed" else _raw
    return [make(rgb, encoding) for rgb in make_frames(video, size)]


def _raw(rgb: Any, encoding: str) -> Image:
    payload, step = encode_raw(rgb, encoding)
    image = Image(height=rgb.shape[0], width=rgb.shape[1], encoding=encoding, step=step)
    image.header.frame_id = _FRAME_ID
    image.data.frombytes(payload.data)
    return image


def _compressed(rgb: Any, encoding: str) -> CompressedImage:
    image = CompressedImage(format="rgb8; jpeg compressed bgr8")
    image.header.frame_id = _FRAME_ID
    image.data.frombytes(encode_jpeg(rgb).data)
    return image


def main(arguments: Sequence[str] | None = None) -> int:
    """Send until SIGINT or SIGTERM; return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmark.source", description=__doc__)
    parser.add_argument("--video", type=Path)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--encoding", default="rgb8")
    parser.add_argument("--transport", default="raw")
    given = parser.parse_args(arguments)
    size = (given.height, given.width)
    end_on_signals()
    messages = make_messages(given.video, size, given.encoding, given.transport)
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    trace = open_trace() or StepTrace(Path("/dev/null"))
    source = Source(messages, size, given.rate, trace)
    try:
        source.wait_for_subscriber()
        source.play()
    except KeyboardInterrupt:
        return 0
    finally:
        trace.close()
        source.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
