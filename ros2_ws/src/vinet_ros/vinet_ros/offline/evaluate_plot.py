"""An evaluation as pictures; the only file of it that needs matplotlib."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vinet_ros.offline.bootstrap import Interval
from vinet_ros.offline.evaluate import Evaluation
from vinet_ros.offline.evaluate_clips import ClipScores
from vinet_ros.training.score_table import METRICS, REFERENCE_METRICS, ScoreTable

COLOURS = ("#c8442c", "#3f6fa8", "#7d9a45", "#8c6bb1", "#e0a030", "#4aa3a0", "#8a8a8a", "#b36a8c")


NO_INTERVAL = Interval(math.nan, math.nan, math.nan, 0, 0)


def plot_evaluation(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write one PNG for each folder of stills and each clip; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for part in evaluation.stills:
        path = folder / f"stills_{_slug(part.title)}.png"
        _plot_stills(part.title, part.rows).savefig(path, dpi=120)
        files.append(path)
    for clip in evaluation.clips:
        path = folder / f"clip_{_slug(clip.clip)}.png"
        _plot_clip(clip).savefig(path, dpi=120)
        files.append(path)
    return files


def _plot_stills(title: str, rows: Sequence[ScoreTable]) -> Figure:
    figure = Figure(figsize=(13, 1.6 + 0.36 * len(rows)), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(1, len(REFERENCE_METRICS), sharey=True)
    for axis, metric in zip(axes, REFERENCE_METRICS, strict=True):
        scores = [r.scores.get(metric, np.array([math.nan])) for r in rows]
        errors = [_standard_error(s) for s in scores]
        _bars(axis, metric, [r.name for r in rows], [_mean(s) for s in scores], errors, errors)
    return figure


def _plot_clip(clip: ClipScores) -> Figure:
    figure = Figure(figsize=(13, 4.2 + 0.36 * len(clip.rows)), layout="constrained")
    figure.suptitle(clip.clip)
    grid = figure.add_gridspec(2, len(REFERENCE_METRICS))
    course = figure.add_subplot(grid[1, :])
    axes = [figure.add_subplot(grid[0, 0])]
    axes += [
        figure.add_subplot(grid[0, i], sharey=axes[0]) for i in range(1, len(REFERENCE_METRICS))
    ]
    for axis in axes[1:]:
        axis.tick_params(labelleft=False)
    for axis, metric in zip(axes, REFERENCE_METRICS, strict=True):
        intervals = [clip.intervals[r.name].get(metric, NO_INTERVAL) for r in clip.rows]
        means = [i.mean for i in intervals]
        # With one block both ends equal the mean but for rounding, which may be negative.
        low = [np.maximum(i.mean - i.low, 0) for i in intervals]
        high = [np.maximum(i.high - i.mean, 0) for i in intervals]
        _bars(axis, metric, [r.name for r in clip.rows], means, low, high)
    seconds = np.arange(len(clip.rows[0].items)) / clip.fps
    for index, row in enumerate(clip.rows[:2]):
        course.plot(seconds, row.scores["NSS"], label=row.name, color=COLOURS[index], lw=1.2)
    course.set_xlabel("time in seconds")
    course.set_ylabel("NSS")
    course.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    return figure


def _bars(
    axis: Axes,
    metric: str,
    names: Sequence[str],
    means: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
) -> None:
    places = np.arange(len(names))
    colours = [COLOURS[i % len(COLOURS)] for i in places]
    axis.barh(places, means, xerr=(low, high), color=colours, ecolor="#444444", capsize=2)
    axis.set_yticks(places, names)
    if not axis.yaxis_inverted():  # the axes share theirs
        axis.invert_yaxis()
    better = "higher" if METRICS[metric].higher_is_better else "lower"
    axis.set_title(f"{metric} ({better} is better)", fontsize=9)
    axis.spines[["top", "right"]].set_visible(False)


def _mean(scores: np.ndarray) -> float:
    defined = scores[~np.isnan(scores)]
    return float(defined.mean()) if len(defined) else math.nan


def _standard_error(scores: np.ndarray) -> float:
    defined = scores[~np.isnan(scores)]
    return float(1.96 * defined.std(ddof=1) / len(defined) ** 0.5) if len(defined) > 1 else 0.0


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
