# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The topics of source_node: image or image/compressed, camera_info, /clock."""

from array import array
from typing import Any

import cv2
from rclpy.duration import Duration
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from sensor_msgs.msg import CompressedImage as CompressedMessage
from std_msgs.msg import Header

from vinet_ros.encodings import RawImage
from vinet_ros.offline.bags import picture_size
from vinet_ros.offline.frames import CompressedImage, Frame, SourceInfo
from vinet_ros.ros.messages import fill_image, ns_to_stamp
from vinet_ros.ros.qos import output_qos, sensor_qos
from vinet_ros.ros.source_camera_info import SourceCamera
from vinet_ros.ros.source_parameters import DEFAULT_FRAME_ID, SourceParameters


class SourceOutputs:
    """Publishes frames: recorded messages byte for byte as they are, pixels as they are asked for.

    Args:
        node: The node that the topics belong to.
        settings: Its parameters.
        info: Of the source.

    Raises:
        DataError: If the calibration file cannot be used.
    """

    def __init__(self, node: Node, settings: SourceParameters, info: SourceInfo) -> None:
        self._settings = settings
        self.size = settings.scaled_size(info.height, info.width)
        """(height, width) of the images."""
        self._resized = self.size != (info.height, info.width)
        self.as_recorded = settings.encoding == "auto" and not self._resized
        """Whether pictures are to stay what the source gives."""
        compressed = info.compressed and self.as_recorded
        self.encoding = "rgb8" if settings.encoding == "auto" else settings.encoding
        if self.as_recorded:
            self.encoding = info.encoding
        self._camera = SourceCamera(
            settings.camera_info_url, settings.horizontal_fov_deg, (info.height, info.width)
        )
        qos = sensor_qos(settings.image_reliability, settings.image_depth)
        if not (settings.realtime or info.live):
            # Fast DDS asks for an acknowledgement when its queue is full, else every 3 s.
            qos = sensor_qos("reliable", 1)
        if compressed:
            topic = f"{node.resolve_topic_name('image')}/compressed"
            self._images = node.create_publisher(CompressedMessage, topic, qos)
        else:
            self._images = node.create_publisher(Image, "image", qos)
        self._infos = node.create_publisher(CameraInfo, "camera_info", qos)
        self._clocks = None
        if settings.publish_clock:
            self._clocks = node.create_publisher(Clock, "/clock", output_qos())

    @property
    def image_topic(self) -> str:
        """The resolved name of the topic with the images."""
        return str(self._images.topic_name)

    @property
    def has_clock(self) -> bool:
        """Whether /clock is published."""
        return self._clocks is not None

    def subscribers(self) -> int:
        """Return how many subscribe to the images."""
        return int(self._images.get_subscription_count())

    def wait_for_acknowledgement(self, timeout_s: float) -> bool:
        """Wait until every reliable subscriber has what was published; return whether it has."""
        return bool(self._images.wait_for_all_acked(Duration(seconds=timeout_s)))

    def publish(self, frame: Frame, stamp_ns: int) -> None:
        """Publish a frame and its camera_info.

        Args:
            frame: With a recorded picture, or RGB.
            stamp_ns: Of both messages.
        """
        frame_id = self._settings.frame_id or frame.frame_id or DEFAULT_FRAME_ID
        header = Header(stamp=ns_to_stamp(stamp_ns), frame_id=frame_id)
        image = self._message(frame, header)
        info = self._camera.info(_size(frame), frame.calibration, resized=self._resized)
        info.header = header
        self._infos.publish(info)
        self._images.publish(image)

    def tell(self, clock_ns: int) -> None:
        """Publish the time, where it is asked for."""
        if self._clocks is not None:
            self._clocks.publish(Clock(clock=ns_to_stamp(clock_ns)))

    def _message(self, frame: Frame, header: Any) -> Any:
        picture = frame.picture
        if isinstance(picture, CompressedImage):
            message = CompressedMessage(header=header, format=picture.format)
            message.data = _bytes_array(picture.data)
            return message
        image = Image()
        if isinstance(picture, RawImage):
            image.header, image.encoding = header, picture.encoding
            image.height, image.width, image.step = picture.height, picture.width, picture.step
            image.is_bigendian = int(picture.bigendian)
            image.data = _bytes_array(picture.data)
            return image
        swap = self.encoding == "bgr8"
        pixels = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) if swap else picture
        fill_image(image, pixels, self.encoding, header)
        return image


def _size(frame: Frame) -> tuple[int, int]:
    if isinstance(frame.picture, RawImage | CompressedImage):
        width, height = picture_size(frame.picture)
        return height, width
    return frame.picture.shape[0], frame.picture.shape[1]


def _bytes_array(data: Any) -> "array[int]":
    copy = array("B")  # what rclpy takes without looking at every byte
    copy.frombytes(memoryview(data).cast("B"))
    return copy
