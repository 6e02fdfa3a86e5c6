# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How many predictions a second several cameras get: with a network each, or with one for all."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import numpy.typing as npt

from vinet_ros.runtime.base import Executor
from vinet_ros.runtime.benchmark_paths import Subject
from vinet_ros.runtime.machine import machine_text, processor_name, versions
from vinet_ros.runtime.select import create_executor
from vinet_ros.runtime.shared import SharedNetworks
from vinet_ros.streaming.predictor import Predictor

MODES = ("own", "one by one", "together")
"""A network for each camera; one for all, a window at a time; one for all, in batches."""

_NS_PER_FRAME = 1_000_000_000 // 30


@dataclass(frozen=True, slots=True)
class CameraRow:
    """Figures of some cameras in a mode, medians over the stretches.

    Attributes:
        mode: One of MODES.
        cameras: How many.
        rate_hz: Predictions a second of all cameras together.
        fair_share: Predictions of the slowest camera over those of the fastest.
        p50_ms: Median time of one prediction, waiting included.
        p95_ms: 95th percentile.
        cpu_ms: Processor time of the process for one prediction; other programs hardly change it.
        mean_batch: Windows that went through the network together.
    """

    mode: str
    cameras: int
    rate_hz: float
    fair_share: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    mean_batch: float


