# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Made clips: four equal cut-outs of real images on a real background, one of them moving.

Nothing but motion tells which one moves. All cut-outs of a clip have the same outline and size,
the same mean luminance, the same luminance contrast and the same colour contrast; each has a way
of its own drawn by the same law, the ways do not meet, and only then is it drawn which of them is
gone along. The others stand at the end of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError

CUT_OUTS = 4
"""Cut-outs a clip; a predictor that does not see motion finds the moving one in one of four."""

DURATION_S = 1.2
SCORED_S = 0.2
"""Length of a clip, and of its end, over which saliency is averaged."""

RADIUS_OF_WIDTH = (0.04, 0.06)
SPEED_OF_WIDTH = (0.08, 0.25)
"""Smallest and largest radius of the cut-outs, and speed a second, as shares of the width."""

CONTRAST = 40.0
COLOUR_CONTRAST = 12.0
"""Root mean square of luminance about its mean, and of what colour adds, in grey levels."""

_EDGE_PX = 3.0  # width of the soft edge
_GAP_PX = 8.0  # between two ways, and to the border
_LEAST_TEXTURE = 20.0  # contrast in the image, so that the gain does not turn noise into texture
_LARGEST_COLOUR_GAIN = 4.0  # a grey image stays grey
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class MadeClip:
    """A clip and what is where in it.

    Attributes:
        frames: (T, H, W, 3) RGB.
        rate_hz: Frames a second.
        places: (CUT_OUTS, T, 2) centres x, y in pixels.
        radius: Of each cut-out, in pixels.
        mover: Which of them moves.
        speed: Of the moving one, in widths a second.
    """

    frames: Image
    rate_hz: float
    places: NDArray[np.float64]
    radius: float
    mover: int
    speed: float

    def masks(self, frame: int) -> NDArray[np.bool_]:
        """Return (CUT_OUTS, H, W), true on the pixels of each cut-out in a frame."""
        height, width = self.frames.shape[1:3]
        rows, columns = np.mgrid[:height, :width]
        x, y = self.places[:, frame, :, None, None].transpose(1, 0, 2, 3)
        return np.asarray(np.hypot(columns - x, rows - y) <= self.radius)

    @property
    def scored_frames(self) -> range:
        """The frames at the end over which saliency is averaged."""
        frames = len(self.frames)
        return range(frames - scored_length(self.rate_hz), frames)


def scored_length(rate_hz: float) -> int:
    """Return how many frames at the end of a clip are scored."""
    return max(round(SCORED_S * rate_hz), 1)


def make_clip(
    images: Sequence[Image], rng: np.random.Generator, rate_hz: float, frames: int = 0
) -> MadeClip:
    """Make one clip.

    Args:
        images: At least five images (H, W, 3) of one size; background and cut-outs come from five
            different ones.
        rng: Source of chance.
        rate_hz: Frames a second.
        frames: Least number of frames, where a network's window is longer than the clip.

    Raises:
        DataError: If there are too few images, or they are too small for four ways.
    """
    if len(images) < CUT_OUTS + 1:
        raise DataError(f"made clips need at least {CUT_OUTS + 1} images, got {len(images)}")
    chosen = [images[i] for i in rng.choice(len(images), CUT_OUTS + 1, replace=False)]
    background, donors = chosen[0], chosen[1:]
    height, width = background.shape[:2]
    length = max(round(DURATION_S * rate_hz), frames)
    radius = width * rng.uniform(*RADIUS_OF_WIDTH)
    speed = rng.uniform(*SPEED_OF_WIDTH)
    ways = _draw_ways(rng, (height, width), radius, speed * width / rate_hz, length)
    mover = int(rng.integers(CUT_OUTS))
    standing = ways[:, -scored_length(rate_hz) :].mean(
        axis=1, keepdims=True
    )  # as central as the moving one is
    places = np.repeat(standing, length, axis=1)
    places[mover] = ways[mover]
    level = float(np.clip((background @ _LUMA).mean(), 100, 155))  # room for the contrast
    patches = [cut_out(rng, donor, radius, level) for donor in donors]
    canvas = background.astype(np.float32)
    for k in range(CUT_OUTS):
        if k != mover:
            canvas = _lay(canvas, patches[k], places[k, -1], radius)
    pictures = [_lay(canvas, patches[mover], place, radius) for place in places[mover]]
    clip = np.rint(np.stack(pictures)).astype(np.uint8)
    return MadeClip(clip, rate_hz, places, radius, mover, speed)


