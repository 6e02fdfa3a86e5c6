# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""From what a run left behind to its report; knows no ROS."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vinet_ros.errors import VinetError
from vinet_ros.ros.benchmark.figures import (
    Rows,
    StepFigures,
    basic_metrics,
    memory_figures,
    resource_metrics,
    summarize,
    waits,
)
from vinet_ros.ros.benchmark.options import BenchmarkOptions
from vinet_ros.ros.benchmark.report import Conditions, Drops, NodeReport, judge
from vinet_ros.ros.benchmark.usage import (
    CpuFigures,
    Sample,
    busy_percent,
    cores,
    cpu_figures,
    thread_cores,
)
from vinet_ros.ros.process_usage import ThreadTime
from vinet_ros.runtime.machine import processor_name, versions

_IN_ORDER = ("receive", "convert", "resize", "wait", "predict", "gaze", "publish")


@dataclass(frozen=True, slots=True)
class Mark:
    """What the processes had done at one end of the stretch.

    Args:
        at_ns: Steady clock.
        threads: Of the node.
        camera_cpu_s: Processor time of the camera's process.
        own_cpu_s: Of the benchmark's.
        skipped_windows: As the node counts them.
        lost_in_transport: Likewise.
        findings: Messages in which the diagnostics found fault, by text.
    """

    at_ns: int
    threads: dict[int, ThreadTime]
    camera_cpu_s: float
    own_cpu_s: float
    skipped_windows: int
    lost_in_transport: int
    findings: dict[str, int]


@dataclass(frozen=True, slots=True)
class Observation:
    """All that a run left behind.

    Args:
        node: The node's steps.
        camera: The camera's.
        targets: When the gaze target of each stamp arrived, by the steady clock.
        marks: Both ends of the stretch.
        samples: Second by second.
        baseline_percent: Processor use of the machine before anything was started.
        node_pid: Number of the node's process.
        model: Name of the network.
        path: How it was executed, and where.
    """

    node: Mapping[str, Rows]
    camera: Mapping[str, Rows]
    targets: Mapping[int, int]
    marks: tuple[Mark, Mark]
    samples: tuple[Sample, ...]
    baseline_percent: float
    node_pid: int
    model: str
    path: str

    @property
    def seconds(self) -> float:
        """Length of the stretch."""
        return (self.marks[1].at_ns - self.marks[0].at_ns) / 1e9

    def within(self, rows: Rows) -> Rows:
        """Return the rows of steps that ended in the stretch."""
        begin, end = (mark.at_ns for mark in self.marks)
        return rows[(rows["end_ns"] >= begin) & (rows["end_ns"] < end)]


def evaluate(options: BenchmarkOptions, seen: Observation) -> NodeReport:
    """Return the report of a run.

    Raises:
        VinetError: If no frame was sent in the stretch.
    """
    sent = _sent(seen)
    steps = _steps(seen, sent)
    drops = _drops(options, seen, sent)
    cpu, memory = _cpu(seen), memory_figures(seen.samples)
    targets = {stamp: seen.targets[stamp] for stamp in sent if stamp in seen.targets}
    return NodeReport(
        conditions=_conditions(options, seen),
        input=basic_metrics(sent, _arrived(seen, sent)),
        gaze_target=basic_metrics(sent, targets) if options.outputs != "none" else {},
        resources=_resources(seen),
        drops=drops,
        steps=steps,
        cpu=cpu,
        memory=memory,
        samples=seen.samples,
        findings=_findings(seen),
        verdicts=judge(options.limits, drops, cpu, memory, steps.get("end_to_end")),
    )


def _sent(seen: Observation) -> dict[int, int]:
    """Return when each frame of the stretch began to be sent, by its stamp."""
    rows = seen.within(seen.camera["send"])
    if not len(rows):
        raise VinetError(
            "the camera sent no frame in the whole stretch; is the machine overloaded?"
        )
    begun = rows["end_ns"] - rows["time_ns"]
    return dict(zip(rows["stamp_ns"].tolist(), begun.tolist(), strict=True))


