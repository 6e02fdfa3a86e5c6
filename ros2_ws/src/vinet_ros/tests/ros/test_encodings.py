# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import Image

from vinet_ros.encodings import ENCODINGS
from vinet_ros.errors import FrameError
from vinet_ros.ros.messages import (
    fill_image,
    image_to_rgb,
)

unhurried = settings(deadline=None)  # the machine may be busy

COLORS = np.array([[200, 100, 50], [30, 60, 220]], np.uint8)
HEIGHT, WIDTH = 24, 32


def two_colors():
    """The left half in one colour, the right half in another."""
    rgb = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    rgb[:, : WIDTH // 2], rgb[:, WIDTH // 2 :] = COLORS
    return rgb


def luma_chroma(rgb):
    """Y, Cb, Cr of BT.601 in studio range, by its definition."""
    r, g, b = (rgb[..., i].astype(float) for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    planes = (16 + y * 219 / 255, 128 + (b - y) * 112 / 226, 128 + (r - y) * 112 / 178.8)
    return [np.rint(plane).astype(np.uint8) for plane in planes]


def mosaic(rgb, pattern):
    raw = np.empty(rgb.shape[:2], rgb.dtype)
    for place, letter in enumerate(pattern):
        row, column = divmod(place, 2)
        raw[row::2, column::2] = rgb[row::2, column::2, "rgb".index(letter)]
    return raw


def packed_yuv(rgb, order):
    y, u, v = luma_chroma(rgb)
    places = {"y": y[:, 0::2], "u": u[:, 0::2], "v": v[:, 0::2], "Y": y[:, 1::2]}
    return np.stack([places[letter] for letter in order], axis=-1).reshape(len(rgb), -1)


def semi_planar(rgb, order):
    y, u, v = luma_chroma(rgb)
    chroma = {"u": u[::2, ::2], "v": v[::2, ::2]}
    return np.vstack((y, np.stack([chroma[x] for x in order], axis=-1).reshape(-1, WIDTH)))


def wide(values):
    return (values.astype(np.uint32) * 257).astype(np.uint16)


def with_alpha(rgb):
    return np.dstack((rgb, np.full(rgb.shape[:2], 7, np.uint8)))


def grey(rgb):
    return rgb[..., 1]


ENCODERS = {
    "rgb8": lambda rgb: rgb,
    "bgr8": lambda rgb: rgb[..., ::-1],
    "rgba8": with_alpha,
    "bgra8": lambda rgb: with_alpha(rgb[..., ::-1]),
    "rgb16": wide,
    "bgr16": lambda rgb: wide(rgb[..., ::-1]),
    "8UC3": lambda rgb: rgb[..., ::-1],
    "8UC4": lambda rgb: with_alpha(rgb[..., ::-1]),
    "rgba16": lambda rgb: wide(with_alpha(rgb)),
    "bgra16": lambda rgb: wide(with_alpha(rgb[..., ::-1])),
    "mono8": grey,
    "8UC1": grey,
    "mono16": lambda rgb: wide(grey(rgb)),
    "16UC1": lambda rgb: 1000 + 10 * grey(rgb).astype(np.uint16),
    "yuv422": lambda rgb: packed_yuv(rgb, "uyvY"),
    "uyvy": lambda rgb: packed_yuv(rgb, "uyvY"),
    "yuv422_yuy2": lambda rgb: packed_yuv(rgb, "yuYv"),
    "yuyv": lambda rgb: packed_yuv(rgb, "yuYv"),
    "nv12": lambda rgb: semi_planar(rgb, "uv"),
    "nv21": lambda rgb: semi_planar(rgb, "vu"),
}
for _pattern in ("rggb", "bggr", "gbrg", "grbg"):
    ENCODERS[f"bayer_{_pattern}8"] = lambda rgb, pattern=_pattern: mosaic(rgb, pattern)
    ENCODERS[f"bayer_{_pattern}16"] = lambda rgb, pattern=_pattern: mosaic(wide(rgb), pattern)


def message(encoding, rows, *, padding=0, bigendian=False):
    """A raw image without ROS; rows is what the camera's memory holds."""
    flat = np.ascontiguousarray(rows).astype(rows.dtype.newbyteorder(">" if bigendian else "<"))
    raw = flat.reshape(len(rows), -1).view(np.uint8)
    padded = np.pad(raw, ((0, 0), (0, padding)), constant_values=99)
    return SimpleNamespace(
        encoding=encoding,
        height=HEIGHT,
        width=WIDTH,
        step=padded.shape[1],
        is_bigendian=int(bigendian),
        data=padded.tobytes(),
    )


def test_every_encoding_has_its_test():
    assert set(ENCODERS) == set(ENCODINGS)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("padding", [0, 3, 64])
@pytest.mark.parametrize("bigendian", [False, True])
def test_both_colours_come_back(encoding, padding, bigendian):
    rgb = two_colors()
    got = image_to_rgb(
        message(encoding, ENCODERS[encoding](rgb), padding=padding, bigendian=bigendian)
    )
    assert got.shape == (HEIGHT, WIDTH, 3)
    assert got.dtype == np.uint8
    assert got.flags.c_contiguous or encoding == "rgb8"
    if encoding == "16UC1":  # no range is agreed on: stretched to its own
        expected = [[255] * 3, [0] * 3]
    elif encoding in ("mono8", "8UC1", "mono16"):
        expected = COLORS[:, [1, 1, 1]]
    else:
        expected = COLORS
    inner = got[4:-4]
    np.testing.assert_allclose(inner[:, 4:12], np.broadcast_to(expected[0], (16, 8, 3)), atol=2)
    np.testing.assert_allclose(inner[:, 20:28], np.broadcast_to(expected[1], (16, 8, 3)), atol=2)


def test_rgb8_is_a_view_into_the_message():
    msg = Image()
    fill_image(msg, two_colors(), "rgb8")
    rgb = image_to_rgb(msg)
    msg.data[0] = 77
    assert rgb[0, 0, 0] == 77


def test_other_encodings_do_not_touch_the_message():
    msg = message("bgr8", two_colors())
    image_to_rgb(msg)[:] = 0
    assert msg.data == two_colors().tobytes()


LIES = {
    "zero width": {"width": 0},
    "zero height": {"height": 0},
    "negative width": {"width": -4},
    "step too small": {"step": WIDTH * 3 - 1},
    "step zero": {"step": 0},
    "step too large": {"step": WIDTH * 3 + 1},
    "step huge": {"step": 2**32 - 1},
    "height too large": {"height": HEIGHT + 1},
    "height too small": {"height": HEIGHT - 1},
    "width too large": {"width": WIDTH + 1},
    "more pixels than any camera": {"width": 2**31, "height": 2**31, "step": 2**32 - 1},
    "no data": {"data": b""},
    "a byte missing": {"data": two_colors().tobytes()[:-1]},
    "a byte too many": {"data": two_colors().tobytes() + b"x"},
    "data of another type": {"data": [1, 2, 3]},
    "data as text": {"data": "pixels"},
    "unknown encoding": {"encoding": "rgb9"},
    "no encoding": {"encoding": ""},
    "a file's encoding": {"encoding": "jpeg"},
    "a feature map": {"encoding": "32FC1"},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_message_that_lies_is_refused(lie):
    msg = message("rgb8", two_colors())
    image_to_rgb(msg)
    for field, value in LIES[lie].items():
        setattr(msg, field, value)
    with pytest.raises(FrameError, match=r".+, got |not one of"):
        image_to_rgb(msg)


def test_an_error_says_what_to_do():
    msg = message("rgb8", two_colors())
    msg.encoding = "jpeg"
    with pytest.raises(FrameError, match="image_transport:=compressed"):
        image_to_rgb(msg)


@pytest.mark.parametrize(
    ("encoding", "width", "height"),
    [
        ("uyvy", 3, 2),
        ("nv12", 3, 2),
        ("nv21", 2, 3),
        ("bayer_rggb8", 3, 2),
        ("bayer_grbg16", 2, 1),
    ],
)
def test_sizes_that_an_encoding_cannot_have_are_refused(encoding, width, height):
    msg = SimpleNamespace(
        encoding=encoding, width=width, height=height, step=8, is_bigendian=0, data=b"\0" * 64
    )
    with pytest.raises(FrameError, match="multiples of"):
        image_to_rgb(msg)


numbers = st.one_of(st.integers(-2, 70), st.integers(0, 2**32 - 1))


@settings(deadline=None, max_examples=500)
@given(st.data())
def test_wild_messages_give_a_picture_or_a_frame_error(data):
    encoding = data.draw(st.one_of(st.sampled_from(ENCODINGS), st.text(max_size=12)))
    width, height, step = (data.draw(numbers) for _ in range(3))
    honest = data.draw(st.booleans())
    size = data.draw(st.integers(0, 40_000))
    if honest and 0 <= step * height <= 40_000:
        size = step * height * 3 // 2 if encoding.startswith("nv") else step * height
    msg = SimpleNamespace(
        encoding=encoding,
        width=width,
        height=height,
        step=step,
        is_bigendian=data.draw(st.integers(0, 255)),
        data=bytes(size),
    )
    try:
        rgb = image_to_rgb(msg)
    except FrameError:
        return
    assert rgb.shape == (height, width, 3)
    assert rgb.dtype == np.uint8
    assert rgb.max() == 0 or encoding not in ("rgb8", "bgr8", "mono8")  # nothing beyond the data


@unhurried
@given(
    st.sampled_from(ENCODINGS),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(0, 9),
    st.booleans(),
)
def test_every_small_size_is_converted(encoding, half_width, half_height, padding, bigendian):
    width, height = 2 * half_width, 2 * half_height
    rows = ENCODERS[encoding](np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    row_bytes = rows[0].nbytes // WIDTH * width
    step = row_bytes + padding
    draw = np.random.default_rng(width * height + padding)
    msg = SimpleNamespace(
        encoding=encoding,
        width=width,
        height=height,
        step=step,
        is_bigendian=int(bigendian),
        data=draw.bytes(step * height * len(rows) // HEIGHT),
    )
    assert image_to_rgb(msg).shape == (height, width, 3)
