"""Image payloads into RGB arrays: raw encodings of sensor_msgs, JPEG and PNG.

Nothing here needs ROS: the functions take plain numbers and buffers, and trust none of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import FrameError

MAX_PIXELS = 1 << 26  # 64 MPixel: larger than any robot's camera, small enough to decode safely

Rgb = NDArray[np.uint8]
_Converter = Callable[[NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class RawImage:
    """A raw image as a message describes it; `decode_raw` believes it only after checks."""

    encoding: str
    width: int
    height: int
    step: int  # bytes from one row to the next
    bigendian: bool
    data: Any  # bytes-like


@dataclass(frozen=True, slots=True)
class _Layout:
    channels: int  # samples a pixel
    dtype: str  # of a sample, without byte order
    convert: _Converter | None  # (rows, W[, channels]) -> (H, W, 3); None: it is RGB already
    block: tuple[int, int] = (1, 1)  # width and height are multiples of these
    rows: float = 1.0  # rows of the payload for each row of the picture


def _colour(code: int) -> _Converter:
    return lambda image: cv2.cvtColor(image, code)


def _full_range(image: NDArray[Any]) -> NDArray[Any]:
    return cv2.convertScaleAbs(image, alpha=255 / 65535)


def _then_full_range(code: int) -> _Converter:
    return lambda image: _full_range(cv2.cvtColor(image, code))


def _stretched(image: NDArray[Any]) -> NDArray[Any]:
    """Map the 1st..99th percentile to 0..255: 16UC1 (thermal, depth) has no agreed range."""
    low, high = np.percentile(image[::4, ::4], (1, 99))
    scale = 255.0 / max(float(high - low), 1.0)
    grey = np.clip((image.astype(np.float32) - np.float32(low)) * np.float32(scale), 0, 255)
    return cv2.cvtColor(np.rint(grey).astype(np.uint8), cv2.COLOR_GRAY2RGB)


_MONO = _Layout(1, "u1", _colour(cv2.COLOR_GRAY2RGB))
_UYVY = _Layout(2, "u1", _colour(cv2.COLOR_YUV2RGB_UYVY), block=(2, 1))
_YUYV = _Layout(2, "u1", _colour(cv2.COLOR_YUV2RGB_YUY2), block=(2, 1))
# OpenCV names a Bayer pattern by the second row's second and third pixel, ROS by the first four.
_BAYER = {
    "rggb": cv2.COLOR_BAYER_BG2RGB,
    "bggr": cv2.COLOR_BAYER_RG2RGB,
    "gbrg": cv2.COLOR_BAYER_GR2RGB,
    "grbg": cv2.COLOR_BAYER_GB2RGB,
}
_LAYOUTS: dict[str, _Layout] = {
    "rgb8": _Layout(3, "u1", None),
    "bgr8": _Layout(3, "u1", _colour(cv2.COLOR_BGR2RGB)),
    "rgba8": _Layout(4, "u1", _colour(cv2.COLOR_RGBA2RGB)),
    "bgra8": _Layout(4, "u1", _colour(cv2.COLOR_BGRA2RGB)),
    "rgb16": _Layout(3, "u2", _full_range),
    "bgr16": _Layout(3, "u2", _then_full_range(cv2.COLOR_BGR2RGB)),
    "mono8": _MONO,
    "8UC1": _MONO,
    "mono16": _Layout(1, "u2", _then_full_range(cv2.COLOR_GRAY2RGB)),
    "16UC1": _Layout(1, "u2", _stretched),
    "yuv422": _UYVY,
    "uyvy": _UYVY,
    "yuv422_yuy2": _YUYV,
    "yuyv": _YUYV,
    "nv12": _Layout(1, "u1", _colour(cv2.COLOR_YUV2RGB_NV12), block=(2, 2), rows=1.5),
    "nv21": _Layout(1, "u1", _colour(cv2.COLOR_YUV2RGB_NV21), block=(2, 2), rows=1.5),
    **{
        f"bayer_{pattern}8": _Layout(1, "u1", _colour(code), block=(2, 2))
        for pattern, code in _BAYER.items()
    },
    **{
        f"bayer_{pattern}16": _Layout(1, "u2", _then_full_range(code), block=(2, 2))
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
    layout = _LAYOUTS.get(image.encoding)
    if layout is None:
        raise FrameError(_unknown_encoding(image.encoding))
    rows = _checked_rows(image, layout)
    dtype = np.dtype((">" if image.bigendian else "<") + layout.dtype)
    shape: tuple[int, ...] = (rows, image.width)
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


def _unknown_encoding(encoding: str) -> str:
    text = f"encoding {str(encoding)[:40]!r} is not one of {', '.join(ENCODINGS)}"
    if any(word in str(encoding).lower() for word in ("jpeg", "jpg", "png")):
        return f"{text}; subscribe with image_transport:=compressed"
    return f"{text}; set the camera driver to one of these"


def _checked_rows(image: RawImage, layout: _Layout) -> int:
    """Return the payload's rows once size, step and data agree."""
    width, height, step = image.width, image.height, image.step
    check_size(width, height)
    if width % layout.block[0] or height % layout.block[1]:
        raise FrameError(
            f"{image.encoding} needs a size in multiples of {layout.block[0]}x{layout.block[1]}, "
            f"got {width}x{height}; check the camera driver's size"
        )
    row_bytes = width * layout.channels * np.dtype(layout.dtype).itemsize
    if step < row_bytes:
        raise FrameError(
            f"step of {width} {image.encoding} pixels is at least {row_bytes} bytes, got {step}; "
            "the driver's width, encoding or step is wrong"
        )
    rows = int(height * layout.rows)
    got = _byte_count(image.data)
    if got != rows * step:
        raise FrameError(
            f"data of {rows} rows with step {step} is {rows * step} bytes, got {got}; "
            "the driver's height, step or data is wrong"
        )
    return rows


