# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The rows of ``vinet benchmark gpu``, and their table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GpuRow:
    """One way's figures; without times where it failed.

    Attributes:
        way: Of ``gpu_ways.WAYS``.
        batch: Clips in one run.
        precision: Of weights and inputs.
        p50_ms: Median time of one run.
        p95_ms: 95th percentile.
        p99_ms: 99th percentile.
        eager_p50_ms: Median of the plain eager fp32 forward, of runs in between.
        gmac: Billions of multiplications of one run.
        matrix_share: Multiplications a second over those of the device's own matrix product, 0..1.
        max_difference: Largest difference of a map to the eager fp32 one.
        agreement: Correlation of the maps with those, the least of the batch.
        peak_mib: The device's memory at its highest, eager's beside it included; 0 on the CPU.
        date: UTC.
        error: Why there are no figures; empty where there are.
    """

    way: str
    batch: int
    precision: str
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    eager_p50_ms: float = 0.0
    gmac: float = 0.0
    matrix_share: float = 0.0
    max_difference: float = 0.0
    agreement: float = 0.0
    peak_mib: float = 0.0
    date: str = ""
    error: str = ""

    @property
    def case(self) -> tuple[str, int, str]:
        """What it is a row of."""
        return self.way, self.batch, self.precision


def to_markdown(facts: dict[str, Any], rows: list[GpuRow]) -> str:
    """Return what was measured and how, and the table."""
    subject, known = facts["subject"], facts["versions"]
    weights = "random weights" if subject["random"] else subject["weights"] or "bundled weights"
    options = "".join(f" {name}={value}" for name, value in subject["options"].items())
    height, width = facts["size"] or (224, 384)
    rate = facts["matrix_gmac_per_s"] / 1e3
    lines = [
        f"`{facts['command']}`. {facts['device']}, {facts['cores']} cores; "
        + ", ".join(f"{name} {version}" for name, version in known.items())
        + f". {subject['model']}{options}, {weights}, {height} x {width}; "
        f"{facts['runs']} runs a row, the plain eager fp32 forward in between. The device's own "
        f"{facts['matrix_precision']} matrix product: {rate:.1f} TMAC/s.",
        "",
        "| way | batch | precision | p50 ms | p95 ms | p99 ms | times eager | of matrix rate "
        "| largest difference | correlation | peak MiB | date |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    return "\n".join([*lines, *(_line(row) for row in rows)]) + "\n"


def _line(row: GpuRow) -> str:
    begin = f"| {row.way} | {row.batch} | {row.precision} "
    if row.error:
        return f"{begin}| failed: {row.error.replace('|', '/')} | | | | | | | | {row.date} |"
    return (
        f"{begin}| {row.p50_ms:.2f} | {row.p95_ms:.2f} | {row.p99_ms:.2f} "
        f"| {row.eager_p50_ms / row.p50_ms:.2f} | {row.matrix_share:.1%} "
        f"| {row.max_difference:.1e} | {row.agreement:.6f} | {row.peak_mib:.0f} | {row.date} |"
    )
