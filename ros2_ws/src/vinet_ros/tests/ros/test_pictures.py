# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Pictures of messages: sizes, and that the small form is that of the whole one."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from raw_noise import noise

from vinet_ros.encodings import ENCODINGS, decode_raw, resize_raw
from vinet_ros.errors import FrameError
from vinet_ros.preprocess import resize_rgb
from vinet_ros.ros.pictures import compressed_picture, image_picture


def message(image, **change):
    fields = {name: getattr(image, name) for name in ("encoding", "width", "height", "step")}
    return SimpleNamespace(
        **{**fields, "is_bigendian": image.bigendian, "data": image.data, **change}
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("bigendian", [False, True])
@pytest.mark.parametrize("size", [(20, 37), (90, 64), (48, 64)])
def test_a_small_picture_is_the_whole_one_resized(encoding, padding, bigendian, size):
    image = noise(encoding, padding=padding, bigendian=bigendian)
    picture = image_picture(message(image))
    assert picture.size == (48, 64)
    expected = resize_rgb(decode_raw(image), size)
    for small in (picture.resized(size), resize_raw(image, size)):
        assert small.flags.c_contiguous or encoding == "rgb8"
        np.testing.assert_array_equal(small, expected)
    np.testing.assert_array_equal(picture.rgb, decode_raw(image))


def test_a_lie_is_found_before_anything_is_converted():
    with pytest.raises(FrameError, match="step"):
        image_picture(message(noise("bgr8"), step=3))


def test_the_whole_picture_is_converted_once():
    picture = image_picture(message(noise("bgr8")))
    assert picture.rgb is picture.rgb


def compressed(suffix, pixels, text):
    return SimpleNamespace(format=text, data=cv2.imencode(suffix, pixels)[1].tobytes())


@pytest.mark.parametrize("size", [(20, 37), (48, 64)])
@pytest.mark.parametrize("text", ["jpeg", "bgr8; jpeg compressed bgr8", ""])
def test_a_compressed_picture_in_small(size, text):
    bgr = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    for suffix in (".jpg", ".png"):
        picture = compressed_picture(compressed(suffix, bgr, text))
        assert picture.size == (48, 64)
        np.testing.assert_array_equal(picture.resized(size), resize_rgb(picture.rgb, size))
    np.testing.assert_array_equal(picture.rgb, bgr[..., ::-1])


def test_a_compressed_16uc1_is_stretched_as_a_raw_one():
    thermal = noise("16UC1", bigendian=False)
    grey = np.frombuffer(thermal.data, np.uint16).reshape(48, 64) // 32 + 7000
    picture = compressed_picture(compressed(".png", grey, "16UC1; png compressed "))
    raw = image_picture(message(thermal, data=grey.tobytes()))
    np.testing.assert_array_equal(picture.rgb, raw.rgb)
    np.testing.assert_array_equal(picture.resized((20, 37)), raw.resized((20, 37)))
    assert picture.rgb.min() == 0 and picture.rgb.max() == 255
    as_mono = compressed_picture(compressed(".png", grey, "mono16; png compressed "))
    assert as_mono.rgb.max() < 40  # no range of its own
