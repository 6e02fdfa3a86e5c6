# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The frame window: the last T moments of a camera, on a fixed grid of time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import numpy.typing as npt

NS_PER_S = 1_000_000_000
# Fine enough for 30000/1001 Hz, coarse enough to keep the integers small over years.
_RATE_DENOMINATOR = 1_000_000
# A camera at twice the window's rate has every second frame half-way between two slots, where
# plain rounding would follow its jitter. So "half" begins a little early, and such a frame goes
# up always. Not earlier: at 25 Hz into 15 slots a second there are frames at 0.4.
_HALF = Fraction(45, 100)

WARMUPS = ("repeat_first", "wait")


class PushKind(Enum):
    """What a pushed frame did to the window."""

    STARTED = "started"
    ADVANCED = "advanced"
    REPLACED = "replaced"
    RESTARTED = "restarted"


class RestartReason(Enum):
    """Why a window began anew."""

    GAP = "gap"
    JUMP_BACK = "stamp jumped back"
    SIZE_CHANGE = "frame size changed"


@dataclass(frozen=True, slots=True)
class PushResult:
    """Outcome of one push: ``slots`` is how far the window moved, ``reason`` why it restarted."""

    kind: PushKind
    slots: int = 0
    reason: RestartReason | None = None


@dataclass(slots=True, eq=False)
class Slot:
    """One moment of the window.

    The same object may stand in several places of a window (repeats), and stands in every window
    that shares the moment. ``kept`` is what the executor keeps of the frame, once it has encoded
    it; only the thread that predicts touches it.
    """

    frame: npt.NDArray[np.uint8]  # (h, w, 3)
    stamp_ns: int
    kept: Any = None


@dataclass(frozen=True, slots=True)
class Span:
    """The time of a window.

    Attributes:
        first_ns: Of the oldest slot.
        last_ns: Stamp of the newest frame.
        period_s: From one slot to the next; 0 where every frame is a slot and there is but one.
    """

    first_ns: int
    last_ns: int
    period_s: float


@dataclass(frozen=True, slots=True)
class WindowCounters:
    """What has happened since the window was made; a reset does not clear them."""

    frames: int = 0
    replaced: int = 0
    duplicates: int = 0
    repeated_slots: int = 0
    gaps: int = 0
    jumps_back: int = 0
    size_changes: int = 0
    resets: int = 0

    @property
    def restarts(self) -> int:
        """Times that the stream, not a call, made the window start anew."""
        return self.gaps + self.jumps_back + self.size_changes


