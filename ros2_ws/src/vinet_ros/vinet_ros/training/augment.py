# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Stills seen differently: a part of them, mirrored, in other light; fixations move along."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far an image is changed.

    Attributes:
        zoom: Largest share of the width that a crop may lose, 0..0.5.
        jitter: Largest relative change of brightness and contrast (colour: twice), 0..1.
        flip: Whether half of the images are mirrored.
    """

    zoom: float = 0.25
    jitter: float = 0.2
    flip: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """A rectangle of an image as fractions of its size, perhaps mirrored left to right."""

    left: float
    top: float
    width: float
    height: float
    mirrored: bool = False

    def move(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return points (N, 2) as fractions of the view; outside it they leave 0..1."""
        u = (np.asarray(x, np.float64) - self.left) / self.width
        v = (np.asarray(y, np.float64) - self.top) / self.height
        return np.stack((1 - u if self.mirrored else u, v), axis=1)

    def crop(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the view of an image (H, W, 3), at the image's own size, subpixel exact."""
        height, width = rgb.shape[:2]
        # Pixel centres are at half pixels: column j is at left + (j + 0.5) / W * share.
        scale_x, scale_y = self.width, self.height
        shift_x = self.left * width + (scale_x - 1) / 2
        shift_y = self.top * height + (scale_y - 1) / 2
        matrix = np.array([[scale_x, 0, shift_x], [0, scale_y, shift_y]], np.float64)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(
            rgb, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(seen[:, ::-1] if self.mirrored else seen, np.uint8)


def draw_view(rng: np.random.Generator, augmentation: Augmentation) -> View:
    """Draw a view; three in ten keep the whole image."""
    share = 1 - augmentation.zoom * rng.random() if rng.random() < 0.7 else 1.0
    left, top = rng.random(2) * (1 - share)
    return View(left, top, share, share, bool(augmentation.flip and rng.random() < 0.5))


def draw_light(rng: np.random.Generator, jitter: float) -> NDArray[np.float64]:
    """Draw factors (brightness, contrast, colour), each about 1."""
    return np.asarray(1 + jitter * np.array([1, 1, 2]) * rng.uniform(-1, 1, 3))


def relight(rgb: NDArray[np.uint8], light: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Change brightness, contrast about the mean, and colour about grey of (H, W, 3) pixels."""
    brightness, contrast, colour = (float(f) for f in light)
    gain = brightness * contrast
    offset = float(rgb.mean()) * brightness * (1 - contrast)
    grey = cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(
        cv2.addWeighted(rgb, gain * colour, grey, gain * (1 - colour), offset), np.uint8
    )
