# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""An audio effect as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vinet_ros.offline.audio_effect import AudioEffect, EffectRow
from vinet_ros.offline.audio_effect_means import (
    TABLE_5_4,
    TABLE_VI,
    Spread,
    Value,
    fusion_of,
    mean_over_clips,
    published_row,
    rows_of,
    spread,
)
from vinet_ros.offline.evaluate_videos import VIDEO_METRICS
from vinet_ros.streaming.audio_regimes import REAL, ZERO

SUMMARY, TABLE, PAGE = "audio_effect.json", "audio_effect.csv", "audio_effect.md"
UNTRAINED = (
    "The weights are random: these numbers show that the measurement runs, and say nothing of a "
    "trained network."
)
NORMS: Mapping[str, Value] = {
    "sound_norm": lambda row: row.sound.whole,
    "sound_norm_pooled": lambda row: row.sound.pooled,
    "sight_norm": lambda row: row.sight.whole,
    "sight_norm_pooled": lambda row: row.sight.pooled,
}


def write_files(effect: AudioEffect, folder: Path) -> None:
    """Write summary, table and page into a folder."""
    (folder / SUMMARY).write_text(json.dumps(summary(effect), indent=1) + "\n", encoding="utf-8")
    (folder / TABLE).write_text(_table(effect), encoding="utf-8")
    (folder / PAGE).write_text(to_markdown(effect), encoding="utf-8")


def summary(effect: AudioEffect) -> dict[str, Any]:
    """Return all means, ready for JSON; what is not defined is None."""
    clips = list(effect.steps)
    return {
        **effect.facts,
        "trained": effect.trained,
        "set": effect.subjects.set_name,
        "split": effect.subjects.split,
        "regimes": {r: _means(rows_of(effect, r)) for r in effect.regimes},
        "videos": [
            {
                "clip": clip,
                "every": effect.steps[clip],
                "shuffled_from": effect.shuffled_from.get(clip),
                "regimes": {r: _means(rows_of(effect, r, clip)) for r in effect.regimes},
            }
            for clip in clips
            if rows_of(effect, REAL, clip)
        ],
        "left_out": [asdict(left_out) for left_out in effect.left_out],
    }


def to_markdown(effect: AudioEffect) -> str:
    """Return the page."""
    parts = ["# What sound changes", "\n".join(f"- {k}: {v}" for k, v in effect.facts.items())]
    if not effect.trained:
        parts.append(f"**{UNTRAINED}**")
    parts += ["## Maps beside that of the real sound (paper, table VI)", _likeness(effect)]
    if any(row.scores for row in effect.rows):
        parts += ["## Scores against people (thesis, table 5.1)", _scores(effect)]
    parts += ["## Norms of the fusion's inputs (thesis, table 5.4)", _norms(effect)]
    if effect.left_out:
        lines = [": ".join(x for x in (o.row, o.item, o.reason) if x) for o in effect.left_out]
        parts += ["## Left out", "\n".join(f"- {line}" for line in lines)]
    return "\n\n".join(parts) + "\n"


def _means(rows: Sequence[EffectRow]) -> dict[str, Any]:
    lowest = min((r.cc for r in rows if not math.isnan(r.cc)), default=math.nan)
    metrics = [m for m in VIDEO_METRICS if any(m in row.scores for row in rows)]
    return {
        "windows": len(rows),
        "cc": _or_none(mean_over_clips(rows, lambda row: row.cc)),
        "cc_least": _or_none(lowest),
        "sim": _or_none(mean_over_clips(rows, lambda row: row.sim)),
        "norms": {name: _told(spread(rows, value)) for name, value in NORMS.items()},
        "scores": {m: _or_none(mean_over_clips(rows, _score(m))) for m in metrics},
    }


def _told(found: Spread) -> dict[str, float | None]:
    return {"mean": _or_none(found.mean), "std": _or_none(found.std)}


def _table(effect: AudioEffect) -> str:
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    metrics = [m for m in VIDEO_METRICS if any(m in row.scores for row in effect.rows)]
    table.writerow(["clip", "frame", "time_s", "regime", "cc", "sim", *NORMS, *metrics])
    for row in effect.rows:
        values = [row.cc, row.sim, *(value(row) for value in NORMS.values())]
        values += [row.scores.get(metric, math.nan) for metric in metrics]
        shown = ["" if math.isnan(value) else f"{value:.7g}" for value in values]
        table.writerow([row.clip, row.frame, round(row.time_s, 6), row.regime, *shown])
    return file.getvalue()


def _likeness(effect: AudioEffect) -> str:
    published = TABLE_VI.get(fusion_of(effect))
    name = f"{published[0]}, Coutrot2" if published else "published"
    rows = []
    for regime in effect.regimes:
        told = _means(rows_of(effect, regime))
        known = published[1:] if published and regime == ZERO else (None, None)
        means = (told["cc"], told["sim"], told["cc_least"])
        shown = [*(_text(mean) for mean in means), str(told["windows"])]
        rows.append([regime, *shown, *(_text(value) for value in known)])
    head = ["sound", "CC", "SIM", "least CC", "windows", f"CC of {name}", f"SIM of {name}"]
    return _lines(head, rows)


def _scores(effect: AudioEffect) -> str:
    rows = []
    for regime in effect.regimes:
        of_regime = rows_of(effect, regime)
        means = [mean_over_clips(of_regime, _score(metric)) for metric in VIDEO_METRICS]
        rows.append([regime, *(_text(mean) for mean in means)])
        known = published_row(effect, regime)
        if known is not None:
            values = [_text(known.scores.get(metric)) for metric in VIDEO_METRICS]
            rows.append([f"{regime}: {known.row} ({known.source})", *values])
    return _lines(["sound", *VIDEO_METRICS], rows)


def _norms(effect: AudioEffect) -> str:
    bilinear = fusion_of(effect) == "bilinear"
    known = TABLE_5_4.get(effect.subjects.set_name) if bilinear else None
    rows = []
    for regime in effect.regimes:
        published = _spread_text(Spread(*known[0])) if known and regime == REAL else ""
        rows.append(_norm_row(f"sound, {regime}", rows_of(effect, regime), "sound", published))
    published = _spread_text(Spread(*known[1])) if known else ""
    rows.append(_norm_row("sight", rows_of(effect, REAL), "sight", published))
    return _lines(["input", "L2 norm", "L2 norm, pooled", "published (layer not stated)"], rows)


def _norm_row(title: str, rows: Sequence[EffectRow], kind: str, published: str) -> list[str]:
    whole, pooled = (spread(rows, NORMS[f"{kind}_norm{end}"]) for end in ("", "_pooled"))
    return [title, _spread_text(whole), _spread_text(pooled), published]


def _score(metric: str) -> Value:
    return lambda row: row.scores.get(metric, math.nan)


def _spread_text(found: Spread) -> str:
    return f"{found.mean:.4g} ± {found.std:.3g}"


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _text(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.4f}"


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    table = [list(head), ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in table)
