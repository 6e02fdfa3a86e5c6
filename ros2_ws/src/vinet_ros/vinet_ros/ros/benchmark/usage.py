# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What the node, its threads and the whole machine use, second by second."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vinet_ros.ros.process_usage import (
    Memory,
    ThreadTime,
    process_cpu_s,
    process_memory,
)

_TRANSPORT = "dds."
_PREDICTION = "prediction"


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the node.

    Args:
        at_s: Steady clock.
        cpu_s: Processor time of the process so far.
        memory: Of the process.
        machine: Busy and total processor time of the machine so far, in ticks.
        machine_memory_percent: Memory of the machine in use.
    """

    at_s: float
    cpu_s: float
    memory: Memory
    machine: tuple[int, int]
    machine_memory_percent: float


@dataclass(frozen=True, slots=True)
class CpuFigures:
    """Cores that the node took over the stretch; 1 is one core all the time.

    Args:
        total: Of the whole process.
        ros_and_conversion: All but the network: the first four below.
        inference: The network, whichever threads it ran in.
        convert: Message to RGB, in the executor's thread.
        resize: RGB into the window, in the executor's thread.
        executor: The rest of that thread: taking messages out of the middleware, diagnostics.
        transport: The middleware's own threads.
        gaze_and_publish: The prediction's thread outside of the network.
        executor_waited: Share of the time that the executor's thread was ready to run and had no
            processor: other work took them. Where it is high, images are lost.
        source: The camera's process, for comparison.
        listener: The benchmark's own process, likewise.
    """

    total: float
    ros_and_conversion: float
    inference: float
    convert: float
    resize: float
    executor: float
    transport: float
    gaze_and_publish: float
    executor_waited: float
    source: float
    listener: float


def take_sample(pid: int, at_s: float) -> Sample:
    """Look at a process and the machine now.

    Raises:
        OSError: If there is no such process any more.
    """
    return Sample(
        at_s=at_s,
        cpu_s=process_cpu_s(pid),
        memory=process_memory(pid),
        machine=machine_ticks(),
        machine_memory_percent=_memory_percent(),
    )


def machine_ticks() -> tuple[int, int]:
    """Return busy and total processor time of the machine since it started."""
    first = Path("/proc/stat").read_text().partition("\n")[0]
    ticks = [int(field) for field in first.split()[1:9]]  # guests are counted as users already
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)


def busy_percent(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Return the machine's processor use between two looks."""
    total = after[1] - before[1]
    return 100.0 * (after[0] - before[0]) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class ThreadCores:
    """Cores by group of threads, and how long the first one waited for a core."""

    main: float
    transport: float
    prediction: float
    others: float
    main_waited: float


def thread_cores(
    pid: int,
    before: Mapping[int, ThreadTime],
    after: Mapping[int, ThreadTime],
    seconds: float,
) -> ThreadCores:
    """Return what each group of a node's threads took between two looks.

    The threads of a network's library have the name of the thread that made them, so the
    prediction's own is the oldest of its name.

    Args:
        pid: Of the process; its first thread spins the executor.
        before: Threads at the first look.
        after: Threads at the second.
        seconds: Between the two.
    """
    named = [n for n, thread in after.items() if thread.name == _PREDICTION]
    own = min(named, key=lambda number: (after[number].start_ticks, number), default=None)
    cores = dict.fromkeys(("main", "transport", "prediction", "others"), 0.0)
    for number, thread in after.items():
        spent_s = thread.cpu_s - (before[number].cpu_s if number in before else 0.0)
        cores[_group(number, thread, pid, own)] += spent_s / seconds
    waited_s = after[pid].waited_s - before[pid].waited_s
    return ThreadCores(**cores, main_waited=waited_s / seconds)


def _group(number: int, thread: ThreadTime, pid: int, prediction: int | None) -> str:
    if number == pid:
        return "main"
    if number == prediction:
        return "prediction"
    return "transport" if thread.name.startswith(_TRANSPORT) else "others"


def cpu_figures(
    threads: ThreadCores,
    step_cores: Mapping[str, float],
    total: float,
    source: float,
    listener: float,
) -> CpuFigures:
    """Divide the node's processor time between ROS with the conversion and the network.

    Args:
        threads: Of the node.
        step_cores: What convert, resize and predict took in the thread that called them.
        total: Of the whole process.
        source: Of the camera's process.
        listener: Of this process.
    """
    convert, resize, predict = (step_cores[name] for name in ("convert", "resize", "predict"))
    outside = max(0.0, threads.prediction - predict)
    # Times of threads are cut to ticks, those of steps are not.
    executor = max(0.0, threads.main - convert - resize)
    ros = convert + resize + executor + threads.transport + outside
    return CpuFigures(
        total=total,
        ros_and_conversion=ros,
        inference=max(0.0, total - ros),
        convert=convert,
        resize=resize,
        executor=executor,
        transport=threads.transport,
        gaze_and_publish=outside,
        executor_waited=threads.main_waited,
        source=source,
        listener=listener,
    )


def _memory_percent() -> float:
    found = {}
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, value = line.partition(":")
        found[name] = int(value.split()[0])
    return 100.0 * (1 - found["MemAvailable"] / found["MemTotal"])


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))
