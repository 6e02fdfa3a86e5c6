# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Durations in bounded memory: percentiles over the last seconds and since the start."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

NS_PER_MS = 1_000_000
_BIN_GROWTH = math.log(1.02)
"""Bins of the histogram since the start are 2 % wide: so exact are its percentiles."""
_SMALLEST_MS = 0.01
_BINS = 1024
_MOST_RECENT = 4096


@dataclass(frozen=True, slots=True)
class TimingSummary:
    """How long something took, in milliseconds."""

    count: int
    p50_ms: float
    p95_ms: float
    max_ms: float


class Timings:
    """Collects durations of one step; not thread-safe.

    Args:
        horizon_s: What counts as recent.
    """

    def __init__(self, horizon_s: float = 10.0) -> None:
        self._horizon_ns = round(horizon_s * 1e9)
        self._recent: deque[tuple[int, float]] = deque(maxlen=_MOST_RECENT)
        self._bins = np.zeros(_BINS, np.int64)
        self._max_ms = -math.inf

    def add(self, duration_ns: int, at_ns: int) -> None:
        """Take a duration that ended at a time of a steady clock; it may be negative."""
        duration_ms = duration_ns / NS_PER_MS
        self._recent.append((at_ns, duration_ms))
        self._bins[_bin(duration_ms)] += 1
        self._max_ms = max(self._max_ms, duration_ms)

    def recent(self, at_ns: int) -> TimingSummary | None:
        """Return the summary of the last seconds, None when nothing happened in them."""
        while self._recent and at_ns - self._recent[0][0] > self._horizon_ns:
            self._recent.popleft()
        if not self._recent:
            return None
        values = [duration for _, duration in self._recent]
        p50, p95 = np.percentile(values, (50, 95))
        return TimingSummary(len(values), float(p50), float(p95), max(values))

    def rate_hz(self, at_ns: int) -> float:
        """Return how often something ended in the last seconds, per second."""
        if self.recent(at_ns) is None or len(self._recent) < 2:
            return 0.0
        span_ns = self._recent[-1][0] - self._recent[0][0]
        return (len(self._recent) - 1) * 1e9 / span_ns if span_ns else 0.0

    def total(self) -> TimingSummary | None:
        """Return the summary since the start, percentiles to 2 %; None before the first."""
        count = int(self._bins.sum())
        if count == 0:
            return None
        below = np.cumsum(self._bins)
        p50, p95 = (
            min(_upper_ms(int(np.searchsorted(below, share * count))), self._max_ms)
            for share in (0.5, 0.95)
        )
        return TimingSummary(count, p50, p95, self._max_ms)


def _bin(duration_ms: float) -> int:
    if duration_ms <= _SMALLEST_MS:
        return 0
    return min(int(math.log(duration_ms / _SMALLEST_MS) / _BIN_GROWTH) + 1, _BINS - 1)


def _upper_ms(index: int) -> float:
    return _SMALLEST_MS * math.exp(index * _BIN_GROWTH)
