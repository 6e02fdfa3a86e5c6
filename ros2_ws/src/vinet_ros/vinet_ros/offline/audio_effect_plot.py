# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""An audio effect as a picture; the only file of it that needs matplotlib."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from vinet_ros.offline.audio_effect import AudioEffect, Sample
from vinet_ros.offline.audio_effect_means import rows_of, spread
from vinet_ros.offline.audio_effect_report import NORMS
from vinet_ros.streaming.audio_regimes import REAL

PICTURE = "audio_effect.png"
_COLOURS = {
    "real": "#444444",
    "zero": "#3f6fa8",
    "normal": "#e0a030",
    "wolfram": "#7d9a45",
    "shuffled": "#c8442c",
}


def plot_audio_effect(effect: AudioEffect, folder: Path) -> Path:
    """Write the CC of each sound's maps over time, the norms, and the maps that differ most."""
    figure = Figure(figsize=(13, 6.2), layout="constrained")
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=(3, 1.35)))
    untrained = "" if effect.trained else "; random weights, which say nothing of trained ones"
    figure.suptitle(f"What sound changes: {effect.facts['model']}{untrained}")
    course, sound, sight = above.subplots(1, 3, width_ratios=(5, 2.2, 0.9))
    _plot_course(course, effect)
    _plot_norms(sound, sight, effect)
    if effect.sample is not None:
        _show(below, effect.sample)
    figure.savefig(folder / PICTURE, dpi=110)
    return folder / PICTURE


def _plot_course(axis: Axes, effect: AudioEffect) -> None:
    """Draw one line a sound; several clips stand one behind the other."""
    clips = [clip for clip in effect.steps if rows_of(effect, REAL, clip)]
    starts, start_s = {}, 0.0
    for clip in clips:
        starts[clip] = start_s
        start_s += rows_of(effect, REAL, clip)[-1].time_s + 0.5
    for regime in effect.regimes[1:]:
        for clip in clips:
            rows = rows_of(effect, regime, clip)
            times = [starts[clip] + row.time_s for row in rows]
            label = regime if clip == clips[0] else None
            values = [row.cc for row in rows]
            axis.plot(times, values, color=_COLOURS[regime], lw=1.3, marker=".", label=label)
    for clip in clips[1:]:
        axis.axvline(starts[clip], color="#bbbbbb", lw=0.8)
    several = "" if len(clips) == 1 else f"; {len(clips)} clips, one behind the other"
    axis.set_xlabel(f"time in seconds{several}")
    axis.set_ylabel("CC to the map with the real sound")
    axis.ticklabel_format(useOffset=False)
    axis.legend(frameon=False, ncols=len(effect.regimes), loc="lower left", bbox_to_anchor=(0, 1))
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", color="#eeeeee")


def _plot_norms(sound: Axes, sight: Axes, effect: AudioEffect) -> None:
    of_sounds = {r: spread(rows_of(effect, r), NORMS["sound_norm"]) for r in effect.regimes}
    of_sight = {"any sound": spread(rows_of(effect, REAL), NORMS["sight_norm"])}
    for axis, found, title in (
        (sound, of_sounds, "norm of the sound's feature"),
        (sight, of_sight, "of the sight's"),
    ):
        names = list(found)
        colours = [_COLOURS.get(name, "#8a8a8a") for name in names]
        means, stds = [s.mean for s in found.values()], [s.std for s in found.values()]
        axis.bar(names, means, yerr=stds, color=colours, ecolor="#222222", capsize=3, width=0.7)
        axis.set_title(title, fontsize=10)
        axis.set_ylim(bottom=0)
        axis.tick_params(axis="x", labelrotation=30)
        axis.spines[["top", "right"]].set_visible(False)


def _show(figure: SubFigure, sample: Sample) -> None:
    """Show a frame and its maps, all on the scale of the real sound's."""
    axes = figure.subplots(1, 1 + len(sample.maps), squeeze=False)[0]
    figure.suptitle(
        f"where the maps differ most: {sample.clip}, {sample.time_s:.2f} s", fontsize=10
    )
    real = sample.maps[REAL]
    low, high = float(real.min()), float(np.nextafter(real.max(), np.inf))
    axes[0].imshow(sample.rgb)
    axes[0].set_title("frame", fontsize=9)
    for axis, (regime, values) in zip(axes[1:], sample.maps.items(), strict=True):
        axis.imshow(values, cmap="inferno", vmin=low, vmax=high)
        axis.set_title(regime, fontsize=9)
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])
