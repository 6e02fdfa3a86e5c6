# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a benchmark found, as JSON and as Markdown."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vinet_ros.runtime.machine import machine_text


@dataclass(frozen=True, slots=True)
class PathRow:
    """One path's figures.

    Attributes:
        path: The name it is asked for by.
        name: What ran, e.g. ``torch fp32 channels-last``.
        device: ``cpu`` or ``cuda:n``.
        measured: ``clip`` (forward of the whole clip) or ``step`` (resize and encode one
            frame, decode).
        median_ms: Median time of one run.
        p95_ms: 95th percentile.
        p99_ms: 99th percentile.
        precision: Number format, e.g. ``fp32``.
        times_eager: How many times as fast as the eager forward, by the medians.
        resident_mib: Growth of resident memory over the bare process, between predictions.
        peak_mib: The same at its highest, loading and converting included.
        max_difference: Largest absolute difference of the map to the eager one.
        gmac: Billions of multiplications of one window in one run.
        matrix_share: Multiplications a second as a share of those that the device does in a
            large product of fp32 matrices; int8 and fp16 can exceed 1.
    """

    path: str
    name: str
    device: str
    measured: str
    median_ms: float
    p95_ms: float
    p99_ms: float
    precision: str
    times_eager: float
    resident_mib: float | None
    peak_mib: float | None
    max_difference: float
    gmac: float
    matrix_share: float


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """Rows of one run, and all that is needed to read and to repeat them.

    Attributes:
        model: Name in the catalog.
        options: Options of the network.
        weights: Where the weights came from.
        command: The command line.
        date: UTC, ISO 8601.
        processor: Name of the processor.
        cores: Cores that the process may use.
        threads: Threads of PyTorch.
        load_average: Of the machine over the minute before; high means noisy figures.
        versions: Of the libraries.
        clip_length: Frames in a clip.
        input_size: (height, width).
        batch: Windows in one run.
        runs: Timed runs of each path.
        clip_gmac: Billions of multiplications in one forward of a clip.
        step_gmac: The same in one step.
        parameters: Trained numbers of the network.
        matrix_gmac_per_s: Billions of multiplications a second of each device in a large
            product of fp32 matrices, measured in the same rounds.
        int8: Where the int8 graphs came from; empty without.
        map_range: Lowest and highest value of the eager map.
        rows: The paths, eager first.
    """

    model: str
    options: dict[str, Any]
    weights: str
    command: str
    date: str
    processor: str
    cores: int
    threads: int
    load_average: float
    versions: dict[str, str]
    clip_length: int
    input_size: tuple[int, int]
    batch: int
    runs: int
    clip_gmac: float
    step_gmac: float
    parameters: int
    matrix_gmac_per_s: dict[str, float]
    int8: str
    map_range: tuple[float, float]
    rows: tuple[PathRow, ...] = field(default_factory=tuple)

    def to_json(self) -> str:
        """Return everything as an indented JSON object."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def to_markdown(self) -> str:
        """Return a section: heading, what was measured and how, table."""
        return "\n\n".join((f"## {self._title()}", self._conditions(), self._table())) + "\n"

    def _title(self) -> str:
        options = ", ".join(f"{key} {value}" for key, value in self.options.items())
        return f"{self.model} ({options})" if options else self.model

    def _conditions(self) -> str:
        height, width = self.input_size
        machine = machine_text(
            self.processor, self.cores, self.load_average, self.versions, self.threads
        )
        low, high = self.map_range
        return (
            f"`{self.command}`, {self.date}. {machine}. "
            f"Clip {self.clip_length} x {height} x {width} of a VGA camera's frames, "
            f"batch {self.batch}, fp32 weights: {self.weights}. "
            f"{self.clip_gmac:.1f} GMAC a clip, {self.step_gmac:.1f} a step. "
            f"{self.runs} runs of each path, interleaved; the map spans "
            f"{low:.3f} to {high:.3f}. Large fp32 matrices, in the same rounds: {self._rates()}."
            + (f" int8: {self.int8}." if self.int8 else "")
        )

    def _rates(self) -> str:
        rates = self.matrix_gmac_per_s.items()
        return ", ".join(f"{rate:.0f} GMAC/s on {device}" for device, rate in rates)

    def _table(self) -> str:
        lines = [
            "| path | runs | GMAC | median ms | p95 ms | p99 ms | times eager | of matrix rate "
            "| resident MiB | peak MiB | largest difference |",
            "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
        lines += [_line(row) for row in self.rows]
        return "\n".join(lines)


def _line(row: PathRow) -> str:
    where = row.name if row.device == "cpu" else f"{row.name}, {row.device}"
    cells = (
        where,
        row.measured,
        "-" if row.gmac is None else f"{row.gmac:.1f}",
        f"{row.median_ms:.1f}",
        f"{row.p95_ms:.1f}",
        f"{row.p99_ms:.1f}",
        f"{row.times_eager:.2f}",
        f"{100 * row.matrix_share:.0f} %",
        mib(row.resident_mib),
        mib(row.peak_mib),
        f"{row.max_difference:.1e}",
    )
    return f"| {' | '.join(cells)} |"


def mib(value: float | None) -> str:
    """Return a number of MiB for a table; a dash where it was not measured."""
    return "-" if value is None else f"{value:.0f}"


def print_or_write(markdown: str, as_json: str, json_file: Path | None) -> None:
    """Print a report as Markdown and write it as JSON; with ``-`` for a file, print JSON alone."""
    if json_file is not None and str(json_file) == "-":
        print(as_json)
        return
    print(markdown)
    if json_file is not None:
        write_atomically(json_file, as_json)


def update_section(text: str, key: str, section: str) -> str:
    """Return a document in which the section between the key's two marks is the new one.

    A document without the marks gets them, and the section, at its end. Text outside of the
    marks is kept as it is.
    """
    begin, end = f"<!-- benchmark {key} -->", f"<!-- end of benchmark {key} -->"
    block = f"{begin}\n{section.strip()}\n{end}"
    before, found, rest = text.partition(begin)
    if found:
        _, closed, after = rest.partition(end)
        if not closed:
            raise ValueError(f"the document has {begin!r} without {end!r}; put it back")
        return f"{before}{block}{after}"
    return f"{text.rstrip()}\n\n{block}\n" if text.strip() else f"{block}\n"


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old one or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=path.name, suffix=".part", delete=False, encoding="utf-8"
    ) as part:
        part.write(text)
        part.flush()
        os.fsync(part.fileno())
    finished = Path(part.name)
    finished.chmod(0o644)
    finished.replace(path)
