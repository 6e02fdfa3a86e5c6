# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""An evaluation as Markdown: facts, a table for each part, and what was left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from vinet_ros.offline.bootstrap import Interval
from vinet_ros.offline.evaluate import Evaluation
from vinet_ros.offline.evaluate_clips import ClipScores
from vinet_ros.offline.evaluate_made_clips import CUT_OUTS, SCORED_S
from vinet_ros.offline.evaluate_motion import MotionScores
from vinet_ros.offline.evaluate_video_means import OVER_FRAMES, OVER_VIDEOS, VideoSetScores
from vinet_ros.offline.evaluate_videos import VIDEO_METRICS
from vinet_ros.offline.published_scores import PublishedRow, published_on
from vinet_ros.training.score_table import METRICS, REFERENCE_METRICS, LeftOut, ScoreTable

BENCHMARK_METRICS = tuple(name for name in METRICS if name not in REFERENCE_METRICS)
SHOWN_ITEMS = 5
FEW_BLOCKS = 10
MOST_LEAD = 99.0  # on made clips a predictor of motion alone leads by infinity

NOTES = """An empty cell was not computed. Columns without "MIT" are computed as the figures were
that the stills come with, those with "MIT" and sAUC as the MIT saliency benchmark does. HI rows
are measured against the held-out observers only, all others against all observers."""


def to_markdown(evaluation: Evaluation) -> str:
    """Return the report as Markdown: facts, a table for each part, and what was left out."""
    lines = ["# Evaluation", "", *(f"- {name}: {text}" for name, text in evaluation.facts.items())]
    for part in evaluation.stills:
        lines += ["", f"## Stills: {part.title}", "", *_stills_tables(part.rows)]
    for clip in evaluation.clips:
        lines += ["", *_clip_section(clip)]
    for videos in evaluation.videos:
        lines += ["", *_videos_section(videos, evaluation.published)]
    for motion in evaluation.motion:
        lines += ["", *_motion_section(motion)]
    lines += ["", "## What the columns are", ""]
    for metric in METRICS.values():
        better = "higher" if metric.higher_is_better else "lower"
        lines.append(f"- {metric.name}: {metric.text}; {better} is better")
    lines += ["", NOTES, "", "## Left out", "", *(_left_out_lines(evaluation) or ["Nothing."])]
    return "\n".join(lines) + "\n"


def _stills_tables(rows: Sequence[ScoreTable]) -> list[str]:
    lines = []
    for metrics in (REFERENCE_METRICS, BENCHMARK_METRICS):
        head = ["predictor", "images", *metrics]
        body = [[r.name, _counts(r), *(number(_mean(r, m)) for m in metrics)] for r in rows]
        lines += [*_table(head, body), ""]
    groups = list(dict.fromkeys(rows[0].groups))
    if len(groups) > 1:
        head = ["predictor", "set", *REFERENCE_METRICS]
        body = [
            [row.name, group, *(number(row.mean(m, group)) for m in REFERENCE_METRICS)]
            for row in rows
            for group in groups
        ]
        lines += _table(head, body)
    return lines


def _clip_section(clip: ClipScores) -> list[str]:
    def cells(intervals: dict[str, Interval], metrics: Iterable[str]) -> list[str]:
        return [_interval(intervals[m]) if m in intervals else "" for m in metrics]

    first = clip.rows[0].name
    blocks = max((i.blocks for i in clip.intervals[first].values()), default=0)
    lines = [
        f"## Clip: {clip.clip}",
        "",
        f"Means over frames; 95 % intervals from a bootstrap over {blocks} blocks of one second."
        + (" With so few blocks they are rather too narrow." if blocks < FEW_BLOCKS else ""),
        "",
    ]
    for metrics in (REFERENCE_METRICS, BENCHMARK_METRICS):
        body = [
            [row.name, _counts(row), *cells(dict(clip.intervals[row.name]), metrics)]
            for row in clip.rows
        ]
        lines += [*_table(["predictor", "frames", *metrics], body), ""]
    body = [
        [f"{first} minus {name}", *cells(dict(intervals), REFERENCE_METRICS)]
        for name, intervals in clip.differences.items()
    ]
    return lines + _table(["difference", *REFERENCE_METRICS], body)


def _videos_section(videos: VideoSetScores, published: bool) -> list[str]:
    lines = [
        f"## Videos: {videos.title}",
        "",
        f"{len(videos.videos)} videos. The published means of this set are over "
        f"{videos.protocol}; both are shown.",
        "",
    ]
    body = [_mean_row(videos, row, over) for row in videos.rows for over in _overs(videos)]
    known = published_on(videos.set_name, videos.split) if published else ()
    body += [_published_row(row) for row in known if not row.category]
    lines += _table(["predictor", "mean over", "frames", *VIDEO_METRICS], body)
    if videos.categories:
        body = [
            _mean_row(videos, row, videos.protocol, category)
            for category in videos.categories
            for row in videos.rows
        ]
        body += [_published_row(row) for row in known if row.category]
        head = ["predictor", "mean over", "frames", *VIDEO_METRICS]
        lines += ["", f"By category, means over {videos.protocol}:", "", *_table(head, body)]
    doubts = dict.fromkeys(
        f"- {row.row} ({row.source}): {doubt}" for row in known for doubt in row.doubtful.values()
    )
    return lines + (["", "Doubtful digits of published rows (?):", "", *doubts] if doubts else [])


