# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The audio window: the last seconds of a microphone, placed by the stamps of its chunks."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np
import numpy.typing as npt

from vinet_ros.errors import SoundError
from vinet_ros.preprocess import SOUND_RATE_HZ
from vinet_ros.streaming.audio_chunk import (
    COUNTER_OF,
    MAX_RATE_HZ,
    MIN_RATE_HZ,
    AudioCounters,
    ChunkKind,
    to_mono,
)
from vinet_ros.streaming.audio_clock import AudioClock
from vinet_ros.streaming.sound_track import Samples, SoundResampler, SoundTrack

_NS_PER_S = 1_000_000_000
MAX_JUMP_S = 1.0
"""A stamp this far from the expected one is believed only when the next one agrees."""
_AGREE_S = 0.1
_PIECE_S = 0.5  # a longer chunk is taken in pieces
_ROUNDING = 1e-3  # samples; stamps are whole nanoseconds


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """The sound of a clip.

    Attributes:
        samples: (N,) float32, mono, at the window's rate; what is not known is zero.
        heard: Share of the asked-for time that is known, 0 to 1.
    """

    samples: Samples
    heard: float


class AudioWindow:
    """The newest sound, mono at one rate, each sample at its time.

    A chunk is resampled once, on arrival, and joins the one before without a seam while its
    stamp says so within the stamps' jitter. Slow drift between the microphone's clock and the
    stamps is followed. What is missing is silence, and is counted; memory is bounded.

    Not thread-safe; :class:`vinet_ros.streaming.Predictor` holds the lock.

    Args:
        length_s: Seconds of sound that are kept.
        rate_hz: Rate of the excerpts.
        offset_s: Added to each stamp: above zero, sound belongs to later frames.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self, length_s: float = 8.0, rate_hz: int = SOUND_RATE_HZ, offset_s: float = 0.0
    ) -> None:
        if not (np.isfinite(length_s) and 0.1 <= length_s <= 600.0):
            raise ValueError(f"length_s must be 0.1 to 600, got {length_s}")
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"rate_hz must be {MIN_RATE_HZ} to {MAX_RATE_HZ}, got {rate_hz}")
        self.rate_hz = rate_hz
        self.offset_s = offset_s
        self._track = SoundTrack(round(length_s * rate_hz))
        self._clock: AudioClock | None = None
        self._resampler = SoundResampler(rate_hz, rate_hz)
        self._piece_at = 0  # where the uninterrupted piece began that the resampler is in
        self._begin = 0  # where the stream began
        self._source: tuple[int, int] | None = None  # rate and channels
        self._suspected_ns: int | None = None
        self._finished = False
        self._counters = dict.fromkeys(AudioCounters.__dataclass_fields__, 0)

    def push(
        self, samples: npt.NDArray[np.float32], rate_hz: int, stamp_ns: int | None
    ) -> ChunkKind:
        """Take a chunk.

        Args:
            samples: (N,) or (N, channels), floating, -1..1.
            rate_hz: Samples a second of each channel.
            stamp_ns: When the first sample was heard; None where nobody knows: the chunk then
                follows the one before. So does one that is stamped zero in a stream that is not.

        Raises:
            SoundError: If it is no sound; the window is left as it was.
        """
        try:
            mono, channels = to_mono(samples, rate_hz)
        except SoundError:
            self._counters["refused"] += 1
            raise
        self._counters["chunks"] += 1
        self._take_source(rate_hz, channels)
        kind = self._place(mono, rate_hz, None if stamp_ns is None else int(stamp_ns))
        if kind in COUNTER_OF:
            self._counters[COUNTER_OF[kind]] += 1
        return kind

    def excerpt(self, first_ns: int, last_ns: int, period_s: float) -> Excerpt:
        """Return the sound of a clip, from half a frame before its first to half one after.

        It begins with the stream where that began later, and ends with it once it has finished.
        Sound that is late is silence.

        Args:
            first_ns: Stamp of the first frame.
            last_ns: Stamp of the newest.
            period_s: Time from one frame to the next.

        Source:
            The data loader of the public ViNet code; tests/golden/audio_window_vinet.npz.
        """
        nothing = Excerpt(np.zeros(0, np.float32), 0.0)
        if self._clock is None:
            return nothing
        offset_ns = round(self.offset_s * _NS_PER_S)
        half = self.rate_hz * period_s / 2 - _ROUNDING
        begin = floor(self._clock.position(first_ns - offset_ns) - half)
        end = floor(self._clock.position(last_ns - offset_ns) + half + 2 * _ROUNDING) + 1
        begin = max(begin, self._begin)
        if self._finished:
            end = min(end, self._track.end)
        end = min(end, begin + self._track.capacity)
        if end <= begin:
            return nothing
        sound, heard = self._track.read(begin, end)
        self._add_preview(sound, heard, begin)
        return Excerpt(sound, float(heard.mean()))

    def finish(self) -> None:
        """Say that no more will come: excerpts end with the stream."""
        self._end_piece()
        self._finished = True

    def reset(self) -> None:
        """Forget all sound; the next chunk begins the stream anew."""
        self._forget()
        self._source = None
        self._counters["resets"] += 1

    @property
    def counters(self) -> AudioCounters:
        """A copy of the counts so far."""
        return AudioCounters(**self._counters)

    @property
    def source(self) -> tuple[int, int] | None:
        """Rate and channels of the newest chunk; None before any."""
        return self._source

    @property
    def newest_stamp_ns(self) -> int | None:
        """When the newest sample was heard, offset included; None when empty."""
        if self._clock is None:
            return None
        return self._clock.stamp_ns(self._next) + round(self.offset_s * _NS_PER_S)

    @property
    def drift_ppm(self) -> float:
        """How much slower than the stamps the microphone's clock is, in millionths."""
        return self._clock.drift_ppm if self._clock else 0.0

    @property
    def jitter_s(self) -> float:
        """Mean deviation of the stamps from the clock that they show."""
        return self._clock.jitter_s if self._clock else 0.0

    @property
    def _next(self) -> float:
        """Where the next chunk will begin if nothing is missing."""
        return self._piece_at + self._resampler.length

    def _take_source(self, rate_hz: int, channels: int) -> None:
        before, self._source = self._source, (rate_hz, channels)
        if before is None:
            self._resampler = SoundResampler(rate_hz, self.rate_hz)
            return
        self._counters["channel_changes"] += before[1] != channels
        if before[0] != rate_hz:
            self._counters["rate_changes"] += 1
            self._begin_piece(round(self._next))

    def _place(self, mono: Samples, rate_hz: int, stamp_ns: int | None) -> ChunkKind:
        """Put a chunk where it belongs and return what it was."""
        if self._clock is None:
            return self._start(mono, stamp_ns, ChunkKind.STARTED)
        if stamp_ns is None:
            self._append(mono)
            return ChunkKind.UNSTAMPED
        error_s = self._clock.error_s(self._next, stamp_ns)
        if abs(error_s) > MAX_JUMP_S:
            return self._jump(mono, rate_hz, stamp_ns, error_s)
        self._suspected_ns = None
        if abs(error_s) <= self._clock.tolerance_s:
            self._clock.follow(self._next, stamp_ns)
            self._append(mono)
            return ChunkKind.APPENDED
        self._clock.note_jitter(error_s, len(mono) / rate_hz)
        if error_s > 0:
            return self._skip(mono, stamp_ns, error_s)
        return self._go_back(mono, rate_hz, stamp_ns)

    def _start(self, mono: Samples, stamp_ns: int | None, kind: ChunkKind) -> ChunkKind:
        if stamp_ns is None:
            return ChunkKind.UNSTAMPED  # nobody knows where it belongs
        self._clock = AudioClock(self.rate_hz, 0.0, stamp_ns)
        self._append(mono)
        return kind

    def _append(self, mono: Samples) -> None:
        if self._finished:
            self._begin_piece(round(self._next))
            self._finished = False
        size = max(1, round(_PIECE_S * self._resampler.from_hz))
        for k in range(0, len(mono), size):
            begin = self._piece_at + self._resampler.given
            self._track.write(begin, self._resampler.push(mono[k : k + size]))

    def _skip(self, mono: Samples, stamp_ns: int, error_s: float) -> ChunkKind:
        assert self._clock is not None
        self._counters["gaps"] += 1
        self._counters["gap_ns"] += round(error_s * _NS_PER_S)
        self._begin_piece(round(self._clock.position(stamp_ns)))
        self._append(mono)
        return ChunkKind.GAP

    def _go_back(self, mono: Samples, rate_hz: int, stamp_ns: int) -> ChunkKind:
        """Take a chunk that should have come before: it fills a gap, is there, or overlaps."""
        assert self._clock is not None
        begin = round(self._clock.position(stamp_ns))
        end = begin + round(len(mono) * self.rate_hz / rate_hz)
        if end > self._next + self._clock.tolerance_s * self.rate_hz:
            self._begin_piece(begin)
            self._append(mono)
            return ChunkKind.OVERLAP
        end = min(end, self._track.end)
        _, heard = self._track.read(begin, end)
        if len(heard) == 0 or heard.mean() > 0.5 or begin < self._begin:
            return ChunkKind.DUPLICATE
        alone = SoundResampler(rate_hz, self.rate_hz)
        sound = np.concatenate((alone.push(mono), alone.finish()))
        self._track.write(begin, sound[: end - begin])
        return ChunkKind.OUT_OF_ORDER

    def _jump(self, mono: Samples, rate_hz: int, stamp_ns: int, error_s: float) -> ChunkKind:
        """Take a chunk that is stamped far off: one that agrees with it makes it true."""
        if stamp_ns == 0:
            self._append(mono)
            return ChunkKind.UNSTAMPED
        suspected_ns = self._suspected_ns
        self._suspected_ns = stamp_ns + round(len(mono) * _NS_PER_S / rate_hz)
        if suspected_ns is None or abs(stamp_ns - suspected_ns) > _AGREE_S * _NS_PER_S:
            return ChunkKind.FUTURE if error_s > 0 else ChunkKind.PAST
        self._suspected_ns = None
        if 0 < error_s * self.rate_hz < self._track.capacity:
            return self._skip(mono, stamp_ns, error_s)
        source = self._source
        self._forget()
        self._source = source
        self._resampler = SoundResampler(rate_hz, self.rate_hz)
        return self._start(mono, stamp_ns, ChunkKind.RESTARTED)

    def _begin_piece(self, at: int) -> None:
        """Let the next chunk begin at a place, with nothing before it."""
        self._end_piece()
        self._track.cut(at)
        self._track.extend(at)
        self._piece_at = at
        assert self._source is not None
        self._resampler = SoundResampler(self._source[0], self.rate_hz)

    def _end_piece(self) -> None:
        """Write what the resampler still holds."""
        begin = self._piece_at + self._resampler.given
        self._track.write(begin, self._resampler.finish())

    def _forget(self) -> None:
        self._track.clear()
        self._clock = None
        self._resampler = SoundResampler(self.rate_hz, self.rate_hz)
        self._piece_at = self._begin = 0
        self._suspected_ns = None
        self._finished = False

    def _add_preview(self, sound: Samples, heard: npt.NDArray[np.bool_], begin: int) -> None:
        """Complete an excerpt by what the resampler has not given out yet."""
        ready = self._piece_at + self._resampler.given
        if self._finished or begin + len(sound) <= ready:
            return
        rest = self._resampler.preview()
        first, last = max(begin, ready), min(begin + len(sound), ready + len(rest))
        if first < last:
            sound[first - begin : last - begin] = rest[first - ready : last - ready]
            heard[first - begin : last - begin] = True