class FrameWindow:
    """A row of ``length`` slots at ``rate_hz``, decided once, on arrival.

    The grid starts at the first frame's stamp: slot k stands for ``origin + k / rate``. A frame
    goes to the slot nearest to its stamp (halves, from 0.45 on, go up), slots that no frame
    reached repeat the frame before, and a frame for the newest slot replaces it. Whatever the
    camera's rate, the window spans the same second of world, and it never drifts: all arithmetic
    is on integers.

    Not thread-safe; :class:`vinet_ros.streaming.Predictor` holds the lock.

    Args:
        length: Number of slots T, at least 1.
        rate_hz: Slots a second; negative: every frame is a slot, whatever its stamp.
        max_gap_s: A frame this much after the one before still belongs to the same scene.
        warmup: Until T slots are filled: ``repeat_first`` fills the missing ones with the first
            frame, as the paper does; ``wait`` gives no window.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        length: int,
        rate_hz: float,
        max_gap_s: float = 0.5,
        warmup: str = "repeat_first",
    ) -> None:
        if length < 1:
            raise ValueError(f"length must be at least 1 slot, got {length}")
        if not np.isfinite(rate_hz) or rate_hz == 0:
            raise ValueError(f"rate_hz must be positive, or negative for 'any', got {rate_hz}")
        if not (np.isfinite(max_gap_s) and max_gap_s > 0):
            raise ValueError(f"max_gap_s must be positive and finite, got {max_gap_s}")
        if warmup not in WARMUPS:
            raise ValueError(f"warmup must be one of {', '.join(WARMUPS)}, got {warmup!r}")
        self.length = length
        self.rate_hz = float(rate_hz)
        self.max_gap_ns = round(max_gap_s * NS_PER_S)
        self.warmup = warmup
        rate = Fraction(rate_hz).limit_denominator(_RATE_DENOMINATOR)
        if rate_hz > 0 and rate == 0:
            raise ValueError(f"rate_hz must be at least {1 / _RATE_DENOMINATOR}, got {rate_hz}")
        self._slots_per_ns = rate / NS_PER_S if rate > 0 else None
        self._slots: deque[Slot] = deque(maxlen=length)
        self._filled = 0  # slots since the start, at most length
        self._origin_ns = 0
        self._newest_index = 0
        self._source_size: tuple[int, int] | None = None
        self._counters = dict.fromkeys(WindowCounters.__dataclass_fields__, 0)

    def push(
        self,
        frame: npt.NDArray[np.uint8],
        stamp_ns: int,
        source_size: tuple[int, int] | None = None,
    ) -> PushResult:
        """Take one frame; it must not be written to afterwards.

        Args:
            frame: (h, w, 3) uint8, as the network sees it.
            stamp_ns: Time of the exposure in nanoseconds.
            source_size: (height, width) as the camera gave it; by default the frame's own.
        """
        self._counters["frames"] += 1
        size = source_size or (int(frame.shape[0]), int(frame.shape[1]))
        slot = Slot(frame, stamp_ns)
        if not self._slots:
            return self._start(slot, size, PushResult(PushKind.STARTED, slots=1))
        reason = self._restart_reason(stamp_ns, size)
        if reason is not None:
            return self._start(slot, size, PushResult(PushKind.RESTARTED, 1, reason))
        steps = self._steps_to(stamp_ns)
        if steps == 0:
            return self._replace_newest(slot)
        return self._advance(slot, steps)

    def snapshot(self) -> list[Slot] | None:
        """Return the T slots, oldest first, or None while there is no window yet."""
        if not self._slots:
            return None
        if self._filled < self.length and self.warmup == "wait":
            return None
        return list(self._slots)

    def span(self) -> Span | None:
        """Return the time that the window stands for, or None while it is empty.

        On a grid that is ``length`` slots from the start on, for what the first frame repeats was
        not seen but may have been heard. Without one it is the time of the frames that there are.
        """
        if not self._slots:
            return None
        last_ns = self._slots[-1].stamp_ns
        if self.rate_hz > 0:
            before_ns = round((self.length - 1) * NS_PER_S / self.rate_hz)
            return Span(last_ns - before_ns, last_ns, 1.0 / self.rate_hz)
        first_ns = self._slots[self.length - self._filled].stamp_ns
        return Span(first_ns, last_ns, (last_ns - first_ns) / NS_PER_S / max(self._filled - 1, 1))

    def reset(self) -> None:
        """Forget all frames; the next one starts the window anew."""
        self._slots.clear()
        self._filled = 0
        self._source_size = None
        self._counters["resets"] += 1

    def take_counts(self, other: FrameWindow) -> None:
        """Go on counting where another window stopped."""
        self._counters = dict(other._counters)

    @property
    def fill(self) -> float:
        """Share of the T slots that have passed since the start, 0 to 1."""
        return self._filled / self.length

    @property
    def newest_stamp_ns(self) -> int | None:
        """Stamp of the newest frame, or None when empty."""
        return self._slots[-1].stamp_ns if self._slots else None

    @property
    def counters(self) -> WindowCounters:
        """A copy of the counts so far."""
        return WindowCounters(**self._counters)

    def _restart_reason(self, stamp_ns: int, size: tuple[int, int]) -> RestartReason | None:
        newest_ns = self._slots[-1].stamp_ns
        if size != self._source_size:
            self._counters["size_changes"] += 1
            return RestartReason.SIZE_CHANGE
        if stamp_ns < newest_ns:
            self._counters["jumps_back"] += 1
            return RestartReason.JUMP_BACK
        if stamp_ns - newest_ns > self.max_gap_ns:
            self._counters["gaps"] += 1
            return RestartReason.GAP
        return None

    def _steps_to(self, stamp_ns: int) -> int:
        if stamp_ns == self._slots[-1].stamp_ns:
            self._counters["duplicates"] += 1
            return 0
        if self._slots_per_ns is None:
            return 1
        position = (stamp_ns - self._origin_ns) * self._slots_per_ns
        return floor(position + 1 - _HALF) - self._newest_index

    def _start(self, slot: Slot, size: tuple[int, int], result: PushResult) -> PushResult:
        self._slots.extend([slot] * self.length)
        self._filled = 1
        self._origin_ns = slot.stamp_ns
        self._newest_index = 0
        self._source_size = size
        return result

    def _replace_newest(self, slot: Slot) -> PushResult:
        # The grid time stays; else a 30 Hz camera would never move a 15 Hz window.
        self._slots[-1] = slot
        self._counters["replaced"] += 1
        return PushResult(PushKind.REPLACED)

    def _advance(self, slot: Slot, steps: int) -> PushResult:
        before = self._slots[-1]
        self._slots.extend([before] * min(steps - 1, self.length))
        self._slots.append(slot)
        self._newest_index += steps
        self._filled = min(self._filled + steps, self.length)
        self._counters["repeated_slots"] += steps - 1
        return PushResult(PushKind.ADVANCED, slots=steps)
