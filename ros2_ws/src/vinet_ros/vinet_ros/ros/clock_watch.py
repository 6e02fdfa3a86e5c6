# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A node's clock beside a steady one: steps of a real clock, stand-stills of a simulated one."""

STEP_NS = 1_000_000_000
"""A real clock that is off by more since the last look was set; by less, it may be disciplined."""


class ClockWatch:
    """Looks at the clock now and then; rclpy tells of jumps only while the clock is simulated.

    Args:
        step_ns: By how much a real clock that was set is off at least.
    """

    def __init__(self, step_ns: int = STEP_NS) -> None:
        self._step_ns = step_ns
        self._last: tuple[int, int, bool] | None = None
        self._moved_ns = 0

    def look(self, now_ns: int, steady_ns: int, *, simulated: bool) -> int:
        """Return by how much a real clock was set since the last look (ns); 0 where it was not.

        Args:
            now_ns: Time by the node's clock.
            steady_ns: Time by a steady clock.
            simulated: Whether the node's clock follows /clock now.
        """
        last, self._last = self._last, (now_ns, steady_ns, simulated)
        if last is None or now_ns != last[0]:
            self._moved_ns = steady_ns
        if last is None or simulated or last[2]:
            return 0
        step_ns = (now_ns - last[0]) - (steady_ns - last[1])
        return step_ns if abs(step_ns) > self._step_ns else 0

    def still_s(self) -> float:
        """Return for how long the clock had not moved at the last look."""
        return (self._last[1] - self._moved_ns) / 1e9 if self._last else 0.0
