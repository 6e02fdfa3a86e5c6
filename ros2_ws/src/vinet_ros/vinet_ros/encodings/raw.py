# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Raw image payloads of sensor_msgs into RGB arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import FrameError
from vinet_ros.preprocess import repeat_grey, resize_packed

MAX_PIXELS = 1 << 26  # 64 MPixel: larger than any robot's camera, small enough to decode safely

Rgb = NDArray[np.uint8]
_Converter = Callable[[NDArray[Any]], NDArray[Any]]
_STRETCH_SAMPLES = 1 << 15  # pixels that the range of a 16UC1 image is taken from


@dataclass(frozen=True, slots=True)
class RawImage:
    """A raw image as a message describes it, to be believed only after `check_raw`."""

    encoding: str
    width: int
    height: int
    step: int  # bytes from one row to the next
    bigendian: bool
    data: Any  # bytes-like

    @property
    def is_bigendian(self) -> bool:
        """The same under the message's name: libraries take a RawImage for a message."""
        return self.bigendian


@dataclass(frozen=True, slots=True)
class Layout:
    """How the pixels of an encoding lie in memory, and how they become RGB or grey."""

    channels: int  # samples a pixel
    dtype: str  # of a sample, without byte order
    convert: _Converter | None  # (rows, W[, channels]) -> (H, W, 3), grey (H, W); None: as it is
    packed: str = ""  # the order of bytes that `resize_packed` reads without a conversion
    block: tuple[int, int] = (1, 1)  # width and height are multiples of these
    rows: float = 1.0  # rows of the payload for each row of the picture


def _colour(code: int) -> _Converter:
    return lambda image: cv2.cvtColor(image, code)


def _full_range(image: NDArray[Any]) -> NDArray[Any]:
    return cv2.convertScaleAbs(image, alpha=255 / 65535)


def _then_full_range(code: int) -> _Converter:
    return lambda image: _full_range(cv2.cvtColor(image, code))