def _arrived(seen: Observation, sent: Mapping[int, int]) -> dict[int, int]:
    rows = seen.node["receive"]
    at_ns = dict(zip(rows["stamp_ns"].tolist(), rows["end_ns"].tolist(), strict=True))
    return {stamp: at_ns[stamp] for stamp in sent if stamp in at_ns}


def _steps(seen: Observation, sent: Mapping[int, int]) -> dict[str, StepFigures]:
    found = {step: _step(seen.within(seen.node[step])) for step in _IN_ORDER if step != "wait"}
    found["wait"] = summarize(waits(seen.node["resize"], seen.within(seen.node["predict"])))
    steps = {step: found[step] for step in _IN_ORDER}
    steps["end_to_end"] = summarize(seen.within(seen.node["latency"])["time_ns"])
    delivered = [
        seen.targets[stamp] - at_ns for stamp, at_ns in sent.items() if stamp in seen.targets
    ]
    steps["delivered"] = summarize(np.array(delivered, np.int64))
    return {step: figures for step, figures in steps.items() if figures is not None}


def _step(rows: Rows) -> StepFigures | None:
    return summarize(rows["time_ns"], rows["cpu_ns"])


def _drops(options: BenchmarkOptions, seen: Observation, sent: Mapping[int, int]) -> Drops:
    def reached(step: str) -> int:
        return len(sent.keys() & set(seen.node[step]["stamp_ns"].tolist()))

    late_ns = seen.within(seen.camera["late"])["time_ns"]
    return Drops(
        published=len(sent),
        late=int((late_ns > 0.5e9 / options.rate_hz).sum()),
        received=reached("receive"),
        in_window=reached("resize"),
        predicted=reached("predict"),
        targets=len(sent.keys() & seen.targets.keys()),
        skipped_windows=seen.marks[1].skipped_windows - seen.marks[0].skipped_windows,
        lost_in_transport=seen.marks[1].lost_in_transport - seen.marks[0].lost_in_transport,
    )


def _cpu(seen: Observation) -> CpuFigures:
    begin, end = seen.marks
    steps = {}
    for step in ("convert", "resize", "predict"):
        spent_ns = seen.within(seen.node[step])["cpu_ns"]
        steps[step] = float(spent_ns[spent_ns >= 0].sum()) / 1e9 / seen.seconds
    first, last = seen.samples[0], seen.samples[-1]
    return cpu_figures(
        thread_cores(seen.node_pid, begin.threads, end.threads, seen.seconds),
        steps,
        total=(last.cpu_s - first.cpu_s) / (last.at_s - first.at_s),
        source=(end.camera_cpu_s - begin.camera_cpu_s) / seen.seconds,
        listener=(end.own_cpu_s - begin.own_cpu_s) / seen.seconds,
    )


def _resources(seen: Observation) -> dict[str, float]:
    return resource_metrics(
        seen.baseline_percent,
        [busy_percent(a.machine, b.machine) for a, b in pairwise(seen.samples)],
        [sample.machine_memory_percent for sample in seen.samples],
    )


def _findings(seen: Observation) -> dict[str, int]:
    before, after = (mark.findings for mark in seen.marks)
    new = {text: count - before.get(text, 0) for text, count in after.items()}
    return {text: count for text, count in new.items() if count > 0}


def _conditions(options: BenchmarkOptions, seen: Observation) -> Conditions:
    paths = ["openvino"] if "openvino" in seen.path else []
    return Conditions(
        command=options.command,
        date=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        processor=processor_name(),
        cores=cores(),
        load_average=os.getloadavg()[0],
        busy_processes=options.busy,
        versions=versions(paths),
        seconds=round(seen.seconds, 2),
        source=options.source,
        outputs=options.outputs,
        model=seen.model,
        path=seen.path,
        parameters=options.parameters,
    )
