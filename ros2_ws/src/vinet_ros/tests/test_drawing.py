# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinet_ros.drawing import blend_heat, draw_overlay, heat_colors, stretch_map

unhurried = settings(deadline=None)  # the machine may be busy


@dataclass(frozen=True)
class Place:
    u: float
    v: float


def camera_image(height=480, width=640):
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def blob(u, v, shape=(224, 384), sigma=15.0):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.exp(-((columns - u) ** 2 + (rows - v) ** 2) / (2 * sigma**2)).astype(np.float32)


def test_heat_colours_the_hot_place_and_leaves_the_cool_ones():
    image = camera_image()
    picture = blend_heat(image, blob(96, 56))
    assert (picture[300:, 350:] == image[300:, 350:]).all()
    hot = picture[110:130, 150:170].reshape(-1, 3).mean(axis=0)
    cool = image[110:130, 150:170].reshape(-1, 3).mean(axis=0)
    assert hot[0] > cool[0] > hot[2]  # red at the hottest


def test_the_image_stays_visible_under_the_heat():
    image = camera_image()
    picture = blend_heat(image, blob(192, 112))
    under = (slice(230, 250), slice(310, 330))
    for channel in range(3):
        before, after = (p[under][..., channel].ravel() for p in (image, picture))
        assert np.corrcoef(before, after)[0, 1] > 0.8
        assert np.ptp(after.astype(int)) > 0.2 * np.ptp(before.astype(int))


def test_the_map_is_stretched_to_its_range():
    image, values = camera_image(), blob(192, 112)
    np.testing.assert_array_equal(blend_heat(image, values), blend_heat(image, 0.01 * values + 3))
    assert stretch_map(values).min() == 0
    assert stretch_map(values).max() == 255


@pytest.mark.parametrize("level", [0.0, 0.7, math.nan, math.inf])
def test_a_map_without_a_range_adds_no_heat(level):
    image = camera_image()
    np.testing.assert_array_equal(blend_heat(image, np.full((224, 384), level)), image)


def test_the_gaze_is_marked_where_it_is():
    image = np.full((480, 640, 3), 128, np.uint8)
    cool = np.zeros((224, 384), np.float32)
    changed = (draw_overlay(image, cool, [Place(200.0, 100.0)]) != image).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (columns.mean(), rows.mean()) == pytest.approx((200, 100), abs=0.5)
    assert columns.max() - columns.min() < 0.2 * 640


def test_the_gaze_mark_shows_on_black_and_on_white():
    cool = np.zeros((224, 384), np.float32)
    for level in (0, 255):
        image = np.full((480, 640, 3), level, np.uint8)
        picture = draw_overlay(image, cool, [Place(320.0, 240.0)])
        contrast = np.abs(picture.astype(int) - level).max(axis=2) > 180
        assert contrast.sum() > 100


def test_candidates_are_smaller_than_the_gaze():
    image = np.full((480, 640, 3), 128, np.uint8)
    cool = np.zeros((224, 384), np.float32)
    both = draw_overlay(image, cool, [Place(100.0, 240.0), Place(500.0, 240.0)])
    changed = (both != image).any(axis=2)
    assert 0 < changed[:, 320:].sum() < 0.7 * changed[:, :320].sum()


def test_a_caption_fits_into_the_lower_edge():
    image = np.full((480, 640, 3), 200, np.uint8)
    cool = np.zeros((224, 384), np.float32)
    picture = draw_overlay(image, cool, caption="vinet_lite " * 20)
    assert (picture[:400] == image[:400]).all()
    assert (picture[440:].max(axis=2) > 180).sum() > 50  # light letters
    assert (picture[478:, 638:] < 100).all()  # the strip's end, no letter cut off there


def test_the_input_is_not_changed_and_may_be_read_only():
    image = camera_image()
    image.flags.writeable = False
    before = image.copy()
    draw_overlay(image, blob(192, 112), [Place(3.0, 4.0)], "caption")
    np.testing.assert_array_equal(image, before)


@unhurried
@given(
    st.integers(1, 90), st.integers(1, 90), st.floats(-200, 200), st.floats(-200, 200), st.text()
)
def test_any_size_place_and_text_can_be_drawn(height, width, u, v, caption):
    image = camera_image(height, width)
    picture = draw_overlay(image, blob(2, 2, (5, 7)), [Place(u, v), Place(v, u)], caption)
    assert picture.shape == image.shape
    assert picture.dtype == np.uint8


@pytest.mark.parametrize(
    ("shape", "dtype", "map_shape"),
    [
        ((480, 640), np.uint8, (4, 6)),
        ((480, 640, 4), np.uint8, (4, 6)),
        ((480, 640, 3), np.float32, (4, 6)),
        ((0, 640, 3), np.uint8, (4, 6)),
        ((480, 640, 3), np.uint8, (4, 6, 1)),
        ((480, 640, 3), np.uint8, (0, 6)),
    ],
)
def test_what_is_no_picture_or_map_is_refused(shape, dtype, map_shape):
    with pytest.raises(ValueError, match="an overlay needs"):
        draw_overlay(np.zeros(shape, dtype), np.zeros(map_shape))


def test_colours_go_from_blue_to_red():
    cold, hot = heat_colors(np.array([[40, 235]], np.uint8))[0]
    assert cold[2] > cold[0]
    assert hot[0] > hot[2]
