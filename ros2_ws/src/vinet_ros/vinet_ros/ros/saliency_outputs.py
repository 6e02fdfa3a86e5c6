# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The topics of saliency_node: each message is made only while somebody listens."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from geometry_msgs.msg import Point, PointStamped
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from vinet_ros.ros.qos import output_qos
from vinet_ros.streaming.scene import TOPICS, Scene, SceneTopic

_CLASSES: tuple[type, ...] = (
    *(CameraInfo, ColorRGBA, CompressedImage, Image, Marker, MarkerArray),
    *(Point, PointCloud2, PointField, PointStamped),
)
_TYPES = SimpleNamespace(**{kind.__name__: kind for kind in _CLASSES})


@dataclass(frozen=True, slots=True)
class _Output:
    topic: str
    message_type: type
    scene_topic: SceneTopic


class SaliencyOutputs:
    """The publishers, gaze first: a picture must not delay a target.

    Args:
        node: The node that they belong to.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._made = dict.fromkeys((o.topic for o in OUTPUTS), 0)
        self._publishers = [
            (node.create_lifecycle_publisher(o.message_type, o.topic, output_qos()), o)
            for o in OUTPUTS
        ]

    @property
    def wanted(self) -> bool:
        """Whether anybody listens to anything."""
        return any(p.get_subscription_count() for p, _ in self._publishers)

    @property
    def made(self) -> dict[str, int]:
        """Return how many messages were made, by topic."""
        return dict(self._made)

    def publish(
        self, scene: Scene, *, pictures: bool, on_error: Callable[[str, Exception], None]
    ) -> None:
        """Publish what somebody listens to.

        Args:
            scene: A prediction.
            pictures: Whether to publish the images, or else the gaze.
            on_error: Takes the topic and the error where one output fails; the others go on.
        """
        for publisher, output in self._publishers:
            if (
                output.scene_topic.picture is not pictures
                or not publisher.get_subscription_count()
            ):
                continue
            try:
                self._publish_one(publisher, output, scene)
            except Exception as error:  # handed on whole: one topic must not silence the others
                on_error(output.topic, error)

    def _publish_one(self, publisher: Any, output: "_Output", scene: Scene) -> None:
        message = output.scene_topic.make(_TYPES, scene)
        if message is not None:
            publisher.publish(message)
            self._made[output.topic] += 1

    def destroy(self) -> None:
        """Take the topics off the network."""
        for publisher, _ in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers = []


OUTPUTS = tuple(
    _Output(topic.name, getattr(_TYPES, topic.message_type.rpartition("/")[2]), topic)
    for topic in TOPICS
)