def _draw_ways(
    rng: np.random.Generator, size: tuple[int, int], radius: float, step: float, length: int
) -> NDArray[np.float64]:
    """Draw straight ways (CUT_OUTS, length, 2) inside the image that do not come near another."""
    height, width = size
    margin = radius + _GAP_PX
    low, high = np.full(2, margin), np.array([width - 1, height - 1]) - margin
    apart = 2 * radius + _GAP_PX
    for _ in range(200):
        ways: list[NDArray[np.float64]] = []
        for _ in range(200):
            heading = rng.uniform(0, 2 * np.pi)
            back = np.arange(length)[::-1, None] * step
            way = rng.uniform(low, np.maximum(high, low)) - back * (
                np.cos(heading),
                np.sin(heading),
            )
            inside = ((way >= low) & (way <= high)).all()
            if inside and all(_distance(way, other) >= apart for other in ways):
                ways.append(way)
            if len(ways) == CUT_OUTS:
                return np.stack(ways)
    raise DataError(f"images of {width} x {height} pixels have no room for {CUT_OUTS} ways")


def _distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.hypot(*(a[:, None] - b).transpose(2, 0, 1)).min())


def cut_out(
    rng: np.random.Generator,
    donor: Image,
    radius: float,
    level: float,
    contrast: float = CONTRAST,
) -> NDArray[np.float32]:
    """Cut a square (S, S, 3) with texture from an image and equalise its disc.

    Args:
        rng: Source of chance.
        donor: The image (H, W, 3).
        radius: Of the disc, in pixels; :func:`soft_disc` draws it.
        level: Mean luminance of the disc.
        contrast: Root mean square of its luminance about the mean.
    """
    side = 2 * _half(radius) + 1
    disc = soft_disc(side, 0.0, 0.0, radius) > 0.5
    best, most = donor[:side, :side].astype(np.float32), -1.0
    for _ in range(40):
        top, left = (int(rng.integers(n - side + 1)) for n in donor.shape[:2])
        patch = donor[top : top + side, left : left + side].astype(np.float32)
        texture = float((patch @ _LUMA)[disc].std())
        if texture > most:
            best, most = patch, texture
        if texture >= _LEAST_TEXTURE:
            break
    return equalise(best, disc, level, contrast)


def equalise(
    patch: NDArray[np.float32],
    disc: NDArray[np.bool_],
    level: float,
    contrast: float = CONTRAST,
) -> NDArray[np.float32]:
    """Give a patch (S, S, 3) the common luminance, contrast and colour contrast in its disc.

    What reaches beyond 0 or 255 is cut off, and what that took from the contrast is given back.
    """
    luma = (patch @ _LUMA)[..., None]
    colour = patch - luma
    strength = float(np.sqrt((colour[disc] ** 2).mean()))
    colour = colour * min(COLOUR_CONTRAST / max(strength, 1e-3), _LARGEST_COLOUR_GAIN)
    wanted = luma
    for _ in range(8):
        inside = wanted[disc]
        wanted = (wanted - inside.mean()) * (contrast / max(float(inside.std()), 1e-3)) + level
        wanted = np.clip(wanted, 0, 255)
    return np.clip(wanted + colour, 0, 255).astype(np.float32)


def _half(radius: float) -> int:
    return int(np.ceil(radius + _EDGE_PX))


def soft_disc(side: int, dx: float, dy: float, radius: float) -> NDArray[np.float32]:
    """Return a soft-edged disc in a square, its centre (dx, dy) off the middle pixel."""
    offsets = np.arange(side) - side // 2
    distance = np.hypot(offsets - dx, (offsets - dy)[:, None])
    alpha = np.clip((radius - distance) / _EDGE_PX + 0.5, 0, 1)
    return np.asarray(alpha, np.float32)


def _lay(
    canvas: NDArray[np.float32],
    patch: NDArray[np.float32],
    place: NDArray[np.float64],
    radius: float,
) -> NDArray[np.float32]:
    """Return the canvas with the patch's disc at a place (x, y) between pixels."""
    column, row = (int(c) for c in np.floor(place))
    dx, dy = float(place[0] - column), float(place[1] - row)
    half = patch.shape[0] // 2
    grown = np.pad(patch, ((1, 0), (1, 0), (0, 0)), mode="edge")
    across = (1 - dx) * grown[:, 1:] + dx * grown[:, :-1]
    moved = (1 - dy) * across[1:] + dy * across[:-1]
    alpha = soft_disc(patch.shape[0], dx, dy, radius)[..., None]
    part = (slice(row - half, row + half + 1), slice(column - half, column + half + 1))
    result = canvas.copy()
    result[part] = canvas[part] * (1 - alpha) + moved * alpha
    return result
