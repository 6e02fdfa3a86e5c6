# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinet_ros.gaze import MapSmoother, find_peaks

unhurried = settings(deadline=None)  # the machine may be busy

SECOND_NS = 1_000_000_000
A = np.zeros((4, 6), np.float32)
B = np.ones((4, 6), np.float32)


@unhurried
@given(st.floats(0.01, 5), st.integers(0, 10 * SECOND_NS))
def test_a_step_is_approached_exponentially(tau_s, gap_ns):
    smoother = MapSmoother(tau_s)
    smoother.update(A, 5)
    share = 1 - math.exp(-gap_ns / SECOND_NS / tau_s)
    assert smoother.update(B, 5 + gap_ns) == pytest.approx(share, abs=1e-6)


def test_more_maps_between_change_nothing_on_the_way_to_a_step():
    once, often = MapSmoother(0.15), MapSmoother(0.15)
    once.update(A, 0)
    often.update(A, 0)
    for stamp_ns in range(10_000_000, 200_000_000, 10_000_000):
        often.update(B, stamp_ns)
    expected = once.update(B, 200_000_000)
    np.testing.assert_allclose(often.update(B, 200_000_000), expected, atol=1e-6)


def test_the_peak_of_two_rivals_never_lies_between_them():
    v, u = np.mgrid[:40, :80]
    left, right = (np.exp(-((u - c) ** 2 + (v - 20) ** 2) / 50) for c in (15, 65))
    smoother = MapSmoother(0.3)
    for step in range(40):
        smooth = smoother.update(left if step % 2 else right, step * 66_000_000)
        (peak,) = find_peaks(smooth, num_peaks=1)
        assert min(abs(peak.u - 15), abs(peak.u - 65)) < 1


def test_a_jump_back_another_size_and_a_reset_start_anew():
    smoother = MapSmoother(10.0)
    smoother.update(A, 9 * SECOND_NS)
    assert (smoother.update(B, 8 * SECOND_NS) == 1).all()
    assert smoother.update(np.zeros((2, 3), np.float32), 9 * SECOND_NS).shape == (2, 3)
    smoother.update(A, 10 * SECOND_NS)
    smoother.reset()
    assert (smoother.update(B, 10 * SECOND_NS) == 1).all()


def test_no_time_constant_passes_maps_through():
    smoother = MapSmoother(0.0)
    smoother.update(A, 0)
    assert (smoother.update(B, 1) == 1).all()


def test_a_map_that_is_not_finite_leaves_no_trace():
    smoother = MapSmoother(1.0)
    smoother.update(A, 0)
    assert np.isnan(smoother.update(np.full_like(A, np.nan), SECOND_NS)).all()
    assert smoother.update(A, 2 * SECOND_NS).max() == 0


def test_maps_are_not_shared_with_the_caller():
    smoother = MapSmoother(1.0)
    mine = A.copy()
    given_back = smoother.update(mine, 0)
    mine[:] = given_back[:] = 7
    assert smoother.update(A, 1).max() == 0


@pytest.mark.parametrize("tau_s", [-1.0, math.nan, math.inf])
def test_an_impossible_time_constant_is_refused(tau_s):
    with pytest.raises(ValueError, match="tau_s"):
        MapSmoother(tau_s)
