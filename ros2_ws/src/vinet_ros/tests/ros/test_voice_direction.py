# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Two microphones over DDS: where a voice comes from, where the gaze goes, and why not of mono."""

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import audio_packages
import numpy as np
import pytest

from vinet_ros.errors import FrameError
from vinet_ros.ros.parameters import ParameterError
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.ros.voice_tracking import joint_angle

HERE = Path(__file__).parent
RATE_HZ, SECONDS, SPACING_M, AZIMUTH_DEG = 16_000, 3.0, 0.06, 12.0
# The head looks 30 degrees to the left, and the microphones are on its base: in the camera's view
# the voice is 18 degrees to the right of its axis.
PARAMETERS = {
    "microphone_spacing_m": SPACING_M, "microphone_frame_id": "mics", "microphone_mount": "base",
    "direction_weight": 1.0, "pan_joint": "neck", "pan_sign": -1, "smoothing_tau_s": 0.0,
    "diagnostics_period_s": 0.2,
}  # fmt: skip


def syllables() -> np.ndarray:
    """What two microphones hear of a buzz that comes and goes, as it is in the open."""
    rng, count = np.random.default_rng(0), round(SECONDS * RATE_HZ)
    pulses = np.zeros(count)
    pulses[::133] = 1.0
    times = np.arange(count) / RATE_HZ
    mono = (pulses + 0.05 * rng.standard_normal(count)) * (np.sin(2 * np.pi * 3 * times) > -0.5)
    late_s = SPACING_M * math.sin(math.radians(AZIMUTH_DEG)) / 343.0  # right after left
    spectrum, hz = np.fft.rfft(mono), np.fft.rfftfreq(count, 1 / RATE_HZ)
    right = np.fft.irfft(spectrum * np.exp(-2j * np.pi * hz * late_s), count)
    return 0.5 * np.stack((mono, right), axis=1) + 1e-4 * rng.standard_normal((count, 2))


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What became of the sound in a node whose network hears nothing."""
    folder = tmp_path_factory.mktemp("direction")
    np.save(folder / "sound.npy", syllables())
    environment = audio_packages.environment("chunks")
    environment["ROS_DOMAIN_ID"] = os.environ.get("ROS_DOMAIN_ID", "57")
    environment["PYTHONPATH"] = os.pathsep.join((str(HERE), environment["PYTHONPATH"]))
    words = [word for k, v in PARAMETERS.items() for word in ("-p", f"{k}:={v}")]
    command = [sys.executable, HERE / "direction_node.py"]
    node = subprocess.Popen([*command, "--ros-args", *words], env=environment)
    try:
        driver = [sys.executable, HERE / "direction_driver.py", folder / "sound.npy"]
        subprocess.run([*driver, folder / "out.json"], env=environment, check=True, timeout=90)
    finally:
        node.send_signal(signal.SIGTERM)
        node.wait(30)
    return json.loads((folder / "out.json").read_text())


def test_a_voice_is_published_with_its_yaw_stamp_and_frame(told):
    begin_ns, mono_ns = told["begun"]
    directions = told["directions"]
    assert len(directions) >= 5
    assert all(abs(d["deg"] - AZIMUTH_DEG) < 3 for d in directions)
    assert all(begin_ns < d["stamp_ns"] < mono_ns for d in directions)
    assert [d["frame_id"] for d in directions] == sorted(
        (d["frame_id"] for d in directions), reverse=True
    )
    assert {d["frame_id"] for d in directions} == {"mics", "array"}
    heard = [status for status in told["statuses"] if "direction_deg" in status]
    assert abs(float(heard[-1]["direction_deg"]) - AZIMUTH_DEG) < 3
    assert float(heard[-1]["voice"]) >= 0.5 and float(heard[-1]["direction_confidence"]) > 0.1
    assert heard[-1]["voice_gate"] == "energy" and heard[-1]["level"] == "0"


def test_it_draws_the_gaze_in_head_coordinates(told):
    begin_ns, mono_ns = told["begun"]
    first_ns = told["directions"][0]["stamp_ns"] + 10**9
    before = [u for stamp_ns, u in told["looks"] if stamp_ns < begin_ns]
    during = [u for stamp_ns, u in told["looks"] if first_ns < stamp_ns < mono_ns]
    assert len(before) > 3 and len(during) > 3
    assert max(before) < 320  # the brighter one, on the left
    assert np.mean(np.array(during) > 320) > 0.9


def test_mono_publishes_nothing_and_says_why(told):
    status = told["statuses"][-1]
    assert "1 channel has no direction; use a microphone with two" in status["message"]
    assert "1 channel" in status["no_direction"] and status["level"] == "1"
    assert int(status["directions"]) == len(told["directions"])
    assert "direction_deg" not in status


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"direction_weight": 0.5}, "direction_weight needs microphone_spacing_m"),
        ({"microphone_spacing_m": 0.06, "audio_type": "none"}, "needs sound"),
        ({"microphone_spacing_m": 0.001}, "0 or at least 0.005"),
        ({"microphone_spacing_m": 0.06, "microphone_channels": "2"}, "two or more different"),
        ({"microphone_spacing_m": 0.06, "microphone_channels": "2,2"}, "two or more different"),
        ({"pan_sign": 0}, "1 or -1, got 0"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(values, words):
    with pytest.raises(ParameterError, match=words):
        SaliencyParameters(**values)
    good = SaliencyParameters(microphone_spacing_m=0.06, microphone_channels="1,2,3,4")
    assert good.microphones == (1, 2, 3, 4) and SaliencyParameters().microphones == ()


def test_only_the_pan_joint_is_read():
    state = SimpleNamespace(name=["tilt", "neck"], position=[0.1, 0.2])
    assert joint_angle(state, "neck") == 0.2 and joint_angle(state, "pan") is None
    with pytest.raises(FrameError, match="2 names and 1 positions"):
        joint_angle(SimpleNamespace(name=["tilt", "neck"], position=[0.1]), "neck")
