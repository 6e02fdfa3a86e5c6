# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What is asked of ``vinet audio-effect``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vinet_ros.streaming.audio_regimes import REAL, REGIMES, AudioRegimes

EVERY_S = 0.5
"""Time from one prediction to the next where nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class AudioEffectRequest:
    """Which network hears which clips, and how it is measured.

    Attributes:
        data: Video files with sound, or one folder with a public video set that has sound.
        model: A name of the catalog, of a network that hears.
        weights: Its weight file; None: the bundled weights.
        options: Of the network, where its file does not say.
        allow_untrained: Take random weights, drawn by `seed`, where there are no others.
        device: "auto", "cpu", "cuda" or "cuda:n".
        path: "auto", "torch" or "openvino".
        others: More files, from which shuffled sound is taken too.
        every: Predict every so many frames; 0: one frame in each half second.
        limit: Of a set, its first so many videos; 0: all.
        seed: Of all that is drawn.
        normal_std: Of normal noise, 1 is full scale; None: the clip's own.
        window_rate_hz: Slots a second; None: of clips as the weights say, as the node has it; of
            sets every frame, as the papers do.
        eight_bit: Whether maps are compared and scored as the 8-bit pictures that the authors
            save.
        set_name: Which video set, where the folder holds several; empty: the only one.
        split: Of the set; empty: the one that papers report.
        fold: Of the set, where it has folds.
        regimes: The sounds, of :data:`~vinet_ros.streaming.audio_regimes.REGIMES`; the real one
            is the first, for it is what the others are compared with.

    Raises:
        ValueError: If a value is out of its range.
    """

    data: tuple[Path, ...]
    model: str = "avinet"
    weights: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    allow_untrained: bool = False
    device: str = "auto"
    path: str = "auto"
    others: tuple[Path, ...] = ()
    every: int = 0
    limit: int = 0
    seed: int = 0
    normal_std: float | None = None
    window_rate_hz: float | None = None
    eight_bit: bool = True
    set_name: str = ""
    split: str = ""
    fold: str = "1"
    regimes: tuple[str, ...] = REGIMES

    def __post_init__(self) -> None:
        if not self.data:
            raise ValueError("expected a clip or a data set, got none")
        for name in ("every", "limit", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if self.regimes[:1] != (REAL,) or not set(self.regimes) <= set(REGIMES):
            raise ValueError(
                f"regimes must be {REAL} and then others of {', '.join(REGIMES)}, got "
                f"{', '.join(self.regimes) or 'none'}"
            )
        AudioRegimes(normal_std=self.normal_std)  # refuses what it cannot use, before the work

    def step_of(self, rate_hz: float, frames: int) -> int:
        """Return how many frames lie from one prediction to the next, in a clip of so many.

        Args:
            rate_hz: The clip's; 0 where it is unknown.
            frames: 0 where it is unknown.
        """
        step = self.every or max(round(EVERY_S * (rate_hz or 30.0)), 1)
        return min(step, frames) if frames else step
