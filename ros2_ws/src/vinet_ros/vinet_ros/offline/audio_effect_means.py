# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Means over the windows of an audio effect, and the published ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vinet_ros.offline.audio_effect import AudioEffect, EffectRow
from vinet_ros.offline.published_scores import PublishedRow, published_on
from vinet_ros.streaming.audio_regimes import NORMAL, REAL, ZERO

TABLE_VI = {
    "bilinear": ("AViNet(B)", 0.9977, 0.9979),
    "concat": ("AViNet(C)", 0.9978, 0.999),
    "stavis": ("STAViS", 0.998, 0.9981),
}
"""Of the paper, on Coutrot2: name, CC and SIM of maps with real and with zeroed sound."""

TABLE_5_4 = {
    "avad": ((9.5142, 4.7232), (29.0128, 3.9406)),
    "coutrot1": ((9.3178, 4.9157), (25.9076, 3.3296)),
    "coutrot2": ((13.5336, 1.8181), (26.6241, 1.3176)),
    "diem": ((11.4565, 3.872), (28.3217, 5.416)),
    "etmd": ((11.3443, 4.1168), (27.4783, 4.1482)),
    "summe": ((10.0412, 4.6872), (27.1688, 4.6831)),
}
"""Of the thesis, AViNet(B): mean and deviation of the norms of sound and sight, by video set."""

# A row of table 5.1 that equals another is published once, under the other's name.
_SAME_SOUND: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    REAL: {
        "bilinear": ("AViNet(B)",),
        "concat": ("AViNet(C)",),
        "attention": ("AViNet(A)",),
        "vggvox": ("AViNet VGG-Vox",),
        "avid": ("AViNet AVID",),
        "stavis": ("STAViS(STA)", "STAViS"),
    },
    ZERO: {"bilinear": ("AViNet-0",), "stavis": ("STAViS(STA-0)",)},
    NORMAL: {"bilinear": ("AViNet-R", "AViNet-0"), "stavis": ("STAViS(STA-R)",)},
}

Value = Callable[[EffectRow], float]


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and population deviation over windows; NaN where there are none."""

    mean: float
    std: float


def rows_of(effect: AudioEffect, regime: str, clip: str = "") -> list[EffectRow]:
    """Return the rows of a sound, of one clip or all."""
    return [r for r in effect.rows if r.regime == regime and clip in ("", r.clip)]


def mean_over_clips(rows: Sequence[EffectRow], value: Value) -> float:
    """Return the mean over clips of the means over their windows; NaN where none has a value."""
    clips: dict[str, list[float]] = {}
    for row in rows:
        found = value(row)
        if not math.isnan(found):
            clips.setdefault(row.clip, []).append(found)
    return float(np.mean([np.mean(values) for values in clips.values()])) if clips else math.nan


def spread(rows: Sequence[EffectRow], value: Value) -> Spread:
    """Return mean and deviation over all windows."""
    found = np.array([value(row) for row in rows])
    found = found[~np.isnan(found)]
    return (
        Spread(float(found.mean()), float(found.std()))
        if len(found)
        else Spread(math.nan, math.nan)
    )


def fusion_of(effect: AudioEffect) -> str:
    """Return how the network joins sound and sight, as the published tables tell them apart.

    AViNet with SoundNet by its fusion, else by the encoder, as nobody says which fusion it had.
    STAViS has a fusion of its own: "stavis" is the published one, others go by their options.
    """
    if effect.request.model == "stavis":
        return _fusion_of_stavis(effect.options)
    audio = effect.options.get("audio", "soundnet")
    return str(effect.options.get("fusion", "bilinear")) if audio == "soundnet" else str(audio)


def _fusion_of_stavis(options: Mapping[str, object]) -> str:
    parts = options.get("localisation", "bilinear"), options.get("fusion", "concat")
    return "stavis" if parts == ("bilinear", "concat") else f"stavis {parts[0]} {parts[1]}"


def published_row(effect: AudioEffect, regime: str) -> PublishedRow | None:
    """Return the published scores with the same sound, set, split and fusion, if there are."""
    names = _SAME_SOUND.get(regime, {}).get(fusion_of(effect), ())
    found = effect.subjects
    known = {r.row: r for r in published_on(found.set_name, found.split) if not r.category}
    return next((known[name] for name in names if name in known), None)
