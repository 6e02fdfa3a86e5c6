# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Samples into what sound encoders take: a waveform, or one of two spectrograms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from vinet_ros.preprocess import (
    SOUND_RATE_HZ,
    SOUND_SAMPLES,
    STAVIS_SOUND_SHAPE,
    sound_input,
)

Samples = NDArray[np.float32]

VGGVOX_SIZE = (512, 300)  # frequencies, time steps
AVID_SIZE = (100, 129)  # time steps, bands

_VGGVOX_SAMPLES = 48_320  # 300 steps of 160, and the rest of the last one's 400
_VGGVOX_FRAME, _VGGVOX_HOP = 400, 160
_INTEGER_SCALE = 32_768.0
_DC_POLE, _EMPHASIS = 0.99, 0.97
_LEAST_DEVIATION = 1e-12
# The filter's tail is below 1e-70 when it comes round.
_FILTER_LENGTH = 65_536

_AVID_SAMPLES = 24_000
_AVID_FFT, _AVID_HOP = 512, 240
_LEAST_POWER, _TOP_DB = 1e-10, 100.0
_DEVIATION_ADDED = 1e-5


@dataclass(frozen=True, slots=True)
class SoundForm:
    """How a network takes the sound of a clip.

    Attributes:
        rate_hz: Of the samples that it is made from.
        shape: Of what the network takes, without the batch.
        make: Turns mono samples (N,) of that rate, -1..1, into it. None at all is silence, of
            which all forms are zeros.
    """

    rate_hz: int
    shape: tuple[int, ...]
    make: Callable[[Samples], Samples]


def vggvox_input(samples: Samples) -> Samples:
    """Turn the sound of a clip into VGG-Vox's input, a spectrogram of 3.02 s.

    The sound stands at the beginning, silence behind it; of a longer one, at which the public
    code fails, the newest part counts. Constant offset is taken off, high frequencies are raised,
    and the magnitudes of 512 frequencies (each above half the rate mirrors one below) are brought
    to mean 0 and deviation 1 over time. The public code's random dither, a millionth of the
    sound, is left out: one sound has one map.

    Args:
        samples: Mono at 16 kHz (N,), -1..1; none at all is silence.

    Returns:
        (1, 512, 300): frequency, time.

    Source:
        Nagrani et al., "VoxCeleb: a large-scale speaker identification dataset", Interspeech
        2017; the steps are those of the public PyTorch port. The public ViNet code puts the sound
        there too, but at the data set's rate, where all is 1.4 times as fast.
    """
    newest = np.asarray(samples, np.float64)[-_VGGVOX_SAMPLES:] * _INTEGER_SCALE
    spectrum = np.fft.rfft(newest, _FILTER_LENGTH) * _filter_response()
    filtered = np.fft.irfft(spectrum, _FILTER_LENGTH)[:_VGGVOX_SAMPLES]
    frames = _frames(filtered, _VGGVOX_FRAME, _VGGVOX_HOP) * np.hamming(
        _VGGVOX_FRAME
    )  # (300, 400)
    magnitudes = np.abs(np.fft.fft(frames, VGGVOX_SIZE[0])).T  # (512, 300)
    mean, deviation = magnitudes.mean(axis=1), magnitudes.std(axis=1)
    scaled = (magnitudes - mean[:, None]) / np.maximum(deviation, _LEAST_DEVIATION)[:, None]
    return np.asarray(scaled[None], np.float32)


def avid_input(
    samples: Samples, statistics: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
) -> Samples:
    """Turn the sound of a clip into AVID's input, a log spectrogram of its newest second.

    A shorter sound stands at the beginning, silence behind it. Power in 129 bands of 100 steps,
    in decibels, down to 100 below the loudest; then each band's mean is taken off and its
    deviation divided by.

    Args:
        samples: Mono at 24 kHz (N,), -1..1; none at all is silence.
        statistics: Mean and deviation of each band (129,) in a data set, as the authors publish
            them for their own weights; None: those of this second.

    Returns:
        (1, 100, 129): time, band.

    Source:
        Morgado et al., "Audio-visual instance discrimination with cross-modal agreement", CVPR
        2021, and its public code; the size is that of the ViNet thesis.
    """
    second = np.zeros(_AVID_SAMPLES)
    newest = np.asarray(samples, np.float64)[-_AVID_SAMPLES:]
    second[: len(newest)] = newest
    padded = np.pad(second, _AVID_FFT // 2, mode="reflect")
    frames = _frames(padded, _AVID_FFT, _AVID_HOP)[: AVID_SIZE[0]]  # (100, 512)
    window = np.hanning(_AVID_FFT + 1)[:-1]
    power = np.abs(np.fft.rfft(frames * window)) ** 2  # (100, 257)
    pairs = power[:, 1:].reshape(AVID_SIZE[0], -1, 2).mean(axis=2)
    bands = np.concatenate((power[:, :1], pairs), axis=1)  # (100, 129)
    levels = 10.0 * np.log10(np.maximum(bands, _LEAST_POWER))
    levels = np.maximum(levels, levels.max() - _TOP_DB)
    mean, deviation = statistics or (levels.mean(axis=0), levels.std(axis=0))
    return np.asarray(((levels - mean) / (deviation + _DEVIATION_ADDED))[None], np.float32)


WAVEFORM = SoundForm(SOUND_RATE_HZ, (1, SOUND_SAMPLES, 1), sound_input)
"""SoundNet's: see :func:`vinet_ros.preprocess.sound_input`."""
STAVIS_WAVEFORM = SoundForm(
    SOUND_RATE_HZ, STAVIS_SOUND_SHAPE, partial(sound_input, shape=STAVIS_SOUND_SHAPE)
)
"""The same over half the time, with time on the last axis."""
VGGVOX_SPECTROGRAM = SoundForm(16_000, (1, *VGGVOX_SIZE), vggvox_input)
AVID_SPECTROGRAM = SoundForm(24_000, (1, *AVID_SIZE), avid_input)


@cache
def _filter_response() -> NDArray[np.complex128]:
    """Return what the filter against constant offset, and then pre-emphasis, do to a spectrum."""
    delay = np.exp(-2j * np.pi * np.arange(_FILTER_LENGTH // 2 + 1) / _FILTER_LENGTH)
    response = (1 - delay) / (1 - _DC_POLE * delay) * (1 - _EMPHASIS * delay)
    return np.asarray(response, np.complex128)


def _frames(samples: NDArray[np.float64], length: int, hop: int) -> NDArray[np.float64]:
    """Return the frames (n, length) of samples, as many as there are whole ones."""
    return np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]
