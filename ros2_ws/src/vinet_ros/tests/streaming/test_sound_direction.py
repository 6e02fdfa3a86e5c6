# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A voice in a room that echoes is found where it is."""

import numpy as np
import pyroomacoustics
import pytest

from vinet_ros.errors import SoundError
from vinet_ros.streaming.sound_direction import DirectionFinder, microphone_positions

RATE = 16_000
ROOM_M = (6.0, 5.0, 3.0)
RT60_S, DISTANCE_M, SNR_DB, SPACING_M = 0.3, 2.0, 10.0, 0.06
ANGLES_DEG = range(-60, 61, 15)


def voice(seconds, seed):
    """Syllables of a made voice: a buzz or a hiss through three or four resonances."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    wandering = 1 + 0.1 * np.sin(2 * np.pi * rng.uniform(0.5, 2) * np.arange(count) / RATE)
    pulses = np.diff(np.floor(np.cumsum(rng.uniform(110, 220) * wandering / RATE)), prepend=0)
    sound = np.zeros(count)
    for begin in range(0, count, int(0.18 * RATE)):
        part = pulses[begin : begin + int(0.18 * RATE)]
        if rng.random() < 0.25:
            continue  # a pause
        if rng.random() < 0.2:
            part = 0.15 * rng.standard_normal(len(part))
        hz = np.fft.rfftfreq(len(part), 1 / RATE)
        centres = (rng.uniform(300, 800), rng.uniform(900, 2200), rng.uniform(2300, 3000), 3800)
        throat = sum(
            loud / (1 + ((hz - centre) / width) ** 2)
            for loud, centre, width in zip(
                (1, 0.6, 0.3, 0.1), centres, (60, 90, 150, 250), strict=True
            )
        )
        shaped = np.fft.irfft(np.fft.rfft(part) * throat, len(part))
        sound[begin : begin + len(part)] = shaped * np.hanning(len(part))
    return sound / np.abs(sound).max()


def recorded(angle_deg, positions, seed, seconds=2.0):
    """What the microphones hear of a voice at an angle, echoes and noise included."""
    rng = np.random.default_rng(seed)
    absorption, order = pyroomacoustics.inverse_sabine(RT60_S, ROOM_M)
    room = pyroomacoustics.ShoeBox(
        ROOM_M, fs=RATE, materials=pyroomacoustics.Material(absorption), max_order=order
    )
    centre = np.array([1.5 + rng.uniform(-0.5, 0.5), 2.5 + rng.uniform(-0.3, 0.3), 1.2])
    angle = np.deg2rad(angle_deg)
    away = DISTANCE_M * np.array([np.cos(angle), np.sin(angle), 0.0])
    room.add_source(centre + away, signal=voice(seconds, seed))
    heights = np.full((1, len(positions)), centre[2])
    room.add_microphone_array(np.concatenate([centre[:2, None] + positions.T, heights]))
    room.simulate()
    heard = room.mic_array.signals.T[: int(seconds * RATE)]
    noise = rng.standard_normal(heard.shape)
    heard = heard + noise * np.sqrt(np.mean(heard**2) / 10 ** (SNR_DB / 10))
    return (0.5 * heard / np.abs(heard).max()).astype(np.float32)


@pytest.mark.parametrize("channels", [2, 4])
def test_a_voice_is_found_within_eight_degrees(channels):
    positions = microphone_positions(channels, SPACING_M)
    finder = DirectionFinder(positions, RATE)
    errors, short = [], []
    for seed, angle_deg in enumerate(ANGLES_DEG):
        sound = recorded(angle_deg, positions, seed)
        found = finder.find(sound)
        errors.append(np.rad2deg(found.azimuth_rad) - angle_deg)
        for begin in range(0, len(sound), RATE // 2):
            part = finder.find(sound[begin : begin + RATE // 2])
            if part is not None:
                short.append(np.rad2deg(part.azimuth_rad) - angle_deg)
    assert np.median(np.abs(errors)) < 8
    assert np.median(np.abs(short)) < 8
    assert len(short) >= 0.7 * 4 * len(ANGLES_DEG)


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
