# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A chunk of sound: what it must be, and what may become of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from vinet_ros.errors import SoundError
from vinet_ros.streaming.sound_track import Samples

MIN_RATE_HZ, MAX_RATE_HZ = 1_000, 384_000
MAX_CHANNELS = 64


class ChunkKind(Enum):
    """What became of a chunk."""

    STARTED = "began the stream"
    APPENDED = "continued the stream"
    GAP = "came after a gap, which is silence"
    OUT_OF_ORDER = "came late and filled a gap"
    DUPLICATE = "came twice, left out"
    OVERLAP = "overlapped the one before, whose end it replaced"
    UNSTAMPED = "had no stamp, taken as the next one"
    FUTURE = "is stamped far ahead, left out"
    PAST = "is stamped far back, left out"
    RESTARTED = "agreed with the one before on another time; the stream began anew"


@dataclass(frozen=True, slots=True)
class AudioCounters:
    """What has happened since the window was made; a reset does not clear them.

    Attributes:
        chunks: Pushed and not refused.
        gaps: Times that sound was missing between two chunks.
        gap_ns: How long all gaps were.
        out_of_order: Chunks that came late and filled a gap.
        duplicates: Chunks that came twice.
        overlaps: Chunks that began before the one before had ended.
        unstamped: Chunks without a stamp.
        future: Chunks stamped far ahead.
        past: Chunks stamped far back.
        restarts: Times that the stream began anew, at another time.
        rate_changes: Times that the rate changed.
        channel_changes: Times that the number of channels changed.
        refused: Chunks that were no sound.
        resets: Times that the window was emptied by a call.
    """

    chunks: int = 0
    gaps: int = 0
    gap_ns: int = 0
    out_of_order: int = 0
    duplicates: int = 0
    overlaps: int = 0
    unstamped: int = 0
    future: int = 0
    past: int = 0
    restarts: int = 0
    rate_changes: int = 0
    channel_changes: int = 0
    refused: int = 0
    resets: int = 0


COUNTER_OF = {
    ChunkKind.OUT_OF_ORDER: "out_of_order",
    ChunkKind.DUPLICATE: "duplicates",
    ChunkKind.OVERLAP: "overlaps",
    ChunkKind.UNSTAMPED: "unstamped",
    ChunkKind.FUTURE: "future",
    ChunkKind.PAST: "past",
    ChunkKind.RESTARTED: "restarts",
}


def to_mono(samples: object, rate_hz: object) -> tuple[Samples, int]:
    """Return a chunk's mean over its channels, (N,) float32, and how many there were.

    Args:
        samples: (N,) or (N, channels), floating, -1..1.
        rate_hz: Samples a second of each channel.

    Raises:
        SoundError: If that is no sound.
    """
    if isinstance(rate_hz, bool) or not isinstance(rate_hz, int | np.integer):
        raise SoundError(f"expected a rate as a whole number of samples a second, got {rate_hz!r}")
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise SoundError(
            f"expected a rate of {MIN_RATE_HZ} to {MAX_RATE_HZ} samples a second, got {rate_hz}; "
            "check what the driver says of its rate"
        )
    if not isinstance(samples, np.ndarray) or samples.dtype.kind != "f" or samples.ndim > 2:
        raise SoundError(
            f"expected sound as a floating array (N,) or (N, channels), -1 to 1, got "
            f"{_described(samples)}; divide 16-bit samples by 32768"
        )
    channels = samples.shape[1] if samples.ndim == 2 else 1
    if samples.ndim == 0 or samples.size == 0 or channels > MAX_CHANNELS:
        raise SoundError(
            f"expected sound (N,) or (N, channels) of at least one sample and at most "
            f"{MAX_CHANNELS} channels, got {_described(samples)}"
        )
    mono = samples.mean(axis=1) if samples.ndim == 2 else samples
    if not np.isfinite(mono).all():
        raise SoundError("the sound holds NaN or infinity; check its format and byte order")
    return np.array(mono, np.float32), channels


def _described(samples: object) -> str:
    if isinstance(samples, np.ndarray):
        return f"shape {samples.shape} and type {samples.dtype}"
    return type(samples).__name__
