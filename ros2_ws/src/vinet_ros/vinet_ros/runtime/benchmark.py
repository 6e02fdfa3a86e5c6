# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Measure the ways to run a network against its plain eager forward, in one run."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

import vinet_ros
from vinet_ros.errors import VinetError
from vinet_ros.networks.weights import card_of
from vinet_ros.runtime.benchmark_paths import (
    EAGER,
    EagerRunner,
    Runner,
    Subject,
    check_paths,
    default_paths,
    runner_for,
)
from vinet_ros.runtime.benchmark_report import BenchmarkReport, PathRow
from vinet_ros.runtime.memory_probe import MemoryGrowth, measure_memory
from vinet_ros.runtime.traits import check_saliency_network

# The threads of the path before may still spin; they are not the next one's cost.
_SETTLE_S = 0.02

Progress = Callable[[str, int, int], None]


def benchmark_model(
    subject: Subject,
    paths: Sequence[str] | None = None,
    runs: int = 15,
    warmup: int = 2,
    threads: int | None = None,
    memory: bool = True,
    command: str = "",
    progress: Progress = lambda _what, _done, _total: None,
) -> BenchmarkReport:
    """Time each path, interleaved: every round runs each once, in an order that rotates.

    The first path is always the plain eager forward of whole clips. The others take one frame
    a run, as a stream does: they resize and encode it and decode the window.
    Memory is measured for each path in a process of its own.

    Args:
        subject: The network and its input.
        paths: Names of paths; None: all that can run here.
        runs: Timed rounds.
        warmup: Rounds before them.
        threads: Threads on the CPU; None leaves the choice to the paths.
        memory: Whether to measure memory.
        command: The command line, for the report.
        progress: Called with what is done, how many are, and of how many.

    Raises:
        ValueError: If a path does not exist, or `runs` is below 1.
        VinetError: If the weights or a path are not available.
    """
    if runs < 1 or warmup < 0:
        raise ValueError(f"runs must be at least 1 and warmup 0, got {runs} and {warmup}")
    paths = [EAGER, *(p for p in paths or default_paths() if p != EAGER)]
    check_paths(paths)
    check_saliency_network(subject.make())  # faults show here, not in the memory processes
    load_average = os.getloadavg()[0]
    growth = _memory_growth(subject, paths, threads, progress) if memory else [None] * len(paths)
    runners = [runner_for(subject, path, threads) for path in paths]
    maps = [runner.first() for runner in runners]
    seconds = _time_interleaved(runners, runs, warmup, progress)
    rows = tuple(
        _row(path, runner, seconds[:, k], seconds[:, 0], growth[k], maps[k], maps[0])
        for k, (path, runner) in enumerate(zip(paths, runners, strict=True))
    )
    eager = cast("EagerRunner", runners[0])
    batch, _, length, height, width = eager.clips.shape
    clip_gmac, step_gmac = count_gmac(eager)
    return BenchmarkReport(
        model=subject.model,
        options=subject.options,
        weights=_weights_text(subject, eager),
        command=command,
        date=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        processor=processor_name(),
        cores=len(os.sched_getaffinity(0)),
        threads=torch.get_num_threads(),
        load_average=load_average,
        versions=versions(paths),
        clip_length=length,
        input_size=(height, width),
        batch=batch,
        runs=runs,
        clip_gmac=clip_gmac,
        step_gmac=step_gmac,
        map_range=(float(maps[0].min()), float(maps[0].max())),
        rows=rows,
    )


def count_gmac(eager: EagerRunner) -> tuple[float, float]:
    """Return billions of multiplications of one clip's forward and of one step."""
    model, clip = eager.model, eager.clips[:1]
    return _gmac(lambda: model(clip)), _step_gmac(model, clip)


def processor_name() -> str:
    """Return the processor's name as the system tells it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions(paths: Sequence[str]) -> dict[str, str]:
    """Return the versions that the figures depend on."""
    found = {
        "vinet_ros": vinet_ros.__version__,
        "Python": platform.python_version(),
        "torch": torch.__version__,
    }
    if "openvino" in paths:
        found["openvino"] = metadata.version("openvino")
    if any(path.startswith("cuda") for path in paths):
        found["GPU"] = torch.cuda.get_device_name(0)
    return found


def _memory_growth(
    subject: Subject, paths: Sequence[str], threads: int | None, progress: Progress
) -> list[MemoryGrowth | None]:
    growth: list[MemoryGrowth | None] = []
    for path in paths:
        progress("memory", len(growth), len(paths))
        growth.append(measure_memory(subject, path, threads))
    return growth


def _time_interleaved(
    runners: Sequence[Runner], runs: int, warmup: int, progress: Progress
) -> npt.NDArray[np.float64]:
    """Return the seconds (runs, paths) of each timed run; each follows one that is not timed."""
    seconds = np.zeros((runs, len(runners)))
    for k in range(-warmup, runs):
        progress("warm-up" if k < 0 else "round", k + warmup, runs + warmup)
        for place in range(len(runners)):
            which = (place + k) % len(runners)
            time.sleep(_SETTLE_S)
            runners[which].run()  # the caches are full of the path before; a stream's are its own
            start = time.perf_counter()
            runners[which].run()
            if k >= 0:
                seconds[k, which] = time.perf_counter() - start
    return seconds


def _row(
    path: str,
    runner: Runner,
    seconds: npt.NDArray[np.float64],
    eager_seconds: npt.NDArray[np.float64],
    growth: MemoryGrowth | None,
    maps: npt.NDArray[np.float32],
    eager_maps: npt.NDArray[np.float32],
) -> PathRow:
    if not np.isfinite(maps).all():
        raise VinetError(f"{runner.name} gave NaN or infinity; the other figures mean nothing")
    median = float(np.median(seconds))
    return PathRow(
        path=path,
        name=runner.name,
        device=runner.device,
        measured=runner.measured,
        median_ms=1e3 * median,
        p95_ms=1e3 * float(np.percentile(seconds, 95)),
        times_eager=float(np.median(eager_seconds)) / median,
        resident_mib=growth.resident_mib if growth else None,
        peak_mib=growth.peak_mib if growth else None,
        max_difference=float(np.abs(maps - eager_maps).max()),
    )


def _step_gmac(model: Any, clip: Tensor) -> float:
    frame = clip[:, :, -1]  # (1, 3, H, W)

    def step() -> None:
        kept = model.encode(frame)
        model.decode(tuple(torch.stack([k] * clip.shape[2], dim=1) for k in kept))

    return _gmac(step)


def _gmac(forward: Callable[[], object]) -> float:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        forward()
    return float(counter.get_total_flops()) / 2e9


def _weights_text(subject: Subject, eager: EagerRunner) -> str:
    if subject.random:
        return f"random, seed {subject.seed}"
    card = card_of(eager.model)
    return f"{card.file} (sha256 {card.sha256[:12]})" if card else str(subject.weights)
