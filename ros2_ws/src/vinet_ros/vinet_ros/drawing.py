# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Pictures for people: saliency as heat over the camera image, the gaze marked on it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]

_STRONGEST = 0.7  # share of the colour at the hottest place: the image shows through everywhere
_ONSET = 0.15  # heat below this share of the range leaves the image as it is
_SUBPIXEL_BITS = 4
_WHITE, _DARK, _ACCENT = (255, 255, 255), (16, 18, 24), (64, 255, 226)


class Mark(Protocol):
    """A place on the camera image, in its pixels, 0 at the centre of the first."""

    @property
    def u(self) -> float:
        """Column."""

    @property
    def v(self) -> float:
        """Row."""


def draw_overlay(
    rgb: Rgb, values: NDArray[np.floating], peaks: Sequence[Mark] = (), caption: str = ""
) -> Rgb:
    """Return the camera image with the map as heat, the gaze marked and a line of text.

    The map is stretched to its range. The first peak is the gaze, with a cross-hair; the others
    are numbered from 2.

    Args:
        rgb: uint8 (H, W, 3); it is not changed.
        values: (h, w) map of any size; a constant or not finite one adds no heat.
        peaks: Best first, in pixels of `rgb`.
        caption: Text at the lower edge; ASCII.

    Returns:
        uint8 (H, W, 3).

    Raises:
        ValueError: If the picture is not uint8 (H, W, 3) or the map not (h, w).
    """
    usable = rgb.ndim == 3 and rgb.shape[2] == 3 and rgb.dtype == np.uint8 and values.ndim == 2
    if not (usable and rgb.size and values.size):
        raise ValueError(
            "an overlay needs a uint8 (H, W, 3) picture and an (h, w) map, got "
            f"{rgb.dtype} {rgb.shape} and {values.shape}"
        )
    picture = blend_heat(rgb, values)
    for number, peak in reversed(list(enumerate(peaks, start=1))):
        if number == 1:
            _draw_gaze(picture, peak)
        else:
            _draw_candidate(picture, peak, number)
    if caption:
        _draw_caption(picture, caption)
    return picture


def stretch_map(values: NDArray[np.floating]) -> Rgb:
    """Return a map as uint8 (h, w), its range stretched to 0..255; zeros where it has none."""
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)) or high <= low:
        return np.zeros(values.shape, np.uint8)
    scale = 255.0 / (high - low)
    return np.asarray(np.rint((values - low) * scale), np.uint8)


def heat_colors(heat: Rgb) -> Rgb:
    """Return the colours of a stretched map: uint8 (h, w) into RGB (h, w, 3)."""
    colors: Rgb = _palette()[heat]
    return colors


def blend_heat(rgb: Rgb, values: NDArray[np.floating]) -> Rgb:
    """Return a new image with the map's heat blended in; cool places stay as they are.

    Args:
        rgb: uint8 (H, W, 3).
        values: (h, w) map of any size.
    """
    height, width = rgb.shape[:2]
    heat = cv2.resize(stretch_map(values), (width, height), interpolation=cv2.INTER_LINEAR)
    # One table look-up each for what is added and what is kept; all on bytes, for speed.
    grey = cv2.merge((heat, heat, heat))
    added, kept = _blend_tables()
    picture = cv2.multiply(rgb, cv2.LUT(grey, kept), scale=1 / 255)
    return np.asarray(cv2.add(picture, cv2.LUT(grey, added), dst=picture), np.uint8)


@lru_cache(maxsize=1)
def _palette() -> Rgb:
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    return np.asarray(cv2.applyColorMap(ramp, cv2.COLORMAP_TURBO)[:, 0, ::-1].copy(), np.uint8)


