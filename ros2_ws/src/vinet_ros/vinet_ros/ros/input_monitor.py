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


@dataclass(frozen=True, slots=True)
class InputReport:
    """Counts since the subscription, rates over the last ten seconds.

    Args:
        received: Images that reached the callback.
        sent: Images that their publishers numbered since our first one; None where the
            middleware does not number them.
        expected: Images that the stamps leave room for.
        rate_hz: Arrivals.
        recent_share: Of what was sent, or is expected, in the last ten seconds.
        gaps: Times that a stamp came more than 1.5 periods after the one before.
        longest_gap_s: The longest of them.
        silence_s: Time since the last arrival, or since the start.
    """

    received: int
    sent: int | None
    expected: int
    rate_hz: float
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


class InputMonitor:
    """Counts images by three measures: arrivals, stamps, and the publishers' own numbers.

    Args:
        now_ns: Time of the subscription by a steady clock.
    """

    def __init__(self, now_ns: int) -> None:
        self._started_ns = now_ns
        self._arrivals: deque[tuple[int, int]] = deque()
        self._last_arrival_ns = now_ns
        self._intervals: deque[int] = deque(maxlen=_INTERVALS)
        self._last_stamp_ns = 0
        self._received = 0
        self._expected = 0
        self._gaps = 0
        self._longest_gap_ns = 0
        self._numbers: dict[bytes, tuple[int, int]] = {}
        self._sent_before = 0

    def arrived(
        self, stamp_ns: int, now_ns: int, info: Mapping[str, Any] | None = None, *, gap_ns: int
    ) -> None:
        """Note an image.

        Args:
            stamp_ns: Its stamp.
            now_ns: Time of arrival by the steady clock.
            info: The middleware's information on the message.
            gap_ns: A longer interval means that the camera had stopped, so nothing was lost.
        """
        self._received += 1
        self._last_arrival_ns = now_ns
        self._note_number(info or {})
        self._note_stamp(stamp_ns, gap_ns)
        self._arrivals.append((now_ns, self._whole()))
        self._forget_arrivals(now_ns)

    def report(self, now_ns: int) -> InputReport:
        """Return counts and rates."""
        self._forget_arrivals(now_ns)
        span_ns = min(now_ns - self._started_ns, _HORIZON_NS)
        whole = self._whole()
        return InputReport(
            received=self._received,
            sent=whole if self._numbers else None,
            expected=self._expected,
            rate_hz=len(self._arrivals) * 1e9 / span_ns if span_ns > 0 else 0.0,
            recent_share=self._recent_share(whole),
            gaps=self._gaps,
            longest_gap_s=self._longest_gap_ns / 1e9,
            silence_s=(now_ns - self._last_arrival_ns) / 1e9,
        )

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

    def _note_number(self, info: Mapping[str, Any]) -> None:
        number = info.get("publication_sequence_number")
        if number is None:
            return
        gid = (info.get("publisher_gid") or {}).get("data", b"")
        first, last = self._numbers.get(gid, (number, number))
        self._numbers[gid] = (first, max(last, number))
        if len(self._numbers) > _PUBLISHERS:
            first, last = self._numbers.pop(next(iter(self._numbers)))
            self._sent_before += last - first + 1

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
