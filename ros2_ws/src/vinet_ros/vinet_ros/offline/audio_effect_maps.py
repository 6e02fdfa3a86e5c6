# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The pictures of a map that are compared and scored, as the networks' authors save them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinet_ros.preprocess import map_to_uint8
from vinet_ros.small_maps import saved_small_map
from vinet_ros.training.score_table import Maps


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """One map, twice.

    Attributes:
        compared: With the maps of other sounds.
        scored: Against people, as `vinet evaluate` has maps of the newest frame.
    """

    compared: Maps
    scored: Maps


def pictures_of(
    values: NDArray[np.float32], size: tuple[int, int], *, eight_bit: bool, small: bool
) -> Pictures:
    """Return what stands for a map.

    Args:
        values: The map (h, w).
        size: Height and width of the frame.
        eight_bit: Whether as the authors save it; else as it is.
        small: Whether they save it at the network's size, as STAViS' do; else at the frame's.
    """
    if not eight_bit:
        plain = np.asarray(values, np.float64)
        return Pictures(plain, plain)
    scored = np.asarray(map_to_uint8(values, size) / 255.0)
    return Pictures(np.asarray(saved_small_map(values) / 255.0) if small else scored, scored)
