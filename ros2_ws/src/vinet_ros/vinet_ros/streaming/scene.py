# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What one prediction gives, as messages on topics; the message types come from the caller."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np

from vinet_ros.drawing import draw_overlay
from vinet_ros.encodings import Rgb
from vinet_ros.gaze import Peak
from vinet_ros.streaming.camera_view import CameraView
from vinet_ros.streaming.gaze_messages import (
    candidates_message,
    marker_message,
    pixel_message,
    target_message,
)
from vinet_ros.streaming.gaze_pipeline import GazePoint
from vinet_ros.streaming.image_fields import fill_compressed, fill_image
from vinet_ros.streaming.predictor import SaliencyMap


class HasRgb(Protocol):
    """What an overlay needs of a picture."""

    @property
    def rgb(self) -> Rgb:
        """uint8 (H, W, 3)."""


@dataclass(frozen=True)
class Scene:
    """All that one prediction gave.

    Args:
        header: Of the newest frame that it was computed from.
        saliency: The network's map.
        points: The gaze, best first; None where the network is untrained.
        picture: The newest frame; None where it is gone.
        view: The camera of that frame.
    """

    header: Any
    saliency: SaliencyMap
    points: tuple[GazePoint, ...] | None
    picture: HasRgb | None
    view: CameraView

    @cached_property
    def overlay(self) -> Rgb | None:
        """The heat map over the frame, drawn once for both topics."""
        if self.picture is None:
            return None
        peaks = [Peak(p.u, p.v, p.saliency) for p in self.points or ()]
        return draw_overlay(self.picture.rgb, self.saliency.values, peaks)


@dataclass(frozen=True, slots=True)
class SceneTopic:
    """A topic that scenes are published on.

    Args:
        name: Relative, as the node has it.
        message_type: Such as sensor_msgs/msg/Image.
        make: Returns the message of a scene, None where it has none. Takes what has the message
            types as attributes, by their short names.
        picture: Whether it is a picture, which must not delay a gaze.
    """

    name: str
    message_type: str
    make: Callable[[Any, Scene], Any]
    picture: bool = True


def _pixel(types: Any, scene: Scene) -> Any:
    return pixel_message(types, scene.header, scene.points[0]) if scene.points else None


def _target(types: Any, scene: Scene) -> Any:
    return target_message(types, scene.header, scene.points[0]) if scene.points else None


def _candidates(types: Any, scene: Scene) -> Any:
    if scene.points is None:
        return None
    return candidates_message(types, scene.header, scene.points)


def _markers(types: Any, scene: Scene) -> Any:
    return None if scene.points is None else marker_message(types, scene.header, scene.points)


def _map(types: Any, scene: Scene) -> Any:
    image = types.Image()
    fill_image(image, scene.saliency.values, "32FC1", scene.header)
    return image


def _mono(types: Any, scene: Scene) -> Any:
    image = types.Image()
    values = scene.saliency.values
    stretched = np.empty(values.shape, np.uint8)
    cv2.normalize(values, stretched, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)
    fill_image(image, stretched, "mono8", scene.header)
    return image


def _overlay(types: Any, scene: Scene) -> Any:
    if scene.overlay is None:
        return None
    image = types.Image()
    fill_image(image, cv2.cvtColor(scene.overlay, cv2.COLOR_RGB2BGR), "bgr8", scene.header)
    return image


def _overlay_jpeg(types: Any, scene: Scene) -> Any:
    if scene.overlay is None:
        return None
    image = types.CompressedImage()
    fill_compressed(image, scene.overlay, scene.header)
    return image


def _camera_info(types: Any, scene: Scene) -> Any:
    height, width = scene.saliency.values.shape
    return scene.view.info_for((height, width), scene.header, types.CameraInfo)


TOPICS = (
    SceneTopic("gaze/target", "geometry_msgs/msg/PointStamped", _target, False),
    SceneTopic("gaze/pixel", "geometry_msgs/msg/PointStamped", _pixel, False),
    SceneTopic("gaze/candidates", "sensor_msgs/msg/PointCloud2", _candidates, False),
    SceneTopic("gaze/markers", "visualization_msgs/msg/MarkerArray", _markers, False),
    SceneTopic("saliency/image", "sensor_msgs/msg/Image", _map),
    SceneTopic("saliency/camera_info", "sensor_msgs/msg/CameraInfo", _camera_info),
    SceneTopic("saliency/image_mono", "sensor_msgs/msg/Image", _mono),
    SceneTopic("saliency/overlay", "sensor_msgs/msg/Image", _overlay),
    SceneTopic("saliency/overlay/compressed", "sensor_msgs/msg/CompressedImage", _overlay_jpeg),
)
"""Gaze first."""
