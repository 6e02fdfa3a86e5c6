# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A network on a CUDA device, every way and precision against the plain eager fp32 forward.

A device may be there for minutes only: rows are kept as they come, and a run that is started
again goes on after the last one.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vinet_ros.errors import DataError, DeviceError
from vinet_ros.runtime.benchmark import (
    gmac_of,
    percentiles_ms,
    processor_name,
    time_interleaved,
    versions,
)
from vinet_ros.runtime.benchmark_paths import Subject
from vinet_ros.runtime.benchmark_report import write_atomically
from vinet_ros.runtime.candidates import agreement
from vinet_ros.runtime.gpu_report import GpuRow, to_markdown
from vinet_ros.runtime.gpu_ways import NEEDS_GRAPH, WAYS, Maps, Way, bind
from vinet_ros.runtime.growth import create_meta
from vinet_ros.runtime.matrix_rate import MatrixProduct
from vinet_ros.runtime.torch_executor import DTYPES

EAGER_EVERY = 4
"""Runs of a way for each run of the eager forward beside it."""

Size = tuple[int, int]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class GpuPlan:
    """What is measured.

    Attributes:
        subject: The network and its weights.
        size: Height and width of its input; None: its own.
        batches: Clips in one run.
        precisions: ``fp32``, ``fp16``, ``bf16``.
        ways: Of ``gpu_ways.WAYS``.
        runs: Timed runs of each row.
        device: ``cuda:n``, or ``cpu`` to try it out, without graphs.
    """

    subject: Subject
    size: Size | None = None
    batches: tuple[int, ...] = (1, 8)
    precisions: tuple[str, ...] = tuple(DTYPES)
    ways: tuple[str, ...] = WAYS
    runs: int = 100
    device: str = "cuda:0"

    def __post_init__(self) -> None:
        for what, values, known in (
            ("precision", self.precisions, tuple(DTYPES)),
            ("way", self.ways, WAYS),
        ):
            for value in values:
                if value not in known:
                    raise ValueError(f"{what} must be one of {', '.join(known)}, got {value!r}")
        if self.runs < 1 or min(self.batches, default=0) < 1:
            raise ValueError(
                f"runs and batches must be at least 1, got {self.runs} and {self.batches}"
            )

    def cases(self) -> Iterator[tuple[str, int, str]]:
        """Return (way, batch, precision) of each row; what compiles for long comes last."""
        for way in sorted(self.ways, key=WAYS.index):
            if way in NEEDS_GRAPH and self.device == "cpu":
                continue
            for batch in self.batches:
                for precision in self.precisions:
                    yield way, batch, precision


def benchmark_gpu(
    plan: GpuPlan,
    out: Path,
    minutes: float = 8.5,
    command: str = "",
    progress: Progress = lambda _what, _done, _total: None,
) -> bool:
    """Measure the rows that a folder does not hold yet, as far as there is time.

    Writes ``rows.json`` and ``rows.md`` after each row.

    Args:
        plan: What to measure.
        out: The folder.
        minutes: No row is begun that would end later, if it took as long as the longest before;
            the first is always measured.
        command: The command line, for the report.
        progress: Called with what is done, how many are, and of how many.

    Returns:
        Whether all rows are there.

    Raises:
        DataError: If the folder holds rows of another network, device or plan.
        DeviceError: If the device is not there.
    """
    until_s = time.monotonic() + 60 * minutes
    _require(plan.device)
    facts = _facts(plan, command)
    rows = _kept(out, facts)
    cases = list(plan.cases())
    longest_s = 0.0
    for k, case in enumerate(cases):
        progress(" ".join(map(str, case)), k, len(cases))
        if case in {row.case for row in rows}:
            continue
        begun_s = time.monotonic()
        if longest_s and begun_s + longest_s > until_s:
            return False
        facts["matrix_gmac_per_s"] = facts["matrix_gmac_per_s"] or _matrix_rate(plan.device)
        rows.append(_row(plan, case, facts["matrix_gmac_per_s"]))
        longest_s = max(longest_s, time.monotonic() - begun_s)
        _write(out, facts, rows)
    return True


def clip_gmac(subject: Subject, size: Size, frames: int) -> float:
    """Return billions of multiplications of one clip's forward; nothing is computed for it."""
    model = create_meta(subject.model, subject.options)
    clip = torch.empty(1, 3, frames, *size, device="meta")
    return gmac_of(lambda: model(clip))


def _matrix_rate(device: str) -> float:
    """Return the multiplications a second, in billions, that a row's are held against."""
    product = MatrixProduct(device, _matrix_precision(device))
    seconds = time_interleaved([product], 5, 1, lambda _what, _done, _total: None)
    return product.gmac_per_s(seconds[:, 0])


def _matrix_precision(device: str) -> str:
    """Return the quickest format that the device has for certain."""
    return "fp32" if device == "cpu" else "bf16"


