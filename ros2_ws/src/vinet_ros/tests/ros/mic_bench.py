# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""microphone_node on a null sink into which clicks are played: how good are its stamps?

Usage: python mic_bench.py [SECONDS] [--kill] [--dialect bytes|chunks]; prints JSON. With --kill
the sound server is killed half way and started again ten seconds later.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import audio_packages
import numpy as np
from click_player import CLICK, COUNTED
from sound_server import RATE_HZ, SoundServer, missing

HERE = Path(__file__).parent
EXACT = ("-p", "channels:=2", "-p", f"sample_rate:={RATE_HZ}")
DARK_S = 10.0
_NEAR_NS = 500_000_000


@dataclass
class Bench:
    """A sound server, the node and an ear, each a process; use it as a context.

    Args:
        folder: Its own, empty.
        dialect: Of audio_common_msgs, bytes or chunks; empty: none is installed.
        domain: Of ROS.
        arguments: Of the node.
    """

    folder: Path
    dialect: str
    domain: int
    arguments: tuple[str, ...] = EXACT
    clicks: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = SoundServer(self.folder)
        found = audio_packages.environment(self.dialect) if self.dialect else dict(os.environ)
        self.environment = {
            **found,
            **self.server.environment,
            "ROS_DOMAIN_ID": str(self.domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        }
        self._started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> "Bench":
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self.server.kill()

    def start(self, *command: object) -> subprocess.Popen[str]:
        """Start a Python program."""
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(process)
        return process

    def node(self) -> subprocess.Popen[str]:
        """Start the node."""
        return self.start("-m", "vinet_ros.ros.microphone_node", "--ros-args", *self.arguments)

    def ear(self) -> subprocess.Popen[str]:
        """Start an ear; return when it hears something."""
        ear = self.start(HERE / "mic_ear.py", self.folder / "ear.npz")
        assert ear.stdout is not None
        assert ear.stdout.readline() == "up\n", ear.communicate()[0]
        return ear

    def play(self, seconds: float) -> None:
        """Play clicks for a while."""
        self.finish_playing(self.begin_to_play(seconds))

    def begin_to_play(self, seconds: float) -> subprocess.Popen[str]:
        """Start to play clicks."""
        return self.start(HERE / "click_player.py", seconds, self.folder / "clicks.json")

    def finish_playing(self, player: subprocess.Popen[str]) -> None:
        """Wait for the end of the clicks, and note when they were."""
        output = player.communicate()[0]
        assert player.returncode == 0, output
        self.clicks += map(tuple, json.loads((self.folder / "clicks.json").read_text()))

    def heard(self, ear: subprocess.Popen[str]) -> "Heard":
        """End the ear; return what it has heard."""
        ear.send_signal(signal.SIGTERM)
        output = ear.communicate(timeout=60)[0]
        assert ear.returncode == 0, output
        with np.load(self.folder / "ear.npz") as kept:
            return Heard(**{name: kept[name] for name in kept.files})


@dataclass
class Heard:
    """What the ear has kept: see mic_ear.py."""

    samples: np.ndarray
    lengths: np.ndarray
    stamps: np.ndarray
    arrivals: np.ndarray
    rates: np.ndarray
    frames: np.ndarray
    said: Any

    @property
    def status(self) -> dict[str, Any]:
        """The newest diagnostics of the microphone, with all that they have said."""
        (status,) = (s for name, s in json.loads(str(self.said)).items() if "microphone" in name)
        return status

    def unlike(self, recorded: np.ndarray) -> list[tuple[int, int, int]]:
        """Return where samples are missing that the sound server's own record has.

        Args:
            recorded: That record, (N, 2).

        Returns:
            The numbers of the samples before and after, and how many zeros are between.
        """
        gaps = np.flatnonzero(np.diff(self.stamps) > 1e9) + 1  # the sound server was killed
        parts = np.split(self.samples[:, 1], np.cumsum(self.lengths)[gaps - 1])
        own = sum((_breaks(part) for part in parts), Counter())
        return list((own - _breaks(recorded[:, 1])).elements())

    def lost_samples(self, recorded: np.ndarray) -> int:
        """Return how many samples are missing there."""
        steps = ((after - before - 1) % COUNTED for before, after, _ in self.unlike(recorded))
        return sum(max(1, step) for step in steps)

    def sample_times_ns(self) -> np.ndarray:
        """Return when each sample was heard, by the stamps."""
        within = np.concatenate([np.arange(length) for length in self.lengths])
        return np.repeat(self.stamps, self.lengths) + within * (1_000_000_000 // RATE_HZ)

    def errors_ms(self, clicks: list[tuple[int, int]]) -> np.ndarray:
        """Return by how much each click that was heard is stamped too late."""
        found = np.flatnonzero(self.samples[:, 0] > CLICK // 2)
        times_ns = self.sample_times_ns()[found]
        numbers = self.samples[found, 1].astype(int) - 1
        played = np.array([at_ns for _, at_ns in clicks])
        errors = []
        for number, time_ns in zip(numbers, times_ns, strict=True):
            nearest = int(np.abs(played - time_ns).argmin())
            if abs(played[nearest] - time_ns) < _NEAR_NS:
                assert clicks[nearest][0] % COUNTED == number
                errors.append((time_ns - played[nearest]) * 1e-6)
        return np.array(errors)

    def roughness_ms(self) -> float:
        """Return the greatest step of the stamps beside the length of a chunk, gaps left out."""
        due = self.stamps[:-1] + self.lengths[:-1] * (1e9 / RATE_HZ)
        steps = np.abs(self.stamps[1:] - due) * 1e-6
        return float(steps[steps < 1000].max())


def _breaks(channel: np.ndarray) -> Counter[tuple[int, int, int]]:
    """Return where a channel that counts its samples does not: the numbers, the zeros between."""
    found = np.flatnonzero(channel > 0)
    numbers, zeros = channel[found].astype(int), np.diff(found) - 1
    places = np.flatnonzero(((np.diff(numbers) - 1) % COUNTED != 0) | (zeros > 0))
    rows = zip(numbers[places], numbers[places + 1], zeros[places], strict=True)
    return Counter((int(before), int(after), int(between)) for before, after, between in rows)


def _left_out(recorded: np.ndarray) -> int:
    """Return how many samples of what was played are missing in a record."""
    found = _breaks(recorded[:, 1]).elements()
    return sum((after - before - 1) % COUNTED for before, after, zeros in found if not zeros)


def measure(folder: Path, dialect: str, seconds: float, kill: bool) -> dict[str, Any]:
    """Return the figures of one run."""
    with Bench(folder, dialect, int(os.environ.get("ROS_DOMAIN_ID", "57"))) as bench:
        node = bench.node()
        ear = bench.ear()
        back_s = None
        if kill:
            player = bench.begin_to_play(seconds)
            time.sleep(seconds / 2)
            bench.server.kill()
            bench.finish_playing(player)
            time.sleep(DARK_S)
            bench.server.start()
            back_s = time.time()
            bench.play(seconds / 2)
        else:
            bench.play(seconds)
        time.sleep(1.5)
        heard = bench.heard(ear)
        begun_s = time.monotonic()
        node.send_signal(signal.SIGINT)
        output = node.communicate(timeout=30)[0]
        ended_s = time.monotonic() - begun_s
        recorded = bench.server.recorded
    errors = heard.errors_ms(bench.clicks)
    slope = np.polyfit(np.arange(len(errors)) * 0.5, errors, 1)[0] if len(errors) > 2 else 0.0
    after = heard.arrivals * 1e-9 - (back_s or 0)
    return {
        "seconds": seconds,
        "dialect": dialect,
        "samples": len(heard.samples),
        "lost_samples": heard.lost_samples(recorded),
        "unlike_the_record": heard.unlike(recorded),
        # With a kill the joint between two players would count.
        "left_out_by_the_sink": None if kill else _left_out(recorded),
        "clicks_played": len(bench.clicks),
        "clicks_heard": len(errors),
        "error_ms": {
            "p50": float(np.median(errors)),
            "p5": float(np.percentile(errors, 5)),
            "p95": float(np.percentile(errors, 95)),
            "max_abs": float(np.abs(errors).max()),
        },
        "drift_of_error_ppm": float(slope * 1e3),
        "largest_step_ms": heard.roughness_ms(),
        "sound_again_after_s": float(after[after > 0].min()) if back_s else None,
        "diagnostics": heard.status,
        "exit_code": node.returncode,
        "ended_after_s": ended_s,
        "log": output.splitlines(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=300.0)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--dialect", choices=("bytes", "chunks"), default="bytes")
    given = parser.parse_args()
    if reason := missing():
        sys.exit(f"error: this needs {reason}")
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), given.dialect, given.seconds, given.kill)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
