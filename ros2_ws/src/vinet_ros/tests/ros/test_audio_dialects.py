# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Sound over DDS in both dialects, each between two processes of its own, to the network."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import audio_packages
import numpy as np
import pytest
import soxr

from vinet_ros.preprocess import SOUND_SAMPLES
from vinet_ros.ros.diagnostic_keys import STATUSES

HERE = Path(__file__).parent
RATE_HZ = 22_050
SECONDS = 1.5
FRAME_S, SLOTS = 1 / 15, 8
SCALE = 256.0  # of the network's sound to full scale
EDGE_S = 0.02
FORMATS = {
    "chunks": [("AudioStamped", code) for code in (1, 2, 8)],
    "bytes": [("AudioDataStamped", name) for name in ("S16LE", "S32LE", "F32LE")],
}
GAINS = {1: (1.0,), 2: (0.6, 1.4), 3: (1.0, 0.5, 1.5), 4: (1.2, 0.8, 0.9, 1.1)}  # mean: 1


def said(folder: Path) -> np.ndarray:
    """Speech and two tones up to 7 kHz, at RATE_HZ; of espeak-ng where that is installed."""
    rng = np.random.default_rng(1)
    count = round(SECONDS * RATE_HZ)
    times = np.arange(count) / RATE_HZ
    speech = rng.standard_normal(count) * (1 + np.sin(2 * np.pi * 3 * times))
    if shutil.which("espeak-ng"):
        file = folder / "speech.wav"
        text = "the quick brown fox jumps over the lazy dog and looks around"
        subprocess.run(["espeak-ng", "-w", file, text], check=True)
        data = np.frombuffer(file.read_bytes()[44:], "<i2").astype(float)
        speech = np.resize(data, count)
    spectrum = np.fft.rfft(speech)
    spectrum[np.fft.rfftfreq(count, 1 / RATE_HZ) > 7000] = 0
    speech = np.fft.irfft(spectrum, count)
    tones = 0.1 * np.sin(2 * np.pi * 440 * times) + 0.1 * np.sin(2 * np.pi * 6000 * times)
    return 0.3 * speech / np.abs(speech).max() + tones


