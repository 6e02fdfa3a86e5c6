# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Tables of what sound does: likeness of maps, and norms of features, by `vinet audio-effect`."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import vinet_ros
from vinet_ros.errors import VinetError
from vinet_ros.networks.weights import sha256_of
from vinet_ros.offline.audio_effect import AudioEffect, measure_audio_effect
from vinet_ros.offline.audio_effect_request import AudioEffectRequest
from vinet_ros.offline.evaluate_request import FOLD_MARK
from vinet_ros.offline.paper.results import Measured, Skipped
from vinet_ros.offline.paper.scores import Bench, Findings, weights_for
from vinet_ros.offline.paper.tables import LIKENESS, Column, System
from vinet_ros.offline.paper.variants import GROUPS, VARIANTS, Group
from vinet_ros.runtime.benchmark_report import write_atomically
from vinet_ros.streaming.audio_regimes import REAL, ZERO


@dataclass(frozen=True, slots=True)
class Window:
    """One window that was predicted.

    Attributes:
        video: Its name, with its fold.
        cc: Of the map with zero sound to that with the real one; NaN where not compared.
        sim: Likewise.
        sound: Norm of the feature of the real sound.
        sight: Norm of that of the pictures.
    """

    video: str
    cc: float
    sim: float
    sound: float
    sight: float


def measure_effects(bench: Bench) -> Findings:
    """Measure every row of a table about sound."""
    found = Findings()
    for group in bench.groups():
        for system in bench.table.networks:
            for column in bench.network_columns(group):
                try:
                    windows = _windows(bench, system, group, column)
                except VinetError as error:
                    found.skipped.append(Skipped(system.row, column.title, str(error)))
                    continue
                _note(found, bench, system, column, windows)
    return found


def _windows(bench: Bench, system: System, group: Group, column: Column) -> list[Window]:
    """Return the windows of all folds; those that were measured before come from the cache."""
    pattern = weights_for(bench, system, group)
    windows = []
    for fold in bench.networks.folds_of(GROUPS[column.group]):
        weights = Path(str(pattern).replace(FOLD_MARK, fold))
        place, settings = bench.places[group.name], bench.settings
        request = AudioEffectRequest(
            data=(place.root,),
            model=VARIANTS[system.variant].model,
            weights=weights,
            device=settings.device,
            path=settings.path,
            every=settings.every,
            limit=settings.limit,
            seed=settings.seed,
            set_name=column.set_name,
            fold=fold or group.fold,
            regimes=(REAL, ZERO) if bench.table.kind == LIKENESS else (REAL,),
        )
        kept = settings.cache / "effects" / f"{_digest(request, weights)}.json"
        found = _load(kept)
        if found is None:
            effect = measure_audio_effect(
                request, lambda clip, done, total: bench.progress(clip, 1, total)
            )
            found = _reduced(effect, fold)
            write_atomically(kept, json.dumps([asdict(window) for window in found]))
        windows += found
    return windows


def _reduced(effect: AudioEffect, fold: str) -> list[Window]:
    silent = {(row.clip, row.frame): row for row in effect.rows if row.regime == ZERO}
    windows = []
    for row in (row for row in effect.rows if row.regime == REAL):
        other = silent.get((row.clip, row.frame))
        alike = (math.nan, math.nan) if other is None else (other.cc, other.sim)
        name = f"{row.clip} (fold {fold})" if fold else row.clip
        windows.append(Window(name, *alike, row.sound.pooled, row.sight.pooled))
    return windows


def _note(
    found: Findings, bench: Bench, system: System, column: Column, windows: Sequence[Window]
) -> None:
    counts = len({window.video for window in windows}), len(windows)
    if bench.table.kind == LIKENESS:
        values = {"CC": _over_videos(windows, "cc"), "SIM": _over_videos(windows, "sim")}
    else:
        sound = np.array([window.sound for window in windows])
        sight = np.array([window.sight for window in windows])
        values = {
            "sound": float(sound.mean()),
            "sound sd": float(sound.std()),
            "sight": float(sight.mean()),
            "sight sd": float(sight.std()),
        }
    for metric, value in values.items():
        found.values[system.row, column.title, metric] = Measured(value, *counts)
    if any(map(math.isnan, values.values())):
        found.skipped.append(Skipped(system.row, column.title, "a map was constant everywhere"))


def _over_videos(windows: Sequence[Window], name: str) -> float:
    videos: dict[str, list[float]] = {}
    for window in windows:
        value = float(getattr(window, name))
        if not math.isnan(value):
            videos.setdefault(window.video, []).append(value)
    return float(np.mean([np.mean(values) for values in videos.values()])) if videos else math.nan


def _digest(request: AudioEffectRequest, weights: Path) -> str:
    facts = [vinet_ros.__version__, sha256_of(weights), request.every, request.limit, request.seed]
    facts += [*map(str, request.data), request.set_name, request.fold, *request.regimes]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]


def _load(path: Path) -> list[Window] | None:
    try:
        return [Window(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return None
