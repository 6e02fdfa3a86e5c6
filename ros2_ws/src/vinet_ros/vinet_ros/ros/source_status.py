# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What source_node says of itself on /diagnostics."""

import threading
from dataclasses import dataclass, field

from vinet_ros.offline.frames import BadRecord, SourceInfo
from vinet_ros.ros.status import Status, StatusBuilder

SOURCE_KEYS = {
    "source": "path or device, with a bag's topic",
    "topic": "where the images go out",
    "frames": "images published",
    "rate_hz": "mean rate of the source, by its own account",
    "subscribers": "subscribers of the images",
    "bad_records": "messages or pictures that could not be used and were left out",
    "last_bad_record": "frame and reason of the last one",
    "stalls": "times that frames were not read in time, and the schedule moved on",
    "unanswered": "frames that nobody took in time (realtime off)",
}


@dataclass
class SourceCounts:
    """Counted by the threads that read and play."""

    frames: int = 0
    stalls: int = 0
    unanswered: int = 0
    bad_records: int = 0
    last_bad: BadRecord | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add_bad(self, record: BadRecord) -> None:
        """Count a bad record."""
        with self._lock:
            self.bad_records += 1
            self.last_bad = record


def source_status(
    counts: SourceCounts, info: SourceInfo, topic: str, subscribers: int
) -> tuple[Status, ...]:
    """Return the status of a source.

    Args:
        counts: So far.
        info: Of the source.
        topic: Of the images.
        subscribers: Of that topic.
    """
    builder = StatusBuilder("source", SOURCE_KEYS)
    last = counts.last_bad
    builder.add(
        source=info.name,
        topic=topic,
        frames=counts.frames,
        rate_hz=info.rate_hz or None,
        subscribers=subscribers,
        bad_records=counts.bad_records,
        last_bad_record=f"{last.index}: {last.reason}" if last else None,
        stalls=counts.stalls,
        unanswered=counts.unanswered,
    )
    builder.warn_if(counts.bad_records, f"{counts.bad_records} bad records were left out")
    builder.warn_if(counts.stalls, f"{counts.stalls} times frames were not read in time")
    builder.warn_if(counts.unanswered, f"{counts.unanswered} frames were not taken in time")
    return (builder.finish(f"{counts.frames} frames played"),)
