"""What a running node remembers of itself for its diagnostics; shared by its two threads."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vinet_ros.ros.timings import Timings, TimingSummary

RECENT_NS = 10_000_000_000
STEPS = ("convert", "resize", "predict", "publish", "latency")


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
    """Durations of the steps, and incidents by kind; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps = {step: Timings() for step in STEPS}
        self._counts: Counter[str] = Counter()
        self._last: dict[str, tuple[str, int]] = {}
        self._told_ns: dict[str, int] = {}

    def time(self, step: str, duration_ns: int) -> None:
        """Note how long a step took that ended now."""
        with self._lock:
            self._steps[step].add(duration_ns, time.monotonic_ns())

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long the body takes, unless it raises."""
        start_ns = time.monotonic_ns()
        yield
        self.time(step, time.monotonic_ns() - start_ns)

    def incident(self, kind: str, text: str) -> bool:
        """Note that something went wrong now; return whether it is worth a line in the log.

        It is where nothing of its kind was told in the last ten seconds: faults come at the rate
        of the images.
        """
        now_ns = time.monotonic_ns()
        with self._lock:
            self._counts[kind] += 1
            self._last[kind] = (text, now_ns)
            if now_ns - self._told_ns.get(kind, now_ns - RECENT_NS) < RECENT_NS:
                return False
            self._told_ns[kind] = now_ns
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