@lru_cache(maxsize=1)
def _blend_tables() -> tuple[NDArray[Any], NDArray[Any]]:
    """Return colour times opacity, and what is left for the image, by heat: (1, 256, 3)."""
    ramp = np.clip((np.arange(256) / 255 - _ONSET) / (1 - _ONSET), 0, 1)
    opacity = _STRONGEST * ramp
    added = np.rint(_palette() * opacity[:, None])
    kept = np.rint(255 * (1 - opacity))[:, None].repeat(3, axis=1)
    return added.astype(np.uint8)[None], kept.astype(np.uint8)[None]


def _draw_gaze(picture: Rgb, mark: Mark) -> None:
    """Draw a ring with four ticks that leave the middle free, dark outlines under light lines."""
    unit = _unit(picture)
    radius = 3.2 * unit
    for color, extra in ((_DARK, max(2.0, 0.4 * unit)), (_WHITE, 0.0)):
        width = max(1, round(0.4 * unit + extra))
        _ring(picture, mark, radius, color, width)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            start = _fixed(mark.u + dx * 0.55 * radius, mark.v + dy * 0.55 * radius)
            end = _fixed(mark.u + dx * 1.5 * radius, mark.v + dy * 1.5 * radius)
            cv2.line(picture, start, end, color, width, cv2.LINE_AA, _SUBPIXEL_BITS)
    _dot(picture, mark, 0.95 * unit, _DARK)
    _dot(picture, mark, 0.6 * unit, _ACCENT)


def _draw_candidate(picture: Rgb, mark: Mark, number: int) -> None:
    """Draw a small dark disc with a light rim and the number in it."""
    unit = _unit(picture)
    _dot(picture, mark, 1.9 * unit, _DARK)
    _ring(picture, mark, 1.7 * unit, _WHITE, max(1, round(0.3 * unit)))
    text, scale = str(number), _text_scale(picture, 1.7)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    origin = (round(mark.u - width / 2), round(mark.v + height / 2))
    _text(picture, text, origin, scale)


def _draw_caption(picture: Rgb, caption: str) -> None:
    """Draw one line of text on a darkened strip at the lower edge."""
    height, width = picture.shape[:2]
    scale = _text_scale(picture, 2.2)
    (text_width, text_height), below = cv2.getTextSize(caption, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    margin = text_height // 2 + 1
    if text_width + 2 * margin > width:
        scale *= max(width - 2 * margin, 1) / text_width
    top = max(0, height - text_height - below - 2 * margin)
    strip = picture[top:]
    cv2.convertScaleAbs(strip, dst=strip, alpha=0.35)
    _text(picture, caption, (margin, height - margin - below), scale)


def _unit(picture: Rgb) -> float:
    """Return the length, in pixels, that marks are measured in: 1 % of the image's diagonal."""
    return float(np.hypot(*picture.shape[:2])) / 100


def _text_scale(picture: Rgb, units: float) -> float:
    """Return the font scale of letters that are so many units high (21 pixels at scale 1)."""
    return max(0.3, units * _unit(picture) / 21)


def _text(picture: Rgb, text: str, origin: tuple[int, int], scale: float) -> None:
    thickness = max(1, round(1.6 * scale))
    cv2.putText(
        picture, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, _WHITE, thickness, cv2.LINE_AA
    )


def _ring(
    picture: Rgb, mark: Mark, radius: float, color: tuple[int, int, int], width: int
) -> None:
    center, fixed_radius = _fixed(mark.u, mark.v), round(radius * (1 << _SUBPIXEL_BITS))
    cv2.circle(picture, center, fixed_radius, color, width, cv2.LINE_AA, _SUBPIXEL_BITS)


def _dot(picture: Rgb, mark: Mark, radius: float, color: tuple[int, int, int]) -> None:
    _ring(picture, mark, radius, color, cv2.FILLED)


def _fixed(u: float, v: float) -> tuple[int, int]:
    """Return a point in OpenCV's fixed-point pixels."""
    return round(u * (1 << _SUBPIXEL_BITS)), round(v * (1 << _SUBPIXEL_BITS))
