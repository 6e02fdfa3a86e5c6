# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A camera's picture as it arrived: checked at once, converted only as far as somebody asks."""

from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np

from vinet_ros.encodings import RawImage, Rgb, check_raw, decode_stored, resize_raw
from vinet_ros.preprocess import repeat_grey, resize_packed
from vinet_ros.ros.image_library import raw_to_rgb


class Picture(Protocol):
    """What a frame needs of a picture."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""

    @property
    def rgb(self) -> Rgb:
        """The whole picture, uint8 (H, W, 3), read-only by agreement, converted on demand."""

    def resized(self, size: tuple[int, int]) -> Rgb:
        """Return ``resize_rgb(self.rgb, size)`` with as little work as that takes."""


class RawPicture:
    """A raw image that keeps to its header.

    Args:
        image: The raw image; its data must not be written to while the picture lives.

    Raises:
        FrameError: If the encoding is unknown or size, step and data contradict one another.
    """

    def __init__(self, image: RawImage) -> None:
        check_raw(image)
        self._image = image
        self.size = (image.height, image.width)

    @cached_property
    def rgb(self) -> Rgb:
        """The whole picture; for rgb8 a view into the data."""
        return raw_to_rgb(self._image)

    def resized(self, size: tuple[int, int]) -> Rgb:
        """Return ``resize_rgb(self.rgb, size)`` with as little work as that takes."""
        return resize_raw(self._image, size, raw_to_rgb)


class CompressedPicture:
    """A decoded JPEG or PNG.

    Args:
        data: The file.
        encoding: What was compressed, '' if unknown.

    Raises:
        FrameError: If it is no whole JPEG or PNG of at most 64 MPixel.
    """

    def __init__(self, data: Any, encoding: str = "") -> None:
        self._decoded = decode_stored(data, encoding)  # BGR or grey, as OpenCV gives it
        self.size = (int(self._decoded.shape[0]), int(self._decoded.shape[1]))

    @cached_property
    def rgb(self) -> Rgb:
        """The whole picture."""
        if self._decoded.ndim == 2:
            return repeat_grey(self._decoded)
        return np.asarray(cv2.cvtColor(self._decoded, cv2.COLOR_BGR2RGB), np.uint8)

    def resized(self, size: tuple[int, int]) -> Rgb:
        """Return ``resize_rgb(self.rgb, size)`` with as little work as that takes."""
        if self.size == tuple(size):
            return self.rgb
        order = "L" if self._decoded.ndim == 2 else "BGR"
        return resize_packed(self._decoded, order, self.size, self.size[1] * len(order), size)


def image_picture(msg: Any) -> RawPicture:
    """Return the picture of a sensor_msgs/Image.

    Args:
        msg: Anything with encoding, width, height, step, is_bigendian and data.

    Raises:
        FrameError: If the encoding is not one of `vinet_ros.encodings.ENCODINGS`, or size,
            step and data contradict one another.
    """
    return RawPicture(
        RawImage(
            encoding=msg.encoding,
            width=msg.width,
            height=msg.height,
            step=msg.step,
            bigendian=bool(msg.is_bigendian),
            data=msg.data,
        )
    )


def compressed_picture(msg: Any) -> CompressedPicture:
    """Return the picture of a sensor_msgs/CompressedImage (JPEG or PNG).

    Args:
        msg: Anything with format and data. The file itself says whether it is JPEG or PNG; of the
            format only the encoding in front ("16UC1; png compressed ") is read.

    Raises:
        FrameError: If the data is not a whole JPEG or PNG of at most 64 MPixel.
    """
    return CompressedPicture(msg.data, msg.format.partition(";")[0].strip())
