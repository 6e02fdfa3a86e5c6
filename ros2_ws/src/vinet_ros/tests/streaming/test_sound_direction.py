# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A voice in a room that echoes is found where it is."""

import numpy as np
import pytest
from made_rooms import RATE, SPACING_M, heard, speech, voice

from vinet_ros.errors import SoundError
from vinet_ros.streaming.sound_direction import DirectionFinder, microphone_positions

ANGLES_DEG = range(-60, 61, 15)


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("source", [speech, voice])
def test_a_voice_is_found_within_eight_degrees(channels, source):
    positions = microphone_positions(channels, SPACING_M)
    finder = DirectionFinder(positions, RATE)
    errors, short = [], []
    for seed, angle_deg in enumerate(ANGLES_DEG):
        sound = heard({angle_deg: source(2.0, seed)}, positions, seed, 2.0)
        found = finder.find(sound)
        errors.append(np.rad2deg(found.azimuth_rad) - angle_deg)
        for begin in range(0, len(sound), RATE // 2):
            part = finder.find(sound[begin : begin + RATE // 2])
            if part is not None:
                short.append(np.rad2deg(part.azimuth_rad) - angle_deg)
    assert np.median(np.abs(errors)) < 8
    assert np.median(np.abs(short)) < 8
    assert len(short) >= 0.7 * 4 * len(ANGLES_DEG)


def test_knocks_from_elsewhere_do_not_decide():
    positions = microphone_positions(2, SPACING_M)
    rng, knocks = np.random.default_rng(0), np.zeros(2 * RATE)
    for begin in range(2_000, len(knocks), 6_000):
        knocks[begin : begin + 1_000] = rng.standard_normal(1_000) * np.exp(-np.arange(1e3) / 200)
    own = speech(2.0, 1)
    sources = {30: own, -40: 0.5 * np.abs(own).max() * knocks}
    found = DirectionFinder(positions, RATE).find(heard(sources, positions, 0, 2.0))
    assert np.rad2deg(found.azimuth_rad) == pytest.approx(30, abs=8)


def plane_wave(angle_deg, positions, seconds=1.0, seed=0):
    """A voice from afar without echoes, each channel late by its own time."""
    mono = voice(seconds, seed)
    angle = np.deg2rad(angle_deg)
    late_s = -(positions @ [np.cos(angle), np.sin(angle)]) / 343.0
    spectrum = np.fft.rfft(mono)
    hz = np.fft.rfftfreq(len(mono), 1 / RATE)
    channels = [np.fft.irfft(spectrum * np.exp(-2j * np.pi * hz * s), len(mono)) for s in late_s]
    return (0.5 * np.stack(channels, axis=1)).astype(np.float32)


@pytest.mark.parametrize("channels", [2, 3, 4, 6])
@pytest.mark.parametrize("angle_deg", [-75, -20, 0, 33, 60])
def test_without_echoes_it_is_exact(channels, angle_deg):
    positions = microphone_positions(channels, SPACING_M)
    found = DirectionFinder(positions, RATE).find(plane_wave(angle_deg, positions))
    assert np.rad2deg(found.azimuth_rad) == pytest.approx(angle_deg, abs=1.0)
    assert found.confidence > 0.8


def test_a_circle_tells_front_from_back_and_two_do_not():
    circle, line = microphone_positions(4, SPACING_M), microphone_positions(2, SPACING_M)
    behind = DirectionFinder(circle, RATE).find(plane_wave(150, circle))
    assert np.rad2deg(behind.azimuth_rad) == pytest.approx(150, abs=1.0)
    mirrored = DirectionFinder(line, RATE).find(plane_wave(150, line))
    assert np.rad2deg(mirrored.azimuth_rad) == pytest.approx(30, abs=1.0)


def test_the_first_of_two_is_left():
    np.testing.assert_allclose(microphone_positions(2, 0.06), [[0, 0.03], [0, -0.03]], atol=1e-9)
    np.testing.assert_allclose(
        microphone_positions(4, 0.06)[:2], [[0.03, 0], [0, 0.03]], atol=1e-9
    )


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("kind", ["noise", "quiet", "short", "one channel dead"])
def test_where_nothing_stands_out_there_is_no_direction(channels, kind):
    positions = microphone_positions(channels, SPACING_M)
    sound = plane_wave(20, positions)
    if kind == "noise":
        sound = np.random.default_rng(1).normal(0, 0.1, (RATE, channels)).astype(np.float32)
    elif kind == "quiet":
        sound = sound * np.float32(1e-3)
    elif kind == "short":
        sound = sound[:800]
    else:
        sound[:, 1:] = 0.0
    assert DirectionFinder(positions, RATE).find(sound) is None


def test_mono_has_no_direction_and_says_why():
    with pytest.raises(ValueError, match="1 channel has no direction; use a microphone with two"):
        microphone_positions(1, SPACING_M)
    with pytest.raises(ValueError, match=r"0\.005 to 2\.0 m, got 0"):
        microphone_positions(2, 0.0)
    with pytest.raises(ValueError, match="two or more microphones"):
        DirectionFinder(np.zeros((1, 2)), RATE)
    with pytest.raises(ValueError, match="at least 8000"):
        DirectionFinder(microphone_positions(2, SPACING_M), 4_000)
    finder = DirectionFinder(microphone_positions(2, SPACING_M), RATE)
    for shape in ((RATE,), (RATE, 1), (RATE, 4)):
        with pytest.raises(SoundError, match=r"expected sound \(N, 2\)"):
            finder.find(np.zeros(shape, np.float32))
