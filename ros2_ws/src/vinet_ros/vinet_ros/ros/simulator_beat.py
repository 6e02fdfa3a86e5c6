# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Does what is due when it is due, by the simulation's clock."""

import heapq
import threading
import time
from collections.abc import Callable
from itertools import count

from vinet_ros.offline.frames import NS_PER_S
from vinet_ros.ros.playback import Schedule, wait_until

Action = Callable[[int], None]
"""Takes the stamp that it was due at."""

_STALL_NS = 250_000_000


class Beat:
    """Calls actions in the order of their times, from one thread.

    Args:
        schedule: The clock.
        tell: Called with the time again and again, for a clock that others follow.
        stall: Called with how late it is when time was lost; the next action then waits its turn
            from now on.
        stopped: Ends everything.
    """

    def __init__(
        self, schedule: Schedule, tell: Action, stall: Action, stopped: threading.Event
    ) -> None:
        self._schedule, self._tell, self._stall = schedule, tell, stall
        self._stopped = stopped
        self._order = count()  # of two with the same time, the first one first
        self._due: list[tuple[int, int, Action]] = []
        self._start_ns = self.now_ns()

    def now_ns(self) -> int:
        """Return the time."""
        return self._schedule.clock_ns(time.monotonic_ns())

    def once(self, stamp_ns: int, action: Action) -> None:
        """Call an action at a time."""
        heapq.heappush(self._due, (stamp_ns, next(self._order), action))

    def every(self, rate_hz: float, action: Action) -> None:
        """Call an action so many times a second, from the start on."""
        period_ns = round(NS_PER_S / rate_hz)

        def act(stamp_ns: int) -> None:
            action(stamp_ns)
            next_ns = stamp_ns + period_ns
            late_ns = self.now_ns() - next_ns
            if late_ns > max(_STALL_NS, 2 * period_ns):
                self._stall(late_ns)
                next_ns += late_ns
            self.once(next_ns, act)

        self.once(self._start_ns, act)

    def run(self) -> None:
        """Go on until stopped, or until nothing is due any more."""
        while self._due:
            stamp_ns, _, action = heapq.heappop(self._due)
            if not self._wait(stamp_ns):
                return
            self._tell(stamp_ns)
            action(stamp_ns)

    def _wait(self, stamp_ns: int) -> bool:
        due_ns = self._schedule.due_ns(stamp_ns - self._schedule.stamp_start_ns)
        return wait_until(
            due_ns,
            self._stopped,
            beat=lambda steady_ns: self._tell(self._schedule.clock_ns(steady_ns)),
        )
