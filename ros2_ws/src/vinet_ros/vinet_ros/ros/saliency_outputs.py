"""The topics of saliency_node: each message is made only while somebody listens."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from geometry_msgs.msg import PointStamped
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from vinet_ros.drawing import draw_overlay
from vinet_ros.gaze import Peak
from vinet_ros.ros.calibration import CameraView
from vinet_ros.ros.gaze_messages import (
    candidates_message,
    marker_message,
    pixel_message,
    target_message,
)
from vinet_ros.ros.gaze_pipeline import GazePoint
from vinet_ros.ros.messages import fill_compressed, fill_image
from vinet_ros.ros.qos import output_qos
from vinet_ros.streaming import SaliencyMap

Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Scene:
    """All that one prediction gave.

    Args:
        header: Of the newest frame that it was computed from.
        saliency: The network's map.
        points: The gaze, best first; None where the network is untrained.
        rgb: The newest frame, uint8 (H, W, 3); None where it is gone.
        view: The camera of that frame.
    """

    header: Header
    saliency: SaliencyMap
    points: tuple[GazePoint, ...] | None
    rgb: Rgb | None
    view: CameraView

    @cached_property
    def overlay(self) -> Rgb | None:
        """The heat map over the frame, drawn once for both topics."""
        if self.rgb is None:
            return None
        peaks = [Peak(p.u, p.v, p.saliency) for p in self.points or ()]
        return draw_overlay(self.rgb, self.saliency.values, peaks)


@dataclass(frozen=True, slots=True)
class _Output:
    topic: str
    message_type: type
    make: Callable[[Scene], Any]


class SaliencyOutputs:
    """The publishers, gaze first: a picture must not delay a target.

    Args:
        node: The node that they belong to.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._publishers = [
            (node.create_lifecycle_publisher(o.message_type, o.topic, output_qos()), o)
            for o in OUTPUTS
        ]

    @property
    def wanted(self) -> bool:
        """Whether anybody listens to anything."""
        return any(p.get_subscription_count() for p, _ in self._publishers)

    def publish(self, scene: Scene, *, pictures: bool) -> None:
        """Publish what somebody listens to.

        Args:
            scene: A prediction.
            pictures: Whether to publish the images, or else the gaze.
        """
        for publisher, output in self._publishers:
            if (output in _PICTURES) is not pictures or not publisher.get_subscription_count():
                continue
            message = output.make(scene)
            if message is not None:
                publisher.publish(message)

    def destroy(self) -> None:
        """Take the topics off the network."""
        for publisher, _ in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers = []


def _pixel(scene: Scene) -> PointStamped | None:
    return pixel_message(scene.header, scene.points[0]) if scene.points else None


def _target(scene: Scene) -> PointStamped | None:
    return target_message(scene.header, scene.points[0]) if scene.points else None


def _candidates(scene: Scene) -> PointCloud2 | None:
    return None if scene.points is None else candidates_message(scene.header, scene.points)


def _markers(scene: Scene) -> MarkerArray | None:
    return None if scene.points is None else marker_message(scene.header, scene.points)


def _map(scene: Scene) -> Image:
    image = Image()
    fill_image(image, scene.saliency.values, "32FC1", scene.header)
    return image


def _mono(scene: Scene) -> Image:
    image = Image()
    values = scene.saliency.values
    stretched = np.empty(values.shape, np.uint8)
    cv2.normalize(values, stretched, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)
    fill_image(image, stretched, "mono8", scene.header)
    return image


def _overlay(scene: Scene) -> Image | None:
    if scene.overlay is None:
        return None
    image = Image()
    fill_image(image, cv2.cvtColor(scene.overlay, cv2.COLOR_RGB2BGR), "bgr8", scene.header)
    return image


def _overlay_jpeg(scene: Scene) -> CompressedImage | None:
    if scene.overlay is None:
        return None
    image = CompressedImage()
    fill_compressed(image, scene.overlay, scene.header)
    return image


def _camera_info(scene: Scene) -> Any:
    height, width = scene.saliency.values.shape
    return scene.view.info_for((height, width), scene.header, CameraInfo)


_GAZE = (
    _Output("gaze/target", PointStamped, _target),
    _Output("gaze/pixel", PointStamped, _pixel),
    _Output("gaze/candidates", PointCloud2, _candidates),
    _Output("gaze/markers", MarkerArray, _markers),
)
_PICTURES = (
    _Output("saliency/image", Image, _map),
    _Output("saliency/camera_info", CameraInfo, _camera_info),
    _Output("saliency/image_mono", Image, _mono),
    _Output("saliency/overlay", Image, _overlay),
    _Output("saliency/overlay/compressed", CompressedImage, _overlay_jpeg),
)
OUTPUTS = (*_GAZE, *_PICTURES)
