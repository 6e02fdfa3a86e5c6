# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Tasks over processes or GPUs: each process loads the network once and takes task after task."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import nn

from vinet_ros.errors import DataError
from vinet_ros.networks import load_model
from vinet_ros.offline.evaluate_stills import Progress
from vinet_ros.offline.processes import map_in_processes
from vinet_ros.streaming import Predictor

NO_MODEL = "none"


@dataclass(frozen=True, slots=True)
class BenchSetup:
    """What each process is given.

    Attributes:
        model: A name of the catalog, or "none".
        weights: A weight file; None: the bundled weights.
        device: "cpu" or "cuda:n".
        path: How the network is executed: "auto", "torch" or "openvino".
        threads: Of the CPU; None leaves them as they are.
        shared: What many tasks need, by name.
    """

    model: str
    weights: Path | None
    device: str = "cpu"
    path: str = "auto"
    threads: int | None = None
    shared: Mapping[str, Any] = field(default_factory=dict)


class Bench:
    """What a task finds in its process; the network is loaded when the first task needs it.

    Args:
        setup: What to load.
        progress: For a progress bar.
    """

    def __init__(self, setup: BenchSetup, progress: Progress) -> None:
        self.setup = setup
        self.progress = progress

    @cached_property
    def network(self) -> nn.Module | None:
        """The network on its device, or None for baselines alone."""
        if self.setup.model == NO_MODEL:
            return None
        return load_model(self.setup.model, self.setup.weights, device=self.setup.device)

    @cached_property
    def predictor(self) -> Predictor | None:
        """The network behind a frame window at its own rate, or None for baselines alone."""
        if self.network is None:
            return None
        setup = self.setup
        return Predictor(self.network, device=setup.device, path=setup.path, threads=setup.threads)

    def windowed(self, rate_hz: float = 0.0) -> Predictor | None:
        """Return the predictor with an empty window at a rate; 0: the network's own."""
        if self.predictor is not None:
            self.predictor.configure_window(rate_hz=rate_hz)
        return self.predictor

    def close(self) -> None:
        """Give the network back."""
        if "predictor" in self.__dict__ and self.predictor is not None:
            self.predictor.close()


Task = Callable[[Bench], Any]


def list_devices(device: str, jobs: int) -> tuple[str, ...]:
    """Return the devices that jobs take in turn.

    Args:
        device: "auto", "cpu", "cuda" or "cuda:n".
        jobs: Number of processes; one of them uses one device only.
    """
    if device not in ("auto", "cuda"):
        return (device,)
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not gpus:
        return ("cpu" if device == "auto" else device,)
    return tuple(f"cuda:{index}" for index in range(min(gpus, jobs)))


def share_threads(jobs: int) -> int | None:
    """Return the CPU threads of each of so many processes; None for one, which keeps its own."""
    if jobs == 1:
        return None
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(cores // jobs, 1)


def run_tasks(
    tasks: Sequence[Task], bench: Bench, devices: Sequence[str], jobs: int
) -> list[Any | DataError]:
    """Return each task's result, or the DataError that it ended with, in the tasks' order.

    Args:
        tasks: Callables that can be pickled, so that they can go to another process.
        bench: Of this process; other processes make their own like it.
        devices: For the processes, in turn.
        jobs: Number of processes; 1 does all here.

    Raises:
        VinetError: If a process died.
    """
    if jobs == 1 or len(tasks) < 2:
        return [_attempt(task, bench) for task in tasks]
    bench.close()  # the processes load their own
    jobs = min(jobs, len(tasks))
    return map_in_processes(
        _work,
        [(task,) for task in tasks],
        _start_process,
        replace(bench.setup, threads=share_threads(jobs)),
        [devices[index % len(devices)] for index in range(jobs)],
        bench.progress,
        "use fewer --jobs and start it again: videos that were done are kept",
    )


_bench: Bench | None = None  # of a process that run_tasks started


def _start_process(setup: BenchSetup, turns: Any, steps: Any) -> None:
    global _bench
    threads = setup.threads or 1
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)

    def progress(task: str, step: int, total: int) -> None:
        steps.put((task, step, total))

    _bench = Bench(replace(setup, device=turns.get()), progress)


def _work(task: Task) -> Any | DataError:
    assert _bench is not None, "the process was started by run_tasks"
    return _attempt(task, _bench)


def _attempt(task: Task, bench: Bench) -> Any | DataError:
    try:
        return task(bench)
    except DataError as error:
        return error
