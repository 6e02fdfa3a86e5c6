# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import json

import numpy as np
import pytest
from fill import statistics
from hypothesis import given
from hypothesis import strategies as st

from vinet_ros.errors import FrameError
from vinet_ros.preprocess import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    INPUT_SIZE,
    map_to_uint8,
    normalize_frames,
    repeat_grey,
    resize_frame,
    resize_packed,
    resize_rgb,
)


@pytest.mark.parametrize("case", range(5))
def test_image_to_input_equals_the_authors(golden, case):
    with np.load(golden / "preprocess.npz") as expected:
        meta = json.loads(str(expected["cases"]))[case]
        shape = (meta["h"], meta["w"], 3)
        random = np.random.default_rng(meta["seed"]).integers(0, 256, shape, np.uint8)
        rgb = expected["src4"] if case == 4 else random
        given_input = normalize_frames(resize_rgb(rgb))
        assert given_input.shape == (3, *INPUT_SIZE)
        np.testing.assert_allclose(
            given_input[:, ::16, ::16], expected[f"out{case}_s16"], rtol=1e-4, atol=1e-5
        )
        deviation = expected[f"out{case}_stats"][1]
        np.testing.assert_allclose(
            statistics(given_input),
            expected[f"out{case}_stats"],
            rtol=1e-4,
            atol=1e-4 * deviation,
        )


@pytest.mark.parametrize("case", range(4))
def test_map_to_picture_equals_the_authors(golden, case):
    with np.load(golden / "postprocess.npz") as expected:
        height, width = expected["sizes"][case]
        levels = map_to_uint8(expected["map"], (height, width))
        assert levels.shape == (height, width)
        assert levels.dtype == np.uint8
        np.testing.assert_allclose(
            levels[::4, ::4].astype(int), expected[f"u8_{case}_s4"].astype(int), atol=1
        )
        assert levels.mean() == pytest.approx(expected[f"u8_{case}_sum"] / levels.size, abs=0.1)


def test_a_clip_is_its_frames_in_order():
    clip = np.random.default_rng(0).integers(0, 256, (4, 6, 8, 3), np.uint8)
    together = normalize_frames(clip)
    assert together.shape == (3, 4, 6, 8)
    for t in range(4):
        np.testing.assert_array_equal(together[:, t], normalize_frames(clip[t]))


def test_normalizing_can_be_undone():
    frame = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)
    normalized = np.moveaxis(normalize_frames(frame), 0, -1)
    back = (normalized * IMAGENET_STD + IMAGENET_MEAN) * 255.0
    np.testing.assert_allclose(back, frame, atol=1e-3)


