# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The growth of a prediction's cost as a picture: one panel an axis, one line a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vinet_ros.runtime.growth import AXES, GrowthReport, GrowthRow

_TITLES = {
    "frames": "frames of a clip",
    "pixels": "pixels of a frame",
    "cameras": "cameras in one process",
}


def plot_growth(report: GrowthReport, file: Path) -> None:
    """Draw time against each axis, both logarithmic, with what growth in proportion would be.

    Raises:
        ModuleNotFoundError: If matplotlib is not installed.
        OSError: If the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4), layout="constrained")
    FigureCanvasAgg(figure)
    for panel, axis in zip(figure.subplots(1, len(AXES)), AXES, strict=True):
        _draw(panel, report, axis)
    figure.suptitle(f"fastest step; {report.processor}, {report.date}", fontsize=10)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


def _draw(panel: Any, report: GrowthReport, axis: str) -> None:
    for number, model in enumerate(report.paths):
        rows = report.axis(model, axis)
        if not rows:
            continue
        counts, colour = [row.amount for row in rows], f"C{number}"
        panel.plot(counts, [r.fastest_ms for r in rows], "o-", color=colour, label=model)
        panel.plot(counts, _in_proportion(rows), ":", color=colour, linewidth=1)
    panel.set_xscale("log", base=2)
    panel.set_yscale("log")
    panel.set_xlabel(_TITLES[axis])
    panel.set_ylabel("ms")
    panel.grid(visible=True, which="both", alpha=0.2)
    panel.legend(title="dotted: in proportion", fontsize=8, title_fontsize=7)


def _in_proportion(rows: list[GrowthRow]) -> list[float]:
    first = rows[0]
    return [first.fastest_ms * row.amount / first.amount for row in rows]
