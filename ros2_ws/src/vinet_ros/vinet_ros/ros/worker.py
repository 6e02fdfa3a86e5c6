# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""One thread that works on the newest input; what it cannot follow, it skips."""

import threading
import time
from collections.abc import Callable

from vinet_ros.ros.process_usage import name_thread


class Worker:
    """Calls a function in its own thread, once for each time it was woken and is free.

    Wakes that come while it works count as one: the function takes the newest input itself.

    Args:
        work: Called without arguments.
        on_failure: Called with an exception of ``work``, in the thread, which ends then.
        max_rate_hz: Asked before each call; 0 for no limit.
    """

    def __init__(
        self,
        work: Callable[[], None],
        on_failure: Callable[[Exception], None],
        max_rate_hz: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._work = work
        self._on_failure = on_failure
        self._max_rate_hz = max_rate_hz
        self._changed = threading.Condition()
        self._awake = False
        self._stopping = False
        self._skipped = 0
        self._begun_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="prediction", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is new input."""
        with self._changed:
            self._skipped += self._awake
            self._awake = True
            self._changed.notify()

    def stop(self, patience_s: float | None = None) -> bool:
        """End the thread; waits for the call that is under way.

        Args:
            patience_s: How long to wait; None: until it ends.

        Returns:
            Whether the thread has ended; called from the thread itself, that it will.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is None or self._thread is threading.current_thread():
            return True
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    @property
    def skipped(self) -> int:
        """Wakes that were followed by another before their turn came."""
        return self._skipped

    @property
    def under_way_s(self) -> float:
        """How long the present call has been under way; 0 between two calls."""
        begun_s = self._begun_s
        return time.monotonic() - begun_s if begun_s is not None else 0.0

    def _run(self) -> None:
        name_thread(self._thread.name)
        next_start_s = 0.0
        while self._wait_for_turn(next_start_s):
            self._begun_s = time.monotonic()
            next_start_s = max(self._begun_s, next_start_s) + self._period_s()
            try:
                self._work()
            except Exception as error:  # handed on whole: a dead thread must not be silent
                self._on_failure(error)
                return
            finally:
                self._begun_s = None

    def _period_s(self) -> float:
        rate_hz = self._max_rate_hz()
        return 1.0 / rate_hz if rate_hz > 0 else 0.0

    def _wait_for_turn(self, next_start_s: float) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._awake or self._stopping)
            while not self._stopping and (rest_s := next_start_s - time.monotonic()) > 0:
                self._changed.wait(rest_s)
            self._awake = False
            return not self._stopping