def test_channels_are_red_green_blue():
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    normalized = normalize_frames(red)
    lowest = [-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
    assert normalized[0, 0, 0] == pytest.approx((1 - IMAGENET_MEAN[0]) / IMAGENET_STD[0])
    assert normalized[1:, 0, 0] == pytest.approx(lowest[1:])


def test_a_frame_of_the_right_size_is_not_copied():
    rgb = np.zeros((*INPUT_SIZE, 3), np.uint8)
    assert resize_rgb(rgb) is rgb


def test_views_and_read_only_frames_are_taken():
    rgb = np.random.default_rng(2).integers(0, 256, (40, 60, 3), np.uint8)
    bgr_view = rgb[::2, :, ::-1]
    bgr_view.flags.writeable = False
    expected = resize_rgb(np.ascontiguousarray(bgr_view), (32, 32))
    np.testing.assert_array_equal(resize_rgb(bgr_view, (32, 32)), expected)


ORDERS = {
    "RGB": lambda rgb: rgb,
    "BGR": lambda rgb: rgb[..., ::-1],
    "RGBX": lambda rgb: np.dstack((rgb, rgb[..., 0])),
    "BGRX": lambda rgb: np.dstack((rgb[..., ::-1], rgb[..., 0])),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("padding", [0, 5])
def test_pixels_are_resized_as_they_lie(order, padding):
    rgb = np.random.default_rng(3).integers(0, 256, (48, 70, 3), np.uint8)
    rows = ORDERS[order](rgb).reshape(48, -1)
    data = np.pad(rows, ((0, 0), (0, padding))).tobytes()
    for size in ((20, 33), (90, 100), INPUT_SIZE):
        resized = resize_packed(data, order, (48, 70), rows.shape[1] + padding, size)
        np.testing.assert_array_equal(resized, resize_rgb(rgb, size))


@pytest.mark.parametrize("order", [*ORDERS, "L"])
@pytest.mark.parametrize("from_size", [(480, 640), (1080, 1920)])
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_large_images_are_resized_to_within_one_level(order, from_size, kind):
    rgb = np.random.default_rng(5).integers(0, 256, (*from_size, 3), np.uint8)
    if order == "L":
        rgb = repeat_grey(np.ascontiguousarray(rgb[..., 0]))
        rows = rgb[..., 0]
    else:
        rows = ORDERS[order](rgb)
    step = from_size[1] * len(order)
    resized = resize_packed(kind(rows.tobytes()), order, from_size, step)
    difference = np.abs(resized.astype(int) - resize_rgb(rgb))
    assert difference.max() <= (from_size == (1080, 1920))
    assert (difference > 0).mean() < 0.002


def test_large_images_with_padding_are_resized_exactly():
    rgb = np.random.default_rng(6).integers(0, 256, (1080, 1920, 3), np.uint8)
    data = np.pad(rgb.reshape(1080, -1), ((0, 0), (0, 4)))
    resized = resize_packed(data, "RGB", (1080, 1920), 1920 * 3 + 4)
    np.testing.assert_array_equal(resized, resize_rgb(rgb))


def test_grey_is_resized_once():
    grey = np.random.default_rng(4).integers(0, 256, (48, 70), np.uint8)
    data = np.pad(grey, ((0, 0), (0, 2))).tobytes()
    resized = resize_packed(data, "L", (48, 70), 72, (20, 33))
    np.testing.assert_array_equal(resized, resize_rgb(repeat_grey(grey), (20, 33)))


@pytest.mark.parametrize(
    ("order", "step", "length", "message"),
    [
        ("RGB", 29, 300, "do not fit"),
        ("RGB", 30, 299, "do not fit"),
        ("YUV", 30, 300, "order must be one of RGB, BGR"),
    ],
)
def test_packed_pixels_that_do_not_fit_are_refused(order, step, length, message):
    with pytest.raises(ValueError, match=message):
        resize_packed(bytes(length), order, (10, 10), step)


@given(
    shape=st.lists(st.integers(0, 4), min_size=0, max_size=5),
    dtype=st.sampled_from([np.uint8, np.int16, np.float32, bool]),
)
def test_other_arrays_are_refused_with_what_they_are(shape, dtype):
    array = np.zeros(shape, dtype)
    for function, dimensions in ((resize_rgb, (3,)), (normalize_frames, (3, 4))):
        fits = len(shape) in dimensions and shape[-1] == 3 and 0 not in shape
        if fits and dtype is np.uint8:
            function(array)
            continue
        with pytest.raises(FrameError) as caught:
            function(array)
        assert str(tuple(shape)) in str(caught.value)


def test_a_constant_map_is_black():
    assert not map_to_uint8(np.full((8, 8), 0.3, np.float32), (16, 16)).any()


@pytest.mark.parametrize("shape", [(3,), (0, 4), (1, 2, 3)])
def test_a_map_has_two_axes(shape):
    with pytest.raises(FrameError, match="map"):
        map_to_uint8(np.zeros(shape, np.float32), (8, 8))


@pytest.mark.parametrize("size", [(48, 70), (480, 640), (1080, 1920)])
def test_a_frame_is_resized_alike_however_it_lies_in_memory(size):
    rgb = np.random.default_rng(3).integers(0, 256, (*size, 3), dtype=np.uint8)
    resized = resize_frame(rgb)
    np.testing.assert_allclose(resized.astype(int), resize_rgb(rgb), atol=1)
    mirrored = np.ascontiguousarray(rgb[:, ::-1])[:, ::-1]
    mirrored.flags.writeable = False
    np.testing.assert_array_equal(resize_frame(mirrored), resized)


def test_a_frame_of_the_right_size_is_left_alone_and_a_wrong_one_refused():
    rgb = np.zeros((*INPUT_SIZE, 3), np.uint8)
    assert resize_frame(rgb) is rgb
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(FrameError):
            resize_frame(wrong)
