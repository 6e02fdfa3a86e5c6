# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""When each sample of a microphone was heard, and chunks of equal length with their stamps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

from vinet_ros.streaming.audio_clock import AudioClock
from vinet_ros.streaming.microphone import SoundBlock

SETTLING_S = 2.0
"""A sound server's account of its delay may be far off for more than a second after opening."""

_NS_PER_S = 1_000_000_000
# How much earlier than it arrived a sample may have been heard, by the device's account. Over
# Bluetooth it is some 0.2 s; the sound of a virtual device may even arrive ahead of its time.
_LEAST_DELAY_S, _MOST_DELAY_S = -0.1, 0.5
# Stamps elsewhere for that long are the truth: sooner where they agree with each other. A sound
# server's account is off for up to 1.3 s where another program begins to play or to listen.
_AGREED_S, _DISPUTED_S = 1.5, 4.0
_AGREEMENT_S = 0.005


class SampleTimes:
    """Tells when samples were heard: by counting them, corrected slowly by what is measured.

    What is measured is the device's own account where that can be true, else the arrival less
    the length. Single measurements that are off do not count; where they stay off, as after a
    loss of sound that nobody tells of, the counting begins anew there.

    Args:
        rate_hz: Samples a second.
    """

    def __init__(self, rate_hz: int) -> None:
        self.jumps = 0
        self._rate_hz = rate_hz
        self._clock: AudioClock | None = None
        self._doubts: list[tuple[int, float]] = []

    @property
    def drift_ppm(self) -> float:
        """How much slower than the system's the device's clock is, in millionths."""
        return self._clock.drift_ppm if self._clock is not None else 0.0

    def stamp_ns(self, position: int) -> int:
        """Return when a sample was heard; only after :meth:`follow`."""
        assert self._clock is not None
        return self._clock.stamp_ns(position)

    def follow(self, block: SoundBlock) -> None:
        """Learn from the times of a block."""
        measured_ns = self._measured_ns(block)
        if self._clock is None or block.overrun:
            self._begin(block.position, measured_ns)
            return
        error_s = self._clock.error_s(block.position, measured_ns)
        if abs(error_s) <= self._clock.tolerance_s:
            self._clock.follow(block.position, measured_ns)
            self._doubts.clear()
            return
        self._doubts.append((block.position, error_s))
        if self._is_elsewhere():
            self.jumps += 1
            offset_ns = round(median(error for _, error in self._doubts) * _NS_PER_S)
            self._begin(block.position, self._clock.stamp_ns(block.position) + offset_ns)

    def _measured_ns(self, block: SoundBlock) -> int:
        length_ns = round(len(block.samples) * _NS_PER_S / self._rate_hz)
        begun_ns = block.arrived_ns - length_ns
        delay_s = (begun_ns - block.heard_ns) / _NS_PER_S
        believed = block.heard_ns > 0 and _LEAST_DELAY_S <= delay_s <= _MOST_DELAY_S
        return block.heard_ns if believed else begun_ns

    def _begin(self, position: int, stamp_ns: int) -> None:
        self._clock = AudioClock(self._rate_hz, position, stamp_ns)
        self._doubts.clear()

    def _is_elsewhere(self) -> bool:
        since_s = (self._doubts[-1][0] - self._doubts[0][0]) / self._rate_hz
        errors = [error for _, error in self._doubts]
        agreed = max(errors) - min(errors) <= _AGREEMENT_S
        return since_s >= (_AGREED_S if agreed else _DISPUTED_S)


@dataclass(frozen=True, slots=True)
class StampedSound:
    """A chunk.

    Args:
        samples: (N, channels) int16.
        stamp_ns: Of the first sample.
    """

    samples: npt.NDArray[np.int16]
    stamp_ns: int


class ChunkCutter:
    """Cuts the blocks of an opened device into chunks with stamps.

    The first two seconds are left out (:data:`SETTLING_S`), and where samples were lost the chunk
    before is a short one.

    Args:
        rate_hz: Samples a second.
        chunk: Samples of a chunk.
    """

    def __init__(self, rate_hz: int, chunk: int) -> None:
        self.times = SampleTimes(rate_hz)
        self.lost = 0
        self._chunk = chunk
        self._settled = round(SETTLING_S * rate_hz)
        self._waiting: list[npt.NDArray[np.int16]] = []
        self._count = 0
        self._next: int | None = None  # number of the sample that should come

    def cut(self, block: SoundBlock) -> Iterator[StampedSound]:
        """Take a block; yield the chunks that it completes."""
        if block.position < self._settled:
            return
        if self._next is not None and block.position > self._next:
            self.lost += block.position - self._next
        if self._count and (block.overrun or block.position != self._next):
            yield self._take(self._count)
        self.times.follow(block)
        self._next = block.position + len(block.samples)
        self._waiting.append(block.samples)
        self._count += len(block.samples)
        while self._count >= self._chunk:
            yield self._take(self._chunk)

    def _take(self, count: int) -> StampedSound:
        assert self._next is not None
        samples = np.concatenate(self._waiting)
        first = self._next - self._count
        self._waiting, self._count = [samples[count:]], self._count - count
        return StampedSound(samples[:count], self.times.stamp_ns(first))