@dataclass(frozen=True, slots=True)
class CameraReport:
    """Rows of one run, and what is needed to read them.

    Attributes:
        model: Name in the catalog.
        path: How the network was run.
        processor: Name of the processor.
        cores: Cores that the process may use.
        load_average: Of the machine over the minute before, and at the end.
        versions: Of the libraries.
        stretches: How many of each row, and how long each was in seconds.
        max_difference: Largest difference of a map from a batch to the same map alone.
        rows: The figures.
    """

    model: str
    path: str
    processor: str
    cores: int
    load_average: tuple[float, float]
    versions: dict[str, str]
    stretches: tuple[int, float]
    max_difference: float
    rows: tuple[CameraRow, ...] = field(default_factory=tuple)

    def to_json(self) -> str:
        """Return everything as an indented JSON object."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def to_markdown(self) -> str:
        """Return what was measured and how, and the table."""
        machine = machine_text(self.processor, self.cores, self.load_average, self.versions)
        count, seconds = self.stretches
        lines = [
            f"{self.model}, {self.path}. {machine}. {count} stretches of "
            f"{seconds:g} s for each row, in turn; every camera has a new frame whenever it has "
            f"a map. Largest difference of a map from a batch to the same alone: "
            f"{self.max_difference:.1e}.",
            "",
            "| cameras | network | predictions/s | slowest / fastest camera | p50 ms | p95 ms "
            "| CPU ms a prediction | together |",
            "|---:|---|---:|---:|---:|---:|---:|---:|",
        ]
        lines += [
            f"| {row.cameras} | {row.mode} | {row.rate_hz:.1f} | {row.fair_share:.2f} "
            f"| {row.p50_ms:.0f} | {row.p95_ms:.0f} | {row.cpu_ms:.1f} | {row.mean_batch:.2f} |"
            for row in self.rows
        ]
        return "\n".join(lines) + "\n"


def benchmark_cameras(
    subject: Subject,
    cameras: Sequence[int] = (1, 2, 4),
    device: str = "cpu",
    path: str = "auto",
    threads: int | None = None,
    stretches: int = 5,
    seconds: float = 2.0,
    progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> CameraReport:
    """Let cameras predict as fast as they can, all ways in turn.

    Args:
        subject: The network.
        cameras: Numbers of cameras.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:n``.
        path: ``auto``, ``torch`` or ``openvino``.
        threads: Threads of a network on the CPU; None leaves the choice to the path.
        stretches: Measured stretches of each row.
        seconds: Length of each.
        progress: Called with what is done, how many are, and of how many.

    Raises:
        ValueError: If an argument is out of its range.
        VinetError: If the weights, device or path are not available.
    """
    if not cameras or min(cameras) < 1 or stretches < 1 or seconds <= 0:
        raise ValueError(
            "cameras and stretches must be at least 1 and seconds above 0, got "
            f"{list(cameras)}, {stretches} and {seconds}"
        )

    def build(batches: int) -> Executor:
        return create_executor(subject.make(), device, path=path, threads=threads, batches=batches)

    load_before = os.getloadavg()[0]
    networks = _Networks(build, max(cameras))
    runs = [
        _Run(subject.model, networks, mode, count) for count in sorted(cameras) for mode in MODES
    ]
    runs = [run for run in runs if run.count > 1 or run.mode == "own"]
    for k in range(stretches * len(runs)):
        # The order rotates, so that what else the machine does falls on all of them.
        run = runs[(k + k // len(runs)) % len(runs)]
        progress(f"{run.count} x {run.mode}", k, stretches * len(runs))
        run.stretch(seconds)
    return CameraReport(
        model=subject.model,
        path=f"{networks.together.name} on {networks.together.device}",
        processor=processor_name(),
        cores=len(os.sched_getaffinity(0)),
        load_average=(load_before, os.getloadavg()[0]),
        versions=versions([networks.together.name.partition(" ")[0]]),
        stretches=(stretches, seconds),
        max_difference=networks.difference(),
        rows=tuple(run.row() for run in runs),
    )


class _Networks:
    """The networks of all rows, built once."""

    def __init__(self, build: Callable[[int], Executor], most: int) -> None:
        self.own = [build(1) for _ in range(most)]
        self.single = self.own[0]
        self.together = build(max(most, 2))
        size = self.single.input_size
        generator = np.random.default_rng(0)
        self.frames = generator.integers(0, 256, (8, *size, 3), dtype=np.uint8)

    def executors(self, mode: str, count: int) -> list[Executor]:
        if mode == "own":
            return list(self.own[:count])
        network = self.single if mode == "one by one" else self.together
        shared = SharedNetworks()
        return [shared.share(mode, lambda: network, f"camera {k}") for k in range(count)]

    def difference(self) -> float:
        network, length = self.together, self.together.clip_length
        kept = network.encode_batch(list(self.frames))
        rows = [[kept[(k + t) % 8] for t in range(length)] for k in range(network.batches)]
        alone = [network.predict(row) for row in rows]
        together = network.predict_batch(rows)
        return max(float(np.abs(a - b).max()) for a, b in zip(together, alone, strict=True))


class _Run:
    """One row: stretches, and what they gave."""

    def __init__(self, model: str, networks: _Networks, mode: str, count: int) -> None:
        self.mode, self.count = mode, count
        self._model = model
        self._frames = networks.frames
        self._executors = networks.executors(mode, count)
        self._figures: list[tuple[float, ...]] = []

    def stretch(self, seconds: float) -> None:
        cameras = [
            _Camera(Predictor(self._model, executor=executor, window_rate_hz=-1), self._frames)
            for executor in self._executors
        ]
        start_s, cpu_s = time.monotonic(), time.process_time()
        threads = [
            threading.Thread(target=camera.run, args=(start_s + seconds,)) for camera in cameras
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed_s, cpu_s = time.monotonic() - start_s, time.process_time() - cpu_s
        counts = [len(camera.durations_s) for camera in cameras]
        durations_s = np.concatenate([camera.durations_s for camera in cameras])
        self._figures.append(
            (
                sum(counts) / elapsed_s,
                min(counts) / max(counts),
                1e3 * float(np.median(durations_s)),
                1e3 * float(np.percentile(durations_s, 95)),
                1e3 * cpu_s / sum(counts),
            )
        )

    def row(self) -> CameraRow:
        rate_hz, share, p50_ms, p95_ms, cpu_ms = np.median(self._figures, axis=0).tolist()
        sharing = self._executors[0].sharing
        mean_batch = sharing.mean_batch if sharing else 1.0
        return CameraRow(self.mode, self.count, rate_hz, share, p50_ms, p95_ms, cpu_ms, mean_batch)


class _Camera:
    """Gives its predictor a new frame whenever it has a map."""

    def __init__(self, predictor: Predictor, frames: npt.NDArray[np.uint8]) -> None:
        self.durations_s: list[float] = []
        self._predictor = predictor
        self._frames = frames

    def run(self, end_s: float) -> None:
        number = 0
        while not self.durations_s or time.monotonic() < end_s:
            frame = self._frames[number % len(self._frames)]
            self._predictor.push_frame(frame, number * _NS_PER_FRAME)
            start_s = time.monotonic()
            self._predictor.predict()
            self.durations_s.append(time.monotonic() - start_s)
            number += 1