def _byte_count(data: Any) -> int:
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


def decode_compressed(data: Any) -> Rgb:
    """Return the picture of a JPEG or PNG file as RGB, its orientation tag ignored.

    The orientation tag is ignored since the camera's calibration belongs to the sensor's rows.

    Args:
        data: Bytes-like, the whole file.

    Returns:
        uint8 (H, W, 3).

    Raises:
        FrameError: If it is no JPEG or PNG, is cut off or damaged, or announces more than
            64 MPixel (checked in the header, before anything is decoded).
    """
    if _byte_count(data) < 0:
        raise FrameError("data must be contiguous bytes; pass the message's own data")
    content = bytes(data)
    width, height = _announced_size(content)
    check_size(width, height)
    _check_complete(content)
    try:
        bgr = cv2.imdecode(
            np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error:
        bgr = None
    if bgr is None or bgr.shape != (height, width, 3):
        raise FrameError(
            f"a {width}x{height} compressed image could not be decoded; it is damaged, "
            "check the camera driver or the link"
        )
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=bgr), np.uint8)


_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_JPEG_MAGIC = b"\xff\xd8\xff"
# Start-of-frame markers; C4, C8 and CC in their midst are tables.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _announced_size(content: bytes) -> tuple[int, int]:
    """Return (width, height) of the header."""
    if content.startswith(_PNG_MAGIC) and content[12:16] == b"IHDR" and len(content) >= 24:
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    if content.startswith(_JPEG_MAGIC):
        frame = _jpeg_segment(content, _JPEG_FRAMES)
        if frame + 9 <= len(content):
            return (
                int.from_bytes(content[frame + 7 : frame + 9], "big"),
                int.from_bytes(content[frame + 5 : frame + 7], "big"),
            )
    raise FrameError(
        f"a compressed image begins with a JPEG or PNG header, got {content[:8]!r} in "
        f"{len(content)} bytes; set the publisher's format to jpeg or png"
    )


def _jpeg_segment(content: bytes, markers: frozenset[int]) -> int:
    """Return the place of the first segment with one of the markers, len(content) if none."""
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker in markers:
            return place
        if marker == 0xFF:  # fill byte
            place += 1
            continue
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return len(content)


def _check_complete(content: bytes) -> None:
    """Raise FrameError when the file's end is missing, which decoders paper over with grey."""
    if content.startswith(_PNG_MAGIC):
        complete = content.rfind(b"IEND") > 0
    else:
        # The end marker cannot occur inside the scan: there each FF is followed by 00 or RST.
        scan = _jpeg_segment(content, frozenset({0xDA}))
        complete = content.find(b"\xff\xd9", scan) > 0
    if not complete:
        raise FrameError(
            f"a compressed image of {len(content)} bytes is cut off before its end; "
            "check the camera driver or the link"
        )
