# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How near the maps of an int8 network come to those of its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vinet_ros.metrics import cc
from vinet_ros.runtime.base import FullWindow, Window
from vinet_ros.runtime.traits import Values


@dataclass(frozen=True, slots=True)
class Agreement:
    """Maps of two networks on the same windows.

    Attributes:
        maps: How many were compared.
        mean_cc: Mean of their correlation.
        least_cc: The least of it.
        mean_cc_less_mean: Mean of the correlation after the first network's mean map of the clip
            is taken off both; None where no clip has two maps.
        largest_difference: Of two values.
    """

    maps: int
    mean_cc: float
    least_cc: float
    mean_cc_less_mean: float | None
    largest_difference: float

    @property
    def worst_mean(self) -> float:
        """The lower of the two means."""
        less_mean = self.mean_cc_less_mean
        return self.mean_cc if less_mean is None else min(self.mean_cc, less_mean)


def compare_maps(
    expected: Sequence[Sequence[Values]], found: Sequence[Sequence[Values]]
) -> Agreement:
    """Compare maps (h, w) of the same windows, clip by clip.

    Args:
        expected: Of each clip, by the first network.
        found: Of each clip, by the second.
    """
    plain: list[float] = []
    less_mean: list[float] = []
    difference = 0.0
    for first, second in zip(expected, found, strict=True):
        a, b = np.stack(first).astype(np.float64), np.stack(second).astype(np.float64)
        difference = max(difference, float(np.abs(a - b).max()))
        plain += _correlations(a, b)
        if len(a) > 1:
            mean = a.mean(axis=0)
            less_mean += _correlations(a - mean, b - mean)
    return Agreement(
        maps=len(plain),
        mean_cc=float(np.mean(plain)),
        least_cc=float(np.min(plain)),
        mean_cc_less_mean=float(np.mean(less_mean)) if less_mean else None,
        largest_difference=difference,
    )


def fresh(window: Window) -> Window:
    """Return a window of the same frames of which nothing has been encoded yet."""
    copies: dict[int, Any] = {}
    moments = [copies.setdefault(id(moment), _Moment(moment.frame)) for moment in window]
    sound, motion = (getattr(window, name, None) for name in ("sound", "motion"))
    return FullWindow(moments, sound, motion)


@dataclass(slots=True, eq=False)
class _Moment:
    frame: npt.NDArray[np.uint8]
    kept: Any = None


def _correlations(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> list[float]:
    return [float(value) for value in np.atleast_1d(np.asarray(cc(a, b)))]
