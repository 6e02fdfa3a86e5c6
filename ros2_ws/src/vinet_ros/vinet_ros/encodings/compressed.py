# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""JPEG and PNG payloads of sensor_msgs/CompressedImage into arrays.

The file is looked through here, before a decoder sees a byte: a size that is too large, or that
so short a file cannot hold, and a file that is cut off or asks for endless passes are refused. Of
a PNG only what makes up the pixels is decoded: OpenCV 5.0 allocates whatever length a chunk claims
(3.6 GiB for a file of 170 bytes), and texts and profiles may swell a thousandfold.

The libraries that decode for us elsewhere are not used: both turn the picture by its orientation
tag, while the camera's calibration belongs to the sensor's rows.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.encodings.raw import Rgb, byte_count, check_size, stretched
from vinet_ros.errors import FrameError
from vinet_ros.preprocess import repeat_grey

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type -> samples a pixel
_PNG_PARTS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_JPEG_MAGIC = b"\xff\xd8\xff"
# Start-of-frame markers; C4, C8 and CC in their midst are tables.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN = frozenset({0xDA})
_MAX_SCANS = 100  # ten are usual in a progressive file, and each costs a pass over all pixels
# A Huffman code has at least one bit, and 64 pixels have at least one code.
_MAX_PIXELS_A_BYTE = 64 * 8
_MAX_DEFLATE_RATIO = 1032


def decode_compressed(data: Any, encoding: str = "") -> Rgb:
    """Return the picture of a JPEG or PNG file as RGB, its orientation tag ignored.

    Args:
        data: Bytes-like, the whole file.
        encoding: As for `decode_stored`.

    Returns:
        uint8 (H, W, 3).

    Raises:
        FrameError: As `decode_stored`.
    """
    picture = decode_stored(data, encoding)
    if picture.ndim == 2:
        return repeat_grey(picture)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=picture), np.uint8)


def decode_stored(data: Any, encoding: str = "") -> NDArray[np.uint8]:
    """Return the picture of a JPEG or PNG file in the order in which OpenCV decodes it.

    Args:
        data: Bytes-like, the whole file.
        encoding: What was compressed. A grey 16-bit PNG of 16UC1 is stretched as a raw image of
            that encoding is; any other 16-bit PNG is scaled from 0..65535 to 0..255.

    Returns:
        uint8 (H, W, 3) in the order of BGR, or grey (H, W).

    Raises:
        FrameError: If it is no JPEG or PNG, is cut off or damaged, or announces more than
            64 MPixel or more than its bytes can hold (checked before anything is decoded).
    """
    header = _checked(_contiguous(data))
    stretch = header.wide_grey and encoding == "16UC1"
    flags = cv2.IMREAD_UNCHANGED if stretch else cv2.IMREAD_COLOR
    file = data if header.pixels is None else header.pixels
    picture = _decoded(file, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    size = (header.height, header.width)
    if picture is None or picture.shape != (size if stretch else (*size, 3)):
        raise FrameError(
            f"a {header.width}x{header.height} compressed image could not be decoded; it is "
            "damaged, check the camera driver or the link"
        )
    return stretched(picture) if stretch else picture


def compressed_size(data: Any) -> tuple[int, int]:
    """Return (width, height) of a JPEG or PNG file without decoding it.

    Args:
        data: Bytes-like, the whole file.

    Raises:
        FrameError: As `decode_stored`, except for damage that only the decoder finds.
    """
    header = _checked(_contiguous(data))
    return header.width, header.height


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    height: int
    wide_grey: bool = False  # 16-bit grey
    pixels: bytes | None = None  # the file without all that is not pixels; None: as it is


def _contiguous(data: Any) -> bytes:
    if byte_count(data) < 0:
        raise FrameError("data must be contiguous bytes; pass the message's own data")
    return bytes(data)


def _checked(content: bytes) -> _Header:
    return _checked_png(content) if content.startswith(_PNG_MAGIC) else _checked_jpeg(content)


def _decoded(data: Any, flags: int) -> NDArray[Any] | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None


def _checked_png(content: bytes) -> _Header:
    if content[12:16] != b"IHDR" or len(content) < 33:
        raise _not_a_picture(content)
    width, height = (int.from_bytes(content[i : i + 4], "big") for i in (16, 20))
    check_size(width, height)
    depth, colour = content[24], content[25]
    row_bytes = (width * depth * _PNG_SAMPLES.get(colour, 1) + 7) // 8
    _check_plausible(
        height * row_bytes <= _MAX_DEFLATE_RATIO * len(content), content, width, height
    )
    parts = _png_chunks(content)
    pixels = [part for part in parts if part[4:8] in _PNG_PARTS]
    only = None if len(pixels) == len(parts) else _PNG_MAGIC + b"".join(pixels)
    return _Header(width, height, wide_grey=depth == 16 and colour == 0, pixels=only)


def _png_chunks(content: bytes) -> list[bytes]:
    """Return the chunks of a PNG up to its end, each from its length to its checksum."""
    chunks, place = [], len(_PNG_MAGIC)
    while place + 12 <= len(content):
        end = place + 12 + int.from_bytes(content[place : place + 4], "big")
        if end > len(content):
            break
        chunks.append(content[place:end])
        if chunks[-1][4:8] == b"IEND":
            return chunks
        place = end
    raise _cut_off(content)


def _checked_jpeg(content: bytes) -> _Header:
    frame = _jpeg_segment(content, _JPEG_FRAMES) if content.startswith(_JPEG_MAGIC) else -1
    if frame < 0 or frame + 9 > len(content):
        raise _not_a_picture(content)
    height, width = (int.from_bytes(content[frame + i : frame + i + 2], "big") for i in (5, 7))
    check_size(width, height)
    _check_plausible(width * height <= _MAX_PIXELS_A_BYTE * len(content), content, width, height)
    # The end marker cannot occur inside the scan: there each FF is followed by 00 or RST.
    if content.find(b"\xff\xd9", _jpeg_segment(content, _JPEG_SCAN)) < 0:
        raise _cut_off(content)
    scans = content.count(b"\xff\xda", frame)
    if scans > _MAX_SCANS:
        raise FrameError(
            f"a JPEG has at most {_MAX_SCANS} scans, got {scans}; "
            "set the camera driver to baseline JPEG"
        )
    return _Header(width, height)


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


def _check_plausible(fits: bool, content: bytes, width: int, height: int) -> None:
    if not fits:
        raise FrameError(
            f"{len(content)} bytes cannot hold the {width}x{height} pixels that their header "
            "announces; check the camera driver"
        )


def _cut_off(content: bytes) -> FrameError:
    # Decoders paper over the missing rows with grey.
    return FrameError(
        f"a compressed image of {len(content)} bytes is cut off before its end; "
        "check the camera driver or the link"
    )


def _not_a_picture(content: bytes) -> FrameError:
    return FrameError(
        f"a compressed image begins with a JPEG or PNG header, got {content[:8]!r} in "
        f"{len(content)} bytes; set the publisher's format to jpeg or png"
    )
