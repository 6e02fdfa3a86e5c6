# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Every network of the catalog beside each other: size, work, time and memory."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

import torch

from vinet_ros.networks.catalog import list_models, model_spec
from vinet_ros.networks.weights import bundled_weights
from vinet_ros.runtime.benchmark import (
    Progress,
    benchmark_model,
    count_parameters,
    gmac_of,
    percentiles_ms,
    processor_name,
    time_interleaved,
    versions,
)
from vinet_ros.runtime.benchmark_paths import FEATURES, Subject, features_runner
from vinet_ros.runtime.benchmark_report import PathRow, mib
from vinet_ros.runtime.matrix_rate import MatrixProduct
from vinet_ros.runtime.memory_probe import measure_memory

_HEADINGS = (
    "model",
    "weights",
    "parameters",
    "GMAC a clip",
    "GMAC a step",
    "path",
    "runs",
    "median ms",
    "p95 ms",
    "p99 ms",
    "times eager",
    "of matrix rate",
    "resident MiB",
    "peak MiB",
)


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """One network's figures.

    Attributes:
        model: Name in the catalog.
        random: Whether its weights are random, for lack of bundled ones.
        parameters: Trained numbers.
        clip_gmac: Billions of multiplications in one forward.
        step_gmac: The same in one step of a stream; None where it gives no maps.
        rows: Its paths, eager first; without maps, there is no other.
    """

    model: str
    random: bool
    parameters: int
    clip_gmac: float
    step_gmac: float | None
    rows: tuple[PathRow, ...]


@dataclass(frozen=True, slots=True)
class CatalogReport:
    """All networks, and what is needed to read and to repeat their figures.

    Attributes:
        command: The command line.
        date: UTC.
        processor: Name of the processor.
        cores: Cores that the process may use.
        threads: Threads of PyTorch.
        load_average: Of the machine over the minute before.
        versions: Of the libraries.
        runs: Timed runs of each path.
        models: The networks.
    """

    command: str
    date: str
    processor: str
    cores: int
    threads: int
    load_average: float
    versions: dict[str, str]
    runs: int
    models: tuple[ModelFigures, ...]

    def to_json(self) -> str:
        """Return everything as an indented JSON object."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def to_markdown(self) -> str:
        """Return a section: heading, how it was measured, table."""
        libraries = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        conditions = (
            f"`{self.command}`, {self.date}. {self.processor}, {self.cores} cores, "
            f"{self.threads} threads, load average {self.load_average:.1f}; {libraries}. "
            f"{self.runs} runs of each path, interleaved within a model."
        )
        lines = [f"| {' | '.join(_HEADINGS)} |", "|---|---|---:|---:|---:|---|---|" + "---:|" * 7]
        lines += [_line(model, row) for model in self.models for row in model.rows]
        return f"## All models\n\n{conditions}\n\n" + "\n".join(lines) + "\n"


def benchmark_catalog(
    models: Sequence[str] | None = None,
    paths: Sequence[str] | None = None,
    runs: int = 15,
    warmup: int = 2,
    threads: int | None = None,
    memory: bool = True,
    command: str = "",
    progress: Progress = lambda _what, _done, _total: None,
    precisions: Sequence[str] | None = None,
) -> CatalogReport:
    """Measure the networks of the catalog one after the other.

    Each is measured with its bundled weights, or else with seeded random ones. Those that give
    maps are measured as :func:`~vinet_ros.runtime.benchmark.benchmark_model` does, the encoders
    by their eager forward alone.

    Args:
        models: Names of networks; None: all.
        paths: Paths beside eager; None: all that can run here.
        runs: Timed rounds.
        warmup: Rounds before them.
        threads: Threads on the CPU; None leaves the choice to the paths.
        memory: Whether to measure memory.
        command: The command line, for the report.
        progress: Called with what is done, how many are, and of how many.
        precisions: Number formats to keep of the paths; None: all.

    Raises:
        ValueError: If a model, path or precision does not exist, or `runs` is below 1.
        VinetError: If a path is not available.
    """
    load_average = os.getloadavg()[0]

    def measure(name: str) -> ModelFigures:
        def show(what: str, done: int, total: int) -> None:
            progress(f"{name}: {what}", done, total)

        subject = Subject(name, random=bundled_weights(name) is None)
        if not model_spec(name).saliency:
            return _features(subject, runs, warmup, threads, memory, show)
        report = benchmark_model(
            subject, paths, runs, warmup, threads, memory, "", show, precisions
        )
        return ModelFigures(
            name,
            subject.random,
            report.parameters,
            report.clip_gmac,
            report.step_gmac,
            report.rows,
        )

    figures = tuple(measure(name) for name in (models or list_models()))
    measured = {row.path for model in figures for row in model.rows}
    return CatalogReport(
        command=command,
        date=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        processor=processor_name(),
        cores=len(os.sched_getaffinity(0)),
        threads=torch.get_num_threads(),
        load_average=load_average,
        versions=versions(sorted(measured)),
        runs=runs,
        models=figures,
    )


def _features(
    subject: Subject,
    runs: int,
    warmup: int,
    threads: int | None,
    memory: bool,
    progress: Callable[[str, int, int], None],
) -> ModelFigures:
    growth = measure_memory(subject, FEATURES, threads) if memory else None
    runner = features_runner(subject, threads)
    product = MatrixProduct("cpu")
    seconds = time_interleaved([runner, product], runs, warmup, progress)
    median_ms, p95_ms, p99_ms = percentiles_ms(seconds[:, 0])
    gmac = gmac_of(lambda: runner.model(runner.input))
    row = PathRow(
        path=FEATURES,
        name=runner.name,
        device=runner.device,
        measured=runner.measured,
        median_ms=median_ms,
        p95_ms=p95_ms,
        p99_ms=p99_ms,
        precision="fp32",
        times_eager=1.0,
        resident_mib=growth.resident_mib if growth else None,
        peak_mib=growth.peak_mib if growth else None,
        max_difference=0.0,
        gmac=gmac,
        matrix_share=1e3 * gmac / median_ms / product.gmac_per_s(seconds[:, 1]),
    )
    parameters = count_parameters(runner.model)
    return ModelFigures(subject.model, subject.random, parameters, gmac, None, (row,))


def _line(model: ModelFigures, row: PathRow) -> str:
    cells = (
        model.model,
        "random" if model.random else "bundled",
        f"{model.parameters:,}",
        f"{model.clip_gmac:.2f}",
        "-" if model.step_gmac is None else f"{model.step_gmac:.2f}",
        row.name if row.device == "cpu" else f"{row.name}, {row.device}",
        row.measured,
        f"{row.median_ms:.1f}",
        f"{row.p95_ms:.1f}",
        f"{row.p99_ms:.1f}",
        f"{row.times_eager:.2f}",
        f"{100 * row.matrix_share:.0f} %",
        mib(row.resident_mib),
        mib(row.peak_mib),
    )
    return f"| {' | '.join(cells)} |"
