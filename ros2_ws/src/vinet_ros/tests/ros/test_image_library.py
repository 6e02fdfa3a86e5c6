# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The choice of the library that converts colours, and that its results are ours."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from raw_noise import NATIVE, noise

from vinet_ros.encodings import ENCODINGS, RawImage, decode_raw
from vinet_ros.errors import FrameError
from vinet_ros.ros.image_library import choose_library, raw_to_rgb

# What rosbags-image converts as we do; of the rest the module's docstring says why not.
BY_ROSBAGS = {
    *("rgb8", "bgr8", "rgba8", "bgra8", "mono8", "yuv422", "uyvy", "yuv422_yuy2", "yuyv"),
    *(f"bayer_{pattern}8" for pattern in ("rggb", "bggr", "gbrg", "grbg")),
}


def without(*missing):
    """An importer in whose world some modules cannot be imported."""

    def load(name):
        if name in missing:
            raise ImportError(name)
        return pytest.importorskip(name)

    return load


def bridge_module(convert):
    """A module with the seam of cv_bridge that is used."""

    class CvBridge:
        def imgmsg_to_cv2(self, img_msg, desired_encoding="passthrough"):
            assert desired_encoding == "rgb8"
            return convert(img_msg)

    return SimpleNamespace(CvBridge=CvBridge)


def bridge_of(convert):
    return choose_library({"cv_bridge": bridge_module(convert)}.__getitem__)


def only_bgr8(msg):
    """Converts bgr8 by the fields of the message, as cv_bridge does, and nothing else."""
    if msg.encoding != "bgr8":
        raise TypeError(f"unsupported conversion from {msg.encoding}")
    assert msg.is_bigendian == NATIVE
    rows = np.frombuffer(msg.data, np.uint8).reshape(msg.height, msg.step)
    return cv2.cvtColor(rows.reshape(msg.height, msg.width, 3), cv2.COLOR_BGR2RGB)


@pytest.fixture(scope="module")
def rosbags():
    pytest.importorskip("rosbags.image")
    return choose_library(without("cv_bridge"))


def test_rosbags_image_is_used_for_what_it_converts_as_we_do(rosbags):
    assert rosbags.name == "rosbags-image"
    assert rosbags.encodings >= BY_ROSBAGS
    assert rosbags.encodings | rosbags.refused.keys() == set(ENCODINGS)
    assert "differs" in rosbags.refused.get("mono16", "differs")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("bigendian", [False, True])
def test_with_a_library_every_encoding_gives_the_same_pixels(
    rosbags, encoding, padding, bigendian
):
    image = noise(encoding, padding=padding, bigendian=bigendian)
    np.testing.assert_array_equal(raw_to_rgb(image, rosbags), decode_raw(image))


def test_rgb8_is_not_copied_by_the_library(rosbags):
    image = noise("rgb8")
    assert np.shares_memory(raw_to_rgb(image, rosbags), np.frombuffer(image.data, np.uint8))


def test_cv_bridge_comes_first_and_does_what_it_can():
    seen = []

    def convert(msg):
        seen.append(msg.encoding)
        return only_bgr8(msg)

    library = bridge_of(convert)
    assert library.name == "cv_bridge"
    assert library.encodings == {"bgr8"}
    assert "unsupported" in library.refused["uyvy"]
    seen.clear()
    for encoding in ("bgr8", "uyvy"):
        image = noise(encoding)
        np.testing.assert_array_equal(raw_to_rgb(image, library), decode_raw(image))
    assert seen == ["bgr8"]
    raw_to_rgb(noise("bgr8", padding=4), library)  # cv_bridge would read padding as pixels
    assert seen == ["bgr8"]


def test_a_bridge_that_does_not_import_or_work_leaves_the_choice_to_the_next():
    pytest.importorskip("rosbags.image")

    def built_for_another_numpy(name):
        if name == "cv_bridge":
            raise AttributeError("_ARRAY_API not found")
        return without()(name)

    assert choose_library(built_for_another_numpy).name == "rosbags-image"

    def swaps(name):
        identity = bridge_module(
            lambda msg: np.frombuffer(msg.data, np.uint8).reshape(msg.height, msg.width, -1)
        )
        return identity if name == "cv_bridge" else without()(name)

    assert choose_library(swaps).name == "rosbags-image"


def test_without_any_library_we_convert_ourselves():
    assert choose_library(without("cv_bridge", "rosbags.image")) is None


def test_a_library_sees_only_what_was_checked():
    library = bridge_of(only_bgr8)
    image = noise("bgr8")
    lie = RawImage("bgr8", image.width, image.height + 1, image.step, NATIVE, image.data)
    with pytest.raises(FrameError, match="the driver's height"):
        raw_to_rgb(lie, library)


@pytest.mark.parametrize("failure", ["raises", "another shape"])
def test_a_library_that_fails_later_is_a_frame_error(failure):
    def convert(msg):
        if msg.width < 64:
            return only_bgr8(msg)
        if failure == "raises":
            raise RuntimeError("out of luck")
        return only_bgr8(msg)[:-1]

    library = bridge_of(convert)
    with pytest.raises(FrameError, match=r"out of luck|gives uint8 \(48, 64, 3\)"):
        raw_to_rgb(noise("bgr8"), library)