def _overs(videos: VideoSetScores) -> tuple[str, str]:
    """What means are over, the set's own way first."""
    return (OVER_FRAMES, OVER_VIDEOS) if videos.pooled else (OVER_VIDEOS, OVER_FRAMES)


def _mean_row(videos: VideoSetScores, row: str, over: str, category: str = "") -> list[str]:
    frames = {videos.counts(row, metric, category)[1] for metric in VIDEO_METRICS}
    means = (number(videos.mean(row, metric, over, category)) for metric in VIDEO_METRICS)
    return [row, f"{over}, {category}" if category else over, _range(frames), *means]


def _published_row(row: PublishedRow) -> list[str]:
    cells = (
        number(row.scores.get(metric, math.nan)) + ("?" if metric in row.doubtful else "")
        for metric in VIDEO_METRICS
    )
    where = f"published, {row.category}" if row.category else "published"
    return [f"{row.row} ({row.source})", where, "", *cells]


def _motion_section(motion: MotionScores) -> list[str]:
    clips = len(motion.speeds)
    body = []
    for row in motion.rows:
        low, high = row.interval
        body.append(
            [
                row.name,
                f"{row.wins.sum()} of {clips}",
                f"{100 * row.wins.mean():.0f} % [{100 * low:.0f}, {100 * high:.0f}]",
                f"{min(float(np.median(row.margins)), MOST_LEAD):+.2f}",
                f"{100 * row.peaks.mean():.0f} %",
            ]
        )
    return [
        f"## Made clips: {motion.title}",
        "",
        f"{CUT_OUTS} equal cut-outs of other images, one of them moving "
        f"({motion.speeds.min():.2f} to {motion.speeds.max():.2f} widths a second). A win: over "
        f"the last {SCORED_S:g} s the mean saliency on the moving one is larger than on each "
        f"other. Chance, and a predictor that sees no motion: {100 / CUT_OUTS:.0f} %.",
        "",
        *_table(["predictor", "wins", "share, 95 % interval", "median lead", "peak on it"], body),
    ]


def _left_out_lines(evaluation: Evaluation) -> list[str]:
    parts: list[tuple[str, Sequence[ScoreTable], Sequence[LeftOut]]] = [
        *((s.title, s.rows, s.left_out) for s in evaluation.stills),
        *((c.clip, c.rows, c.left_out) for c in evaluation.clips),
        *((v.title, _whole_rows(v), v.left_out) for v in evaluation.videos),
    ]
    lines = [f"- {o.item or o.row}: {_one_line(o.reason)}" for o in evaluation.left_out]
    for motion in evaluation.motion:
        lines += [f"- {motion.title}, made clips: {_one_line(o.reason)}" for o in motion.left_out]
    for title, rows, whole in parts:
        lines += [f"- {title}, {o.row or o.item}: {_one_line(o.reason)}" for o in whole]
        lines += [f"- {title}, {text}" for text in _summaries(rows)]
    return lines


def _whole_rows(videos: VideoSetScores) -> list[ScoreTable]:
    """Return each row with what all its videos left out."""
    left_out: dict[str, list[LeftOut]] = {row: [] for row in videos.rows}
    for video in videos.videos:
        for table in video.rows:
            left_out[table.name] += table.left_out
    return [ScoreTable(row, (), (), {}, tuple(found)) for row, found in left_out.items()]


def _summaries(rows: Sequence[ScoreTable]) -> list[str]:
    """One line for all that lack the same scores for the same reason, over items and rows."""
    items_by_cause: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for row in rows:
        for o in row.left_out:
            items_by_cause.setdefault((row.name, o.reason, o.metrics), []).append(o.item)
    rows_by_gap: dict[tuple[str, str], list[str]] = {}
    for (name, reason, metrics), items in items_by_cause.items():
        columns = f" ({', '.join(metrics)} only)" if metrics else ""
        gap = (_some(items), _one_line(reason) + columns)
        rows_by_gap.setdefault(gap, []).append(name)
    return [
        f"{'all rows' if len(names) == len(rows) else ' + '.join(names)}: {items}: {reason}"
        for (items, reason), names in rows_by_gap.items()
    ]


def _some(items: Sequence[str]) -> str:
    more = f" and {len(items) - SHOWN_ITEMS} more" if len(items) > SHOWN_ITEMS else ""
    return ", ".join(items[:SHOWN_ITEMS]) + more


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in body]


def _counts(row: ScoreTable) -> str:
    return _range({row.count(m) for m in row.scores})


def _range(counts: set[int]) -> str:
    few, many = min(counts), max(counts)
    return str(many) if few == many else f"{few} to {many}"


def _mean(row: ScoreTable, metric: str) -> float:
    return row.mean(metric) if metric in row.scores else math.nan


def number(value: float, digits: int = 3) -> str:
    """Return a score as text, empty where it is not defined."""
    return "" if math.isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}"  # no -0.000


def _interval(interval: Interval) -> str:
    if math.isnan(interval.mean):
        return ""
    return f"{number(interval.mean)} [{number(interval.low)}, {number(interval.high)}]"


def _one_line(text: str) -> str:
    return " ".join(text.split())
