# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a running node remembers of itself for its diagnostics; shared by its two threads."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vinet_ros.ros.step_trace import StepTrace
from vinet_ros.ros.timings import Timings, TimingSummary

RECENT_NS = 10_000_000_000
_LONGEST_PAUSE_NS = 600_000_000_000
STEPS = ("receive", "convert", "resize", "predict", "gaze", "publish", "latency")


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong, by kind.

    Args:
        count: How often since the start.
        text: What was said the last time.
        age_s: Time since then.
    """

    count: int
    text: str
    age_s: float

    @property
    def recent(self) -> bool:
        """Whether it was in the last ten seconds."""
        return self.age_s * 1e9 < RECENT_NS


@dataclass(frozen=True, slots=True)
class StepReport:
    """How long a step took, in the last ten seconds and since the start."""

    recent: TimingSummary | None
    total: TimingSummary | None
    rate_hz: float


NO_INCIDENT = Incident(0, "", float("inf"))
NO_STEP = StepReport(None, None, 0.0)


class Record:
    """Durations of the steps, and incidents by kind; thread-safe.

    Args:
        trace: Takes every duration too, frame by frame; None where nobody measures.
    """

    def __init__(self, trace: StepTrace | None = None) -> None:
        self._trace = trace
        self._lock = threading.Lock()
        self._steps = {step: Timings() for step in STEPS}
        self._counts: Counter[str] = Counter()
        self._last: dict[str, tuple[str, int]] = {}
        self._told: dict[str, tuple[int, int]] = {}

    def time(self, step: str, duration_ns: int, stamp_ns: int = 0, cpu_ns: int = -1) -> None:
        """Note how long a step took that ended now.

        Args:
            step: One of :data:`STEPS`.
            duration_ns: Of the step.
            stamp_ns: Stamp of the frame that it was for.
            cpu_ns: Processor time that the calling thread took for it; -1: not measured.
        """
        end_ns = time.monotonic_ns()
        with self._lock:
            self._steps[step].add(duration_ns, end_ns)
            if self._trace is not None:
                self._trace.add(step, stamp_ns, end_ns, duration_ns, cpu_ns)

    @contextmanager
    def timed(self, step: str, stamp_ns: int = 0) -> Iterator[None]:
        """Note how long the body takes, for the frame of a stamp, unless it raises."""
        start_ns, cpu_ns = time.monotonic_ns(), time.thread_time_ns()
        yield
        duration_ns = time.monotonic_ns() - start_ns
        self.time(step, duration_ns, stamp_ns, time.thread_time_ns() - cpu_ns)

    def close(self) -> None:
        """Write what is left of the trace; nothing is traced any more."""
        with self._lock:
            if self._trace is not None:
                self._trace.close()

    def incident(self, kind: str, text: str) -> bool:
        """Note that something went wrong now; return whether it is worth a line in the log.

        The first of a kind is. Faults come at the rate of the images, so one that goes on is
        told again after twenty seconds, then ever more seldom, down to once in ten minutes: a log
        must not fill the disk in the months that nobody looks.
        """
        now_ns = time.monotonic_ns()
        with self._lock:
            before = self._last.get(kind)
            self._counts[kind] += 1
            self._last[kind] = (text, now_ns)
            told_ns, pause_ns = self._told.get(kind, (now_ns - RECENT_NS, RECENT_NS))
            if now_ns - told_ns < pause_ns and before is not None:
                goes_on = now_ns - before[1] < RECENT_NS
                if goes_on or now_ns - told_ns < RECENT_NS:
                    return False
                pause_ns = RECENT_NS // 2  # it had stopped meanwhile
            self._told[kind] = (now_ns, min(2 * pause_ns, _LONGEST_PAUSE_NS))
            return True

    def steps(self) -> dict[str, StepReport]:
        """Return the report of every step."""
        now_ns = time.monotonic_ns()
        with self._lock:
            return {
                step: StepReport(t.recent(now_ns), t.total(), t.rate_hz(now_ns))
                for step, t in self._steps.items()
            }

    def incidents(self) -> dict[str, Incident]:
        """Return what went wrong so far, by kind."""
        now_ns = time.monotonic_ns()
        with self._lock:
            return {
                kind: Incident(self._counts[kind], text, (now_ns - at_ns) / 1e9)
                for kind, (text, at_ns) in self._last.items()
            }
