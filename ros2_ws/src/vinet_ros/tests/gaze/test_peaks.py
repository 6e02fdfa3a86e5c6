# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vinet_ros.gaze import Peak, find_peaks

unhurried = settings(deadline=None)  # the machine may be busy

V, U = np.mgrid[:224, :384].astype(np.float64)


def blob(u, v, sigma=12.0, height=1.0):
    distance = (U - u) ** 2 + (V - v) ** 2
    return (height * np.exp(-distance / (2 * sigma**2))).astype(np.float32)


def around(pixel, shape):
    row, column = pixel
    for r in range(max(row - 1, 0), min(row + 2, shape[0])):
        for c in range(max(column - 1, 0), min(column + 2, shape[1])):
            yield r, c


def flood(values, start):
    """Return the connected equal pixels around `start` and the values along their border."""
    pixels, border, stack = {start}, [], [start]
    while stack:
        for pixel in around(stack.pop(), values.shape):
            if values[pixel] != values[start]:
                border.append(values[pixel])
            elif pixel not in pixels:
                pixels.add(pixel)
                stack.append(pixel)
    return pixels, border


def plain_peaks(values):
    """Return the level of every regional maximum, by its definition, slowly."""
    levels, seen = [], set()
    for start in np.ndindex(values.shape):
        if start not in seen:
            pixels, border = flood(values, start)
            seen |= pixels
            if border and max(border) < values[start]:
                levels.append(float(values[start]))
    return levels


coarse = arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.integers(0, 3).map(float),
)


@unhurried
@given(coarse)
def test_every_regional_maximum_is_found_once(values):
    peaks = find_peaks(values, num_peaks=100, min_distance=0.0, min_height=0.0)
    assert sorted(p.saliency for p in peaks) == sorted(plain_peaks(values))


@unhurried
@given(coarse, st.integers(1, 5), st.floats(0, 1))
def test_peaks_are_ordered_apart_and_inside(values, num_peaks, min_distance):
    peaks = find_peaks(values, num_peaks, min_distance)
    height, width = values.shape
    assert len(peaks) <= num_peaks
    assert all(0 <= p.u <= width - 1 and 0 <= p.v <= height - 1 for p in peaks)
    levels = [p.saliency for p in peaks]
    assert levels == sorted(levels, reverse=True)
    assert not peaks or levels[0] == values.max()
    for index, a in enumerate(peaks):
        for b in peaks[:index]:
            assert math.hypot(a.u - b.u, a.v - b.v) >= min_distance * width


@unhurried
@given(st.floats(20, 363), st.floats(20, 203), st.floats(4, 40))
def test_a_blob_is_found_between_pixels(u, v, sigma):
    (peak,) = find_peaks(blob(u, v, sigma), num_peaks=1)
    assert (peak.u, peak.v) == pytest.approx((u, v), abs=0.02)
    assert peak.saliency == pytest.approx(1, abs=0.02)


def test_a_tilted_blob_is_found_between_pixels():
    a, b = U - 100.3, V - 80.6
    (peak,) = find_peaks(np.exp(-(a * a + b * b - 1.6 * a * b) / 200), num_peaks=1)
    assert (peak.u, peak.v) == pytest.approx((100.3, 80.6), abs=0.02)


def test_peaks_come_best_first_and_weak_ones_not_at_all():
    values = blob(80, 60, height=0.4) + blob(300, 150, height=0.9) + blob(200, 30, height=0.05)
    first, second = find_peaks(values, num_peaks=5)
    assert (first.u, first.v) == pytest.approx((300, 150), abs=0.01)
    assert (second.u, second.v) == pytest.approx((80, 60), abs=0.01)
    assert len(find_peaks(values, num_peaks=5, min_height=0.0)) >= 3


def test_a_peak_too_near_to_a_better_one_is_left_out():
    values = np.maximum(blob(100, 100, 5), 0.8 * blob(130, 100, 5))
    assert len(find_peaks(values, min_distance=0.07)) == 2
    assert len(find_peaks(values, min_distance=0.09)) == 1


@pytest.mark.parametrize("corner", [(0, 0), (383, 0), (0, 223), (383, 223)])
def test_a_peak_beyond_the_corner_lies_on_it(corner):
    u, v = corner
    values = blob(u + (3 if u else -3), v + (3 if v else -3))
    (peak,) = find_peaks(values)
    assert (peak.u, peak.v) == corner


