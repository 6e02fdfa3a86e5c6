# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinet_ros.training.groundtruth import blur_matrix, density_map, fixation_map

fractions = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40)


@given(fractions)
def test_every_fixation_inside_is_counted_once(points):
    x, y = np.array(points).T
    assert fixation_map(x, y, (9, 16)).sum() == len(points)


def test_fixations_land_in_the_pixel_that_holds_them():
    counts = fixation_map([0.0, 0.99, 1.0, 0.5], [0.0, 0.99, 1.0, 0.26], size=(4, 10))
    assert counts[0, 0] == 1
    assert counts[3, 9] == 2  # the right and lower edges belong to the last pixel
    assert counts[1, 5] == 1


def test_fixations_outside_and_nan_are_left_out():
    assert fixation_map([-0.01, 1.01, np.nan, 0.5], [0.5, 0.5, 0.5, np.inf]).sum() == 0


@given(fractions)
def test_density_is_a_distribution(points):
    x, y = np.array(points).T
    density = density_map(x, y)
    assert density.shape == (56, 96)
    assert density.min() >= 0
    assert density.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("size", [(56, 96), (224, 384), (7, 12)])
def test_blur_equals_opencv_gaussian_with_its_default_border(size):
    draw = np.random.default_rng(1)
    x, y = draw.uniform(0, 1, (2, 50))
    sigma = size[1] / 32
    radius = int(4 * sigma + 0.5)
    kernel = 2 * radius + 1
    expected = cv2.GaussianBlur(
        fixation_map(x, y, size).astype(np.float64), (kernel, kernel), sigma
    )
    np.testing.assert_allclose(density_map(x, y, size), expected / expected.sum(), atol=1e-7)


def test_blur_kernel_wider_than_the_map_still_keeps_a_constant():
    np.testing.assert_allclose(blur_matrix(3, 5.0).sum(axis=1), 1)
    np.testing.assert_allclose(blur_matrix(1, 5.0), 1)


def test_no_fixation_is_an_error_not_a_zero_map():
    with pytest.raises(ValueError, match="no fixation"):
        density_map([], [])
