# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What came from a camera, and what should have come."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

_INTERVALS = 31
"""Stamp intervals whose median is the camera's period: half of them may be lost or late."""
_FEWEST_INTERVALS = 3
_HORIZON_NS = 10_000_000_000
_PUBLISHERS = 8
"""Publishers whose numbers are kept apart; of older ones only the sum."""
_MOST_ARRIVALS = 4096
"""Arrivals that are kept at most: a flood must not fill the memory."""


@dataclass(frozen=True, slots=True)
class InputReport:
    """Counts since the subscription, rates over the last ten seconds.

    Args:
        received: Images that reached the callback.
        sent: Images that their publishers numbered since our first one; None where the
            middleware does not number them.
        expected: Images that the stamps leave room for.
        rate_hz: Arrivals.
        window_s: The time that rate_hz is taken over; 0 before the first image.
        recent_share: Of what was sent, or is expected, in the last ten seconds.
        gaps: Times that a stamp came more than 1.5 periods after the one before.
        longest_gap_s: The longest of them.
        silence_s: Time since the last arrival, or since the start.
    """

    received: int
    sent: int | None
    expected: int
    rate_hz: float
    window_s: float
    recent_share: float
    gaps: int
    longest_gap_s: float
    silence_s: float

    @property
    def share(self) -> float:
        """Return the share of all images that arrived, 1 before the first."""
        whole = self.sent if self.sent is not None else self.expected
        return self.received / whole if whole else 1.0

    @property
    def expected_rate_hz(self) -> float:
        """Return the rate at which images should arrive."""
        return self.rate_hz / self.recent_share


class RateWatch:
    """Notices that a camera sends at another rate: some intervals in a row that all say so."""

    _IN_A_ROW = 8
    _LONGER, _SHORTER = 1.25, 0.8

    def __init__(self) -> None:
        self._period_ns = 0.0
        self._intervals: deque[float] = deque(maxlen=self._IN_A_ROW)

    def note(self, interval_ns: float) -> tuple[float, float] | None:
        """Take an interval; return the rates (Hz) before and now where it has changed."""
        self._intervals.append(interval_ns)
        if len(self._intervals) < self._IN_A_ROW:
            return None
        before_ns, now_ns = self._period_ns, median(self._intervals)
        if before_ns == 0:
            self._period_ns = now_ns
            return None
        slower = min(self._intervals) > self._LONGER * before_ns
        if not slower and max(self._intervals) >= self._SHORTER * before_ns:
            return None
        self._period_ns = now_ns
        return 1e9 / before_ns, 1e9 / now_ns

    def pause(self) -> None:
        """Compare what comes next with the rate before the pause."""
        self._intervals.clear()


