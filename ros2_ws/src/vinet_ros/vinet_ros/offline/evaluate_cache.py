# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Scored videos kept on disk, so that a long evaluation that was stopped goes on."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import vinet_ros
from vinet_ros.offline.evaluate_lots import VideoLot
from vinet_ros.offline.evaluate_videos import VideoScores
from vinet_ros.training.score_table import LeftOut, ScoreTable


def cache_path(folder: Path, lot: VideoLot, index: int, network: str) -> Path:
    """Return where a video's scores are kept.

    The name changes with all that the scores depend on: the video's files, the settings, the
    weights, the baselines and the version of this package.

    Args:
        folder: Of the cache.
        lot: The set.
        index: Of the video.
        network: What tells the network and its weights from others.
    """
    record = lot.records[index]
    facts: list[object] = [vinet_ros.__version__, network, lot.name, lot.pooled]
    facts += [sorted(asdict(lot.settings).items()), record.title, record.category, record.fps]
    facts += [[str(p) for p in (*record.frames, *record.maps, *record.fixations)]]
    facts += [[_changed(p) for p in (record.frames, record.maps, record.fixations)]]
    if lot.pooled:  # the negatives come from all videos
        facts += [[(r.title, len(r)) for r in lot.records]]
    digest = hashlib.sha256(json.dumps(facts).encode())
    digest.update(b"" if lot.mean_map is None else np.ascontiguousarray(lot.mean_map).tobytes())
    return folder / f"{record.set_name}_{record.name}_{digest.hexdigest()[:24]}.json"


def store(path: Path, scores: VideoScores) -> None:
    """Keep a video's scores; a file is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "video": scores.video,
        "category": scores.category,
        "left_out": [asdict(o) for o in scores.left_out],
        "rows": [
            {
                "name": row.name,
                "items": row.items,
                "scores": {m: [_or_none(v) for v in values] for m, values in row.scores.items()},
                "left_out": [asdict(o) for o in row.left_out],
            }
            for row in scores.rows
        ],
    }
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(path)


def load(path: Path) -> VideoScores | None:
    """Return kept scores; None if there are none or the file is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(_row(content["video"], row) for row in content["rows"])
        left_out = tuple(_left_out(o) for o in content["left_out"])
        return VideoScores(content["video"], content["category"], rows, left_out)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _row(video: str, row: dict[str, Any]) -> ScoreTable:
    scores = {
        m: np.array([math.nan if v is None else v for v in values], np.float64)
        for m, values in row["scores"].items()
    }
    items = tuple(row["items"])
    left_out = tuple(_left_out(o) for o in row["left_out"])
    return ScoreTable(row["name"], items, (video,) * len(items), scores, left_out)


def _left_out(values: dict[str, Any]) -> LeftOut:
    return LeftOut(values["row"], values["item"], values["reason"], tuple(values["metrics"]))


def _changed(files: tuple[Path, ...]) -> int:
    """Return when the files' folder changed last; 0 where there is none, as in packs."""
    try:
        return files[0].parent.stat().st_mtime_ns if files else 0
    except OSError:
        return 0


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
