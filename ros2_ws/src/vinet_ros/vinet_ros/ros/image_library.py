# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The library that converts colours: cv_bridge where it imports, else rosbags-image, else ours.

A robot's own cv_bridge is tuned and trusted there; rosbags-image needs no ROS. Neither checks a
header, and each is right for a part of the encodings only: rosbags-image 0.10 ignores `step`,
rounds 16 bit down, fails on nv12 and nv21, and takes 8UC3 for RGB; cv_bridge of ROS 2 does not
import beside NumPy 2 where it was built against NumPy 1. So

- a library sees only what `check_raw` let through, without padding and in native byte order;
- when it is chosen, it converts one small picture of each encoding, and keeps the encodings for
  which it gives the very pixels that `decode_raw` gives. The results are equal by construction,
  whatever version a robot has.

`decode_raw` does the rest, and everything where neither imports: neither is needed to install
the package. Compressed images never go through a library; `vinet_ros.encodings.compressed` says
why.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from vinet_ros.encodings import (
    ENCODINGS,
    RawImage,
    Rgb,
    check_raw,
    decode_raw,
    payload_bytes,
    row_bytes,
)
from vinet_ros.errors import FrameError

_PROBE_SIZE = (8, 6)  # width, height: whole blocks of every encoding
_NATIVE_BIGENDIAN = sys.byteorder == "big"
_Convert = Callable[[RawImage], Any]


@dataclass(frozen=True, slots=True)
class ImageLibrary:
    """A library, and what it is used for.

    Attributes:
        name: cv_bridge or rosbags-image.
        encodings: Those that it converts exactly as `decode_raw`.
        refused: Why not, for each of the others.
    """

    name: str
    convert: _Convert
    encodings: frozenset[str]
    refused: Mapping[str, str]


def _cv_bridge(load: Callable[[str], Any]) -> _Convert:
    bridge = load("cv_bridge").CvBridge()
    return lambda image: bridge.imgmsg_to_cv2(image, "rgb8")


def _rosbags_image(load: Callable[[str], Any]) -> _Convert:
    library = load("rosbags.image")
    return lambda image: library.image_to_cvimage(image, "rgb8")


_LIBRARIES = {"cv_bridge": _cv_bridge, "rosbags-image": _rosbags_image}


@cache
def image_library() -> ImageLibrary | None:
    """Return the library of this process, chosen at the first call."""
    return choose_library(importlib.import_module)


def choose_library(load: Callable[[str], Any]) -> ImageLibrary | None:
    """Return the first library that imports and converts at least bgr8 as we do.

    Args:
        load: Imports a module by its name.
    """
    for name, bind in _LIBRARIES.items():
        try:
            convert = bind(load)
        except Exception:  # of any type: foreign binaries fail at import in ways of their own
            continue
        if _difference(convert, "bgr8"):
            continue
        refused = {e: reason for e in ENCODINGS if (reason := _difference(convert, e))}
        return ImageLibrary(name, convert, frozenset(ENCODINGS) - refused.keys(), refused)
    return None


def raw_to_rgb(image: RawImage, library: ImageLibrary | None = None) -> Rgb:
    """Return `decode_raw` of an image, computed by a library where it can.

    Args:
        image: The raw image.
        library: Instead of the library of this process.

    Raises:
        FrameError: As `decode_raw`; or if the library fails.
    """
    library = library or image_library()
    if library is None or image.encoding not in library.encodings:
        return decode_raw(image)
    check_raw(image)
    if image.step != row_bytes(image) or image.bigendian != _NATIVE_BIGENDIAN:
        return decode_raw(image)
    try:
        rgb = library.convert(image)
    except Exception as error:  # of any type: it is another's code
        raise FrameError(
            f"{library.name} could not convert {image.width}x{image.height} {image.encoding} "
            f"({error}); remove {library.name} to convert without it"
        ) from error
    return _checked(rgb, image)


def _checked(rgb: Any, image: RawImage) -> Rgb:
    shape = (image.height, image.width, 3)
    if not isinstance(rgb, np.ndarray) or rgb.shape != shape or rgb.dtype != np.uint8:
        raise FrameError(
            f"a conversion of {image.encoding} gives uint8 {shape}, got "
            f"{getattr(rgb, 'dtype', type(rgb))} {getattr(rgb, 'shape', '')}; "
            "update the image library"
        )
    return rgb


def _difference(convert: _Convert, encoding: str) -> str:
    """Return how a library's result differs from ours, '' if it does not."""
    image = _probe(encoding)
    try:
        rgb = _checked(convert(image), image)
    except Exception as error:  # of any type: it is another's code
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0][:120]}"
    ours = decode_raw(image).astype(int)
    if np.array_equal(rgb, ours):
        return ""
    return f"differs by up to {np.abs(rgb - ours).max()} of 255"


def _probe(encoding: str) -> RawImage:
    width, height = _PROBE_SIZE
    image = RawImage(encoding, width, height, 0, _NATIVE_BIGENDIAN, b"")
    image = replace(image, step=row_bytes(image))
    draw = np.random.default_rng(len(encoding))
    return replace(image, data=draw.bytes(payload_bytes(image)))