def stretched(image: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Map the 1st..99th percentile to 0..255: 16UC1 (thermal, depth) has no agreed range.

    Args:
        image: Grey (H, W), native byte order.

    Returns:
        Grey (H, W).
    """
    every = max(1, int((image.size / _STRETCH_SAMPLES) ** 0.5))
    low, high = (round(x) for x in np.percentile(image[::every, ::every], (1, 99)))
    grey = cv2.convertScaleAbs(np.maximum(image, low) - low, alpha=255 / max(high - low, 1))
    return np.asarray(grey, np.uint8)


_MONO = Layout(1, "u1", None, packed="L")
_BGR = Layout(3, "u1", _colour(cv2.COLOR_BGR2RGB), packed="BGR")
_BGRA = Layout(4, "u1", _colour(cv2.COLOR_BGRA2RGB), packed="BGRX")
_UYVY = Layout(2, "u1", _colour(cv2.COLOR_YUV2RGB_UYVY), block=(2, 1))
_YUYV = Layout(2, "u1", _colour(cv2.COLOR_YUV2RGB_YUY2), block=(2, 1))
# OpenCV names a Bayer pattern by the second row's second and third pixel, ROS by the first four.
_BAYER = {
    "rggb": cv2.COLOR_BAYER_BG2RGB,
    "bggr": cv2.COLOR_BAYER_RG2RGB,
    "gbrg": cv2.COLOR_BAYER_GR2RGB,
    "grbg": cv2.COLOR_BAYER_GB2RGB,
}
_LAYOUTS: dict[str, Layout] = {
    "rgb8": Layout(3, "u1", None, packed="RGB"),
    "bgr8": _BGR,
    "8UC3": _BGR,
    "rgba8": Layout(4, "u1", _colour(cv2.COLOR_RGBA2RGB), packed="RGBX"),
    "bgra8": _BGRA,
    "8UC4": _BGRA,
    "rgb16": Layout(3, "u2", _full_range),
    "bgr16": Layout(3, "u2", _then_full_range(cv2.COLOR_BGR2RGB)),
    "rgba16": Layout(4, "u2", _then_full_range(cv2.COLOR_RGBA2RGB)),
    "bgra16": Layout(4, "u2", _then_full_range(cv2.COLOR_BGRA2RGB)),
    "mono8": _MONO,
    "8UC1": _MONO,
    "mono16": Layout(1, "u2", _full_range),
    "16UC1": Layout(1, "u2", stretched),
    "yuv422": _UYVY,
    "uyvy": _UYVY,
    "yuv422_yuy2": _YUYV,
    "yuyv": _YUYV,
    "nv12": Layout(1, "u1", _colour(cv2.COLOR_YUV2RGB_NV12), block=(2, 2), rows=1.5),
    "nv21": Layout(1, "u1", _colour(cv2.COLOR_YUV2RGB_NV21), block=(2, 2), rows=1.5),
    **{
        f"bayer_{pattern}8": Layout(1, "u1", _colour(code), block=(2, 2))
        for pattern, code in _BAYER.items()
    },
    **{
        f"bayer_{pattern}16": Layout(1, "u2", _then_full_range(code), block=(2, 2))
        for pattern, code in _BAYER.items()
    },
}

ENCODINGS: tuple[str, ...] = tuple(_LAYOUTS)


def decode_raw(image: RawImage) -> Rgb:
    """Return the picture as RGB; a view into the data where it is rgb8 already.

    16-bit encodings are scaled from 0..65535 to 0..255, except 16UC1, which is stretched from
    its own 1st..99th percentile.

    Returns:
        uint8 (H, W, 3).

    Raises:
        FrameError: If the encoding is unknown or size, step and data contradict one another.
    """
    pixels = _decoded(image, check_raw(image))
    return repeat_grey(pixels) if pixels.ndim == 2 else pixels


def resize_raw(
    image: RawImage, size: tuple[int, int], to_rgb: Callable[[RawImage], Rgb] = decode_raw
) -> Rgb:
    """Return ``resize_rgb(decode_raw(image), size)``, with less work where that is possible.

    Order of channels and repetition of grey commute with the resize, so eight-bit packed
    payloads are resized as they lie in memory, and grey ones in one channel instead of three.

    Args:
        image: The raw image.
        size: Height and width of the result.
        to_rgb: Converts what cannot be resized as it lies.

    Returns:
        uint8 (h, w, 3); for rgb8 of that very size a view into the data.

    Raises:
        FrameError: As `decode_raw`.
    """
    layout = check_raw(image)
    if (image.height, image.width) == tuple(size):
        return to_rgb(image)
    if layout.packed:
        return resize_packed(
            image.data, layout.packed, (image.height, image.width), image.step, size
        )
    if layout.channels == 1 and layout.dtype == "u2" and layout.block == (1, 1):
        grey = _decoded(image, layout)
        return resize_packed(grey, "L", (image.height, image.width), image.width, size)
    rgb = np.ascontiguousarray(to_rgb(image))
    return resize_packed(rgb, "RGB", (image.height, image.width), image.width * 3, size)


def _decoded(image: RawImage, layout: Layout) -> NDArray[np.uint8]:
    """Return (H, W, 3) RGB, or (H, W) where the picture is grey."""
    dtype = np.dtype((">" if image.bigendian else "<") + layout.dtype)
    shape: tuple[int, ...] = (int(image.height * layout.rows), image.width)
    strides: tuple[int, ...] = (image.step, layout.channels * dtype.itemsize)
    if layout.channels > 1:
        shape, strides = (*shape, layout.channels), (*strides, dtype.itemsize)
    pixels: NDArray[Any] = np.ndarray(shape, dtype, buffer=image.data, strides=strides)
    if layout.convert is None:
        return pixels
    # OpenCV wants native byte order and whole samples between rows.
    if not dtype.isnative or image.step % dtype.itemsize:
        pixels = pixels.astype(layout.dtype)
    return layout.convert(pixels)


def check_raw(image: RawImage) -> Layout:
    """Return the layout of a known encoding once size, step and data agree.

    Raises:
        FrameError: If the encoding is unknown or size, step and data contradict one another.
    """
    layout = _LAYOUTS.get(image.encoding)
    if layout is None:
        raise FrameError(_unknown_encoding(image.encoding))
    width, height, step = image.width, image.height, image.step
    check_size(width, height)
    if width % layout.block[0] or height % layout.block[1]:
        raise FrameError(
            f"{image.encoding} needs a size in multiples of {layout.block[0]}x{layout.block[1]}, "
            f"got {width}x{height}; check the camera driver's size"
        )
    least = row_bytes(image)
    if step < least:
        raise FrameError(
            f"step of {width} {image.encoding} pixels is at least {least} bytes, got {step}; "
            "the driver's width, encoding or step is wrong"
        )
    got, expected = byte_count(image.data), payload_bytes(image)
    if got != expected:
        raise FrameError(
            f"data of {height} rows with step {step} is {expected} bytes in {image.encoding}, "
            f"got {got}; the driver's height, step or data is wrong"
        )
    return layout


def row_bytes(image: RawImage) -> int:
    """Return the bytes that a row of a known encoding has without padding."""
    layout = _LAYOUTS[image.encoding]
    return image.width * layout.channels * np.dtype(layout.dtype).itemsize


def payload_bytes(image: RawImage) -> int:
    """Return the bytes that an image of a known encoding has, by its height and step."""
    return int(image.height * _LAYOUTS[image.encoding].rows) * image.step


def _unknown_encoding(encoding: str) -> str:
    text = f"encoding {str(encoding)[:40]!r} is not one of {', '.join(ENCODINGS)}"
    if any(word in str(encoding).lower() for word in ("jpeg", "jpg", "png")):
        return f"{text}; subscribe with image_transport:=compressed"
    return f"{text}; set the camera driver to one of these"


def byte_count(data: Any) -> int:
    """Return the bytes in a buffer, -1 if they do not lie one after the other.

    Raises:
        FrameError: If it is no buffer.
    """
    try:
        with memoryview(data) as view:
            return view.nbytes if view.c_contiguous else -1
    except TypeError:
        raise FrameError(
            f"data must be bytes-like, got {type(data).__name__}; pass the message's own data"
        ) from None


def check_size(width: int, height: int) -> None:
    """Raise FrameError unless the size is that of an image of 1 to 64 MPixel."""
    if width <= 0 or height <= 0:
        raise FrameError(
            f"an image has at least one pixel, got {width}x{height}; check the camera driver"
        )
    if width * height > MAX_PIXELS:
        raise FrameError(
            f"an image has at most {MAX_PIXELS} pixels, got {width}x{height}; "
            "lower the camera's resolution"
        )
