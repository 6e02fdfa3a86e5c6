# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""One frame of a video with its map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Predicted:
    """One frame's map, or why there is none.

    Attributes:
        frame: From 0.
        rgb: (H, W, 3) the frame; None where it cannot be read.
        values: (h, w) the map; None where there is none.
        reason: Why there is no map; empty if there is.
        of_middle: Whether the map is of the middle of its clip, as STAViS' authors score it.
    """

    frame: int
    rgb: NDArray[np.uint8] | None
    values: NDArray[np.float32] | None
    reason: str = ""
    of_middle: bool = False
