# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""An evaluation as Markdown, CSV and JSON files."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from vinet_ros.offline.bootstrap import Interval
from vinet_ros.offline.evaluate import Evaluation
from vinet_ros.offline.evaluate_markdown import number, to_markdown
from vinet_ros.offline.evaluate_motion import MotionScores
from vinet_ros.offline.evaluate_video_means import OVER_FRAMES, OVER_VIDEOS, VideoSetScores
from vinet_ros.offline.evaluate_videos import VIDEO_METRICS
from vinet_ros.training.score_table import METRICS, ScoreTable


def write_report(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write report.md, scores.csv (means), items.csv (every score) and report.json.

    With video sets also videos.csv: the means of each video.

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
    if evaluation.videos:
        files.append(folder / "videos.csv")
        head = ("data", "row", "video", "category", "frames", *VIDEO_METRICS)
        _write_csv(files[-1], head, _video_rows(evaluation.videos))
    return files


def _motion_rows(motion: MotionScores) -> Iterable[Sequence[object]]:
    for row in motion.rows:
        ends = (number(x, 6) for x in (float(row.wins.mean()), *row.interval))
        yield f"{motion.title}, made clips", row.name, "", "wins", *ends, len(row.wins)


_MEAN_COLUMNS = ("data", "row", "set", "metric", "mean", "low", "high", "items")


def _mean_rows(evaluation: Evaluation) -> Iterable[Sequence[object]]:
    for part in evaluation.stills:
        for row in part.rows:
            yield from _still_rows(part.title, row)
    for clip in evaluation.clips:
        minus = {f"{clip.rows[0].name} minus {n}": i for n, i in clip.differences.items()}
        for name, intervals in {**clip.intervals, **minus}.items():
            for metric, i in intervals.items():
                ends = (number(x, 6) for x in (i.mean, i.low, i.high))
                yield clip.clip, name, "", metric, *ends, i.frames
    for videos in evaluation.videos:
        yield from _set_rows(videos)
    for motion in evaluation.motion:
        yield from _motion_rows(motion)


def _set_rows(videos: VideoSetScores) -> Iterable[Sequence[object]]:
    for row in videos.rows:
        for metric in VIDEO_METRICS:
            for over in (OVER_VIDEOS, OVER_FRAMES):
                for category in ("", *videos.categories):
                    mean = number(videos.mean(row, metric, over, category), 6)
                    of = f"over {over}, {category}" if category else f"over {over}"
                    frames = videos.counts(row, metric, category)[1]
                    yield videos.title, row, of, metric, mean, "", "", frames


def _video_rows(sets: Iterable[VideoSetScores]) -> Iterable[Sequence[object]]:
    for videos in sets:
        for video in videos.videos:
            for row in video.rows:
                means = (number(row.mean(m), 6) for m in VIDEO_METRICS)
                frames = max(row.count(m) for m in VIDEO_METRICS)
                yield videos.title, row.name, video.video, video.category, frames, *means


def _still_rows(title: str, row: ScoreTable) -> Iterable[Sequence[object]]:
    for metric in row.scores:
        mean = number(row.mean(metric), 6)
        yield title, row.name, "", metric, mean, "", "", row.count(metric)
        for group in dict.fromkeys(row.groups):
            yield title, row.name, group, metric, number(row.mean(metric, group), 6), "", "", ""


def _item_rows(evaluation: Evaluation) -> Iterable[Sequence[object]]:
    tables = [(s.title, s.rows) for s in evaluation.stills]
    tables += [(c.clip, c.rows) for c in evaluation.clips]
    tables += [(v.title, video.rows) for v in evaluation.videos for video in v.videos]
    for title, rows in tables:
        for row in rows:
            for index, item in enumerate(row.items):
                scores = (row.scores[m][index] if m in row.scores else math.nan for m in METRICS)
                yield title, row.name, item, *(number(s, 6) for s in scores)


def _to_json(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "facts": dict(evaluation.facts),
        "stills": [
            {
                "title": s.title,
                "rows": [_row_json(r) for r in s.rows],
                "left_out": [asdict(o) for o in s.left_out],
            }
            for s in evaluation.stills
        ],
        "clips": [
            {
                "clip": c.clip,
                "rows": [_row_json(r) for r in c.rows],
                "intervals": _intervals_json(c.intervals),
                "differences": _intervals_json(c.differences),
                "left_out": [asdict(o) for o in c.left_out],
            }
            for c in evaluation.clips
        ],
        "videos": [_videos_json(v) for v in evaluation.videos],
        "motion": [_motion_json(m) for m in evaluation.motion],
        "left_out": [asdict(o) for o in evaluation.left_out],
    }


def _row_json(row: ScoreTable) -> dict[str, Any]:
    return {
        "name": row.name,
        "means": {m: _or_none(v) for m, v in row.means().items()},
        "items": {m: row.count(m) for m in row.scores},
        "left_out": [asdict(o) for o in row.left_out],
    }


def _intervals_json(rows: Mapping[str, Mapping[str, Interval]]) -> dict[str, Any]:
    return {
        name: {m: {k: _or_none(v) for k, v in asdict(i).items()} for m, i in metrics.items()}
        for name, metrics in rows.items()
    }


def _videos_json(videos: VideoSetScores) -> dict[str, Any]:
    rows = [
        {
            "name": row,
            "means": {
                over: {m: _or_none(videos.mean(row, m, over)) for m in VIDEO_METRICS}
                for over in (OVER_VIDEOS, OVER_FRAMES)
            },
            "frames": {m: videos.counts(row, m)[1] for m in VIDEO_METRICS},
        }
        for row in videos.rows
    ]
    return {
        "title": videos.title,
        "set": videos.set_name,
        "split": videos.split,
        "protocol": f"mean over {videos.protocol}",
        "rows": rows,
        "videos": [
            {"video": v.video, "category": v.category, "rows": [_row_json(r) for r in v.rows]}
            for v in videos.videos
        ],
        "left_out": [asdict(o) for o in videos.left_out],
    }


def _motion_json(motion: MotionScores) -> dict[str, Any]:
    rows = [
        {
            "name": row.name,
            "wins": int(row.wins.sum()),
            "interval": list(row.interval),
            "lost": [int(i) for i in np.flatnonzero(~row.wins)],
            "peaks": float(row.peaks.mean()),
        }
        for row in motion.rows
    ]
    return {
        "title": motion.title,
        "clips": len(motion.speeds),
        "rows": rows,
        "left_out": [asdict(o) for o in motion.left_out],
    }


def _write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
