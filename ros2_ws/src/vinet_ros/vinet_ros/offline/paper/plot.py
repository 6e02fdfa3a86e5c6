# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A reproduced table as pictures: bars of ours and of the published values."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from vinet_ros.offline.paper.results import TableResult
from vinet_ros.offline.paper.tables import Column

OURS, PUBLISHED = "#c8442c", "#b9c2cc"


def plot_table(result: TableResult, folder: Path) -> list[Path]:
    """Write a PNG for each data set of a table that has a value of ours; return the files."""
    files = []
    for column in result.table.columns:
        there = [c for c in result.cells if c.column == column.title and not math.isnan(c.ours)]
        if there:
            name = re.sub(r"[^A-Za-z0-9]+", "_", column.title).strip("_").lower()
            files.append(folder / f"{name}.png")
            _draw(result, column).savefig(files[-1], dpi=110)
    return files


def _draw(result: TableResult, column: Column) -> Figure:
    table = result.table
    names = [system.row for system in table.systems]
    places = np.arange(len(names))
    figure = Figure(figsize=(2.6 * len(table.metrics) + 2, 1.4 + 0.4 * len(names)))
    figure.set_layout_engine("constrained")
    only = " (made videos: shows only that it runs)" if result.smoke else ""
    figure.suptitle(f"{table.label}, {column.title}{only}", fontsize=10)
    axes = figure.subplots(1, len(table.metrics), sharey=True, squeeze=False)[0]
    for axis, metric in zip(axes, table.metrics, strict=True):
        cells = [result.cell(system, column, metric) for system in table.systems]
        axis.barh(places - 0.2, [c.ours for c in cells], 0.4, color=OURS, label="ours")
        published = [c.published for c in cells]
        axis.barh(places + 0.2, published, 0.4, color=PUBLISHED, label="published")
        axis.set_title(metric, fontsize=9)
        axis.set_yticks(places, names)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylim(len(names) - 0.5, -0.5)  # the first row on top; the axes share theirs
    bars = axes[0].get_legend_handles_labels()
    figure.legend(*bars, loc="outside lower right", ncols=2, frameon=False, fontsize=8)
    return figure
