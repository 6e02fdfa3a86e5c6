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
from vinet_ros.runtime import shared_work_count
from vinet_ros.runtime.benchmark_int8 import with_int8
from vinet_ros.runtime.benchmark_paths import (
    EAGER,
    INT8,
    SHARED,
    EagerRunner,
    Runner,
    Subject,
    Timed,
    check_paths,
    chosen_paths,
    precision_of,
    runner_for,
)
from vinet_ros.runtime.benchmark_report import BenchmarkReport, PathRow
from vinet_ros.runtime.matrix_rate import MatrixProduct
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
    precisions: Sequence[str] | None = None,
) -> BenchmarkReport:
    """Time each path, interleaved: every round runs each once, in an order that rotates.

    The first path is always the plain eager forward of whole clips. The others take one frame
    a run, as a stream does: they resize and encode it and decode the window.
    Memory is measured for each path in a process of its own. A large product of fp32 matrices is
    timed in the same rounds, on each device that a path runs on.

    Args:
        subject: The network and its input.
        paths: Names of paths; None: all that can run here.
        runs: Timed rounds.
        warmup: Rounds before them.
        threads: Threads on the CPU; None leaves the choice to the paths.
        memory: Whether to measure memory.
        command: The command line, for the report.
        progress: Called with what is done, how many are, and of how many.
        precisions: Number formats to keep of the paths; None: all. For ``int8``, the subject's
            graphs, or else some that are made on the benchmark's own film, whose times are real.

    Raises:
        ValueError: If a path or precision does not exist, or `runs` is below 1.
        VinetError: If the weights or a path are not available.
    """
    if runs < 1 or warmup < 0:
        raise ValueError(f"runs must be at least 1 and warmup 0, got {runs} and {warmup}")
    model = subject.make()  # faults show here, not in the memory processes
    check_saliency_network(model)
    paths = chosen_paths(paths, precisions, subject.int8 is not None, model)
    check_paths(paths)
    del model
    load_average = os.getloadavg()[0]
    with with_int8(subject, paths, progress) as ready:
        growth = _memory_growth(ready, paths, threads, progress) if memory else [None] * len(paths)
        runners = [runner_for(ready, path, threads) for path in paths]
    maps = [runner.first() for runner in runners]
    devices = sorted({runner.device for runner in runners})
    products = [MatrixProduct(device) for device in devices]
    seconds = time_interleaved([*runners, *products], runs, warmup, progress)
    rates = {
        product.device: product.gmac_per_s(seconds[:, len(runners) + k])
        for k, product in enumerate(products)
    }
    eager = cast("EagerRunner", runners[0])
    batch, _, length, height, width = eager.clips.shape
    clip_gmac, step_gmac = count_gmac(eager)
    gmac = {path: _path_gmac(path, eager, clip_gmac, step_gmac) for path in paths}
    rows = tuple(
        _row(
            path,
            runner,
            seconds[:, k],
            seconds[:, 0],
            growth[k],
            _differences(maps[k], maps[0], runner),
            gmac[path],
            batch * gmac[path] / rates[runner.device],
        )
        for k, (path, runner) in enumerate(zip(paths, runners, strict=True))
    )
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
        parameters=count_parameters(eager.model),
        matrix_gmac_per_s=rates,
        int8=_int8_text(subject) if INT8 in paths else "",
        map_range=(float(maps[0].min()), float(maps[0].max())),
        rows=rows,
    )


def count_gmac(eager: EagerRunner) -> tuple[float, float]:
    """Return billions of multiplications of one clip's forward and of one step."""
    model, clip = eager.model, eager.clips[:1]
    return gmac_of(lambda: model(clip)), _step_gmac(model, clip)


def _path_gmac(path: str, eager: EagerRunner, clip_gmac: float, step_gmac: float) -> float:
    """Return billions of multiplications of one window in one run of a path."""
    if path in SHARED:
        return shared_work_count.step_gmac(eager.model, path != SHARED[0])
    return clip_gmac if path == EAGER else step_gmac


def count_parameters(model: Any) -> int:
    """Return how many trained numbers a network has."""
    return sum(parameter.numel() for parameter in model.parameters())


def gmac_of(forward: Callable[[], object]) -> float:
    """Return billions of multiplications of a call."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        forward()
    return float(counter.get_total_flops()) / 2e9


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
    if {"openvino", INT8} & set(paths):
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


def time_interleaved(
    runners: Sequence[Timed], runs: int, warmup: int, progress: Progress
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


def percentiles_ms(
    seconds: Sequence[float] | npt.NDArray[np.float64],
) -> tuple[float, float, float]:
    """Return median, 95th and 99th percentile of some runs' seconds, in milliseconds."""
    p50, p95, p99 = np.percentile(seconds, (50, 95, 99))
    return 1e3 * float(p50), 1e3 * float(p95), 1e3 * float(p99)


def _row(
    path: str,
    runner: Runner,
    seconds: npt.NDArray[np.float64],
    eager_seconds: npt.NDArray[np.float64],
    growth: MemoryGrowth | None,
    max_difference: float,
    gmac: float,
    matrix_s: float,
) -> PathRow:
    """Return a path's figures; `matrix_s` is what its multiplications take in matrices."""
    median_ms, p95_ms, p99_ms = percentiles_ms(seconds)
    return PathRow(
        path=path,
        name=runner.name,
        device=runner.device,
        measured=runner.measured,
        median_ms=median_ms,
        p95_ms=p95_ms,
        p99_ms=p99_ms,
        precision=precision_of(path),
        times_eager=percentiles_ms(eager_seconds)[0] / median_ms,
        resident_mib=growth.resident_mib if growth else None,
        peak_mib=growth.peak_mib if growth else None,
        max_difference=max_difference,
        gmac=gmac,
        matrix_share=1e3 * matrix_s / median_ms,
    )


def _differences(
    maps: npt.NDArray[np.float32], eager_maps: npt.NDArray[np.float32], runner: Runner
) -> float:
    if not np.isfinite(maps).all():
        raise VinetError(f"{runner.name} gave NaN or infinity; the other figures mean nothing")
    return float(np.abs(maps - eager_maps).max())


def _step_gmac(model: Any, clip: Tensor) -> float:
    frame = clip[:, :, -1]  # (1, 3, H, W)

    def step() -> None:
        kept = model.encode(frame)
        model.decode(tuple(torch.stack([k] * clip.shape[2], dim=1) for k in kept))

    return gmac_of(step)


def _weights_text(subject: Subject, eager: EagerRunner) -> str:
    if subject.random:
        return f"random, seed {subject.seed}"
    card = card_of(eager.model)
    return f"{card.file} (sha256 {card.sha256[:12]})" if card else str(subject.weights)


def _int8_text(subject: Subject) -> str:
    if subject.int8 is None:
        return "made on the benchmark's own film, its times are real and its maps are not"
    return Path(subject.int8).name
