# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A voice in a stream of chunks is told from other sound, and found again after every change."""

import numpy as np
import pytest
import soxr
from made_rooms import RATE, SPACING_M, heard, speech

from vinet_ros.errors import SoundError
from vinet_ros.streaming.sound_direction import microphone_positions
from vinet_ros.streaming.voice_activity import (
    FRAME_S,
    EnergyGate,
    SileroGate,
    silero_file,
    voice_gate,
)
from vinet_ros.streaming.voice_locator import SPAN_S, VoiceLocator

S = 1_000_000_000
CHUNK_S = 0.04
GATES = ["energy", pytest.param("silero", marks=pytest.mark.skipif(
    silero_file() is None, reason="silero-vad or openvino is not installed"))]  # fmt: skip


def gate_of(name):
    return EnergyGate() if name == "energy" else SileroGate(silero_file())


def play(locator, sound, rate_hz=RATE, begin_ns=S, stamped=True):
    """Push sound (N, channels) in chunks; return the answers."""
    size, answers = round(CHUNK_S * rate_hz), []
    for k in range(len(sound) // size):
        stamp_ns = begin_ns + round(k * CHUNK_S * S) if stamped or not k else None
        found = locator.push(sound[k * size : (k + 1) * size], rate_hz, stamp_ns)
        answers += [] if found is None else [found]
    return answers


def room(channels=2, angle_deg=30, seconds=2.0, seed=1):
    positions = microphone_positions(channels, SPACING_M)
    return heard({angle_deg: speech(seconds, seed)}, positions, seed, seconds)


def median_deg(answers):
    return np.rad2deg(np.median([answer.azimuth_rad for answer in answers]))


@pytest.mark.parametrize("stamped", [True, False])
def test_answers_come_several_times_a_second_with_stamp_and_voice(stamped):
    answers = play(VoiceLocator(SPACING_M, gate=EnergyGate()), room(), stamped=stamped)
    assert len(answers) >= 6
    assert median_deg(answers) == pytest.approx(30, abs=8)
    assert all(0.5 <= answer.voice <= 1 and answer.confidence > 0.1 for answer in answers)
    assert np.all(np.diff([answer.stamp_ns for answer in answers]) >= 0.1 * S)
    # Chunk by chunk the last one ends after 2 s; the answer is about the half second before.
    last_s = (answers[-1].stamp_ns - S) * 1e-9
    assert 1.5 - SPAN_S / 2 < last_s <= 2.0 - SPAN_S / 2 + 1e-6


@pytest.mark.parametrize("name", GATES)
def test_only_a_voice_opens_the_gate(name):
    rng, gate = np.random.default_rng(0), gate_of(name)
    rustle = 0.003 * rng.standard_normal(3 * RATE)
    sound = rustle.copy()
    sound[RATE : 2 * RATE] += 0.3 * speech(1.0, 1)
    for rate_hz in (RATE, 44_100):
        gate.start(rate_hz)
        resampled = soxr.resample(sound, RATE, rate_hz).astype(np.float32)
        pieces = np.array_split(resampled, 37)
        voiced = np.concatenate([gate.push(piece) for piece in pieces])
        assert len(voiced) == pytest.approx(3.0 / FRAME_S, abs=3)
        second = round(1 / FRAME_S)
        assert voiced[second : 2 * second].mean() > 0.6
        assert voiced[:second].mean() < 0.1 and voiced[2 * second + 8 :].mean() < 0.1
    gate.start(RATE)
    assert not gate.push(np.zeros(RATE, np.float32)).any()


def test_the_best_gate_that_is_installed_is_taken(monkeypatch):
    assert voice_gate().name == ("energy" if silero_file() is None else "silero")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert voice_gate().name == "energy"


def test_a_network_that_cannot_be_run_is_named_and_done_without(monkeypatch, tmp_path):
    broken = tmp_path / "silero.onnx"
    broken.write_text("this is no network")
    monkeypatch.setattr("vinet_ros.streaming.voice_activity.silero_file", lambda: broken)
    assert voice_gate().name.startswith("energy (silero-vad cannot be run: ")


def test_without_a_voice_there_is_no_answer():
    rng = np.random.default_rng(0)
    fan = heard({30: rng.standard_normal(2 * RATE)}, microphone_positions(2, SPACING_M), 0, 2.0)
    locator = VoiceLocator(SPACING_M, gate=EnergyGate())
    assert play(locator, fan) == [] and locator.voice < 0.5 and locator.newest is None
    assert locator.problem == ""


def test_mono_says_why_and_two_channels_after_it_are_heard():
    locator = VoiceLocator(SPACING_M, gate=EnergyGate())
    assert locator.problem == "no sound yet"
    assert play(locator, room()[:, :1]) == []
    assert "1 channel has no direction; use a microphone with two" in locator.problem
    answers = play(locator, room(), begin_ns=3 * S)
    assert median_deg(answers) == pytest.approx(30, abs=8) and locator.problem == ""
    assert play(locator, room()[:, :1], begin_ns=5 * S) == [] and "1 channel" in locator.problem


def test_other_sources_begin_anew():
    locator = VoiceLocator(SPACING_M, gate=EnergyGate())
    play(locator, room())
    resampled = soxr.resample(room(angle_deg=-20), RATE, 48_000).astype(np.float32)
    answers = play(locator, resampled, rate_hz=48_000, begin_ns=3 * S)
    assert median_deg(answers) == pytest.approx(-20, abs=8)
    answers = play(locator, room(4, angle_deg=-50), begin_ns=5 * S)
    assert median_deg(answers) == pytest.approx(-50, abs=8)
    assert play(locator, np.zeros((RATE, 2), np.float32), rate_hz=4_000, begin_ns=9 * S) == []
    assert "at least 8000" in locator.problem


@pytest.mark.parametrize("jump_s", [0.5, -5.0])
def test_a_gap_and_a_clock_that_is_set_begin_anew(jump_s):
    locator = VoiceLocator(SPACING_M, gate=EnergyGate())
    play(locator, room(angle_deg=30, seconds=1.0), begin_ns=10 * S)
    begin_ns = 11 * S + round(jump_s * S)
    answers = play(locator, room(angle_deg=-40), begin_ns=begin_ns)
    assert {np.sign(answer.azimuth_rad) for answer in answers} == {-1}
    assert min(answer.stamp_ns for answer in answers) >= begin_ns


def test_chunks_that_come_twice_or_late_are_left_out():
    sound, size = room(), round(CHUNK_S * RATE)
    plain, disturbed = (VoiceLocator(SPACING_M, gate=EnergyGate()) for _ in range(2))
    answers = play(plain, sound)
    again = []
    for k in range(len(sound) // size):
        for number in (k, k, max(k - 2, 0)):
            stamp_ns = S + round(number * CHUNK_S * S)
            chunk = sound[number * size : (number + 1) * size]
            found = disturbed.push(chunk, RATE, stamp_ns)
            again += [] if found is None else [found]
    assert again == answers


def test_only_the_named_channels_are_microphones():
    sound = room(4, angle_deg=-30)
    mixed = np.concatenate((np.zeros((len(sound), 1), np.float32), sound), axis=1)
    locator = VoiceLocator(SPACING_M, (1, 2, 3, 4), EnergyGate())
    assert median_deg(play(locator, mixed)) == pytest.approx(-30, abs=8)
    assert play(locator, sound, begin_ns=4 * S) == []
    assert "asks for channel 4, the sound has 0 to 3" in locator.problem
    many = VoiceLocator(SPACING_M, gate=EnergyGate())
    many.expect(RATE, 32)
    assert "set microphone_channels" in many.problem


def test_what_is_no_sound_is_refused():
    locator = VoiceLocator(SPACING_M, gate=EnergyGate())
    with pytest.raises(SoundError, match="NaN or infinity"):
        locator.push(np.full((640, 2), np.nan, np.float32), RATE, S)
    with pytest.raises(ValueError, match="spacing must be"):
        VoiceLocator(0.001)
