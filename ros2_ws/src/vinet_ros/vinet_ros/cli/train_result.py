# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What ``vinet train --json`` tells of a run: read from the files that the run leaves."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any


def last_scores(out: Path, stages: Iterable[str]) -> dict[str, dict[str, float]]:
    """Return each stage's scores on what was held out, after its last epoch that was scored.

    Args:
        out: The run's folder.
        stages: Names; a stage without scores is left out.

    Returns:
        By stage, then by the name of the metric (``val_cc`` and so on, and ``epoch``).
    """
    found = {name: _last_row(out / "logs" / name) for name in stages}
    return {name: row for name, row in found.items() if row}


def _last_row(logs: Path) -> dict[str, float]:
    # A run that went on after a break wrote a table a start.
    tables = sorted(logs.rglob("metrics.csv"), key=lambda file: file.stat().st_mtime_ns)
    last: dict[str, float] = {}
    for table in tables:
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                scores = {key: float(text) for key, text in row.items() if _is_score(key, text)}
                last = {"epoch": float(row["epoch"]), **scores} if scores else last
    return last


def _is_score(name: str, text: str) -> bool:
    return name.startswith("val_") and bool(text)


def fold_rows(out: Path, folds: int, stages: Iterable[str]) -> list[list[dict[str, Any]]]:
    """Return what each fold of a cross-validation scored, a row a stage and share.

    Raises:
        DataError: If a fold's table is missing.
    """
    from vinet_ros.training.held_out import HELD_OUT_FILE, load_rows

    names = list(stages)
    return [
        [
            asdict(row)
            for name in names
            for row in load_rows(out / f"fold{fold}" / name / HELD_OUT_FILE)
        ]
        for fold in range(folds)
    ]
