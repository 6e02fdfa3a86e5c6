# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How the cost of a prediction grows: with the clip, the resolution, the number of cameras."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

import numpy as np
import torch

from vinet_ros.networks import create_model
from vinet_ros.preprocess import INPUT_SIZE
from vinet_ros.runtime.base import trim_memory
from vinet_ros.runtime.benchmark import gmac_of, processor_name, versions
from vinet_ros.runtime.benchmark_paths import Subject
from vinet_ros.runtime.measure import camera_step
from vinet_ros.runtime.select import create_executor

AXES = ("frames", "pixels", "cameras")

Size = tuple[int, int]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class GrowthPlan:
    """What is measured; each list is one axis, the other two then stand at their base.

    Attributes:
        models: Names of the catalog.
        lengths: Clip lengths by model; a model that is not here has no such axis.
        sizes: Heights and widths, divisible by 32.
        cameras: How many go through the network together.
        runs: Timed runs of each point.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:n``.
        path: How the network is run; see ``create_executor``.
        threads: Threads on the CPU; None leaves the choice to the path.
    """

    models: tuple[str, ...] = ("vinet_lite", "vinet")
    lengths: dict[str, tuple[int, ...]] = field(
        default_factory=lambda: {"vinet": (8, 16, 32, 48), "vinet_lite": (1, 2, 4, 8, 16, 32)}
    )
    sizes: tuple[Size, ...] = ((96, 160), (160, 288), INPUT_SIZE, (320, 544), (448, 768))
    cameras: tuple[int, ...] = (1, 2, 4, 8)
    runs: int = 5
    device: str = "cpu"
    path: str = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        for height, width in self.sizes:
            if height % 32 or width % 32 or height < 32 or width < 32:
                raise ValueError(f"a size must be divisible by 32, got {height}x{width}")
        if self.runs < 1 or min(self.cameras, default=1) < 1:
            raise ValueError(
                f"runs and cameras must be at least 1, got {self.runs} and {self.cameras}"
            )


@dataclass(frozen=True, slots=True)
class GrowthRow:
    """One point.

    Attributes:
        model: Name in the catalog.
        axis: One of AXES; what this point varies.
        frames: Clip length.
        size: Height and width.
        cameras: Windows that go through the network together.
        median_ms: Median time until every camera's new frame has its map.
        fastest_ms: Least time of the runs.
        gmac: Billions of multiplications for all cameras.
    """

    model: str
    axis: str
    frames: int
    size: Size
    cameras: int
    median_ms: float
    fastest_ms: float
    gmac: float

    @property
    def amount(self) -> float:
        """What the axis counts: frames, pixels of a frame, or cameras."""
        return {"frames": self.frames, "pixels": self.size[0] * self.size[1]}.get(
            self.axis, self.cameras
        )


@dataclass(frozen=True, slots=True)
class GrowthReport:
    """All points of one run, and what is needed to read and to repeat them."""

    command: str
    date: str
    processor: str
    cores: int
    load_average: tuple[float, float]
    versions: dict[str, str]
    paths: dict[str, str]
    rows: tuple[GrowthRow, ...]

    def to_json(self) -> str:
        """Return everything as an indented JSON object."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def to_markdown(self) -> str:
        """Return what was measured and how, and a table with growth against each axis' first."""
        before, after = self.load_average
        known = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        ways = ", ".join(f"{model} by {path}" for model, path in self.paths.items())
        lines = [
            f"`{self.command}`, {self.date}. {self.processor}, {self.cores} cores, load average "
            f"{before:.1f} before and {after:.1f} after; {known}. {ways}. A step: every camera "
            "has a new frame, and all maps are there. *Times* and *work* are the fastest run and "
            "the multiplications, against the first row of the axis.",
            "",
            "| model | grows | frames | size | cameras | median ms | fastest ms | GMAC | times "
            "| work |",
            "|---|---|---:|---|---:|---:|---:|---:|---:|---:|",
        ]
        lines += [self._line(row) for row in self.rows]
        return "\n".join(lines) + "\n"

    def _line(self, row: GrowthRow) -> str:
        first = self.axis(row.model, row.axis)[0]
        height, width = row.size
        return (
            f"| {row.model} | {row.axis} | {row.frames} | {height}x{width} | {row.cameras} "
            f"| {row.median_ms:.1f} | {row.fastest_ms:.1f} | {row.gmac:.2f} "
            f"| {row.fastest_ms / first.fastest_ms:.2f} | {row.gmac / first.gmac:.2f} |"
        )

    def axis(self, model: str, axis: str) -> list[GrowthRow]:
        """Return the points of one axis of a model, in their order."""
        return [row for row in self.rows if (row.model, row.axis) == (model, axis)]


