# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a network may hear in place of a clip's own sound: nothing, noise, or another clip.

All work on the excerpt that belongs to a clip's frames, mono at the network's rate, before its
:class:`~vinet_ros.sound_forms.SoundForm` makes an input of it: so each sound has the clip's length
and place.

Source:
    Jain et al., IROS 2021, table VI (zero), and the thesis that followed it, tables 5.1 (zero,
    normal) and 5.9 (normal, Wolfram, shuffled). What it leaves open is said with each function.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from vinet_ros.errors import SoundError
from vinet_ros.preprocess import SOUND_RATE_HZ
from vinet_ros.streaming.rule30 import rule30_values
from vinet_ros.streaming.sound_track import SoundResampler

Samples = npt.NDArray[np.float32]

REAL, ZERO, NORMAL, WOLFRAM, SHUFFLED = "real", "zero", "normal", "wolfram", "shuffled"
REGIMES = (REAL, ZERO, NORMAL, WOLFRAM, SHUFFLED)


@dataclass(frozen=True, slots=True)
class Recording:
    """The whole sound of a clip, read when it is needed.

    Attributes:
        name: Of the clip; two clips of a collection have two names.
        read: Returns the samples (N,), mono at the network's rate, -1..1; it may raise DataError.
    """

    name: str
    read: Callable[[], Samples]


def at_rate(recording: Recording, rate_hz: int) -> Recording:
    """Return a recording of 22,050 Hz at another rate, resampled when it is read."""
    if rate_hz == SOUND_RATE_HZ:
        return recording
    return Recording(recording.name, partial(_resampled, recording, rate_hz))


def _resampled(recording: Recording, rate_hz: int) -> Samples:
    resampler = SoundResampler(SOUND_RATE_HZ, rate_hz)
    return np.concatenate([resampler.push(recording.read()), resampler.finish()])


class AudioRegimes:
    """Sounds by the names of :data:`REGIMES`, the same ones for the same seed.

    A sound depends on seed, regime, clip, moment and draw alone: not on the order in which sounds
    are asked for, nor on what else was.

    Args:
        seed: Of all that is drawn.
        others: Where shuffled sound comes from; a clip's own recording may be among them.
        normal_std: Deviation of normal noise, 1 is full scale; None: that of the clip's sound.

    Raises:
        ValueError: If the seed is negative or the deviation is not a positive number.
    """

    def __init__(
        self, seed: int = 0, others: Sequence[Recording] = (), normal_std: float | None = None
    ) -> None:
        if seed < 0:
            raise ValueError(f"seed must be at least 0, got {seed}")
        if normal_std is not None and not (np.isfinite(normal_std) and normal_std > 0):
            raise ValueError(f"normal_std must be above 0, got {normal_std}; 1 is full scale")
        self._seed, self._others, self._normal_std = seed, tuple(others), normal_std

    def sound(
        self, regime: str, real: Samples, own: Recording, moment: int, draw: int = 0
    ) -> Samples:
        """Return what is heard in place of a clip's sound, of the same length.

        Args:
            regime: One of :data:`REGIMES`.
            real: The clip's sound (N,).
            own: The recording that it is from.
            moment: Which clip of it, such as the number of its newest frame.
            draw: Another one gives other noise and another other recording, as training needs.

        Raises:
            ValueError: If there is no such regime.
            SoundError: If shuffled sound has no other recording to come from.
            DataError: If that recording cannot be read.
        """
        seed = (self._seed, _number(regime), _number(own.name), moment, draw)
        if regime == REAL:
            return real
        if regime == ZERO:
            return np.zeros_like(real)
        if regime == NORMAL:
            return normal_sound(real, seed, self._normal_std)
        if regime == WOLFRAM:
            return wolfram_sound(real, seed)
        if regime == SHUFFLED:
            _, other = self.other_of(own, draw)
            return cut_sound(other, len(real), seed)
        raise ValueError(f"no audio regime {regime!r}; there are {', '.join(REGIMES)}")

    def other_of(self, own: Recording, draw: int = 0) -> tuple[Recording, Samples]:
        """Return the recording that stands in for a clip's, and its samples.

        It is never the clip's own, under its own name or another: one that holds the very same
        samples is passed over.

        Raises:
            SoundError: If there is none.
            DataError: If a recording cannot be read.
        """
        rng = np.random.default_rng((self._seed, _number(SHUFFLED), _number(own.name), draw))
        samples: Samples | None = None
        for place in rng.permutation(len(self._others)):
            other = self._others[place]
            if other.name == own.name:
                continue
            samples = own.read() if samples is None else samples
            found = other.read()
            if len(found) and not np.array_equal(found, samples):
                return other, found
        raise SoundError(
            f"no sound to shuffle in for {own.name}: expected another clip with a sound of its "
            f"own, got {len(self._others)} recordings; give more clips"
        )


def normal_sound(real: Samples, seed: int | Sequence[int], std: float | None = None) -> Samples:
    """Return normal noise as long as a sound.

    Args:
        real: The sound (N,).
        seed: As :func:`numpy.random.default_rng` takes it.
        std: Deviation, 1 is full scale; None: the sound's own, so of silence it is silence. The
            thesis does not say which.
    """
    deviation = (float(real.std()) if len(real) else 0.0) if std is None else std
    noise = np.random.default_rng(seed).standard_normal(len(real), np.float32)
    return np.asarray(noise * np.float32(deviation), np.float32)


def wolfram_sound(real: Samples, seed: int | Sequence[int]) -> Samples:
    """Return noise with the amplitude distribution of a sound, in the order of rule 30.

    The ranks of the automaton's numbers choose among the sound's own sorted samples, so the two
    distributions are one. The thesis says "Wolfram algorithm ... based on the distribution of the
    original audio vector" and no more.

    Args:
        real: The sound (N,).
        seed: Of the automaton.
    """
    ranks = np.argsort(np.argsort(rule30_values(len(real), seed), kind="stable"), kind="stable")
    return np.asarray(np.sort(real)[ranks], np.float32)


def cut_sound(recording: Samples, length: int, seed: int | Sequence[int]) -> Samples:
    """Return so many samples from a random place of a recording; a shorter one is repeated.

    Args:
        recording: (M,), M at least 1.
        length: How many.
        seed: As :func:`numpy.random.default_rng` takes it.
    """
    start = int(np.random.default_rng(seed).integers(max(len(recording) - length, 0) + 1))
    return np.asarray(np.resize(recording[start:], length), np.float32)


def _number(text: str) -> int:
    return zlib.crc32(text.encode())
