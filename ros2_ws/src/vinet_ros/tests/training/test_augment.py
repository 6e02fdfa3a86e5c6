# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Views, light and camera paths: pixels and fixations move together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinet_ros.training.augment import Augmentation, View, draw_light, draw_view, relight
from vinet_ros.training.camera import draw_camera_path

WHOLE = View(0.0, 0.0, 1.0, 1.0)


def spot(x, y, size=(120, 160)):
    """An image with one soft bright spot at (x, y), fractions of its size."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    far = ((columns + 0.5) - x * size[1]) ** 2 + ((rows + 0.5) - y * size[0]) ** 2
    return np.repeat((255 * np.exp(-far / 18))[..., None], 3, axis=2).astype(np.uint8)


def centre(rgb):
    weight = rgb[..., 0].astype(float)
    rows, columns = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    x = ((columns + 0.5) * weight).sum() / weight.sum() / rgb.shape[1]
    y = ((rows + 0.5) * weight).sum() / weight.sum() / rgb.shape[0]
    return x, y


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.4, 0.6), st.floats(0.4, 0.6), st.floats(0.7, 1.0), st.floats(0, 1), st.booleans()
)
def test_a_point_is_where_its_pixel_goes(x, y, share, place, mirrored):
    view = View((1 - share) * place, (1 - share) * place, share, share, mirrored)
    moved = view.move(np.array([x]), np.array([y]))[0]
    assert centre(view.crop(spot(x, y))) == pytest.approx(moved, abs=0.004)


def test_the_whole_view_changes_nothing():
    image = spot(0.3, 0.6)
    np.testing.assert_array_equal(WHOLE.crop(image), image)


def test_views_stay_inside_the_image_and_repeat_with_the_seed():
    drawn = [draw_view(np.random.default_rng(3), Augmentation()) for _ in range(2)]
    assert drawn[0] == drawn[1]
    rng = np.random.default_rng(0)
    views = [draw_view(rng, Augmentation(zoom=0.4)) for _ in range(200)]
    assert all(v.left >= 0 and v.left + v.width <= 1 + 1e-12 and v.width >= 0.6 for v in views)
    assert {v.mirrored for v in views} == {True, False}


def test_light_changes_levels_only():
    image = spot(0.5, 0.5)
    np.testing.assert_array_equal(relight(image, np.ones(3)), image)
    assert relight(image, np.array([0.5, 1.0, 1.0])).mean() < 0.6 * image.mean()
    assert relight(image, draw_light(np.random.default_rng(0), 0.2)).dtype == np.uint8


def test_a_camera_path_ends_at_the_newest_view_and_moves_steadily():
    newest = View(0.1, 0.1, 0.8, 0.8)
    path = draw_camera_path(np.random.default_rng(0), newest, frames=8, speed=0.01, shake=0.0)
    assert len(path) == 8
    assert path[-1] == newest
    centres = np.array([(v.left + v.width / 2, v.top + v.height / 2) for v in path])
    steps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    np.testing.assert_allclose(steps, 0.01, atol=1e-9)