def _row(plan: GpuPlan, case: tuple[str, int, str], rate: float) -> GpuRow:
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    try:
        return _measured(plan, case, rate, date)
    except Exception as error:  # whatever a device's library raises; the other rows go on
        first_line = str(error).strip().partition("\n")[0][:200]
        return GpuRow(*case, date=date, error=f"{type(error).__name__}: {first_line}")
    finally:
        gc.collect()
        if plan.device != "cpu":
            torch.cuda.empty_cache()


def _measured(plan: GpuPlan, case: tuple[str, int, str], rate: float, date: str) -> GpuRow:
    way_name, batch, precision = case
    cuda = plan.device != "cpu"
    if cuda:
        torch.cuda.reset_peak_memory_stats(plan.device)
    size, length, frames = _input(plan, batch)
    eager = bind("eager", _model(plan), frames, plan.device, "fp32")
    way = bind(way_name, _model(plan), frames, plan.device, precision)
    reference, maps = eager.run(), way.run()
    seconds, eager_seconds = _interleaved(way, eager, plan.runs)
    p50, p95, p99 = percentiles_ms(seconds)
    gmac = batch * clip_gmac(plan.subject, size, length)
    row = GpuRow(
        way_name,
        batch,
        precision,
        p50,
        p95,
        p99,
        percentiles_ms(eager_seconds)[0],
        gmac,
        gmac / (p50 / 1e3) / rate,
        _largest(maps, reference),
        min(agreement(a, b) for a, b in zip(maps, reference, strict=True)),
        torch.cuda.max_memory_allocated(plan.device) / 2**20 if cuda else 0.0,
        date,
    )
    way.close()
    eager.close()
    return row


def _largest(maps: Maps, reference: Maps) -> float:
    if not np.isfinite(maps).all():
        raise DeviceError("the maps have NaN or infinity")
    return float(np.abs(maps - reference).max())


def _interleaved(way: Way, eager: Way, runs: int) -> tuple[list[float], list[float]]:
    """Return the seconds of a way's runs, and of the eager ones between them."""
    for _ in range(3):  # memory and kernels
        way.run()
        eager.run()
    seconds, eager_seconds = [], []
    for k in range(runs):
        if k % EAGER_EVERY == 0:
            eager_seconds.append(_timed(eager))
            way.run()  # the caches hold what eager left there; a stream's hold its own
        seconds.append(_timed(way))
    return seconds, eager_seconds


def _timed(way: Way) -> float:
    start = time.perf_counter()
    way.run()
    return time.perf_counter() - start


def _model(plan: GpuPlan) -> Any:
    model: Any = plan.subject.make()
    if plan.size is not None:
        model.input_size = plan.size
    return model


def _input(plan: GpuPlan, batch: int) -> tuple[Size, int, Any]:
    """Return the input's size, the clip's length, and camera frames (B, T, H, W, 3)."""
    model = _model(plan)
    subject = plan.subject
    seen = Subject(subject.model, seed=subject.seed, batch=batch)
    return tuple(model.input_size), int(model.clip_length), seen.frames(model)


def _require(device: str) -> None:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = int(device.partition(":")[2] or 0)
    if device != "cpu" and index >= count:
        raise DeviceError(
            f"{device} is not there (CUDA devices found: {count}); --device cpu tries the "
            "benchmark out, without graphs"
        )


def _facts(plan: GpuPlan, command: str) -> dict[str, Any]:
    """Return what all rows of a folder have in common, and what the report says beside."""
    cuda = plan.device != "cpu"
    known = versions([])
    if cuda:
        known["CUDA"] = str(torch.version.cuda)
        cudnn: Any = torch.backends.cudnn
        known["cuDNN"] = str(cudnn.version())
    return {
        "subject": asdict(plan.subject),
        "size": list(plan.size or ()),
        "runs": plan.runs,
        "device": torch.cuda.get_device_name(plan.device) if cuda else processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "versions": known,
        "command": command,
        "matrix_precision": _matrix_precision(plan.device),
        "matrix_gmac_per_s": 0.0,
    }


_SAME = ("subject", "size", "runs", "device", "versions")


def _kept(out: Path, facts: dict[str, Any]) -> list[GpuRow]:
    file = out / "rows.json"
    if not file.is_file():
        return []
    try:
        there = json.loads(file.read_text(encoding="utf-8"))
        rows = [GpuRow(**row) for row in there["rows"]]
        other = [name for name in _SAME if there["facts"][name] != facts[name]]
        facts["matrix_gmac_per_s"] = there["facts"]["matrix_gmac_per_s"]  # one for all rows
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file} holds no rows of this benchmark ({error!r})") from None
    if other:
        raise DataError(f"{file} holds rows of another {', '.join(other)}; give another --out")
    return rows


def _write(out: Path, facts: dict[str, Any], rows: list[GpuRow]) -> None:
    told = {"facts": facts, "rows": [asdict(row) for row in rows]}
    write_atomically(out / "rows.json", json.dumps(told, indent=1) + "\n")
    write_atomically(out / "rows.md", to_markdown(facts, rows))
