# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a run showed: as JSON, as a section of Markdown, and against limits."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from vinet_ros.ros.benchmark.figures import MemoryFigures, StepFigures
from vinet_ros.ros.benchmark.options import Limits
from vinet_ros.ros.benchmark.usage import CpuFigures, Sample

_MARKS = {True: "holds", False: "BROKEN"}


@dataclass(frozen=True, slots=True)
class Conditions:
    """What was measured, and on what.

    Args:
        command: The command line that gives the same measurement again.
        date: UTC.
        processor: Name of the processor.
        cores: Cores that the processes may use.
        load_average: Of the machine over the minute before the stretch ended.
        busy_processes: That were made to spin beside.
        versions: Of the libraries.
        seconds: Length of the stretch.
        source: What was published.
        outputs: What was listened to.
        model: Name of the network.
        path: How it was executed, and where.
        parameters: Of the node, other than its defaults.
    """

    command: str
    date: str
    processor: str
    cores: int
    load_average: float
    busy_processes: int
    versions: dict[str, str]
    seconds: float
    source: str
    outputs: str
    model: str
    path: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drops:
    """How far the frames of the stretch came.

    Args:
        published: By the camera.
        late: Of them, those that the camera sent more than half a period late.
        received: That reached the node's callback.
        in_window: That were good and filed in the window.
        predicted: That were the newest of a prediction.
        targets: Whose gaze target reached another process.
        skipped_windows: Filed while a prediction was under way, as the node counts them.
        lost_in_transport: By the middleware's count, before they reached the node's queue; what
            is missing beyond it was overtaken in that queue, because the executor's thread did
            not come for it in time.
    """

    published: int
    late: int
    received: int
    in_window: int
    predicted: int
    targets: int
    skipped_windows: int
    lost_in_transport: int

    @property
    def received_share(self) -> float:
        """Share of the published frames that reached the node."""
        return self.received / self.published if self.published else 0.0

    def to_dict(self) -> dict[str, float]:
        """Return the counts and what lies between them.

        refused: received, not filed, for its stamp or content. skipped: filed, and a newer one
        came before a prediction began; it is in that window too. without_target: predicted, and
        no gaze arrived, because none stood out or it was lost.
        """
        return {
            **asdict(self),
            "lost": self.published - self.received,
            "refused": self.received - self.in_window,
            "skipped": self.in_window - self.predicted,
            "without_target": self.predicted - self.targets,
            "received_share": round(self.received_share, 6),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """One limit and whether it holds."""

    name: str
    value: float
    limit: float
    holds: bool

    def __str__(self) -> str:
        return f"{self.name} {self.value:.5g} (limit {self.limit:g}): {_MARKS[self.holds]}"


@dataclass(frozen=True, slots=True)
class NodeReport:
    """One run of the benchmark.

    Args:
        conditions: What was measured, and on what.
        input: ros2_benchmark's figures of the images' way to the node.
        gaze_target: The same from the image to the gaze target in another process; empty where
            none was listened to.
        resources: ros2_benchmark's figures of the whole machine.
        drops: How far the frames came.
        steps: Times by step, in the order of the way.
        cpu: Cores that the node took.
        memory: At the two ends of the stretch.
        samples: Second by second.
        findings: What the node's diagnostics found fault with, and in how many messages.
        verdicts: The limits that were asked for.
    """

    conditions: Conditions
    input: dict[str, float]
    gaze_target: dict[str, float]
    resources: dict[str, float]
    drops: Drops
    steps: dict[str, StepFigures]
    cpu: CpuFigures
    memory: MemoryFigures
    samples: tuple[Sample, ...]
    findings: dict[str, int]
    verdicts: tuple[Verdict, ...]

    @property
    def holds(self) -> bool:
        """Whether every limit holds."""
        return all(verdict.holds for verdict in self.verdicts)

    def to_json(self) -> str:
        """Return everything as an indented JSON object; names as ros2_benchmark has them."""
        start_s = self.samples[0].at_s
        whole: dict[str, Any] = {
            "metadata": asdict(self.conditions),
            "input": self.input,
            "gaze_target": self.gaze_target,
            **self.resources,
            "drops": self.drops.to_dict(),
            "steps": {name: _rounded(asdict(step)) for name, step in self.steps.items()},
            "cpu_cores": _rounded(asdict(self.cpu)),
            "memory": _rounded(asdict(self.memory)),
            "limits": [asdict(verdict) for verdict in self.verdicts],
            "findings": self.findings,
            "samples": [_line_of(sample, start_s) for sample in self.samples],
        }
        return json.dumps(whole, indent=2) + "\n"


def judge(
    limits: Limits,
    drops: Drops,
    cpu: CpuFigures,
    memory: MemoryFigures,
    latency: StepFigures | None,
) -> tuple[Verdict, ...]:
    """Return a verdict for each limit that was set.

    A latency that was never measured breaks its limit.
    """
    latency_ms = latency.p95_ms if latency else float("inf")
    rows = (
        ("received share", drops.received_share, limits.received_share, 1),
        ("memory change", memory.change, limits.memory_change, 0),
        ("ROS and conversion, cores", cpu.ros_and_conversion, limits.ros_cores, -1),
        ("end to end p95, ms", latency_ms, limits.latency_p95_ms, -1),
    )
    return tuple(
        Verdict(name, value, limit, _holds(value, limit, direction))
        for name, value, limit, direction in rows
        if limit is not None
    )


def _holds(value: float, limit: float, direction: int) -> bool:
    if direction == 0:
        return abs(value) <= limit
    return value >= limit if direction > 0 else value <= limit


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()}


def _line_of(sample: Sample, start_s: float) -> dict[str, float]:
    return {
        "at_s": round(sample.at_s - start_s, 2),
        "cpu_s": round(sample.cpu_s, 2),
        **{name: round(value, 2) for name, value in asdict(sample.memory).items()},
    }
