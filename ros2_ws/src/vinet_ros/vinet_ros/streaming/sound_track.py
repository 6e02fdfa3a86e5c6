# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The last seconds of a sound, in memory of a fixed size, and their resampling."""

from __future__ import annotations

from math import gcd

import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.float32]
_QUALITY = "HQ"
_CONTEXT_S = 0.05  # what a resampled sample depends on, to either side
_LONGEST_LAG_S = 0.15  # in soxr's memory; its blocks are longest at low rates


class SoundTrack:
    """The newest samples of an endless row, and which of them were ever heard.

    What was not written, or is older than the memory, reads as silence.

    Args:
        capacity: Samples that are kept.
    """

    def __init__(self, capacity: int) -> None:
        self._sound = np.zeros(capacity, np.float32)
        self._heard = np.zeros(capacity, np.bool_)
        self.end = 0

    @property
    def capacity(self) -> int:
        """Samples that are kept."""
        return len(self._sound)

    def clear(self) -> None:
        """Forget all."""
        self._heard[:] = False
        self._sound[:] = 0.0
        self.end = 0

    def extend(self, end: int) -> None:
        """Let the row reach to a sample at least; new ones are silence, not heard."""
        new = min(end - self.end, self.capacity)
        if new > 0:
            places = np.arange(end - new, end) % self.capacity
            self._sound[places] = 0.0
            self._heard[places] = False
            self.end = end

    def write(self, begin: int, samples: Samples) -> None:
        """Put samples at a place, before or after the end."""
        self.extend(begin + len(samples))
        oldest = self.end - self.capacity
        kept = samples[max(0, oldest - begin) :]
        if len(kept):
            places = np.arange(begin + len(samples) - len(kept), begin + len(samples))
            self._sound[places % self.capacity] = kept
            self._heard[places % self.capacity] = True

    def cut(self, end: int) -> None:
        """Forget what comes after a place."""
        if end < self.end:
            places = np.arange(max(end, self.end - self.capacity), self.end) % self.capacity
            self._sound[places] = 0.0
            self._heard[places] = False
            self.end = end

    def read(self, begin: int, end: int) -> tuple[Samples, npt.NDArray[np.bool_]]:
        """Return copies of the samples of a part of the row, and which of them were heard."""
        sound = np.zeros(max(end - begin, 0), np.float32)
        heard = np.zeros(len(sound), np.bool_)
        first, last = max(begin, self.end - self.capacity), min(end, self.end)
        if first < last:
            places = np.arange(first, last) % self.capacity
            sound[first - begin : last - begin] = self._sound[places]
            heard[first - begin : last - begin] = self._heard[places]
        return sound, heard


class SoundResampler:
    """Resamples one uninterrupted piece of mono sound, chunk by chunk.

    Args:
        from_hz: Rate of what comes in.
        to_hz: Rate of what goes out.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self.from_hz, self.to_hz = from_hz, to_hz
        self.taken = 0
        self.given = 0
        self._finished = False
        self._stream = (
            None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, 1, quality=_QUALITY)
        )
        self._newest = np.zeros(0, np.float32)
        # Only from every so many samples on does a second resampling fall on the same grid.
        self._step = from_hz // gcd(from_hz, to_hz)
        self._remembered = round((_LONGEST_LAG_S + _CONTEXT_S) * from_hz) + self._step

    @property
    def length(self) -> float:
        """Samples at the outgoing rate that what came in stands for."""
        return self.taken * self.to_hz / self.from_hz

    def push(self, samples: Samples) -> Samples:
        """Take samples; return those that are ready."""
        self.taken += len(samples)
        if self._stream is None:
            self.given = self.taken
            return samples
        self._newest = np.concatenate((self._newest, samples))[-self._remembered :]
        return self._give(self._stream.resample_chunk(samples))

    def finish(self) -> Samples:
        """Return what was not ready yet; nothing may be pushed afterwards."""
        nothing = np.zeros(0, np.float32)
        if self._stream is None or self._finished:
            return nothing
        self._finished = True
        return self._give(self._stream.resample_chunk(nothing, last=True))

    def preview(self) -> Samples:
        """Return what is not ready yet, as it is if no more comes; nothing is changed.

        It is empty for rates that have little in common with the outgoing one.
        """
        nothing = np.zeros(0, np.float32)
        if self._stream is None or self._step > _CONTEXT_S * self.from_hz:
            return nothing
        wanted = self.given * self.from_hz // self.to_hz - round(_CONTEXT_S * self.from_hz)
        oldest = self.taken - len(self._newest)
        begin = max(-(-oldest // self._step), wanted // self._step, 0) * self._step
        skipped = self.given - begin * self.to_hz // self.from_hz
        if skipped < 0:
            return nothing
        tail = soxr.resample(
            self._newest[begin - oldest :], self.from_hz, self.to_hz, quality=_QUALITY
        )
        rest: Samples = tail[skipped:]
        return rest

    def _give(self, samples: Samples) -> Samples:
        self.given += len(samples)
        return samples
