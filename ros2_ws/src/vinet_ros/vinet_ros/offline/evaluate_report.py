"""An evaluation as Markdown, CSV and JSON files."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vinet_ros.offline.bootstrap import Interval
from vinet_ros.offline.evaluate import Evaluation
from vinet_ros.offline.evaluate_clips import ClipScores
from vinet_ros.training.score_table import METRICS, REFERENCE_METRICS, LeftOut, ScoreTable

BENCHMARK_METRICS = tuple(name for name in METRICS if name not in REFERENCE_METRICS)
SHOWN_ITEMS = 5
FEW_BLOCKS = 10

NOTES = """An empty cell was not computed. Columns without "MIT" are computed as the figures were
that the stills come with, those with "MIT" and sAUC as the MIT saliency benchmark does. HI rows
are measured against the held-out observers only, all others against all observers."""


def write_report(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write report.md, scores.csv (means), items.csv (every score) and report.json.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / n for n in ("report.md", "scores.csv", "items.csv", "report.json")]
    files[0].write_text(to_markdown(evaluation), encoding="utf-8")
    _write_csv(files[1], _MEAN_COLUMNS, _mean_rows(evaluation))
    _write_csv(files[2], ("data", "row", "item", *METRICS), _item_rows(evaluation))
    text = json.dumps(_to_json(evaluation), indent=1, allow_nan=False)
    files[3].write_text(text + "\n", encoding="utf-8")
    return files


def to_markdown(evaluation: Evaluation) -> str:
    """Return the report as Markdown: facts, a table for each part, and what was left out."""
    lines = ["# Evaluation", "", *(f"- {name}: {text}" for name, text in evaluation.facts.items())]
    for part in evaluation.stills:
        lines += ["", f"## Stills: {part.title}", "", *_stills_tables(part.rows)]
    for clip in evaluation.clips:
        lines += ["", *_clip_section(clip)]
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
        body = [[r.name, _counts(r), *(_number(_mean(r, m)) for m in metrics)] for r in rows]
        lines += [*_table(head, body), ""]
    groups = list(dict.fromkeys(rows[0].groups))
    if len(groups) > 1:
        head = ["predictor", "set", *REFERENCE_METRICS]
        body = [
            [row.name, group, *(_number(row.mean(m, group)) for m in REFERENCE_METRICS)]
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


def _left_out_lines(evaluation: Evaluation) -> list[str]:
    parts: list[tuple[str, Sequence[ScoreTable], Sequence[LeftOut]]] = [
        *((s.title, s.rows, s.left_out) for s in evaluation.stills),
        *((c.clip, c.rows, c.left_out) for c in evaluation.clips),
    ]
    lines = [f"- {o.item or o.row}: {_one_line(o.reason)}" for o in evaluation.left_out]
    for title, rows, whole in parts:
        lines += [f"- {title}, {o.row}: {_one_line(o.reason)}" for o in whole]
        lines += [f"- {title}, {text}" for text in _summaries(rows)]
    return lines


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


_MEAN_COLUMNS = ("data", "row", "set", "metric", "mean", "low", "high", "items")


def _mean_rows(evaluation: Evaluation) -> Iterable[Sequence[object]]:
    for part in evaluation.stills:
        for row in part.rows:
            for metric in row.scores:
                mean = _number(row.mean(metric), 6)
                yield part.title, row.name, "", metric, mean, "", "", row.count(metric)
                for group in dict.fromkeys(row.groups):
                    mean = _number(row.mean(metric, group), 6)
                    yield part.title, row.name, group, metric, mean, "", "", ""
    for clip in evaluation.clips:
        minus = {f"{clip.rows[0].name} minus {n}": i for n, i in clip.differences.items()}
        for name, intervals in {**clip.intervals, **minus}.items():
            for metric, i in intervals.items():
                ends = (_number(x, 6) for x in (i.mean, i.low, i.high))
                yield clip.clip, name, "", metric, *ends, i.frames


def _item_rows(evaluation: Evaluation) -> Iterable[Sequence[object]]:
    tables = [(s.title, s.rows) for s in evaluation.stills]
    tables += [(c.clip, c.rows) for c in evaluation.clips]
    for title, rows in tables:
        for row in rows:
            for index, item in enumerate(row.items):
                scores = (row.scores[m][index] if m in row.scores else math.nan for m in METRICS)
                yield title, row.name, item, *(_number(s, 6) for s in scores)


def _to_json(evaluation: Evaluation) -> dict[str, Any]:
    def row_of(row: ScoreTable) -> dict[str, Any]:
        return {
            "name": row.name,
            "means": {m: _or_none(v) for m, v in row.means().items()},
            "items": {m: row.count(m) for m in row.scores},
            "left_out": [asdict(o) for o in row.left_out],
        }

    def intervals_of(rows: Any) -> dict[str, Any]:
        return {
            name: {m: {k: _or_none(v) for k, v in asdict(i).items()} for m, i in metrics.items()}
            for name, metrics in rows.items()
        }

    return {
        "facts": dict(evaluation.facts),
        "stills": [
            {
                "title": s.title,
                "rows": [row_of(r) for r in s.rows],
                "left_out": [asdict(o) for o in s.left_out],
            }
            for s in evaluation.stills
        ],
        "clips": [
            {
                "clip": c.clip,
                "rows": [row_of(r) for r in c.rows],
                "intervals": intervals_of(c.intervals),
                "differences": intervals_of(c.differences),
                "left_out": [asdict(o) for o in c.left_out],
            }
            for c in evaluation.clips
        ],
        "left_out": [asdict(o) for o in evaluation.left_out],
    }


def _write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in body]


def _counts(row: ScoreTable) -> str:
    counts = {row.count(m) for m in row.scores}
    few, many = min(counts), max(counts)
    return str(many) if few == many else f"{few} to {many}"


def _mean(row: ScoreTable, metric: str) -> float:
    return row.mean(metric) if metric in row.scores else math.nan


def _number(value: float, digits: int = 3) -> str:
    return "" if math.isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}"  # no -0.000


def _interval(interval: Interval) -> str:
    if math.isnan(interval.mean):
        return ""
    return f"{_number(interval.mean)} [{_number(interval.low)}, {_number(interval.high)}]"


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _one_line(text: str) -> str:
    return " ".join(text.split())
