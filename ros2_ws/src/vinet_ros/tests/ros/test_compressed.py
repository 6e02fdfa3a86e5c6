# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinet_ros.encodings import MAX_PIXELS
from vinet_ros.errors import FrameError
from vinet_ros.ros.messages import (
    compressed_to_rgb,
)


def smooth():
    rows, columns = np.mgrid[:60, :80]
    return np.stack((rows * 3, columns * 2, 255 - rows - columns), axis=-1).astype(np.uint8)


def encoded(suffix, rgb=None):
    rgb = smooth() if rgb is None else rgb
    return cv2.imencode(suffix, rgb[..., ::-1] if rgb.ndim == 3 else rgb)[1].tobytes()


def compressed(content):
    return SimpleNamespace(format="whatever", data=content)


@pytest.mark.parametrize(("suffix", "tolerance"), [(".png", 0), (".jpg", 12)])
def test_a_compressed_picture_comes_back(suffix, tolerance):
    rgb = compressed_to_rgb(compressed(encoded(suffix)))
    np.testing.assert_allclose(rgb.astype(int), smooth().astype(int), atol=tolerance)


def test_a_grey_and_a_16_bit_png_become_rgb():
    grey8 = smooth()[..., 0]
    for picture in (grey8, grey8.astype(np.uint16) * 257):
        rgb = compressed_to_rgb(compressed(encoded(".png", picture)))
        np.testing.assert_allclose(rgb, np.dstack([grey8] * 3), atol=1)


def test_an_orientation_tag_is_ignored():
    content = encoded(".jpg")
    tag = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(tag) + 2).to_bytes(2, "big") + tag
    turned = content[:2] + segment + content[2:]
    assert cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR).shape == (80, 60, 3)
    assert compressed_to_rgb(compressed(turned)).shape == (60, 80, 3)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_every_truncation_is_refused(suffix):
    content = encoded(suffix)
    for length in {*range(0, len(content), 37), *range(len(content) - 30, len(content))}:
        with pytest.raises(FrameError):
            compressed_to_rgb(compressed(content[:length]))


def test_bytes_after_the_end_do_no_harm():
    assert compressed_to_rgb(compressed(encoded(".jpg") + b"\0" * 512)).shape == (60, 80, 3)


def png_of(width, height):
    def chunk(kind, data):
        checksum = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + checksum

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    pixels = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", size + b"\x08\x02\0\0\0"), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    )


def jpeg_of(width, height):
    content = bytearray(encoded(".jpg"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(content)


@pytest.mark.parametrize("content", [png_of(60_000, 60_000), jpeg_of(65_500, 65_500)])
def test_a_decompression_bomb_is_refused_by_its_header(content):
    with pytest.raises(FrameError, match=f"at most {MAX_PIXELS} pixels"):
        compressed_to_rgb(compressed(content))


@pytest.mark.parametrize("content", [png_of(0, 10), jpeg_of(0, 10), jpeg_of(10, 0)])
def test_a_compressed_picture_without_pixels_is_refused(content):
    with pytest.raises(FrameError):
        compressed_to_rgb(compressed(content))


@pytest.mark.parametrize(
    "content",
    [
        png_of(8000, 8000),
        jpeg_of(8000, 8000),
        png_of(8000, 8000).replace(b"\x08\x02\0\0\0", b"\x10\x06\0\0\0"),
    ],
)
def test_more_pixels_than_the_bytes_can_hold_are_refused(content):
    with pytest.raises(FrameError, match="cannot hold the 8000x8000 pixels"):
        compressed_to_rgb(compressed(content))


def test_a_full_picture_of_one_colour_is_not_taken_for_a_bomb():
    plain = np.zeros((1500, 2000, 3), np.uint8)
    for content in (
        encoded(".jpg", plain),
        encoded(".png", plain),
        cv2.imencode(".jpg", plain[..., 0], (cv2.IMWRITE_JPEG_PROGRESSIVE, 1))[1].tobytes(),
    ):
        assert compressed_to_rgb(compressed(content)).shape == plain.shape


def test_a_chunk_longer_than_the_file_is_refused():
    content = bytearray(encoded(".png"))
    place = content.index(b"IDAT") - 4
    content[place : place + 4] = (0xE0000000).to_bytes(4, "big")
    with pytest.raises(FrameError, match="cut off"):
        compressed_to_rgb(compressed(bytes(content)))


def test_what_is_not_pixels_is_left_out_of_a_png():
    content = encoded(".png")
    swelling = b"note\0\0" + zlib.compress(bytes(1 << 20))
    for kind, data in ((b"zTXt", swelling), (b"acTL", bytes(8)), (b"gAMA", bytes(4))):
        chunk = len(data).to_bytes(4, "big") + kind + data + b"\0\0\0\0"  # checksum wrong
        with_chunk = content[:33] + chunk + content[33:]
        np.testing.assert_array_equal(compressed_to_rgb(compressed(with_chunk)), smooth())


def test_endless_scans_are_refused():
    progressive = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    content = cv2.imencode(".jpg", smooth(), progressive)[1].tobytes()
    assert compressed_to_rgb(compressed(content)).shape == (60, 80, 3)
    last = content.rfind(b"\xff\xda")
    endless = content[:-2] + content[last:-2] * 100 + content[-2:]
    with pytest.raises(FrameError, match="at most 100 scans, got 1"):
        compressed_to_rgb(compressed(endless))


@pytest.mark.parametrize("content", [b"", b"GIF89a" * 20, b"\0" * 12 + encoded(".png")])
def test_another_format_is_refused(content):
    with pytest.raises(FrameError, match="begins with a JPEG or PNG header"):
        compressed_to_rgb(compressed(content))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([encoded(".png"), encoded(".jpg")]), st.data())
def test_damaged_files_give_a_picture_or_a_frame_error(content, data):
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        rgb = compressed_to_rgb(compressed(bytes(damaged)))
    except FrameError:
        return
    assert rgb.ndim == 3
    assert rgb.dtype == np.uint8
