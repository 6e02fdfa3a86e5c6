# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Maps as STAViS' authors save and score them: of the network's own size."""

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import FrameError


def scored_small_map(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn a map into what STAViS' authors score, which is of the map's own size.

    Stretched to its range and rounded to 8 bits, as it is saved; then blurred by a 13 x 13
    Gaussian (sigma 2) whose border mirrors the edge pixel too, as their evaluation reads it. They
    save JPEG, whose losses are left out here.

    Args:
        values: Map (h, w).

    Returns:
        Map (h, w), 0..1; zero everywhere where the map is constant.

    Raises:
        FrameError: If `values` is not a non-empty two-dimensional array.
    """
    saved = saved_small_map(values) / 255.0
    blurred = cv2.GaussianBlur(saved, (13, 13), 2.0, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)


def saved_small_map(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn a map (h, w) into what STAViS' authors save: stretched to 0..255, of its own size.

    Returns:
        Map (h, w); zero everywhere where the map is constant.

    Raises:
        FrameError: If `values` is not a non-empty two-dimensional array.
    """
    if values.ndim != 2 or values.size == 0:
        raise FrameError(f"expected a saliency map (h, w), got an array of shape {values.shape}")
    low, high = float(values.min()), float(values.max())
    if high == low:
        return np.zeros(values.shape, np.uint8)
    levels: NDArray[np.uint8] = np.rint(255.0 * (values - low) / (high - low)).astype(np.uint8)
    return levels
