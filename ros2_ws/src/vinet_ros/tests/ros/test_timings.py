# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Percentiles of durations."""

import numpy as np
import pytest

from vinet_ros.ros.timings import NS_PER_MS, Timings

SECOND = 1_000_000_000


def test_recent_forgets_and_total_does_not() -> None:
    timings = Timings(horizon_s=10)
    for second in range(20):
        timings.add((second + 1) * NS_PER_MS, second * SECOND)
    recent, total = timings.recent(20 * SECOND), timings.total()
    assert recent is not None and total is not None
    assert (recent.count, recent.p50_ms, recent.max_ms) == (10, 15.5, 20.0)
    assert (total.count, total.max_ms) == (20, 20.0)
    assert total.p50_ms == pytest.approx(10, rel=0.02)
    assert timings.rate_hz(20 * SECOND) == pytest.approx(1.0)
    assert timings.recent(40 * SECOND) is None
    assert timings.rate_hz(40 * SECOND) == 0


def test_total_percentiles_are_within_two_percent() -> None:
    timings = Timings()
    durations_ms = np.random.default_rng(0).lognormal(3, 1, 20_000)
    for duration_ms in durations_ms:
        timings.add(round(duration_ms * NS_PER_MS), 0)
    total = timings.total()
    assert total is not None
    assert total.p50_ms == pytest.approx(np.percentile(durations_ms, 50), rel=0.021)
    assert total.p95_ms == pytest.approx(np.percentile(durations_ms, 95), rel=0.021)
    assert total.max_ms == pytest.approx(durations_ms.max(), rel=1e-6)


def test_memory_is_bounded_and_odd_durations_do_no_harm() -> None:
    timings = Timings()
    for duration_ns in (-5 * SECOND, 0, 1, 10**18):
        timings.add(duration_ns, 0)
    total = timings.total()
    assert total is not None
    assert (total.count, total.max_ms) == (4, 1e12)
    for _ in range(10_000):
        timings.add(NS_PER_MS, 0)
    recent = timings.recent(0)
    assert recent is not None and recent.count == 4096


def test_before_the_first_there_is_nothing() -> None:
    timings = Timings()
    assert timings.recent(0) is None and timings.total() is None
    assert timings.rate_hz(0) == 0
