# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Which image stamps can be trusted; decided on arrival, before the image is touched."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

MAX_FUTURE_NS = 1_000_000_000
"""A stamp further ahead of the clock is refused, as diagnostic_updater's time stamp check does."""
REORDERED_NS = 200_000_000
"""A stamp that is older by less than this came late; older by more, the camera's clock jumped."""


class StampVerdict(Enum):
    """What becomes of a frame with such a stamp."""

    GOOD = "good"
    ZERO = "zero"
    FUTURE = "future"
    TOO_OLD = "too old"
    REPEATED = "repeated"
    OUT_OF_ORDER = "out of order"


@dataclass(slots=True)
class StampGate:
    """Judges the stamps of one camera in the order of their arrival.

    A stamp that jumps back by more than ``REORDERED_NS`` is let through: the frame window
    starts anew then. Ages (arrival minus stamp) are kept as extremes since the last read, and
    ``problem`` says what is wrong with the last stamp and what to do.
    """

    counts: Counter[StampVerdict] = field(default_factory=Counter)
    youngest_ns: int | None = None
    oldest_ns: int | None = None
    problem: str = ""
    _last_stamp_ns: int = 0

    def judge(self, stamp_ns: int, now_ns: int, max_age_ns: int) -> StampVerdict:
        """Return the verdict on a frame and count it.

        Args:
            stamp_ns: Stamp of the frame.
            now_ns: Time by the node's clock; 0 where a simulated clock has not started.
            max_age_ns: Age at which a frame is refused; 0 for never.
        """
        verdict = self._verdict(stamp_ns, now_ns, max_age_ns)
        self.counts[verdict] += 1
        self.problem = self._problem(verdict, stamp_ns, now_ns, max_age_ns)
        if verdict is StampVerdict.GOOD:
            self._last_stamp_ns = stamp_ns
        if verdict is not StampVerdict.ZERO and now_ns:
            self._note_age(now_ns - stamp_ns)
        return verdict

    def read_ages(self) -> tuple[int, int] | None:
        """Return the least and the greatest age (ns) since the last call; None without frames."""
        if self.youngest_ns is None or self.oldest_ns is None:
            return None
        ages = (self.youngest_ns, self.oldest_ns)
        self.youngest_ns = self.oldest_ns = None
        return ages

    def forget_order(self) -> None:
        """Take the next stamp as the first one, after the clock jumped."""
        self._last_stamp_ns = 0

    def _verdict(self, stamp_ns: int, now_ns: int, max_age_ns: int) -> StampVerdict:
        if stamp_ns <= 0:
            return StampVerdict.ZERO
        if now_ns and stamp_ns - now_ns > MAX_FUTURE_NS:
            return StampVerdict.FUTURE
        if now_ns and max_age_ns and now_ns - stamp_ns > max_age_ns:
            return StampVerdict.TOO_OLD
        if stamp_ns == self._last_stamp_ns:
            return StampVerdict.REPEATED
        if 0 < self._last_stamp_ns - stamp_ns < REORDERED_NS:
            return StampVerdict.OUT_OF_ORDER
        return StampVerdict.GOOD

    def _problem(self, verdict: StampVerdict, stamp_ns: int, now_ns: int, max_age_ns: int) -> str:
        age_s = (now_ns - stamp_ns) / 1e9
        return {
            StampVerdict.GOOD: "",
            StampVerdict.ZERO: "an image has no stamp; let the camera driver stamp its images",
            StampVerdict.FUTURE: f"an image is stamped {-age_s:.1f} s ahead of the clock, more "
            f"than {MAX_FUTURE_NS / 1e9:g} s ahead is refused; synchronise the clocks",
            StampVerdict.TOO_OLD: f"an image was {age_s:.1f} s old on arrival, older than "
            f"max_age_s ({max_age_ns / 1e9:g} s); look at the network, or raise max_age_s",
            StampVerdict.REPEATED: f"two images have the same stamp, {stamp_ns / 1e9:.3f} s; is "
            "there a second publisher, or does the driver repeat images?",
            StampVerdict.OUT_OF_ORDER: "an image is older than the last by "
            f"{(self._last_stamp_ns - stamp_ns) / 1e6:.0f} ms; is there a second publisher?",
        }[verdict]

    def _note_age(self, age_ns: int) -> None:
        if self.youngest_ns is None or age_ns < self.youngest_ns:
            self.youngest_ns = age_ns
        if self.oldest_ns is None or age_ns > self.oldest_ns:
            self.oldest_ns = age_ns
