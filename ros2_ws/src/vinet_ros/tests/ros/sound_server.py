# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A PulseAudio daemon with a null sink, whose monitor is the only microphone there is."""

import ctypes.util
import os
import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

RATE_HZ = 48_000  # of the null sink


def missing() -> str:
    """Return what is needed and not here, for a reason to skip; empty where all is here."""
    plugins = Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")
    wanted = {
        "pulseaudio and pulseaudio-utils": shutil.which("pulseaudio") and shutil.which("pactl"),
        "libportaudio2": ctypes.util.find_library("portaudio"),
        "libasound2-plugins": any(plugins),
        "sounddevice": find_spec("sounddevice"),
    }
    return ", ".join(name for name, found in wanted.items() if not found)


class SoundServer:
    """Starts and kills the daemon, and has it record itself; use it as a context.

    On a busy machine a null sink leaves out samples of what is played. Its own recorder tells
    these from samples that a microphone has lost.

    Args:
        folder: Its own, empty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "pulse.socket"
        self._record = folder / "record.raw"
        self._started: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        """What its clients need to find it, and nobody else's."""
        home = str(self._folder)
        return {
            "PULSE_SERVER": f"unix:{self._socket}",
            **dict.fromkeys(("HOME", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH"), home),
        }

    @property
    def recorded(self) -> np.ndarray:
        """What it has recorded itself, (N, 2) int16, all its lives in a row."""
        return np.fromfile(self._record, "<i2").reshape(-1, 2)

    def start(self) -> None:
        """Start it, and return when it takes clients."""
        self._socket.unlink(missing_ok=True)
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"]
        command += ["--use-pid-file=no", "--log-target=stderr"]
        command += ["-L", f"module-native-protocol-unix socket={self._socket} auth-anonymous=1"]
        command += ["-L", f"module-null-sink sink_name=room rate={RATE_HZ} channels=2"]
        environment = {**os.environ, **self.environment}
        with (self._folder / "pulse.log").open("ab") as log:
            self._started = [subprocess.Popen(command, env=environment, stdout=log, stderr=log)]
        end_s = time.monotonic() + 20
        while b"room.monitor" not in self._sources():
            assert time.monotonic() < end_s, (self._folder / "pulse.log").read_text()
            time.sleep(0.1)
        recorder = ["parec", "--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=2"]
        recorder += ["--device=room.monitor", "--latency-msec=50"]
        with self._record.open("ab") as record, (self._folder / "parec.log").open("ab") as log:
            process = subprocess.Popen(recorder, env=environment, stdout=record, stderr=log)
            self._started.append(process)

    def kill(self) -> None:
        """End it as a crash would."""
        for process in self._started:
            process.kill()
            process.wait()

    def _sources(self) -> bytes:
        return subprocess.run(
            ["pactl", "list", "short", "sources"],
            env={**os.environ, **self.environment},
            capture_output=True,
            check=False,
        ).stdout

    def __enter__(self) -> "SoundServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
