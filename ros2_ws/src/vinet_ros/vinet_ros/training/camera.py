# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Still images become clips: a virtual camera that turns, shakes and zooms over the picture."""

from __future__ import annotations

import numpy as np

from vinet_ros.training.augment import View


def draw_camera_path(
    rng: np.random.Generator, newest: View, frames: int, speed: float, shake: float
) -> list[View]:
    """Draw where the camera looked in the frames before `newest`, which is the last one.

    Args:
        rng: Source of chance.
        newest: The view of the newest frame, whose fixations are the ground truth.
        frames: Number of frames, T.
        speed: Shift a frame as a share of the image's width; the camera turns steadily.
        shake: Standard deviation of a random shift a frame, same unit.

    Returns:
        T views, oldest first. A view may reach beyond the image: the border pixel goes on.
    """
    heading = rng.uniform(0, 2 * np.pi)
    zoom = 1 + rng.normal(0, 0.5) * speed  # a frame
    back = np.arange(frames - 1, -1, -1)
    jitter = rng.normal(0, shake, (frames, 2))
    jitter[-1] = 0
    # x is mirrored with the view, but a random direction mirrored is as random.
    shift = speed * back[:, None] * (np.cos(heading), np.sin(heading)) + jitter
    scale = np.clip(zoom ** back.astype(np.float64), 0.5, 2.0)
    views = []
    for (dx, dy), s in zip(shift, scale, strict=True):
        width, height = newest.width * s, newest.height * s
        left = newest.left + dx - (width - newest.width) / 2
        top = newest.top + dy - (height - newest.height) / 2
        views.append(View(left, top, width, height, newest.mirrored))
    return views
