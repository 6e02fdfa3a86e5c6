# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""One time for all messages of a recording: by their stamps where these can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vinet_ros.offline.bag_messages import Message
from vinet_ros.offline.frames import NS_PER_S

_MAX_SPREAD_S = 20.0  # of the time from stamp to recorder; beyond it stamps are not of one clock
_MAX_LATENCY_S = 60.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Places messages in seconds since the recording's start.

    Args:
        start_ns: Recorder's time at 0 s.
        offset_ns: From stamps to the recorder's clock; None where stamps do not count.
        latency_known: Whether the recorder's clock is the stamps' own.
        note: What a reader must know of it.
    """

    start_ns: int
    offset_ns: int | None
    latency_known: bool
    note: str = ""

    @classmethod
    def of(cls, stamped: Sequence[Message], start_ns: int) -> "Clock":
        """Make the clock of a recording.

        Args:
            stamped: Messages with the stamps of images.
            start_ns: When the first message of interest was recorded.
        """
        stamped = [message for message in stamped if message.stamp_ns > 0]
        if not stamped:
            return cls(start_ns, None, False)
        delays_ns = np.array([m.log_ns - m.stamp_ns for m in stamped])
        least_ns, greatest_ns = int(delays_ns.min()), int(delays_ns.max())
        if greatest_ns - least_ns > _MAX_SPREAD_S * NS_PER_S:
            note = "The images' stamps jump; times are those of the recorder, without latencies."
            return cls(start_ns, None, False, note)
        same = least_ns >= -NS_PER_S // 100 and greatest_ns < _MAX_LATENCY_S * NS_PER_S
        if same:
            start_ns = min(start_ns, *(m.stamp_ns for m in stamped))
            return cls(start_ns, 0, True)
        note = "The images were stamped by another clock than the recorder's: no latencies."
        return cls(start_ns, least_ns, False, note)

    def place(self, log_ns: int, stamp_ns: int) -> float:
        """Return when a message belongs: at its stamp, or when it was recorded."""
        if self.offset_ns is None or stamp_ns <= 0:
            return (log_ns - self.start_ns) / NS_PER_S
        return (stamp_ns + self.offset_ns - self.start_ns) / NS_PER_S

    def latency_ms(self, message: Message) -> float:
        """Return the time from a message's stamp to the recorder; NaN where it is unknown."""
        if not self.latency_known or message.stamp_ns <= 0:
            return float("nan")
        return (message.log_ns - message.stamp_ns) / 1e6
