# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Spectrograms, held to the public codes' steps one by one, with SciPy's filters and windows."""

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.signal.windows import hann

from vinet_ros.sound_forms import (
    AVID_SPECTROGRAM,
    VGGVOX_SPECTROGRAM,
    WAVEFORM,
    avid_input,
    vggvox_input,
)

FORMS = [WAVEFORM, VGGVOX_SPECTROGRAM, AVID_SPECTROGRAM]


def sound(count, seed=1):
    """Noise and a tone that glides, with a constant offset."""
    draw, at = np.random.default_rng(seed), np.linspace(0, 40, count)
    values = 0.2 * draw.standard_normal(count) + 0.4 * np.sin(at**3) + 0.1
    return values.clip(-1, 1).astype(np.float32)


def vggvox_by_steps(samples, dither=0.0):
    buffer = np.zeros(48_320)
    buffer[: len(samples)] = samples.astype(np.float64) * 2**15
    moved = lfilter([1, -1], [1, -0.99], buffer)
    drawn = np.random.default_rng(0).uniform(-1, 1, len(moved))
    raised = lfilter([1, -0.97], 1, moved + dither * moved.std() * drawn)
    rows = []
    for begin in range(0, len(raised) - 400 + 1, 160):
        rows.append(abs(np.fft.fft(raised[begin : begin + 400] * np.hamming(400), 512)))
    magnitudes = np.array(rows).T
    first = (magnitudes.shape[1] - 300) // 2
    mean, deviation = magnitudes.mean(1, keepdims=True), magnitudes.std(1, keepdims=True)
    return ((magnitudes - mean) / deviation.clip(1e-12))[:, first : first + 300]


@pytest.mark.parametrize("count", [48_320, 17_067])
def test_vggvox_is_that_of_its_public_port(count):
    samples = sound(count)
    found = vggvox_input(samples)
    assert found.shape == (1, 512, 300) and found.dtype == np.float32
    np.testing.assert_allclose(found[0], vggvox_by_steps(samples), rtol=0, atol=1e-5)


def test_the_dither_that_is_left_out_would_not_show():
    samples = sound(17_067)
    found = vggvox_input(samples)[0]
    assert abs(found - vggvox_by_steps(samples, dither=1e-6)).max() < 2e-4


def test_vggvox_hears_the_newest_of_a_long_sound():
    samples = sound(60_000)
    np.testing.assert_array_equal(vggvox_input(samples), vggvox_input(samples[-48_320:]))


def decibels_by_steps(second):
    window = hann(512, sym=False)
    padded = np.pad(second.astype(np.float64), 256, mode="reflect")
    power = [abs(np.fft.rfft(padded[k * 240 : k * 240 + 512] * window)) ** 2 for k in range(100)]
    levels = [[row[0], *((row[k] + row[k + 1]) / 2 for k in range(1, 257, 2))] for row in power]
    levels = 10 * np.log10(np.maximum(levels, 1e-10))
    return np.maximum(levels, levels.max() - 100)


@pytest.mark.parametrize("count", [24_000, 25_600, 9_000])
def test_avid_is_that_of_the_public_code(count):
    samples = sound(count)
    second = samples[-24_000:]
    levels = decibels_by_steps(np.pad(second, (0, 24_000 - len(second))))
    found = avid_input(samples)
    assert found.shape == (1, 100, 129) and found.dtype == np.float32
    expected = (levels - levels.mean(0)) / (levels.std(0) + 1e-5)
    np.testing.assert_allclose(found[0], expected, rtol=0, atol=1e-5)
    mean, deviation = np.linspace(-40, -60, 129), np.linspace(15, 20, 129)
    found = avid_input(samples, (mean, deviation))
    np.testing.assert_allclose(found[0], (levels - mean) / (deviation + 1e-5), rtol=0, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_silence_is_zeros(form):
    for silent in (np.zeros(0, np.float32), np.zeros(20_000, np.float32)):
        made = form.make(silent)
        assert made.shape == form.shape and made.dtype == np.float32
        assert not made.any()


@pytest.mark.parametrize("form", FORMS)
def test_a_short_sound_is_heard(form):
    made = form.make(np.full(1, 0.5, np.float32))
    assert made.shape == form.shape and np.isfinite(made).all()
