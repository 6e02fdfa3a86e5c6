# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Where a sound comes from, by the times at which several microphones hear it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vinet_ros.errors import SoundError

SPEED_OF_SOUND_M_S = 343.0
MIN_SPACING_M, MAX_SPACING_M = 0.005, 2.0
_BLOCK_S = 0.032
_BAND_HZ = (600.0, 5500.0)  # below, a room's echoes reach near microphones alike
_STEP_RAD = np.deg2rad(1.0)
_FLOOR_SHARE = 0.2  # of the blocks, taken for the noise between two words
_ECHO_DECAY = 0.8  # of power from block to block: 0.5 s for 60 dB
_ECHO_MARGIN = 2.0
_LOUDEST_SHARE = 0.2  # of the blocks: none of them counts for more than the others
_NOTHING = 1e-9  # power of a block's frequency that is as good as none
_LEAST_BLOCKS = 8
_LEAST_CONFIDENCE = 0.1  # noise that is alike nowhere gives 0.02
_LEAST_LEVEL = 1e-5  # mean power of full scale 1, -50 dB: below, nothing is asked

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SoundDirection:
    """Where the loudest sound of some time came from.

    Attributes:
        azimuth_rad: Positive to the left of the array's front, -pi..pi; of two microphones
            -pi/2..pi/2, as they cannot tell front from back.
        confidence: Agreement of all frequencies and pairs on it, 0 to 1.
    """

    azimuth_rad: float
    confidence: float


def microphone_positions(channels: int, spacing_m: float) -> npt.NDArray[np.float64]:
    """Return where the microphones of a usual array are.

    Args:
        channels: Two lie across, the first to the left; more lie on a circle, the first in front,
            the others counter-clockwise.
        spacing_m: Distance of two; diameter of the circle.

    Returns:
        (channels, 2) metres, x to the front and y to the left.

    Raises:
        ValueError: If there is but one channel, or the spacing is none that sound can tell.
    """
    if channels < 2:
        raise ValueError(
            f"{channels} channel has no direction; use a microphone with two or more channels"
        )
    if not MIN_SPACING_M <= spacing_m <= MAX_SPACING_M:
        raise ValueError(
            f"the spacing must be {MIN_SPACING_M} to {MAX_SPACING_M} m, got {spacing_m}; measure "
            "the distance of the microphones"
        )
    angles = np.pi / 2 + np.pi * np.arange(2) if channels == 2 else _circle(channels)
    return spacing_m / 2 * np.stack((np.cos(angles), np.sin(angles)), axis=1)


