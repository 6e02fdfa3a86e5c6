# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

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
from vinet_ros.offline.evaluate import Evaluation, StillsScores
from vinet_ros.offline.evaluate_clips import ClipScores
from vinet_ros.offline.evaluate_video_means import VideoSetScores
from vinet_ros.offline.evaluate_videos import VIDEO_METRICS
from vinet_ros.offline.published_scores import published_on
from vinet_ros.preprocess import INPUT_SIZE, resize_rgb
from vinet_ros.training.groundtruth import density_map
from vinet_ros.training.score_table import METRICS, REFERENCE_METRICS, ScoreTable

COLOURS = ("#c8442c", "#3f6fa8", "#7d9a45", "#8c6bb1", "#e0a030", "#4aa3a0", "#8a8a8a", "#b36a8c")


NO_INTERVAL = Interval(math.nan, math.nan, math.nan, 0, 0)


def plot_evaluation(evaluation: Evaluation, folder: Path, samples: int = 0) -> list[Path]:
    """Write one PNG for each folder of stills, each clip and each video set.

    Args:
        evaluation: The scores.
        folder: Where to.
        samples: Images to show with their maps, on a sheet for each folder of stills; 0 for none.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {}
    for part in evaluation.stills:
        figures[f"stills_{_slug(part.title)}"] = _plot_stills(part.title, part.rows)
        if samples:
            figures[f"samples_{_slug(part.title)}"] = plot_samples(part, samples)
    for clip in evaluation.clips:
        figures[f"clip_{_slug(clip.clip)}"] = _plot_clip(clip)
    for videos in evaluation.videos:
        figures[f"videos_{_slug(videos.title)}"] = _plot_videos(videos, evaluation.published)
    files = []
    for name, figure in figures.items():
        files.append(folder / f"{name}.png")
        figure.savefig(files[-1], dpi=120)
    return files


def plot_samples(part: StillsScores, count: int) -> Figure:
    """Show images beside where people looked and what each predictor gave.

    The images are evenly spread over the first predictor's CC, from its best to its worst.
    """
    row = part.rows[0]
    order = [i for i in np.argsort(-row.scores["CC"]) if not math.isnan(row.scores["CC"][i])]
    places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    chosen = [int(order[i]) for i in places]
    titles = ["image", "people", *part.maps]
    height = 1.3 * max(len(chosen), 1) + 0.3
    figure = Figure(figsize=(2.2 * len(titles), height), layout="constrained")
    grid = figure.subplots(max(len(chosen), 1), len(titles), squeeze=False)
    for axes, index in zip(grid, chosen, strict=False):
        still = part.stills[index]
        people = density_map(still.fixations.x, still.fixations.y)
        pictures = [resize_rgb(still.load_rgb(), INPUT_SIZE), people]
        pictures += [maps[index] for maps in part.maps.values()]
        for axis, picture in zip(axes, pictures, strict=True):
            axis.imshow(picture, cmap="inferno", extent=(0, 12, 0, 7))
        axes[0].set_ylabel(f"CC {row.scores['CC'][index]:.2f}", fontsize=8)
    for axis, title in zip(grid[0], titles, strict=True):
        axis.set_title(title, fontsize=9)
    for axis in grid.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    return figure


def _plot_videos(videos: VideoSetScores, published: bool) -> Figure:
    known = published_on(videos.set_name, videos.split) if published else ()
    known = tuple(r for r in known if not r.category and r.source.startswith("paper"))
    names = [*videos.rows, *(f"{r.row} ({r.source})" for r in known)]
    figure = Figure(figsize=(15, 1.6 + 0.3 * len(names)), layout="constrained")
    figure.suptitle(f"{videos.title}: means over {videos.protocol}; ours with 95 % over videos")
    axes = figure.subplots(1, len(VIDEO_METRICS), sharey=True)
    for axis, metric in zip(axes, VIDEO_METRICS, strict=True):
        means = [videos.mean(row, metric, videos.protocol) for row in videos.rows]
        spreads = [_standard_error(videos.of_videos(row, metric)) for row in videos.rows]
        means += [r.scores.get(metric, math.nan) for r in known]
        spreads += [0.0] * len(known)
        _bars(axis, metric, names, means, spreads, spreads)
    return figure


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