def test_a_peak_on_the_border_is_subpixel_along_it():
    (peak,) = find_peaks(blob(100.3, -2))
    assert peak.v == 0
    assert peak.u == pytest.approx(100.3, abs=0.02)


def test_a_flat_top_has_its_middle_and_a_ring_a_place_on_it():
    disc = np.zeros((224, 384), np.float32)
    disc[50:61, 100:121] = 1
    assert find_peaks(disc) == [Peak(110.0, 55.0, 1.0)]
    ring = disc.copy()
    ring[53:58, 103:118] = 0
    (peak,) = find_peaks(ring)
    assert ring[round(peak.v), round(peak.u)] == 1


def test_equal_peaks_are_ordered_by_row_then_column():
    values = np.zeros((224, 384), np.float32)
    for row, column in ((150, 20), (30, 300), (30, 100)):
        values[row, column] = 1
    assert [(p.v, p.u) for p in find_peaks(values)] == [(30, 100), (30, 300), (150, 20)]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_map_with_a_value_that_is_not_finite_has_no_peak(bad):
    values = blob(100, 100)
    values[3, 4] = bad
    assert find_peaks(values) == []


@pytest.mark.parametrize("shape", [(224, 384), (1, 1), (0, 5)])
def test_a_constant_map_has_no_peak(shape):
    assert find_peaks(np.full(shape, 0.25, np.float32)) == []


def test_mirrored_maps_have_mirrored_peaks():
    values = np.random.default_rng(3).random((40, 60)).astype(np.float32)
    peaks = find_peaks(values, 5)
    mirrored = find_peaks(values[:, ::-1], 5)
    for peak, other in zip(peaks, mirrored, strict=True):
        assert (59 - other.u, other.v) == pytest.approx((peak.u, peak.v))


@pytest.mark.parametrize(
    "options", [{"num_peaks": 0}, {"min_distance": -0.1}, {"min_height": 1.5}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match="must be"):
        find_peaks(blob(10, 10), **options)


def test_a_map_that_is_not_flat_is_refused():
    with pytest.raises(ValueError, match=r"\(h, w\)"):
        find_peaks(np.zeros((2, 3, 4), np.float32))


def test_the_centre_of_the_heat_is_the_place():
    # A plateau that slopes a little: its highest pixel is at its edge, its middle elsewhere.
    values = (blob(200, 110, sigma=10) > 0.5) * (1 + 0.001 * U)
    (top,), (centre,) = (find_peaks(values, centre_radius=radius) for radius in (0.0, 0.05))
    assert math.hypot(top.u - 200, top.v - 110) > 8
    assert math.hypot(centre.u - 200, centre.v - 110) < 1.5
    assert centre.saliency == top.saliency


@unhurried
@given(st.floats(0, 383), st.floats(0, 223), st.floats(-5, 5), st.floats(0.01, 0.2))
def test_the_centre_does_not_depend_on_the_scale_and_stays_near(u, v, low, radius):
    values = blob(u, v)
    (one,) = find_peaks(values, 1, centre_radius=radius)
    (other,) = find_peaks(3 * values + np.float32(low), 1, centre_radius=radius)
    assert (other.u, other.v) == pytest.approx((one.u, one.v), abs=0.02)
    assert math.hypot(one.u - u, one.v - v) <= max(radius * 384, 1.0)
    assert 0 <= one.u <= 383 and 0 <= one.v <= 223


def test_a_centre_of_noise_is_calmer_than_its_peak():
    generator = np.random.default_rng(0)
    off = {0.0: [], 0.04: []}
    for _ in range(40):
        noisy = blob(190, 110) + 0.1 * generator.standard_normal((224, 384)).astype(np.float32)
        for radius, offs in off.items():
            peak = find_peaks(noisy, 1, centre_radius=radius)[0]
            offs.append(math.hypot(peak.u - 190, peak.v - 110))
    assert np.median(off[0.04]) < 0.5 * np.median(off[0.0])


def test_a_radius_below_zero_is_refused():
    with pytest.raises(ValueError, match="centre_radius at least 0"):
        find_peaks(blob(100, 100), centre_radius=-0.1)