def measure_growth(
    plan: GrowthPlan,
    command: str = "",
    progress: Progress = lambda _what, _done, _total: None,
) -> GrowthReport:
    """Measure every point of a plan, one after the other, with seeded random weights.

    Times do not depend on the weights' values.

    Args:
        plan: What to measure.
        command: The command line, for the report.
        progress: Called with what is done, how many are, and of how many.

    Raises:
        ValueError: If a model, a length or a size does not exist.
        DeviceError: If the device or path is not available.
    """
    before = os.getloadavg()[0]
    points = [point for model in plan.models for point in _points(plan, model)]
    rows, paths = [], {}
    for k, point in enumerate(points):
        height, width = point.size
        what = f"{point.model} {point.frames} x {height} x {width}, {point.cameras} cameras"
        progress(what, k, len(points))
        row, paths[point.model] = _measured(point, plan)
        rows.append(row)
    return GrowthReport(
        command,
        datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        processor_name(),
        len(os.sched_getaffinity(0)),
        (before, os.getloadavg()[0]),
        versions(sorted({path.partition(" ")[0] for path in paths.values()})),
        paths,
        tuple(rows),
    )


def _points(plan: GrowthPlan, model: str) -> Iterator[GrowthRow]:
    base = int(getattr(create_meta(model, {}), "clip_length", 1))
    for frames in plan.lengths.get(model, ()):
        yield GrowthRow(model, "frames", frames, INPUT_SIZE, 1, 0.0, 0.0, 0.0)
    for size in plan.sizes:
        yield GrowthRow(model, "pixels", base, size, 1, 0.0, 0.0, 0.0)
    for cameras in plan.cameras:
        yield GrowthRow(model, "cameras", base, INPUT_SIZE, cameras, 0.0, 0.0, 0.0)


def _measured(point: GrowthRow, plan: GrowthPlan) -> tuple[GrowthRow, str]:
    model: Any = Subject(point.model, _options(point), random=True).make()
    model.input_size = point.size
    executor = create_executor(
        model, plan.device, path=plan.path, threads=plan.threads, batches=point.cameras
    )
    del model
    name = f"{executor.name} on {executor.device}"
    step = camera_step(executor, point.cameras)
    for _ in range(2):  # memory and kernels
        step()
    seconds = [_timed(step) for _ in range(plan.runs)]
    executor.close()
    trim_memory()
    found = replace(
        point,
        median_ms=1e3 * float(np.median(seconds)),
        fastest_ms=1e3 * min(seconds),
        gmac=point.cameras * step_gmac(point),
    )
    return found, name


def step_gmac(point: GrowthRow) -> float:
    """Return billions of multiplications of one camera's step; nothing is computed for it."""
    model = create_meta(point.model, _options(point))
    frame = torch.empty(1, 3, *point.size, device="meta")

    def step() -> None:
        kept = model.encode(frame)
        model.decode(tuple(torch.stack([k] * point.frames, dim=1) for k in kept))

    return gmac_of(step)


def create_meta(model: str, options: dict[str, Any]) -> Any:
    """Return a network without memory, which knows its shapes and no more."""
    with torch.device("meta"):
        return create_model(model, **options).eval()


def _options(point: GrowthRow) -> dict[str, Any]:
    return {"clip_length": point.frames}


def _timed(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
