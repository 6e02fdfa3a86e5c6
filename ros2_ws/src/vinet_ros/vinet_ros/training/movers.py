# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Made motion: textured pieces of other images laid over a scene, one of them moving.

People look at what moves. No public still carries that, so clips are made: pieces of equal size
and contrast, cut out of real images, stand in the scene; one of them goes along a path.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Piece:
    """A cut-out and its way.

    Attributes:
        rgb: (h, w, 3) its pixels.
        alpha: (h, w) float32, 1 inside, falling softly to 0.
        path: (T, 2) its centre (x, y) in pixels of the scene, one row a frame.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    path: NDArray[np.float64]


def draw_piece(
    rng: np.random.Generator,
    donor: NDArray[np.uint8],
    size: int,
    path: NDArray[np.float64],
) -> Piece:
    """Cut a soft-edged piece about `size` pixels wide from a donor image (H, W, 3)."""
    height, width = (int(size * f) for f in rng.uniform((0.8, 0.6), (1.6, 1.2)))
    height, width = min(height, donor.shape[0] - 1), min(width, donor.shape[1] - 1)
    top = int(rng.integers(0, donor.shape[0] - height))
    left = int(rng.integers(0, donor.shape[1] - width))
    rgb = donor[top : top + height, left : left + width].copy()
    return Piece(rgb, _outline(rng, height, width), path)


def _outline(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    # A wobbling ellipse: no straight edge and no fixed shape to learn instead of motion.
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radius = 0.42 + 0.12 * np.convolve(np.tile(rng.uniform(-1, 1, 24), 3), np.ones(5) / 5, "same")
    radius = np.clip(radius[24:48], 0.2, 0.48)
    points = np.stack((width * (0.5 + radius * np.cos(angles)),
                       height * (0.5 + radius * np.sin(angles))), axis=1)  # fmt: skip
    mask = np.zeros((height, width), np.float32)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 1.0)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 1.0), np.float32)


def draw_path(
    rng: np.random.Generator, size: tuple[int, int], frames: int, speed: float
) -> NDArray[np.float64]:
    """Draw a slightly bent way of `frames` points that ends inside the scene.

    Args:
        rng: Source of chance.
        size: Height and width of the scene in pixels.
        frames: Number of points, T.
        speed: Pixels a frame; 0 stands.

    Returns:
        (T, 2) x, y.
    """
    height, width = size
    end = rng.uniform((0.1 * width, 0.12 * height), (0.9 * width, 0.88 * height))
    heading = rng.uniform(0, 2 * np.pi)
    turn = rng.normal(0, 0.12)
    back = np.arange(frames)[::-1]  # frames before the newest
    angles = heading + turn * back
    steps = speed * np.stack((np.cos(angles), np.sin(angles)), axis=1)
    way = np.cumsum(steps[::-1], axis=0)[::-1] - steps[-1]
    return np.asarray(end - way, np.float64)


def lay(scene: NDArray[np.uint8], piece: Piece, frame: int) -> NDArray[np.uint8]:
    """Return the scene (H, W, 3) with the piece at its place in that frame, subpixel exact."""
    height, width = scene.shape[:2]
    h, w = piece.alpha.shape
    x, y = piece.path[frame] - ((w - 1) / 2, (h - 1) / 2)
    left, top = int(np.floor(x)), int(np.floor(y))
    shift = np.array([[1, 0, x - left], [0, 1, y - top]])
    alpha = cv2.warpAffine(piece.alpha, shift, (w + 1, h + 1))
    rgb = cv2.warpAffine(piece.rgb, shift, (w + 1, h + 1), borderMode=cv2.BORDER_REPLICATE)
    rows = slice(max(top, 0), min(top + h + 1, height))
    columns = slice(max(left, 0), min(left + w + 1, width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return scene
    part = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    a = alpha[part][..., None]
    scene = scene.copy()
    scene[rows, columns] = np.round(scene[rows, columns] * (1 - a) + rgb[part] * a).astype(
        np.uint8
    )
    return scene


def match_contrast(pieces: list[Piece], scene: NDArray[np.uint8], strength: float) -> list[Piece]:
    """Give each piece the same distance in mean and the same spread, so only motion tells.

    Args:
        pieces: Cut-outs.
        scene: (H, W, 3) what they will lie on.
        strength: Standard deviation of each piece's grey values, in grey levels.
    """
    level = float(scene.mean())
    return [
        Piece(_spread(piece.rgb, level, strength), piece.alpha, piece.path) for piece in pieces
    ]


def make_faint(pieces: list[Piece], opacity: float) -> list[Piece]:
    """Let the scene shine through the pieces: 1 hides it, 0 shows nothing of them."""
    return [Piece(p.rgb, p.alpha * np.float32(opacity), p.path) for p in pieces]


def _spread(rgb: NDArray[np.uint8], level: float, strength: float) -> NDArray[np.uint8]:
    x = rgb.astype(np.float32)
    x = (x - x.mean()) / max(float(x.std()), 4.0) * strength + level
    return np.asarray(np.clip(x, 0, 255), np.uint8)
