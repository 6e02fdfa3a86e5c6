# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A picture of the closed loop: the wide view, what the camera sees, where the gaze went."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.encodings import Rgb
from vinet_ros.gaze import PanTilt, PinholeCamera, pixel_to_ray
from vinet_ros.simulation.virtual_camera import VirtualCamera

_PAPER, _INK, _FAINT = (20, 22, 24), (235, 235, 235), (84, 88, 94)
_GAZE, _THING = (64, 255, 226), (255, 176, 60)
_LOWER_SHARE = 0.8  # height of the lower row by that of the wide view
_PLOT_S = 8.0
_TRACK_S = 5.0
_EDGE_POINTS = 12
_BITS = 4
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class Moment:
    """Where things were at a time.

    Args:
        time_s: Since any start.
        head: Where the head was.
        target: Where the thing was that is to be looked at; None where there was none.
    """

    time_s: float
    head: PanTilt
    target: PanTilt | None = None


class LoopPicture:
    """Puts the views of a moment into one picture.

    Args:
        wide: The camera of the wide view; its head stands.
        camera: The camera on the head.
    """

    def __init__(self, wide: VirtualCamera, camera: VirtualCamera) -> None:
        self._wide, self._camera = wide, camera
        self._border = _border_rays(camera.camera)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the pictures."""
        height, width = self._wide.camera.height, self._wide.camera.width
        return height + round(_LOWER_SHARE * height), width

    def compose(self, wide: Rgb, view: Rgb, moments: Sequence[Moment]) -> Rgb:
        """Return the picture of the last moment, uint8 (H, W, 3).

        Args:
            wide: The wide view.
            view: What the camera sees, or an overlay of it, in any size.
            moments: In the order of time, at least one.
        """
        picture = np.empty((*self.size, 3), np.uint8)
        picture[:] = _PAPER
        height = wide.shape[0]
        picture[:height] = wide
        self._draw_track(picture[:height], moments)
        lower = picture[height:]
        across = round(view.shape[1] * lower.shape[0] / view.shape[0])
        across = min(across, picture.shape[1] * 2 // 3)
        down = round(view.shape[0] * across / view.shape[1])
        top = (lower.shape[0] - down) // 2
        lower[top : top + down, :across] = cv2.resize(
            view, (across, down), interpolation=cv2.INTER_AREA
        )
        _draw_plot(lower[:, across:], moments)
        return picture

    def _draw_track(self, wide: Rgb, moments: Sequence[Moment]) -> None:
        now = moments[-1]
        recent = [m for m in moments if now.time_s - m.time_s <= _TRACK_S]
        self._draw_way(wide, [m.head for m in recent], _GAZE)
        corners = self._outline(now.head)
        cv2.polylines(wide, [corners], True, _INK, 1, cv2.LINE_AA, _BITS)
        for direction, color, radius in ((now.target, _THING, 9), (now.head, _GAZE, 5)):
            pixel = None if direction is None else self._pixel(direction)
            if pixel is not None:
                _dot(wide, pixel, radius + 1.5, _PAPER, 3)
                _dot(wide, pixel, radius + 1.5, color, 2)

    def _draw_way(self, wide: Rgb, way: Sequence[PanTilt], color: tuple[int, int, int]) -> None:
        pixels = [pixel for pixel in map(self._pixel, way) if pixel is not None]
        if len(pixels) > 1:
            points = np.round(np.array(pixels) * (1 << _BITS)).astype(np.int32)
            cv2.polylines(wide, [points], False, _PAPER, 4, cv2.LINE_AA, _BITS)
            cv2.polylines(wide, [points], False, color, 2, cv2.LINE_AA, _BITS)

    def _outline(self, head: PanTilt) -> NDArray[np.int32]:
        """Return the edge of the camera's view in pixels of the wide view, fixed point."""
        rays = self._border @ self._camera.head.view(head)[0].T
        directions = (
            PanTilt(math.atan2(y, x), math.atan2(z, math.hypot(x, y))) for x, y, z in rays
        )
        pixels = [pixel for pixel in map(self._pixel, directions) if pixel is not None]
        return np.round(np.array(pixels).reshape(-1, 2) * (1 << _BITS)).astype(np.int32)

    def _pixel(self, direction: PanTilt) -> tuple[float, float] | None:
        return self._wide.pixel(direction, PanTilt(0.0, 0.0))


def _border_rays(camera: PinholeCamera) -> NDArray[np.float64]:
    """Return rays along the edge of an image, clockwise from its upper left, (N, 3)."""
    shares = np.linspace(0, 1, _EDGE_POINTS, endpoint=False)
    right, bottom = camera.width - 1, camera.height - 1
    top = [(share * right, 0.0) for share in shares]
    side = [(float(right), share * bottom) for share in shares]
    way = [*top, *side, *((right - u, float(bottom)) for u, _ in top),
           *((0.0, bottom - v) for _, v in side)]  # fmt: skip
    return np.array([pixel_to_ray(camera, float(u), float(v)) for u, v in way])


def _draw_plot(area: Rgb, moments: Sequence[Moment]) -> None:
    """Draw pan and tilt of head and target over the last seconds."""
    middle = area.shape[0] // 2
    for part, axis, name in ((area[:middle], 0, "pan"), (area[middle:], 1, "tilt")):
        _draw_axis(part, moments, axis, name)


def _draw_axis(area: Rgb, moments: Sequence[Moment], axis: int, name: str) -> None:
    height, width = area.shape[:2]
    now_s = moments[-1].time_s
    recent = [m for m in moments if now_s - m.time_s <= _PLOT_S]
    target = [(m.time_s, m.target[axis]) for m in recent if m.target is not None]
    head = [(m.time_s, m.head[axis]) for m in recent]
    most_deg = max(20.0, *(abs(math.degrees(value)) for _, value in (*target, *head)))
    most_deg = 10.0 * math.ceil(most_deg / 10.0)

    def place(time_s: float, value: float) -> tuple[float, float]:
        along = 1 - (now_s - time_s) / _PLOT_S
        up = math.degrees(value) / most_deg
        return 8 + along * (width - 16), height / 2 - up * (height / 2 - 22)

    cv2.line(area, (8, height // 2), (width - 8, height // 2), _FAINT, 1)
    for values, color in ((target, _THING), (head, _GAZE)):
        for run in _runs(values):
            points = np.array([place(*value) for value in run]) * (1 << _BITS)
            cv2.polylines(area, [np.round(points).astype(np.int32)], False, color, 2,
                          cv2.LINE_AA, _BITS)  # fmt: skip
    text = f"{name} {math.degrees(head[-1][1]):+.1f} deg, scale {most_deg:.0f}"
    cv2.putText(area, text, (8, 16), _FONT, 0.42, _INK, 1, cv2.LINE_AA)


def _runs(values: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Return a line's parts between its gaps."""
    runs: list[list[tuple[float, float]]] = []
    for value in values:
        if runs and value[0] - runs[-1][-1][0] < 0.5:
            runs[-1].append(value)
        else:
            runs.append([value])
    return runs


def _dot(
    picture: Rgb, pixel: tuple[float, float], radius: float, color: tuple[int, int, int], wide: int
) -> None:
    center = round(pixel[0] * (1 << _BITS)), round(pixel[1] * (1 << _BITS))
    cv2.circle(picture, center, round(radius * (1 << _BITS)), color, wide, cv2.LINE_AA, _BITS)
