# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A bench for real nodes over real DDS: camera, listeners, an executor in the test's thread."""

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import rclpy
from bright_spot import Loader
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from vinet_ros.ros.messages import fill_compressed, fill_image, ns_to_stamp, stamp_to_ns
from vinet_ros.ros.qos import output_qos, sensor_qos
from vinet_ros.ros.saliency_node import SaliencyNode

PATIENCE_S = 30.0
# rclpy's own reaction to a mismatch is a log call that it deprecates itself.
_QUIET = PublisherEventCallbacks(use_default_callbacks=False)
# Always the same: at another value rclpy drops the callbacks that were ready but not yet run.
_SPIN_S = 0.005


@contextmanager
def stranger(domain_id: int) -> Iterator[Any]:
    """Another process, as far as DDS can tell: a node in a context of its own."""
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain_id)
    node = rclpy.create_node("stranger", context=context)
    try:
        yield node
    finally:
        node.destroy_node()
        rclpy.try_shutdown(context=context)


class Bench:
    """A camera, listeners and the nodes under test, spun by one executor in the test's thread."""

    def __init__(self) -> None:
        self.executor = SingleThreadedExecutor()
        self.node = rclpy.create_node("bench")
        self.executor.add_node(self.node)
        self.nodes: list[SaliencyNode] = []
        self.diagnostics: list[DiagnosticArray] = self.listen(DiagnosticArray, "/diagnostics", 50)
        self._images: dict[str, Any] = {}

    def saliency_node(
        self, load: Any = None, cli_args: Sequence[str] = (), **parameters: Any
    ) -> SaliencyNode:
        """Make a node that looks at bright spots, quick to tell how it is.

        Images queue, so that none is lost where the machine is too busy for this test.
        """
        values = {
            "diagnostics_period_s": 0.1,
            "smoothing_tau_s": 0.0,
            "image_depth": 64,
            **parameters,
        }
        use_load = {} if load == "real" else {"load": load or Loader()}
        node = SaliencyNode(
            parameter_overrides=[Parameter(k, value=v) for k, v in values.items()],
            cli_args=list(cli_args),
            **use_load,
        )
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def close(self) -> None:
        for node in self.nodes:
            self.executor.remove_node(node)
            node.close()
            node.destroy_node()
        self.executor.remove_node(self.node)
        self.node.destroy_node()
        self.executor.shutdown()

    def spin_until(self, condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
        """Spin until something holds; fail when it never does."""
        end_s = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < end_s, f"it never came to be; {self.told()}"
            self.executor.spin_once(timeout_sec=_SPIN_S)

    def spin_for(self, duration_s: float) -> None:
        """Spin for a time."""
        end_s = time.monotonic() + duration_s
        while time.monotonic() < end_s:
            self.executor.spin_once(timeout_sec=_SPIN_S)

    def active(self, load: Any = None, **parameters: Any) -> SaliencyNode:
        """Make a node and wait until it is active."""
        node = self.saliency_node(load, **parameters)
        self.spin_until(lambda: node.state == "active")
        return node

    def listen(self, message_type: type, topic: str, depth: int = 1) -> list[Any]:
        """Return a list that fills with what is published on a topic."""
        messages: list[Any] = []
        qos = output_qos() if depth == 1 else depth
        self.node.create_subscription(message_type, topic, messages.append, qos)
        return messages

    def publisher(self, message_type: type = Image, topic: str = "image", **qos: Any) -> Any:
        """Return the publisher of a topic, made when first asked for."""
        if topic not in self._images:
            self._images[topic] = self.node.create_publisher(
                message_type, topic, sensor_qos(**qos), event_callbacks=_QUIET
            )
        return self._images[topic]

    def now_ns(self) -> int:
        return int(self.node.get_clock().now().nanoseconds)

    def send(
        self,
        rgb: np.ndarray,
        stamp_ns: int | None = None,
        frame_id: str = "camera",
        encoding_of: str = "rgb8",
        **change: Any,
    ) -> int:
        """Publish an image, by default stamped now; return the stamp.

        ``encoding_of`` is how it is sent (rgb8, bgr8, mono8); ``change`` sets fields afterwards.
        """
        stamp_ns = self.now_ns() if stamp_ns is None else stamp_ns
        image = Image()
        pixels = {"rgb8": rgb, "bgr8": rgb[..., ::-1], "mono8": rgb[..., 1]}[encoding_of]
        fill_image(image, pixels, encoding_of)
        image.header.stamp, image.header.frame_id = ns_to_stamp(stamp_ns), frame_id
        for name, value in change.items():
            setattr(image, name, value)
        self.publisher().publish(image)
        return stamp_ns

    def send_compressed(
        self, rgb: np.ndarray, keep: float = 1.0, content: bytes | None = None
    ) -> int:
        """Publish a JPEG, or the first part of one, or other content; return the stamp."""
        stamp_ns = self.now_ns()
        image = CompressedImage()
        fill_compressed(image, rgb)
        image.data = image.data[: int(len(image.data) * keep)]
        if content is not None:
            image.data = array("B", content)
        image.header.stamp = ns_to_stamp(stamp_ns)
        self.publisher(CompressedImage, "image/compressed").publish(image)
        return stamp_ns

    def connect(self) -> None:
        """Return when the camera and the node have found each other: the next image arrives."""
        camera = self.publisher()
        self.spin_until(lambda: camera.get_subscription_count())
        self.spin_until(lambda: self.value("input", "publishers") == "1")
        self.spin_for(0.2)

    def withdraw(self, topic: str = "image") -> None:
        """Take the publisher of a topic off the network."""
        self.node.destroy_publisher(self._images.pop(topic))

    def show(
        self,
        until: Callable[[], object],
        rgb: np.ndarray | None = None,
        send: Callable[[np.ndarray], object] | None = None,
    ) -> list[int]:
        """Publish an image again and again, freshly stamped, until something holds."""
        picture = spot() if rgb is None else rgb
        end_s, sent = time.monotonic() + PATIENCE_S, []
        while not until():
            assert time.monotonic() < end_s, f"it never came to be; {self.told()}"
            sent.append((send or self.send)(picture))
            self.spin_for(0.03)
            self.settle()
        return sent

    def settle(self) -> None:
        """Spin until there is nothing to do, so that no image waits where the machine is busy."""
        end_s = time.monotonic() + 1.0
        while (start_s := time.monotonic()) < end_s:
            self.executor.spin_once(timeout_sec=_SPIN_S)
            if time.monotonic() - start_s >= _SPIN_S:
                return

    def fresh(self, messages: list[Any], rgb: np.ndarray | None = None) -> Any:
        """Show a picture until a message comes that was made from it; return the message."""
        start_ns = self.now_ns()
        self.show(lambda: messages and stamp_to_ns(messages[-1].header.stamp) >= start_ns, rgb)
        return messages[-1]

    def send_info(self, info: CameraInfo) -> None:
        self.publisher(CameraInfo, "camera_info").publish(info)

    def status(self, name: str, node: str = "saliency_node") -> DiagnosticStatus | None:
        """Return the newest status of a name."""
        for message in reversed(self.diagnostics):
            for status in message.status:
                if status.name == f"{node}: {name}":
                    return status
        return None

    def says(self, name: str, text: str, level: int | None = None) -> bool:
        """Whether the newest status of a name has a text in its message, and a level."""
        status = self.status(name)
        if status is None or text not in status.message:
            return False
        return level is None or status.level == bytes([level])

    def value(self, name: str, key: str) -> str | None:
        """Return a value of the newest status of a name."""
        status = self.status(name)
        return next((v.value for v in status.values if v.key == key), None) if status else None

    def count(self, name: str, key: str) -> int:
        """Return a value that counts; 0 before it is there."""
        return int(self.value(name, key) or 0)

    def cost(self) -> int:
        """Return how many of the images that arrived did not get into the window."""
        return self.count("input", "frames_received") - self.count("input", "frames_used")

    def settled_cost(self) -> int:
        """Return the cost once all that was sent is counted; nothing may be lost on the way."""
        self.spin_for(0.2)
        seen = len(self.diagnostics)
        self.spin_until(lambda: len(self.diagnostics) > seen)
        received, sent = (self.count("input", f"frames_{k}") for k in ("received", "sent"))
        assert received == sent, f"of {sent} images {received} arrived"
        return self.cost()

    def call(self, kind: type, service: str, patience_s: float = PATIENCE_S, **fields: Any) -> Any:
        """Call a service of saliency_node over DDS and return its response."""
        client = self.node.create_client(kind, f"saliency_node/{service}")
        self.spin_until(client.service_is_ready)
        done = client.call_async(kind.Request(**fields))
        self.spin_until(done.done, patience_s)
        self.node.destroy_client(client)
        return done.result()

    def call_parameters(self, **values: Any) -> SetParametersResult:
        """Set parameters of saliency_node over DDS, all or none; return the result."""
        parameters = [
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
        ]
        answer = self.call(
            SetParametersAtomically, "set_parameters_atomically", parameters=parameters
        )
        return answer.result

    def told(self) -> str:
        """Return the newest diagnostics for a failing test's message."""
        newest = self.diagnostics[-1] if self.diagnostics else DiagnosticArray()
        return "; ".join(f"{s.name} {s.message}" for s in newest.status)


def spot(u: int = 480, v: int = 120, size: tuple[int, int] = (480, 640)) -> np.ndarray:
    """Return a dark picture with one bright square around a pixel."""
    rgb = np.full((*size, 3), 20, np.uint8)
    rgb[max(v - 20, 0) : v + 21, max(u - 20, 0) : u + 21] = 250
    return rgb
