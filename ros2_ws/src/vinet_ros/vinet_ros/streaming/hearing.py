# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a predictor hears: its audio window, and what each prediction got of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from vinet_ros.preprocess import SOUND_RATE_HZ
from vinet_ros.streaming.audio_chunk import AudioCounters, ChunkKind
from vinet_ros.streaming.audio_window import AudioWindow
from vinet_ros.streaming.frame_window import Span

_NS_PER_S = 1_000_000_000
Exchange = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
LEAST_HEARD = 0.9
"""Share of a clip's time that must be known, or its sound counts as incomplete."""
LEAST_PEAK = 1e-4
"""Of full scale; what is never louder counts as silence."""


class HearingState(Enum):
    """How much of the newest clip's sound was there."""

    WAITING = "no prediction yet"
    HEARD = "heard"
    SILENT = "silence came in"
    INCOMPLETE = "sound is late or has gaps; silence in its place"
    NOTHING = "no sound of the time of these frames; silence instead"


@dataclass(frozen=True, slots=True)
class HearingCounters:
    """How many predictions were made with which sound; a reset does not clear them."""

    heard: int = 0
    silent: int = 0
    incomplete: int = 0
    nothing: int = 0


@dataclass(frozen=True, slots=True)
class HearingStatus:
    """What is known of the sound.

    Attributes:
        state: Of the newest prediction.
        share: Of its time that was known, 0 to 1.
        peak: Of its samples, 1 is full scale.
        rate_hz: Of the newest chunk; None before any.
        channels: Of the newest chunk; None before any.
        lag_s: How much older the newest sound was than its newest frame; below zero, sound is
            ahead. None without sound.
        drift_ppm: How much slower than the stamps the microphone's clock is.
        jitter_s: Mean deviation of the stamps.
    """

    state: HearingState
    share: float
    peak: float
    rate_hz: int | None
    channels: int | None
    lag_s: float | None
    drift_ppm: float
    jitter_s: float


class Hearing:
    """An audio window behind a lock, and counts; push from any thread.

    Args:
        offset_s: Added to each chunk's stamp: above zero, sound belongs to later frames.
        rate_hz: Of the excerpts.

    Attributes:
        exchange: Gives what a prediction hears in place of an excerpt (N,); None: the excerpt.

    Raises:
        ValueError: If the offset is not finite.
    """

    def __init__(self, offset_s: float = 0.0, rate_hz: int = SOUND_RATE_HZ) -> None:
        self._lock = threading.Lock()
        self._window = AudioWindow(rate_hz=rate_hz)
        self.offset_s = offset_s
        self.exchange: Exchange | None = None
        self._state = HearingState.WAITING
        self._share = self._peak = 0.0
        self._lag_s: float | None = None
        self._counts = dict.fromkeys(HearingCounters.__dataclass_fields__, 0)

    @property
    def offset_s(self) -> float:
        """What is added to each stamp, in seconds; it may be changed at any time."""
        return self._window.offset_s

    @offset_s.setter
    def offset_s(self, value: float) -> None:
        if not np.isfinite(value):
            raise ValueError(f"the audio offset must be finite, got {value}")
        with self._lock:
            self._window.offset_s = float(value)

    def push(
        self, samples: npt.NDArray[np.float32], rate_hz: int, stamp_ns: int | None
    ) -> ChunkKind:
        """Take a chunk, as :meth:`AudioWindow.push` does.

        Raises:
            SoundError: If it is no sound; what was heard before stays.
        """
        with self._lock:
            return self._window.push(samples, rate_hz, stamp_ns)

    def finish(self) -> None:
        """Say that no more will come: excerpts end with the stream."""
        with self._lock:
            self._window.finish()

    def excerpt(self, span: Span) -> npt.NDArray[np.float32]:
        """Return the sound of a window of frames (N,), and count what there was of it."""
        with self._lock:
            excerpt = self._window.excerpt(span.first_ns, span.last_ns, span.period_s)
            newest_ns = self._window.newest_stamp_ns
            peak = float(np.abs(excerpt.samples).max(initial=0.0))
            self._state = _state(excerpt.heard, peak)
            self._share, self._peak = excerpt.heard, peak
            self._lag_s = None if newest_ns is None else (span.last_ns - newest_ns) / _NS_PER_S
            self._counts[self._state.name.lower()] += 1
        return excerpt.samples if self.exchange is None else self.exchange(excerpt.samples)

    def reset(self) -> None:
        """Forget all sound."""
        with self._lock:
            self._window.reset()

    @property
    def counters(self) -> HearingCounters:
        """How many predictions were made with which sound."""
        with self._lock:
            return HearingCounters(**self._counts)

    @property
    def audio_counters(self) -> AudioCounters:
        """What became of the chunks."""
        with self._lock:
            return self._window.counters

    @property
    def status(self) -> HearingStatus:
        """What is known of the sound now."""
        with self._lock:
            rate_hz, channels = self._window.source or (None, None)
            return HearingStatus(
                state=self._state,
                share=self._share,
                peak=self._peak,
                rate_hz=rate_hz,
                channels=channels,
                lag_s=self._lag_s,
                drift_ppm=self._window.drift_ppm,
                jitter_s=self._window.jitter_s,
            )


def _state(share: float, peak: float) -> HearingState:
    if share == 0.0:
        return HearingState.NOTHING
    if share < LEAST_HEARD:
        return HearingState.INCOMPLETE
    return HearingState.HEARD if peak >= LEAST_PEAK else HearingState.SILENT
