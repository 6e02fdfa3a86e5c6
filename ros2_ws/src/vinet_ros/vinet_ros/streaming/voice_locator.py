# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""From chunks of sound as they come to where a voice is, several times a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vinet_ros.errors import SoundError
from vinet_ros.streaming.sound_direction import DirectionFinder, microphone_positions
from vinet_ros.streaming.voice_activity import FRAME_S, VoiceGate, voice_gate

_NS_PER_S = 1_000_000_000
MOST_MICROPHONES = 16
STEP_S = 0.16
"""Between two answers."""
SPAN_S = 0.512
"""Sound that an answer is made of."""
LEAST_VOICE = 0.5
"""Share of that sound that must be voice, or there is no answer."""
_MAX_GAP_NS = _NS_PER_S // 10
_JUMP_BACK_NS = _NS_PER_S

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VoiceDirection:
    """Where a voice came from.

    Attributes:
        stamp_ns: The middle of the sound that says so.
        azimuth_rad: Positive to the left of the microphones' front, -pi..pi.
        confidence: Agreement of all frequencies and pairs of microphones, 0 to 1.
        voice: Share of the sound that is voice, LEAST_VOICE to 1.
    """

    stamp_ns: int
    azimuth_rad: float
    confidence: float
    voice: float


class VoiceLocator:
    """Keeps the newest half second of all channels and asks it, every 0.16 s, for a voice.

    A change of rate or channels, a gap of more than 0.1 s or a jump back of the stamps begins
    anew. Chunks that come twice or late are left out.

    Args:
        spacing_m: As :func:`microphone_positions` takes it.
        channels: Which channels are microphones, from 0; empty: all.
        gate: Tells voice from other sound; None: the best that is installed.

    Attributes:
        problem: Why there can be no direction, such as mono; empty: there can.
        voice: Share of the newest half second that is voice, 0 to 1.
        newest: The newest answer; None where there was no voice.

    Raises:
        ValueError: If the spacing is none that sound can tell.
    """

    def __init__(
        self, spacing_m: float, channels: Sequence[int] = (), gate: VoiceGate | None = None
    ) -> None:
        microphone_positions(2, spacing_m)
        self._spacing_m, self._channels = spacing_m, list(channels)
        self._gate = gate or voice_gate()
        self._source = (0, 0)
        self._finder: DirectionFinder | None = None
        self.problem = "no sound yet"
        self.newest: VoiceDirection | None = None
        self.reset()

    @property
    def gate_name(self) -> str:
        """How voice is told from other sound."""
        return self._gate.name

    @property
    def heard_any(self) -> bool:
        """Whether any sound has come."""
        return self._source != (0, 0)

    def reset(self) -> None:
        """Forget all sound."""
        self.voice = 0.0
        self.newest = None
        self._sound: Samples | None = None
        self._voiced: deque[bool] = deque(maxlen=round(SPAN_S / FRAME_S))
        self._begin_ns = self._end_ns = 0
        self._unasked_s = 0.0
        self._gate.start(self._source[0] or 16_000)

    def expect(self, rate_hz: int, channels: int) -> None:
        """Begin anew where the source is another one; :attr:`problem` says if it is of use."""
        if self._source == (rate_hz, channels):
            return
        self._source = (rate_hz, channels)
        self._finder, self.problem = self._new_finder()
        self.reset()

    def push(self, samples: Samples, rate_hz: int, stamp_ns: int | None) -> VoiceDirection | None:
        """Take a chunk, return where a voice is, if it is time to ask and there is one.

        Args:
            samples: (N, channels), -1..1.
            rate_hz: Samples a second of each channel.
            stamp_ns: Of the first sample; None where it follows the chunk before.

        Raises:
            SoundError: If the sound holds NaN or infinity.
        """
        if not np.isfinite(samples).all():
            raise SoundError("the sound holds NaN or infinity; check its format and byte order")
        self.expect(rate_hz, samples.shape[1])
        stamp_ns = self._end_ns if stamp_ns is None else stamp_ns
        if self._finder is None or not self._continues(stamp_ns):
            return None
        self._begin_ns = stamp_ns
        self._end_ns = stamp_ns + round(len(samples) * _NS_PER_S / rate_hz)
        self._append(samples[:, self._channels] if self._channels else samples)
        self._unasked_s += len(samples) / rate_hz
        if self._unasked_s < STEP_S:
            return None
        self._unasked_s = 0.0
        self.newest = self._find(self._finder)
        return self.newest

    def _continues(self, stamp_ns: int) -> bool:
        """Return whether a chunk is to be taken; begin anew where it does not follow."""
        if not self._end_ns:
            return stamp_ns > 0
        late_ns = stamp_ns - self._end_ns
        if late_ns > _MAX_GAP_NS or stamp_ns < self._begin_ns - _JUMP_BACK_NS:
            self.reset()
            return True
        return stamp_ns > self._begin_ns

    def _append(self, samples: Samples) -> None:
        keep = round(SPAN_S * self._source[0])
        before = samples[:0] if self._sound is None else self._sound
        self._sound = np.concatenate((before, samples))[-keep:]
        self._voiced.extend(self._gate.push(samples.mean(axis=1)).tolist())
        self.voice = sum(self._voiced) / (self._voiced.maxlen or 1)

    def _find(self, finder: DirectionFinder) -> VoiceDirection | None:
        if self._sound is None or self.voice < LEAST_VOICE:
            return None
        found = finder.find(self._sound)
        if found is None:
            return None
        half_ns = round(len(self._sound) * _NS_PER_S / (2 * self._source[0]))
        return VoiceDirection(
            self._end_ns - half_ns, found.azimuth_rad, found.confidence, self.voice
        )

    def _new_finder(self) -> tuple[DirectionFinder | None, str]:
        """Return what finds directions in sound of this source, or why nothing can."""
        rate_hz, channels = self._source
        if self._channels and max(self._channels) >= channels:
            return None, (
                f"microphone_channels asks for channel {max(self._channels)}, the sound has 0 to "
                f"{channels - 1}; look at the driver's channels"
            )
        count = len(self._channels) or channels
        if count > MOST_MICROPHONES:
            return None, (
                f"{count} channels are more than {MOST_MICROPHONES} microphones; set "
                "microphone_channels to those that are some"
            )
        try:
            return DirectionFinder(microphone_positions(count, self._spacing_m), rate_hz), ""
        except ValueError as error:
            return None, str(error)
