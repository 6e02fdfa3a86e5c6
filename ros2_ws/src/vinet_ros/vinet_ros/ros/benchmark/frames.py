# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Frames for the benchmark's camera: made or decoded before the clock starts, then only sent."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError

Pixels = NDArray[Any]

MOST_BYTES = 256 << 20
"""Memory for the frames; a longer video is cut, a texture repeats earlier."""
MOST_FRAMES = 120
_JPEG_QUALITY = 85
_TEXTURE_PIXELS = 3
"""By how much the texture moves from one frame to the next."""


def make_frames(
    video: Path | None, size: tuple[int, int], bytes_a_pixel: float = 3.0
) -> Iterator[NDArray[np.uint8]]:
    """Yield the RGB frames (H, W, 3) of a video's start, or of a moving texture.

    Args:
        video: A file; None: a texture that drifts, with a bright disc that circles before it.
        size: (height, width) of the frames.
        bytes_a_pixel: Of what is kept of a frame; it bounds their number.

    Raises:
        DataError: If the video cannot be read.
    """
    height, width = size
    count = min(MOST_FRAMES, max(2, int(MOST_BYTES / (height * width * bytes_a_pixel))))
    if video is None:
        return _texture(size, count)
    from vinet_ros.offline.video import read_video

    return (frame.rgb() for frame in islice(read_video(video, size=size), count))


def encode_raw(rgb: NDArray[np.uint8], encoding: str) -> tuple[Pixels, int]:
    """Return the payload of a sensor_msgs/Image, as bytes (n,), and its step.

    Raises:
        DataError: If the encoding needs even sizes and these are not.
    """
    height, width = rgb.shape[:2]
    convert, even = _ENCODERS[encoding]
    if even and (height % 2 or width % 2):
        raise DataError(f"{encoding} needs even sizes, got {width}x{height}; give another --size")
    rows = np.ascontiguousarray(convert(rgb))
    payload = rows.view(np.uint8).reshape(-1)
    lines = height if encoding != "nv12" else height * 3 // 2
    return payload, payload.size // lines


def encode_jpeg(rgb: NDArray[np.uint8]) -> Pixels:
    """Return a JPEG file as bytes (n,)."""
    done, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY)
    )
    if not done:
        raise DataError(f"a picture of shape {rgb.shape} could not be encoded as JPEG")
    return np.asarray(jpeg).reshape(-1)


def _texture(size: tuple[int, int], count: int) -> Iterator[NDArray[np.uint8]]:
    """Yield a drifting texture: seeded noise at two scales, no easier for JPEG than a scene."""
    height, width = size
    random = np.random.default_rng(0)
    coarse = random.integers(40, 160, (max(height // 32, 1), max(width // 32, 1), 3), np.uint8)
    fine = random.integers(0, 40, (height, width, 1), np.uint8)
    canvas = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) // 2 + 40 + fine
    radius = max(min(height, width) // 16, 2)
    for number in range(count):
        turn = 2 * np.pi * number / count
        centre = (width / 2 + width / 4 * np.cos(turn), height / 2 + height / 4 * np.sin(turn))
        frame = np.ascontiguousarray(np.roll(canvas, _TEXTURE_PIXELS * number, axis=1))
        cv2.circle(frame, (round(centre[0]), round(centre[1])), radius, (250, 220, 60), -1)
        yield frame


def _colour(code: int) -> Callable[[Pixels], Pixels]:
    return lambda rgb: cv2.cvtColor(rgb, code)


def _grey16(rgb: Pixels) -> Pixels:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.uint16) * 257


def _yuyv(rgb: Pixels) -> Pixels:
    """Luma of every pixel, chroma of every other one, in the ranges of video: Y U Y V."""
    full = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    luma = 16 + full[..., 0] * (219 / 255)
    chroma = 128 + (full[:, ::2, :0:-1] - 128) * (224 / 255)  # (H, W / 2, 2): U, V
    row_pairs = np.stack((luma, chroma.reshape(luma.shape)), axis=-1)  # (H, W, 2)
    return np.rint(row_pairs).astype(np.uint8)


def _nv12(rgb: Pixels) -> Pixels:
    """A plane of luma, then one of interleaved chroma at half the size."""
    height, width = rgb.shape[:2]
    planes = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420).reshape(-1)
    luma, chroma = planes[: height * width], planes[height * width :].reshape(2, -1)
    return np.concatenate((luma, chroma.T.reshape(-1)))


def _bayer(rgb: Pixels) -> Pixels:
    """Red and green, then green and blue, in turns of rows."""
    mosaic = rgb[..., 1].copy()
    mosaic[::2, ::2] = rgb[::2, ::2, 0]
    mosaic[1::2, 1::2] = rgb[1::2, 1::2, 2]
    return mosaic


_ENCODERS: dict[str, tuple[Callable[[Pixels], Pixels], bool]] = {
    "rgb8": (lambda rgb: rgb, False),
    "bgr8": (_colour(cv2.COLOR_RGB2BGR), False),
    "rgba8": (_colour(cv2.COLOR_RGB2RGBA), False),
    "bgra8": (_colour(cv2.COLOR_RGB2BGRA), False),
    "mono8": (_colour(cv2.COLOR_RGB2GRAY), False),
    "mono16": (_grey16, False),
    "yuv422": (lambda rgb: _yuyv(rgb)[..., ::-1], True),  # U Y V Y
    "yuv422_yuy2": (_yuyv, True),
    "nv12": (_nv12, True),
    "bayer_rggb8": (_bayer, True),
}
ENCODINGS = tuple(_ENCODERS)