class InputMonitor:
    """Counts images by three measures: arrivals, stamps, and the publishers' own numbers.

    Args:
        now_ns: Time of the subscription by a steady clock.
    """

    def __init__(self, now_ns: int) -> None:
        self._first_arrival_ns: int | None = None
        self._arrivals: deque[tuple[int, int]] = deque(maxlen=_MOST_ARRIVALS)
        self._last_arrival_ns = now_ns
        self._intervals: deque[int] = deque(maxlen=_INTERVALS)
        self._last_stamp_ns = 0
        self._received = 0
        self._expected = 0
        self._gaps = 0
        self._longest_gap_ns = 0
        self._numbers: dict[bytes, tuple[int, int]] = {}
        self._sent_before = 0
        self._last_publisher = b""
        self._rate = RateWatch()

    def arrived(
        self, stamp_ns: int, now_ns: int, info: Mapping[str, Any] | None = None, *, gap_ns: int
    ) -> str:
        """Note an image; return in words that the camera's rate changed, else nothing.

        Args:
            stamp_ns: Its stamp.
            now_ns: Time of arrival by the steady clock.
            info: The middleware's information on the message.
            gap_ns: A longer interval means that the camera had stopped, so nothing was lost.
        """
        self._received += 1
        self._last_arrival_ns = now_ns
        if self._first_arrival_ns is None:
            self._first_arrival_ns = now_ns
        steps = self._note_number(info or {})
        interval_ns = stamp_ns - self._last_stamp_ns if self._last_stamp_ns > 0 else 0
        change = self._note_rate(interval_ns, steps, gap_ns)
        self._note_stamp(stamp_ns, gap_ns)
        self._arrivals.append((now_ns, self._whole()))
        self._forget_arrivals(now_ns)
        return change

    def report(self, now_ns: int) -> InputReport:
        """Return counts and rates."""
        self._forget_arrivals(now_ns)
        span_ns = self._span_ns(now_ns)
        whole = self._whole()
        return InputReport(
            received=self._received,
            sent=whole if self._numbers else None,
            expected=self._expected,
            rate_hz=len(self._arrivals) * 1e9 / span_ns if span_ns > 0 else 0.0,
            window_s=span_ns / 1e9,
            recent_share=self._recent_share(whole),
            gaps=self._gaps,
            longest_gap_s=self._longest_gap_ns / 1e9,
            silence_s=(now_ns - self._last_arrival_ns) / 1e9,
        )

    def _span_ns(self, now_ns: int) -> int:
        if self._first_arrival_ns is None:
            return 0
        if len(self._arrivals) == _MOST_ARRIVALS:
            return now_ns - self._arrivals[0][0]
        return min(now_ns - self._first_arrival_ns, _HORIZON_NS)

    def _whole(self) -> int:
        """Return how many images there were: by their publishers' numbers, else by stamps."""
        if not self._numbers:
            return self._expected
        now = sum(last - first + 1 for first, last in self._numbers.values())
        return self._sent_before + now

    def _recent_share(self, whole: int) -> float:
        if not self._arrivals:
            return 1.0
        return len(self._arrivals) / max(1, whole - self._arrivals[0][1] + 1)

    def _forget_arrivals(self, now_ns: int) -> None:
        while self._arrivals and now_ns - self._arrivals[0][0] > _HORIZON_NS:
            self._arrivals.popleft()

    def _note_number(self, info: Mapping[str, Any]) -> int:
        """Return how many images its publisher sent since our last one; 0 where it was another."""
        number = info.get("publication_sequence_number")
        if number is None:
            return 1
        gid = (info.get("publisher_gid") or {}).get("data", b"")
        same, self._last_publisher = gid == self._last_publisher, gid
        first, last = self._numbers.get(gid, (number, number))
        self._numbers[gid] = (first, max(last, number))
        if len(self._numbers) > _PUBLISHERS:
            oldest_first, oldest_last = self._numbers.pop(next(iter(self._numbers)))
            self._sent_before += oldest_last - oldest_first + 1
        return max(0, number - last) if same else 0

    def _note_rate(self, interval_ns: int, steps: int, gap_ns: int) -> str:
        """Return in words that the rate changed; a lost image is no change of rate."""
        if interval_ns > gap_ns:
            self._rate.pause()
        if not (steps and 0 < interval_ns <= gap_ns):
            return ""
        change = self._rate.note(interval_ns / steps)
        if change is None:
            return ""
        self._intervals.clear()  # those of the rate before would pass for losses
        return f"the camera's rate changed from {change[0]:.1f} to {change[1]:.1f} Hz"

    def _note_stamp(self, stamp_ns: int, gap_ns: int) -> None:
        interval_ns = stamp_ns - self._last_stamp_ns
        known = self._last_stamp_ns > 0
        self._last_stamp_ns = stamp_ns
        if not known or not 0 < interval_ns <= gap_ns:
            self._expected += 1
            if known and interval_ns > gap_ns:
                self._note_gap(interval_ns)
            return
        self._intervals.append(interval_ns)
        period_ns = self._period_ns() or interval_ns
        self._expected += max(1, round(interval_ns / period_ns))
        if interval_ns > 1.5 * period_ns:
            self._note_gap(interval_ns)

    def _note_gap(self, interval_ns: int) -> None:
        self._gaps += 1
        self._longest_gap_ns = max(self._longest_gap_ns, interval_ns)

    def _period_ns(self) -> float:
        if len(self._intervals) < _FEWEST_INTERVALS:
            return 0.0
        return median(self._intervals)
