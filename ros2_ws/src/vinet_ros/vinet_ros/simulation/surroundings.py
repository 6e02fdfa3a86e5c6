# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How a wide picture lies around a head."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.encodings import Rgb

PROJECTIONS = ("equirectangular", "rectilinear")
"""Angles grow with the pixels (a panorama); or with a plain lens (a wide clip)."""

_WHOLE_TURN_RAD = math.radians(359.5)
_FARTHEST = 3.0  # sizes of the picture beyond its edge; OpenCV folds coordinates back one by one


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A picture around the head, its middle straight ahead of the base.

    What lies beyond its edges is its mirror image: no edge that a head could stare at. A
    panorama of a whole turn goes on at its other edge instead.

    Args:
        size: (height, width) of the picture.
        hfov_rad: Angle from its left to its right edge.
        projection: One of PROJECTIONS.

    Raises:
        ValueError: If the projection is unknown or cannot have that angle.
    """

    size: tuple[int, int]
    hfov_rad: float
    projection: str = "equirectangular"

    def __post_init__(self) -> None:
        if self.projection not in PROJECTIONS:
            raise ValueError(
                f"projection must be one of {', '.join(PROJECTIONS)}, got {self.projection!r}"
            )
        most_deg = 360.0 if self.projection == "equirectangular" else 170.0
        if not 1.0 <= math.degrees(self.hfov_rad) <= most_deg:
            raise ValueError(
                f"a picture in {self.projection} projection spans 1 to {most_deg:g} degrees, got "
                f"{math.degrees(self.hfov_rad):g}"
            )

    def pixels(self, rays: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return columns and rows (...) at which rays (..., 3) of the base meet the picture.

        Args:
            rays: x forward, y left, z up, of any length.
        """
        height, width = self.size
        x, y, z = np.moveaxis(rays, -1, 0)
        if self.projection == "equirectangular":
            scale = width / self.hfov_rad
            right, down = -np.arctan2(y, x) * scale, -np.arctan2(z, np.hypot(x, y)) * scale
        else:
            scale = 0.5 * width / math.tan(0.5 * self.hfov_rad)
            ahead = np.maximum(x, 1e-3)
            right, down = -y / ahead * scale, -z / ahead * scale
        columns = np.clip(right + 0.5 * (width - 1), -_FARTHEST * width, (1 + _FARTHEST) * width)
        rows = np.clip(down + 0.5 * (height - 1), -_FARTHEST * height, (1 + _FARTHEST) * height)
        return columns.astype(np.float32), rows.astype(np.float32)

    def sample(self, picture: Rgb, columns: NDArray[np.float32], rows: NDArray[np.float32]) -> Rgb:
        """Return the picture at places (H, W) between its pixels, uint8 (H, W, 3)."""
        turns = self.projection == "equirectangular" and self.hfov_rad >= _WHOLE_TURN_RAD
        border = cv2.BORDER_WRAP if turns else cv2.BORDER_REFLECT
        looked = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=border)
        return np.asarray(looked, np.uint8)
