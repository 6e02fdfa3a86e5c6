# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A voice that is heard as a soft prior on where to look."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import FrameError
from vinet_ros.gaze.geometry import PinholeCamera, pixel_to_pan_tilt
from vinet_ros.gaze.head import wrap

SIGMA_RAD = math.radians(15.0)
"""Width of the bump; twice the error that the directions of sound may have."""
FADE_S = 1.0
"""Time constant in which a voice that has ended is forgotten."""
_PLACES = 33  # of a row, between which the lens is taken for smooth
_AHEAD_S = 2.0  # by which sound may be newer than a map; by more, a clock was set back
_LEAST = 1e-3  # share of the map; less is none

Columns = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Heard:
    azimuth_rad: float  # in the base where pan_rad is known, else from the camera's axis
    pan_rad: float | None
    voice: float
    stamp_ns: int


class SoundPrior:
    """Weighs the columns of maps by how near they are to the newest voice.

    A map is multiplied by ``(1 - s) + s * bump``: the bump is one at the voice's pan, at any
    tilt, and ``s = weight * voice * fade * seen``. ``fade`` lets a voice go that has ended.
    ``seen`` is the bump's greatest value within the view: a voice just outside of it still pulls
    to that edge, one further away or behind pulls nowhere, for this camera cannot show it and
    the map has nothing to choose there.

    The voice is kept in the coordinates of the head's base where the head's pan is known, so
    that it stays where it is while the head turns. The tilt of the camera is left aside.

    Args:
        weight: How much a voice counts, 0 to 1; with 1 nothing else does while somebody speaks.
        pan_at: Returns the head's pan at a stamp, None where it is not known.
        on_base: Whether the microphones stay where they are while the head turns.
        yaw_rad: Where their front points: from the camera's axis, or on the base from pan 0.
    """

    def __init__(
        self,
        weight: float,
        pan_at: Callable[[int], float | None] = lambda stamp_ns: None,
        *,
        on_base: bool = False,
        yaw_rad: float = 0.0,
    ) -> None:
        self._weight, self._pan_at = weight, pan_at
        self._on_base, self._yaw_rad = on_base, yaw_rad
        self._heard: _Heard | None = None
        self._cached: tuple[object, NDArray[np.float64]] | None = None

    def reset(self) -> None:
        """Forget the voice."""
        self._heard = None

    def hear(self, azimuth_rad: float, voice: float, stamp_ns: int) -> None:
        """Take a voice.

        Args:
            azimuth_rad: Positive to the left of the microphones' front.
            voice: How surely it is one, 0 to 1.
            stamp_ns: When it was heard.
        """
        pan_rad = 0.0 if self._on_base else self._pan_at(stamp_ns)
        azimuth_rad += self._yaw_rad + (pan_rad or 0.0)
        self._heard = _Heard(azimuth_rad, pan_rad, voice, stamp_ns)

    def columns(self, width: int, camera: PinholeCamera, stamp_ns: int) -> Columns | None:
        """Return by how much each column of a map counts, (w,) 0 to 1; None: all alike.

        Args:
            width: Of the map.
            camera: Of the full image.
            stamp_ns: The image's.
        """
        heard = self._heard  # read once: it is told by another thread
        if heard is None:
            return None
        age_s = (stamp_ns - heard.stamp_ns) * 1e-9
        share = self._weight * heard.voice * math.exp(-max(age_s, 0.0) / FADE_S)
        share *= age_s > -_AHEAD_S
        if share < _LEAST:
            return None
        away = self._pans(width, camera) - self._in_camera(heard, stamp_ns)  # (w,)
        away = np.remainder(away + math.pi, math.tau) - math.pi
        bump = np.exp(-0.5 * np.square(away / SIGMA_RAD))
        share *= float(bump.max())
        if not share >= _LEAST:
            return None
        columns: Columns = (1.0 - share + share * bump).astype(np.float32)
        return columns

    def _in_camera(self, heard: _Heard, stamp_ns: int) -> float:
        """Return a voice's pan from the camera's axis; as it was where the head is not known."""
        if heard.pan_rad is None:
            return heard.azimuth_rad
        pan_rad = self._pan_at(stamp_ns)
        return wrap(heard.azimuth_rad - (heard.pan_rad if pan_rad is None else pan_rad))

    def _pans(self, width: int, camera: PinholeCamera) -> NDArray[np.float64]:
        """Return the pan that each column of a map has at the height of the axis, (w,)."""
        if self._cached is None or self._cached[0] != (width, camera):
            self._cached = ((width, camera), _column_pans(width, camera))
        return self._cached[1]


def _column_pans(width: int, camera: PinholeCamera) -> NDArray[np.float64]:
    """Return the pans; NaN everywhere where the lens model has no rays."""
    v = min(max(camera.cy, 0.0), camera.height - 1.0)
    known_u, pans = [], []
    for u in np.linspace(-0.5, camera.width - 0.5, _PLACES):
        try:
            pan_rad = pixel_to_pan_tilt(camera, float(u), v).pan_rad
        except (FrameError, ArithmeticError):  # a calibration that ends before the image does
            continue
        if math.isfinite(pan_rad):
            known_u.append(u)
            pans.append(pan_rad)
    if not pans:
        return np.full(width, np.nan)
    columns = (np.arange(width) + 0.5) * camera.width / width - 0.5
    return np.interp(columns, known_u, np.unwrap(pans))