def heard(statement: Path, begun_ns: int, sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the newest sound that the network got of a take, and what it should be.

    Both faded in and out as the network takes it.
    """
    data = np.load(statement)
    late_ns = begun_ns + round((SECONDS - 0.3) * 1e9)
    index = int(np.flatnonzero((data["stamps"] >= begun_ns) & (data["stamps"] < late_ns))[-1])
    last_s = (int(data["stamps"][index]) - begun_ns) * 1e-9
    first_s = last_s - (SLOTS - 1) * FRAME_S
    begin = round(first_s * RATE_HZ - RATE_HZ * FRAME_S / 2)
    length = round(RATE_HZ * FRAME_S * SLOTS)
    given = data["sounds"][index][SOUND_SAMPLES // 2 - length // 2 :][:length] / SCALE
    # A live excerpt ends where sound has arrived: the newest frame lasts longer.
    there = int(np.flatnonzero(given)[-1])
    assert there > length - 0.12 * RATE_HZ
    faded = sound[begin : begin + length] * np.hanning(length)
    return given[:there], faded[:there]


@pytest.mark.parametrize("dialect", ["chunks", "bytes"])
def test_every_rate_and_format_reaches_the_network_as_the_same_excerpt(dialect, tmp_path):
    sound = said(tmp_path)
    cases = list(product((16_000, 44_100, 48_000), (1, 2, 3, 4)))
    plan = []
    for index, (rate_hz, channels) in enumerate(cases):
        file = tmp_path / f"{rate_hz}_{channels}.npy"
        mono = soxr.resample(sound, RATE_HZ, rate_hz, quality="VHQ")
        np.save(file, np.stack([gain * mono for gain in GAINS[channels]], axis=1))
        kind, name = FORMATS[dialect][index % 3]
        take = {"sound": str(file), "rate_hz": rate_hz, "kind": kind, "format": name}
        plan.append(take)
    begun, statement = play(dialect, plan, tmp_path)
    told = set(json.loads(str(np.load(statement)["statuses"]))["audio"]) - {"said", "level"}
    elsewhere = ("effect", "voice", "direction", "no_direction")  # only where it is asked for
    assert told == {key for key in STATUSES["audio"] if not key.startswith(elsewhere)}
    for (rate_hz, channels), begun_ns in zip(cases, begun, strict=True):
        got, faded = heard(statement, begun_ns, sound)
        edge = round(EDGE_S * RATE_HZ)
        inner = slice(edge, -edge)
        lags = range(-120, 121)
        errors = [np.abs(np.roll(faded, lag)[inner] - got[inner]).max() for lag in lags]
        lag = lags[int(np.argmin(errors))]
        assert abs(lag) / RATE_HZ <= 0.005, (rate_hz, channels)
        assert min(errors) < 1e-3, (rate_hz, channels, lag, min(errors))


# What a fault of one chunk leads to: a count of the status, words of its message.
FAULTS = {
    "swapped": ("out_of_order", "came late and filled a gap"),
    "twice": ("duplicates", "came twice"),
    "lost": ("gaps", "came after a gap"),
    "future": ("future", "ahead of the clock; synchronise the clocks"),
    "zero": ("unstamped", "has no stamps"),
    "bytes": ("refused", "expected"),
}


@pytest.mark.parametrize("dialect", ["chunks", "bytes"])
def test_faults_are_counted_named_and_survived(dialect, tmp_path):
    sound = said(tmp_path)
    file = tmp_path / "sound.npy"
    np.save(file, soxr.resample(sound, RATE_HZ, 16_000)[:, None])
    kind, name = FORMATS[dialect][0]
    take = {"sound": str(file), "rate_hz": 16_000, "kind": kind, "format": name}
    begun, statement = play(dialect, [{**take, "fault": fault} for fault in FAULTS], tmp_path)
    status = json.loads(str(np.load(statement)["statuses"]))["audio"]
    edge = round(EDGE_S * RATE_HZ)
    for (key, words), begun_ns in zip(FAULTS.values(), begun, strict=True):
        assert int(status[key]) >= 1, (key, status)
        assert words in status["said"], (key, status)
        got, faded = heard(statement, begun_ns, sound)
        # The newest sound is as it was.
        assert np.abs(got - faded)[edge:-edge].max() < 3e-3, key


@pytest.mark.parametrize("change", [{"rate_hz": 44_100}, {"channels": 2}])
def test_a_driver_that_changes_is_followed(change, tmp_path):
    sound, plan = said(tmp_path), []
    for rate_hz, channels in (
        (16_000, 1),
        (change.get("rate_hz", 16_000), change.get("channels", 1)),
    ):
        file = tmp_path / f"{rate_hz}_{channels}.npy"
        np.save(file, np.repeat(soxr.resample(sound, RATE_HZ, rate_hz)[:, None], channels, axis=1))
        take = {"sound": str(file), "rate_hz": rate_hz, "kind": "AudioStamped", "format": 8}
        plan.append({**take, "goes_on": bool(plan)})
    (_, begun_ns), statement = play("chunks", plan, tmp_path)
    status = json.loads(str(np.load(statement)["statuses"]))["audio"]
    key = "rate_changes" if "rate_hz" in change else "channel_changes"
    assert status[key] == "1" and "the sound changed from 16000" in status["said"]
    got, faded = heard(statement, begun_ns, sound)
    # The second begins between two samples of the first.
    likeness = [np.corrcoef(got, np.roll(faded, lag))[0, 1] for lag in range(-110, 111)]
    assert max(likeness) > 0.8


def test_coded_sound_is_refused_with_the_drivers_option(tmp_path):
    status = status_of({"coding": "mp3"}, tmp_path)
    assert "'mp3'" in status["said"] and "format:=wave" in status["said"]
    assert status["with_sound"] == "0" and int(status["without_sound"]) > 5


def test_bytes_that_nobody_explains_wait_for_the_parameter(tmp_path):
    status = status_of({"untold": True}, tmp_path)
    assert "set audio_format" in status["said"] and status["with_sound"] == "0"
    status = status_of({"untold": True}, tmp_path, "audio_format:='S16LE 16000 1'")
    assert int(status["with_sound"]) > 5 and status["format"] == "S16LE"


def test_sound_without_stamps_is_placed_by_its_arrival(tmp_path):
    status = status_of({"kind": "AudioData"}, tmp_path)
    assert "has no stamps and is placed by its arrival" in status["said"]
    assert int(status["unstamped"]) > 25 and int(status["with_sound"]) > 5


def test_silence_where_no_package_has_the_message(tmp_path):
    _, statement = play("bytes", [], tmp_path, "audio_type:=AudioStamped")
    status = json.loads(str(np.load(statement)["statuses"]))["audio"]
    assert "audio_type is AudioStamped, but" in status["said"] and status["level"] == "1"


def test_what_sound_changes_is_told_while_it_plays(tmp_path):
    options = "model:=avinet", "audio_effect_period_s:=0.5"
    status = status_of({}, tmp_path, *options)
    assert status["effect"] == "measured" and 2 <= int(status["effect_runs"]) <= 12
    assert -1 <= float(status["effect_cc"]) < 0.9999 and float(status["effect_age_s"]) < 10


def test_a_network_with_another_ear_hears_too(tmp_path):
    ear = "model:=avinet", "model_options:='audio=vggvox'"
    status = status_of({}, tmp_path, *ear, takes=3)  # time for a slow machine's second prediction
    assert int(status["with_sound"]) >= 1 and status["heard"] == "heard", status


def status_of(changes, folder, *parameters, takes=1):
    """Return the audio status after some seconds of the dialect bytes."""
    file = folder / "sound.npy"
    np.save(file, soxr.resample(said(folder), RATE_HZ, 16_000)[:, None])
    take = {"sound": str(file), "rate_hz": 16_000, "kind": "AudioDataStamped", "format": "S16LE"}
    plan = [{**take, **changes, "goes_on": number > 0} for number in range(takes)]
    _, statement = play("bytes", plan, folder, *parameters)
    return json.loads(str(np.load(statement)["statuses"]))["audio"]


def play(dialect, plan, folder, *parameters):
    """Let the driver play to the ear; return when the takes began, and the ear's file."""
    environment = {**audio_packages.environment(dialect), "ROS_DOMAIN_ID": domain()}
    (folder / "plan.json").write_text(json.dumps(plan))
    statement = folder / "ear.npz"
    ear = subprocess.Popen(
        [sys.executable, HERE / "audio_ear.py", statement, *parameters],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert ear.stdout.readline() == "up\n"
        driver = [sys.executable, HERE / "audio_driver.py", folder / "plan.json"]
        done = subprocess.run(
            [*driver, folder / "begun.json"], env=environment, check=False, timeout=200,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        time.sleep(1.5)
    finally:
        ear.send_signal(signal.SIGTERM)
        ear.wait(30)
        ear.stdout.close()
    return json.loads((folder / "begun.json").read_text()), statement


def domain() -> str:
    return os.environ.get("ROS_DOMAIN_ID", "57")
