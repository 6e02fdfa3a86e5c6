# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Messages into arrays and back: images, stamps, camera calibration.

Every function reads and writes the fields of a message by name, so the image functions also run
without ROS. What arrives is checked; what is wrong raises FrameError.
"""

from typing import TYPE_CHECKING, Any

from vinet_ros.encodings import Rgb
from vinet_ros.gaze.camera_info import (
    camera_info_to_camera,
    describe_camera,
    scale_camera_info,
)
from vinet_ros.ros.pictures import compressed_picture, image_picture
from vinet_ros.streaming.image_fields import fill_compressed, fill_image

if TYPE_CHECKING:
    from builtin_interfaces.msg import Time

NS_PER_S = 1_000_000_000

__all__ = [
    "NS_PER_S",
    "camera_info_to_camera",
    "compressed_to_rgb",
    "describe_camera",
    "fill_compressed",
    "fill_image",
    "image_to_rgb",
    "ns_to_stamp",
    "scale_camera_info",
    "stamp_to_ns",
]


def image_to_rgb(msg: Any) -> Rgb:
    """Return a sensor_msgs/Image as RGB; for rgb8 a view into the message, not a copy.

    `vinet_ros.ros.pictures.image_picture` converts only what is asked for.

    Args:
        msg: Anything with encoding, width, height, step, is_bigendian and data.

    Returns:
        uint8 (H, W, 3).

    Raises:
        FrameError: If the encoding is not one of `vinet_ros.encodings.ENCODINGS`, or size,
            step and data contradict one another.
    """
    return image_picture(msg).rgb


def compressed_to_rgb(msg: Any) -> Rgb:
    """Return a sensor_msgs/CompressedImage (JPEG or PNG) as RGB.

    Args:
        msg: Anything with format and data.

    Returns:
        uint8 (H, W, 3).

    Raises:
        FrameError: If the data is not a whole JPEG or PNG of at most 64 MPixel.
    """
    return compressed_picture(msg).rgb


def stamp_to_ns(stamp: Any) -> int:
    """Return a builtin_interfaces/Time in nanoseconds. Inverse: :func:`ns_to_stamp`."""
    return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)


def ns_to_stamp(stamp_ns: int) -> "Time":
    """Return nanoseconds as a builtin_interfaces/Time. Inverse: :func:`stamp_to_ns`.

    Raises:
        ValueError: If the seconds do not fit the message's 32 bits.
    """
    from builtin_interfaces.msg import Time  # here, so that images convert without ROS

    sec, nanosec = divmod(stamp_ns, NS_PER_S)
    if not -(1 << 31) <= sec < 1 << 31:
        raise ValueError(f"a stamp is within 2**31 seconds, got {stamp_ns} ns")
    return Time(sec=sec, nanosec=nanosec)
