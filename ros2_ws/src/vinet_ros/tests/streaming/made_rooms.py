# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Rooms that echo, with voices and other sounds in them, as several microphones hear them."""

import shutil
import subprocess
from functools import cache

import numpy as np
import pyroomacoustics
import soxr

RATE = 16_000
ROOM_M = (6.0, 5.0, 3.0)
RT60_S, DISTANCE_M, SNR_DB, SPACING_M = 0.3, 2.0, 10.0, 0.06
ESPEAK = shutil.which("espeak-ng")
_SPEAKERS = ("m1", "f2", "m3", "f4", "m7", "f1", "m5", "f3")
_SENTENCES = (
    "the quick brown fox jumps over the lazy dog and looks around for somebody to talk to",
    "please come over here and bring me the red cup from the table next to the window",
    "yesterday we walked along the river until it was dark and nobody said a single word",
    "what time does the train to the airport leave, and do I have to change on the way",
)


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


def speech(seconds, seed):
    """One of eight speakers of espeak-ng where that is installed, else a made voice."""
    if ESPEAK is None:
        return voice(seconds, seed)
    count = int(seconds * RATE)
    said = _said(_SPEAKERS[seed % len(_SPEAKERS)], _SENTENCES[seed % len(_SENTENCES)])
    begin = np.random.default_rng(seed).integers(max(len(said) - count, 1))
    return np.resize(np.roll(said, -begin), count)


@cache
def _said(speaker, sentence):
    command = [ESPEAK, "-v", f"en+{speaker}", "-s", "150", "--stdout", sentence]
    data = subprocess.run(command, check=True, capture_output=True).stdout[44:]
    sound = soxr.resample(np.frombuffer(data, "<i2").astype(np.float32), 22_050, RATE)
    return sound / np.abs(sound).max()


def heard(sources, positions, seed, seconds, snr_db=SNR_DB):
    """What the microphones hear of sources {angle in degrees: signal}, echoes and noise included.

    Returns (N, channels) float32; the noise is under the loudest of the sources.
    """
    rng = np.random.default_rng(seed)
    absorption, order = pyroomacoustics.inverse_sabine(RT60_S, ROOM_M)
    room = pyroomacoustics.ShoeBox(
        ROOM_M, fs=RATE, materials=pyroomacoustics.Material(absorption), max_order=order
    )
    centre = np.array([1.5 + rng.uniform(-0.5, 0.5), 2.5 + rng.uniform(-0.3, 0.3), 1.2])
    for angle_deg, signal in sources.items():
        angle = np.deg2rad(angle_deg)
        away = DISTANCE_M * np.array([np.cos(angle), np.sin(angle), 0.0])
        room.add_source(centre + away, signal=signal)
    heights = np.full((1, len(positions)), centre[2])
    room.add_microphone_array(np.concatenate([centre[:2, None] + positions.T, heights]))
    room.simulate()
    sound = room.mic_array.signals.T[: int(seconds * RATE)]
    noise = rng.standard_normal(sound.shape)
    sound = sound + noise * np.sqrt(np.mean(sound**2) / 10 ** (snr_db / 10))
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)
