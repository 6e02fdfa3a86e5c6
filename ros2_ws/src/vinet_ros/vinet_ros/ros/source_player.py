# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Plays frames: waits for subscribers, publishes each frame when it is due, keeps the clock."""

import threading
import time
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from vinet_ros.offline.frames import NS_PER_S, Frame, SourceInfo
from vinet_ros.ros.playback import Schedule, wait_until
from vinet_ros.ros.source_follow import Follower
from vinet_ros.ros.source_outputs import SourceOutputs
from vinet_ros.ros.source_parameters import SourceParameters
from vinet_ros.ros.source_status import SourceCounts

_LATE_NS = 250_000_000  # from here on it is a stall of the source, not jitter
_SETTLE_NS = 200_000_000  # for a subscriber that was just found to find us
_GLANCE_NS = 20_000_000  # between two looks for subscribers


class Player:
    """Plays one source; its methods are called from one thread.

    Args:
        settings: Of the node.
        info: Of the source.
        outputs: Where frames go.
        follower: Tells when a frame was taken; None plays in real time.
        counts: What is counted.
        now_ns: The node's clock.
        logger: The node's.
        stopped: Ends everything.
    """

    def __init__(
        self,
        settings: SourceParameters,
        info: SourceInfo,
        outputs: SourceOutputs,
        follower: Follower | None,
        counts: SourceCounts,
        now_ns: Callable[[], int],
        logger: Any,
        stopped: threading.Event,
    ) -> None:
        self._settings, self._info, self._outputs = settings, info, outputs
        self._follower, self._counts = follower, counts
        self._now_ns, self._logger, self._stopped = now_ns, logger, stopped
        self._recorded = False

    def play(self, frames: Iterable[Frame]) -> None:
        """Publish frames until they end or it is stopped."""
        waiting = iter(frames)
        first = next(waiting, None)
        if first is None:
            return
        self._recorded = self._keeps_stamps(first)
        schedule = self._schedule(first)
        if self._wait_for_subscribers(schedule.stamp_ns(first.time_ns)):
            if self._outputs.has_clock:
                schedule.begin(first.time_ns)  # simulated time has stood still meanwhile
            else:
                schedule = self._schedule(first)
            if self._follower is not None:
                self._follower.start()
                schedule.begin(first.time_ns)
                self._rest(schedule.stamp_ns(first.time_ns), _SETTLE_NS)
        for frame in chain((first,), waiting):
            if not self._play_one(frame, schedule):
                return

    def _play_one(self, frame: Frame, schedule: Schedule) -> bool:
        """Publish a frame at its time; return False when stopped."""
        clock_ns = schedule.stamp_ns(frame.time_ns)
        if self._info.live:
            clock_ns = frame.time_ns
        elif not self._hold(frame, schedule):
            return False
        recorded_ns = frame.stamp_ns if self._recorded else None
        stamp_ns = clock_ns if recorded_ns is None else recorded_ns
        self._outputs.tell(clock_ns)
        self._outputs.publish(frame, stamp_ns)
        self._counts.frames += 1
        if self._follower is None:
            return not self._stopped.is_set()
        taken = self._follower.wait(stamp_ns, beat=lambda: self._outputs.tell(clock_ns))
        if self._stopped.is_set():
            return False
        if not taken:
            self._counts.unanswered += 1
            self._logger.warning(
                f"frame {frame.index} was not taken in {self._settings.follow_timeout_s:g} s; "
                "the next one goes out",
                throttle_duration_sec=5.0,
            )
        return True

    def _keeps_stamps(self, first: Frame) -> bool:
        if self._info.live or first.stamp_ns is None or self._settings.stamps == "now":
            return False
        follows = self._outputs.has_clock or self._follower is not None
        return follows or self._settings.stamps == "recorded"

    def _schedule(self, first: Frame) -> Schedule:
        """Return the schedule by which the first frame is due now."""
        clocked = self._outputs.has_clock
        file_stamps = clocked or self._recorded or self._follower is not None
        return Schedule.starting_at(
            first.time_ns, self._origin_ns(first), self._settings.rate, file_stamps=file_stamps
        )

    def _origin_ns(self, first: Frame) -> int:
        """Return the stamp of the first frame."""
        if self._recorded and first.stamp_ns is not None:
            return first.stamp_ns
        if self._outputs.has_clock:  # a clock of our own cannot tell the time before it runs
            return time.time_ns()
        if self._follower is not None:  # however quick it is, no stamp is to be in the future
            return self._now_ns() - self._info.duration_ns
        return self._now_ns()

    def _wait_for_subscribers(self, clock_ns: int) -> bool:
        """Wait while the clock stands still; return False when stopped."""
        wanted, limit_s = self._settings.wait_for_subscribers, self._settings.wait_timeout_s
        end_s = time.monotonic() + limit_s
        while (there := self._outputs.subscribers()) < wanted:
            if time.monotonic() >= end_s:
                self._logger.warning(
                    f"{there} of {wanted} subscribers after {limit_s:g} s; playing all the same "
                    f"on {self._outputs.image_topic}"
                )
                return not self._stopped.is_set()
            if not self._rest(clock_ns, _GLANCE_NS):
                return False
        return self._rest(clock_ns, _SETTLE_NS if wanted else 0)

    def _rest(self, clock_ns: int, duration_ns: int) -> bool:
        """Let time pass with a clock that stands still; return False when stopped."""
        return wait_until(
            time.monotonic_ns() + duration_ns,
            self._stopped,
            beat=lambda _: self._outputs.tell(clock_ns),
        )

    def _hold(self, frame: Frame, schedule: Schedule) -> bool:
        """Wait until a frame may go out; return False when stopped."""
        if self._follower is not None:
            return self._hold_back(schedule.stamp_ns(frame.time_ns))
        due_ns = schedule.due_ns(frame.time_ns)
        late_ns = time.monotonic_ns() - due_ns
        if late_ns > _LATE_NS:
            schedule.stall(late_ns)
            self._counts.stalls += 1
            self._logger.warning(
                f"stood still for {late_ns / NS_PER_S:.2f} s: frames are not read in time",
                throttle_duration_sec=5.0,
            )
            return not self._stopped.is_set()
        tell = None
        if self._outputs.has_clock:

            def tell(steady_ns: int) -> None:
                self._outputs.tell(schedule.clock_ns(steady_ns))

        return wait_until(due_ns, self._stopped, beat=tell)

    def _hold_back(self, stamp_ns: int) -> bool:
        """Wait while a stamp is ahead of the clock that others have; return False when stopped."""
        ahead_ns = 0
        if not self._recorded and not self._outputs.has_clock:
            ahead_ns = max(0, stamp_ns - self._now_ns())
        return wait_until(time.monotonic_ns() + ahead_ns, self._stopped)
