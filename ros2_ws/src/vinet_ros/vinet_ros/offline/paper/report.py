# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A reproduced table as Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vinet_ros.offline.paper.results import Cell, TableResult
from vinet_ros.offline.paper.tables import Column, System
from vinet_ros.runtime.benchmark_report import write_atomically

SMOKE = (
    "This run only shows that everything works: made videos, two training steps. Its numbers say "
    "nothing of the systems."
)
NONE = "-"
_COLUMNS = ("row", "column", "metric", "ours", "published", "videos", "frames", "source", "doubt")


def write_files(result: TableResult, folder: Path) -> list[Path]:
    """Write table.md, table.csv and table.json into a folder; return the files."""
    texts = {
        "table.md": to_markdown(result),
        "table.csv": to_csv(result),
        "table.json": json.dumps(summary(result), indent=1, allow_nan=False) + "\n",
    }
    for name, text in texts.items():
        write_atomically(folder / name, text)
    return [folder / name for name in texts]


def summary(result: TableResult) -> dict[str, Any]:
    """Return everything of a table, ready for JSON; what is not there is None."""
    table = result.table
    return {
        "table": table.name,
        "label": table.label,
        "title": table.title,
        "smoke": result.smoke,
        "facts": dict(result.facts),
        "measured": result.measured,
        "cells": [
            {name: _or_none(value) for name, value in asdict(cell).items()}
            for cell in result.cells
        ],
        "skipped": [asdict(skipped) for skipped in result.skipped],
        "notes": list(table.notes),
    }


def to_csv(result: TableResult) -> str:
    """Return a line a cell; what is not there is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("table", *_COLUMNS))
    for cell in result.cells:
        values = (_or_none(getattr(cell, name)) for name in _COLUMNS)
        writer.writerow((result.table.name, *("" if v is None else v for v in values)))
    return text.getvalue()


def to_markdown(result: TableResult) -> str:
    """Return the page: a table a data set, each cell ours / published."""
    table = result.table
    lines = [f"# {table.label}: {table.title}", ""]
    if result.smoke:
        lines += [f"**{SMOKE}**", ""]
    lines += [f"- {name}: {text}" for name, text in result.facts.items()]
    lines += ["", f'Each cell: ours / published. "{NONE}": there is none. "?": a doubtful digit.']
    for column in table.columns:
        lines += ["", f"## {column.title}", "", *_column_lines(result, column)]
    lines += ["", "## Skipped", ""]
    lines += [f"- {skipped}" for skipped in result.skipped] or ["Nothing."]
    doubts = dict.fromkeys(f"- {c.row}, {c.column}: {c.doubt}" for c in result.cells if c.doubt)
    for heading, more in (
        ("Decided by us", [f"- {n}" for n in table.notes]),
        ("Doubtful", doubts),
    ):
        if more:
            lines += ["", f"## {heading}", "", *more]
    return "\n".join(lines) + "\n"


def _column_lines(result: TableResult, column: Column) -> list[str]:
    table = result.table
    head = ["system", "frames", *table.metrics]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for system in table.systems:
        cells = [result.cell(system, column, metric) for metric in table.metrics]
        frames = max(cell.frames for cell in cells)
        shown = [_row_name(system), str(frames or NONE), *(_cell_text(cell) for cell in cells)]
        lines.append(f"| {' | '.join(shown)} |")
    return lines


def _row_name(system: System) -> str:
    return f"{system.row} (published only)" if system.theirs_alone else system.row


def _cell_text(cell: Cell) -> str:
    doubt = "?" if cell.doubt else ""
    return f"{_number(cell.ours)} / {_number(cell.published)}{doubt}"


def _number(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.4f}".rstrip("0").rstrip(".") or "0"


def _or_none(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
