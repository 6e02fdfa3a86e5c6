# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""microphone_node listens to a real sound server; its sound is heard over DDS in both dialects."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import sound_server
from mic_bench import EXACT, Bench
from sound_server import RATE_HZ

from vinet_ros.errors import SoundError
from vinet_ros.ros.microphone_status import MICROPHONE_KEYS
from vinet_ros.streaming.microphone import Microphone, MicrophoneSettings

needs_sound = pytest.mark.skipif(
    bool(sound_server.missing()), reason=f"not installed: {sound_server.missing()}"
)


def listeners_of(node: subprocess.Popen) -> list[int]:
    """Return the processes that listen for a node."""
    return [
        int(stat.parent.name)
        for stat in Path("/proc").glob("[0-9]*/stat")
        if stat.read_text().rpartition(")")[2].split()[1] == str(node.pid)
    ]


def ended(node: subprocess.Popen, listeners: list[int], number: int) -> str:
    """Send a signal to a node; return its output once it and those that listen are gone."""
    node.send_signal(number)
    output = node.communicate(timeout=20)[0]
    end_s = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in listeners):
        assert time.monotonic() < end_s, "a process that listens was left behind"
        time.sleep(0.05)
    return output


@needs_sound
def test_clicks_come_whole_and_with_their_time(tmp_path, domain_id):
    with Bench(tmp_path, "bytes", domain_id, (*EXACT, "-p", "chunk:=480")) as bench:
        node = bench.node()
        ear = bench.ear()
        bench.play(2.5)
        time.sleep(1.2)  # the last chunks and diagnostics
        heard = bench.heard(ear)
        output = ended(node, listeners_of(node), signal.SIGINT)
        recorded = bench.server.recorded
    assert node.returncode == 0 and "Traceback" not in output, output
    errors_ms = heard.errors_ms(bench.clicks)
    assert len(errors_ms) == len(bench.clicks) == 5
    assert np.abs(errors_ms).max() <= 30, errors_ms
    assert heard.lost_samples(recorded) == 0
    assert set(heard.lengths) == {480} and set(heard.rates) == {RATE_HZ}
    assert list(heard.frames) == ["microphone"]
    values = heard.status["values"]
    assert set(values) == set(MICROPHONE_KEYS) - {"problem"}
    assert (values["overruns"], values["lost_samples"], values["reopened"]) == ("0", "0", "0")
    assert values["type"] == "AudioDataStamped" and values["subscribers"] == "1"


@needs_sound
def test_a_sound_server_that_is_killed_is_waited_for(tmp_path, domain_id):
    with Bench(tmp_path, "chunks", domain_id) as bench:
        node = bench.node()
        ear = bench.ear()
        bench.server.kill()
        killed_ns = time.time_ns()
        time.sleep(3.0)
        bench.server.start()
        bench.play(2.5)
        time.sleep(1.2)
        heard = bench.heard(ear)
        output = ended(node, listeners_of(node), signal.SIGKILL)
        recorded = bench.server.recorded
    assert output.count("[WARN]") == 1 and "is gone" in output and "is back" in output, output
    again = heard.stamps[heard.arrivals > killed_ns + 3_000_000_000]
    assert len(again) and again.min() > killed_ns + 3_000_000_000
    errors_ms = heard.errors_ms(bench.clicks)
    assert len(errors_ms) >= len(bench.clicks) - 2  # it listens some seconds after it is back
    assert np.abs(errors_ms).max() <= 30, errors_ms
    assert heard.lost_samples(recorded) == 0
    status = heard.status
    assert status["values"]["reopened"] == "1" and status["level"] == 0, status
    assert any(level == 2 and "no sound for" in text for level, text in status["said"])


@needs_sound
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("device:=nothing_like_it", "no input device 'nothing_like_it'"),
        ("channels:=64", "does not give"),
    ],
)
def test_a_device_that_cannot_be_had_is_told_with_those_that_can(
    arguments, words, tmp_path, domain_id
):
    with Bench(tmp_path, "bytes", domain_id, ("-p", arguments)) as bench:
        node = bench.node()
        output = node.communicate(timeout=30)[0]
    assert node.returncode == 2
    (line,) = output.splitlines()
    assert line.startswith("error: ") and words in line
    assert "32 channels, 44100 Hz" in line or "gives 44100 of at most 32" in line


def test_without_the_messages_the_package_is_named(tmp_path):
    found = {name: value for name, value in os.environ.items() if name != "PULSE_SERVER"}
    bench = Bench(tmp_path, "", 1)
    bench.environment = found
    node = bench.node()
    output = node.communicate(timeout=30)[0]
    assert node.returncode == 2
    assert "audio_common_msgs, which is not installed" in output and "audio_type" not in output


def test_it_does_without_the_libraries_of_the_networks():
    program = "import sys, vinet_ros.ros.microphone_node; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        ("ImportError('no module')", "pip install 'vinet_ros[microphone]'"),
        ("OSError('PortAudio library not found')", "apt install libportaudio2"),
    ],
)
def test_without_the_libraries_they_are_named(fault, remedy, tmp_path, monkeypatch):
    (tmp_path / "sounddevice.py").write_text(f"raise {fault}\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    with pytest.raises(SoundError) as caught:
        Microphone(MicrophoneSettings()).open()
    assert remedy in str(caught.value)
