# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A node's clock that runs evenly, where a simulation's comes in steps."""

import time
from collections import deque

from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node

_KEPT_NS = 2_000_000_000
_FARTHEST_NS = 50_000_000
_JUMP_NS = 500_000_000


class EvenTime:
    """Tells a simulation's time between its messages, which come in steps and unevenly late.

    The simulation is as far as its least late messages of the last seconds say. Two looks at the
    steps themselves can be some 10 ms nearer or farther apart than the simulation moved in
    between: a moving head that is commanded by them would shake.
    """

    def __init__(self) -> None:
        self._told: deque[tuple[int, int]] = deque()  # steady and simulated times
        self._last_ns = 0

    def tell(self, steady_ns: int, simulated_ns: int) -> None:
        """Take a message, when it is there; a jump of the time begins anew."""
        if self._told and not 0 <= simulated_ns - self._told[-1][1] < _JUMP_NS:
            self._told.clear()
            self._last_ns = simulated_ns
        self._told.append((steady_ns, simulated_ns))
        while steady_ns - self._told[0][0] > _KEPT_NS:
            self._told.popleft()

    def at(self, steady_ns: int) -> int | None:
        """Return the simulated time at a steady one, at most 50 ms of that after the last message.

        It never goes back but with the simulation's own time. None before there are two messages.
        """
        if len(self._told) < 2 or self._told[-1][0] <= self._told[0][0]:
            return None
        rate, (known_steady, known) = self._line()
        last = self._told[-1][1]
        now_ns = round(known + rate * (steady_ns - known_steady))
        farthest_ns = last + round(rate * _FARTHEST_NS)
        self._last_ns = max(self._last_ns, min(max(now_ns, last), farthest_ns))
        return self._last_ns

    def _line(self) -> tuple[float, tuple[int, int]]:
        """Return the simulation's rate and a moment of it, both by the least late messages."""
        (first_steady, first), (last_steady, last) = self._told[0], self._told[-1]
        rate = (last - first) / (last_steady - first_steady)

        def early(moment: tuple[int, int]) -> float:
            return moment[1] - first - rate * (moment[0] - first_steady)

        middle = (first_steady + last_steady) // 2
        older = max((m for m in self._told if m[0] <= middle), key=early)
        newer = max((m for m in self._told if m[0] > middle), key=early)
        rate = (newer[1] - older[1]) / (newer[0] - older[0])
        return rate, max(older, newer, key=early)


class EvenClock:
    """A node's time; while it follows /clock, by :class:`EvenTime`.

    Args:
        node: The node; it tells of the clock's messages in its executor's thread.
    """

    def __init__(self, node: Node) -> None:
        self._clock = node.get_clock()
        self._time = EvenTime()
        any_step = JumpThreshold(
            min_forward=Duration(nanoseconds=1),
            min_backward=Duration(nanoseconds=-1),
            on_clock_change=True,
        )
        self._handle = self._clock.create_jump_callback(any_step, post_callback=self._stepped)

    def close(self) -> None:
        """Listen to the clock no more."""
        self._handle.unregister()

    @property
    def simulated(self) -> bool:
        """Whether the node's clock follows /clock now."""
        return bool(self._clock.ros_time_is_active)

    def now_ns(self) -> int:
        """Return the time."""
        told_ns = int(self._clock.now().nanoseconds)
        if not self.simulated:
            return told_ns
        even_ns = self._time.at(time.monotonic_ns())
        return told_ns if even_ns is None else even_ns

    def _stepped(self, _jump: TimeJump) -> None:
        if self.simulated:
            self._time.tell(time.monotonic_ns(), int(self._clock.now().nanoseconds))
