# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Playing frames at their times: order, schedule and reading ahead. Knows no ROS."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from vinet_ros.offline.frames import NS_PER_S, Frame


def looped(read: Callable[[], Iterable[Frame]], period_ns: int) -> Iterator[Frame]:
    """Yield the frames of a source over and over, with times that keep growing.

    Its last frame lasts as long as its frames do on average.

    Args:
        read: Starts the source over.
        period_ns: How long a single frame lasts.
    """
    offset_ns = 0
    while True:
        first_ns = last_ns = count = 0
        for count, frame in enumerate(read(), 1):
            first_ns = frame.time_ns if count == 1 else first_ns
            last_ns = frame.time_ns
            yield frame.shifted(offset_ns) if offset_ns else frame
        if not count:
            return
        lasts_ns = round((last_ns - first_ns) / (count - 1)) if count > 1 else period_ns
        offset_ns += last_ns + lasts_ns


def resampled(frames: Iterable[Frame], rate_hz: float) -> Iterator[Frame]:
    """Yield, at a steady rate, the frame that is on show at each tick.

    Args:
        frames: In the order of their times; the first one sets the first tick.
        rate_hz: Ticks a second.
    """
    current: Frame | None = None
    start_ns = tick = due_ns = 0
    for frame in frames:
        if current is None:
            start_ns = due_ns = frame.time_ns
        while current is not None and due_ns < frame.time_ns:
            yield current.shifted(due_ns - current.time_ns)
            tick += 1
            due_ns = start_ns + round(tick * NS_PER_S / rate_hz)
        current = frame
    if current is not None:
        yield current.shifted(due_ns - current.time_ns)


@dataclass(slots=True)
class Schedule:
    """When a frame is due, and which stamp it gets.

    Args:
        start_ns: Steady clock at the frame with time 0.
        stamp_start_ns: That frame's stamp.
        rate: Speed of the playback.
        file_stamps: Stamps advance with the frames' times whatever the speed, for a clock that
            is published too; else they advance with the node's clock.
    """

    start_ns: int
    stamp_start_ns: int
    rate: float
    file_stamps: bool

    @classmethod
    def starting_at(
        cls, time_ns: int, stamp_ns: int, rate: float, *, file_stamps: bool
    ) -> "Schedule":
        """Return the schedule by which a frame has a stamp and is due now.

        Args:
            time_ns: Of that frame.
            stamp_ns: Its stamp.
            rate: See above.
            file_stamps: See above.
        """
        schedule = cls(0, 0, rate, file_stamps)
        schedule.stamp_start_ns = stamp_ns - schedule.stamp_ns(time_ns)
        schedule.begin(time_ns)
        return schedule

    def begin(self, time_ns: int) -> None:
        """Let a frame be due now, and all others accordingly."""
        self.start_ns += time.monotonic_ns() - self.due_ns(time_ns)

    def due_ns(self, time_ns: int) -> int:
        """Return the steady time at which a frame is due."""
        return self.start_ns + round(time_ns / self.rate)

    def stamp_ns(self, time_ns: int) -> int:
        """Return the stamp of a frame."""
        passed_ns = time_ns if self.file_stamps else round(time_ns / self.rate)
        return self.stamp_start_ns + passed_ns

    def clock_ns(self, steady_ns: int) -> int:
        """Return the stamp that a frame due at a steady time would have."""
        passed_ns = steady_ns - self.start_ns
        return self.stamp_start_ns + (
            round(passed_ns * self.rate) if self.file_stamps else passed_ns
        )

    def stall(self, late_ns: int) -> None:
        """Move everything that is still to come, as if the camera had stood still."""
        self.start_ns += late_ns
        if not self.file_stamps:
            self.stamp_start_ns += late_ns


class ReadAhead:
    """Reads frames in a thread, a few ahead of their use.

    Args:
        frames: What to read.
        depth: Most frames that wait.
    """

    def __init__(self, frames: Iterable[Frame], depth: int = 4) -> None:
        self._frames = frames
        self._ready: queue.Queue[Frame | None] = queue.Queue(maxsize=depth)
        self._stopped = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._read, name="read-ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames; raises what reading them raised, after those before it."""
        while (frame := self._take()) is not None:
            yield frame
        if self._error is not None and not self._stopped.is_set():
            raise self._error

    def stop(self, patience_s: float = 2.0) -> None:
        """Stop reading; may be called from any thread."""
        self._stopped.set()
        self._thread.join(patience_s)

    def _take(self) -> Frame | None:
        while not self._stopped.is_set():
            try:
                return self._ready.get(timeout=0.1)
            except queue.Empty:
                continue
        return None

    def _read(self) -> None:
        try:
            for frame in self._frames:
                if not self._put(frame):
                    return
        except Exception as error:  # raised again where the frames are used
            self._error = error
        self._put(None)

    def _put(self, frame: Frame | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._ready.put(frame, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False


def wait_until(
    due_ns: int,
    stopped: threading.Event,
    *,
    beat: Callable[[int], None] | None = None,
    beat_ns: int = 10_000_000,
) -> bool:
    """Wait for a time of the steady clock; return False when stopped before.

    Args:
        due_ns: On the clock of time.monotonic_ns.
        stopped: Ends the wait.
        beat: Called with the steady time again and again while it waits.
        beat_ns: Time between two calls.
    """
    while (left_ns := due_ns - time.monotonic_ns()) > 0:
        pause_ns = min(left_ns, beat_ns) if beat is not None else left_ns
        if stopped.wait(pause_ns / NS_PER_S):
            return False
        if beat is not None and (now_ns := time.monotonic_ns()) < due_ns:
            beat(now_ns)
    return not stopped.is_set()