class DirectionFinder:
    """Steered response power with phase transform (SRP-PHAT) over all pairs of microphones.

    Of each frequency only its phase counts, so that no strong tone decides; and only while it
    rises above the noise and above the echo of what was before, for what comes first comes
    straight. No short time decides either: a knock fills all frequencies. With two microphones
    it is GCC-PHAT.

    Args:
        positions_m: Of the microphones, (channels, 2): x to the front, y to the left.
        rate_hz: Samples a second of each channel.

    Raises:
        ValueError: If there are fewer than two microphones, or the rate is too low for a voice.

    Source:
        J. DiBiase, "A high-accuracy, low-latency technique for talker localization in
        reverberant environments using microphone arrays", 2000; Knapp and Carter, 1976.
    """

    def __init__(self, positions_m: npt.NDArray[np.float64], rate_hz: int) -> None:
        positions = np.asarray(positions_m, np.float64)
        if positions.ndim != 2 or len(positions) < 2 or positions.shape[1] != 2:
            raise ValueError(
                f"expected positions (channels, 2) of two or more microphones, got shape "
                f"{positions.shape}"
            )
        if rate_hz < 8_000:
            raise ValueError(f"expected a rate of at least 8000, got {rate_hz}")
        self.channels, self.rate_hz = len(positions), rate_hz
        self._size = 2 ** round(np.log2(_BLOCK_S * rate_hz))
        frequencies = np.fft.rfftfreq(self._size, 1 / rate_hz)
        self._band = (frequencies >= _BAND_HZ[0]) & (frequencies <= _BAND_HZ[1])
        self._first, self._second = np.triu_indices(self.channels, 1)
        reach = np.pi / 2 if _on_a_line(positions) else np.pi
        self._angles = np.arange(-reach, reach + _STEP_RAD / 2, _STEP_RAD)
        self._full_circle = reach == np.pi
        towards = np.stack((np.cos(self._angles), np.sin(self._angles)))  # (2, A)
        apart = positions[self._first] - positions[self._second]  # (P, 2)
        ahead_s = apart @ towards / SPEED_OF_SOUND_M_S  # (P, A): first hears earlier
        phases = -2j * np.pi * frequencies[self._band][None, :, None] * ahead_s[:, None, :]
        self._steering = np.exp(phases).astype(np.complex64)  # (P, F, A)

    def find(self, samples: Samples) -> SoundDirection | None:
        """Return where the loudest sound came from, or None where nothing stands out.

        Args:
            samples: (N, channels), -1..1; half a second or more is best.

        Raises:
            SoundError: If there is another number of channels.
        """
        if samples.ndim != 2 or samples.shape[1] != self.channels:
            raise SoundError(
                f"expected sound (N, {self.channels}), got shape {samples.shape}; make a finder "
                "for that microphone"
            )
        spectra = self._spectra(samples)  # (T, C, F)
        if len(spectra) < _LEAST_BLOCKS:
            return None
        cross = spectra[:, self._first] * spectra[:, self._second].conj()  # (T, P, F)
        phases = cross / np.maximum(np.abs(cross), 1e-12)
        rising = _rising(np.square(np.abs(spectra)).mean(axis=1))  # (T, F)
        total = (phases * rising[:, None]).sum(axis=0)  # (P, F)
        most = max(len(self._first) * float(rising.sum()), 1e-9)
        power = np.einsum("pf,pfa->a", total, self._steering).real / most  # (A,)
        best = int(np.argmax(power))
        confidence = float(min(power[best], 1.0))
        if confidence < _LEAST_CONFIDENCE:
            return None
        azimuth_rad = self._angles[best] + _STEP_RAD * self._peak_offset(power, best)
        return SoundDirection(float(azimuth_rad), confidence)

    def _spectra(self, samples: Samples) -> npt.NDArray[np.complex64]:
        """Return the spectra in the voice's band, (T, C, F); none where it is quiet."""
        size, hop = self._size, self._size // 4
        count = max(1 + (len(samples) - size) // hop, 0)
        if count == 0 or float(np.mean(np.square(samples))) < _LEAST_LEVEL:
            return np.zeros((0, self.channels, int(self._band.sum())), np.complex64)
        places = np.arange(count)[:, None] * hop + np.arange(size)
        blocks = samples[places] * np.hanning(size)[None, :, None]  # (T, size, C)
        spectra = np.fft.rfft(blocks, axis=1)[:, self._band].swapaxes(1, 2)
        return spectra.astype(np.complex64)

    def _peak_offset(self, power: npt.NDArray[np.float32], best: int) -> float:
        """Return where between its neighbours a peak is, -0.5..0.5 of a step."""
        last = len(power) - 1
        if not self._full_circle and best in (0, last):
            return 0.0
        before, after = power[best - 1], power[(best + 1) % len(power)]
        bend = before - 2 * power[best] + after
        return 0.0 if bend >= 0 else float(np.clip((before - after) / (2 * bend), -0.5, 0.5))


def _rising(power: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return how much each block's power (T, F) counts: what is neither noise nor echo of it."""
    floor = np.quantile(power, _FLOOR_SHARE, axis=0)  # (F,)
    echo = np.zeros_like(power)
    for t in range(1, len(power)):
        echo[t] = _ECHO_DECAY * np.maximum(echo[t - 1], power[t - 1])
    share = 1.0 - (_ECHO_MARGIN * echo + floor + _NOTHING) / (power + _NOTHING)
    return _evened(np.clip(share, 0.0, 1.0)).astype(np.float32)


def _evened(share: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return the shares (T, F) with those of the blocks that have most of them cut back."""
    totals = share.sum(axis=1, keepdims=True)  # (T, 1)
    most = np.quantile(totals, 1.0 - _LOUDEST_SHARE)
    evened: npt.NDArray[np.floating] = share * np.minimum(1.0, most / np.maximum(totals, 1e-9))
    return evened


def _circle(channels: int) -> npt.NDArray[np.float64]:
    return 2 * np.pi * np.arange(channels) / channels


def _on_a_line(positions: npt.NDArray[np.float64]) -> bool:
    return int(np.linalg.matrix_rank(positions - positions.mean(axis=0), tol=1e-6)) < 2
