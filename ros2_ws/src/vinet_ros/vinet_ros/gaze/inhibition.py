# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Where the gaze has been of late: inhibition of return on a map of pan and tilt."""

import math

import numpy as np
from numpy.typing import NDArray

from vinet_ros.gaze.geometry import PanTilt


class InhibitionMap:
    """A map over all directions that grows towards 1 where the gaze is and fades elsewhere.

    Args:
        tau_s: Time constant of the fading, > 0.
        radius_rad: Standard deviation of the round spot around the gaze, > 0.
        rise_s: Time constant of the growth, > 0.

    Raises:
        ValueError: If a number is out of range.

    Source:
        Itti and Koch, Vision Research 2000: a transient inhibition of the attended place.
    """

    def __init__(self, tau_s: float, radius_rad: float, rise_s: float = 1.0) -> None:
        for name, value in (("tau_s", tau_s), ("radius_rad", radius_rad), ("rise_s", rise_s)):
            if not 0 < value < math.inf:
                raise ValueError(f"{name} must be positive and finite, got {value}")
        self.tau_s, self.radius_rad, self.rise_s = tau_s, radius_rad, rise_s
        cell = max(radius_rad / 3, math.pi / 180)
        rows, columns = math.ceil(math.pi / cell) + 1, math.ceil(math.tau / cell)
        self._tilts = np.linspace(-math.pi / 2, math.pi / 2, rows)
        self._pans = np.arange(columns) * (math.tau / columns) - math.pi
        self._values = np.zeros((rows, columns))
        self._stamp_ns: int | None = None

    @property
    def values(self) -> NDArray[np.float64]:
        """A copy of the map, (tilt from -pi/2 to pi/2, pan from -pi on), 0..1."""
        return self._values.copy()

    def reset(self) -> None:
        """Forget all."""
        self._values[:] = 0
        self._stamp_ns = None

    def fade(self, stamp_ns: int) -> float:
        """Let the map fade up to a time; return the seconds since the last one."""
        last_ns, self._stamp_ns = self._stamp_ns, stamp_ns
        dt_s = 0.0 if last_ns is None else max((stamp_ns - last_ns) * 1e-9, 0.0)
        if dt_s > 0:
            self._values *= math.exp(-dt_s / self.tau_s)
        return dt_s

    def inhibit(self, direction: PanTilt, duration_s: float) -> None:
        """Let the map grow where the gaze has been for a time."""
        share = -math.expm1(-duration_s / self.rise_s)
        if share <= 0:
            return
        spot = self._spot(direction)
        self._values += share * np.maximum(spot - self._values, 0.0)

    def add(self, direction: PanTilt, amount: float) -> None:
        """Raise the map around a direction at once, to 1 at most."""
        self._values = np.minimum(self._values + amount * self._spot(direction), 1.0)

    def at(self, direction: PanTilt) -> float:
        """Return the inhibition of a direction, 0..1; between the map's cells it is mixed."""
        rows, columns = self._values.shape
        row = (min(max(direction.tilt_rad, -math.pi / 2), math.pi / 2) / math.pi + 0.5) * (
            rows - 1
        )
        column = (direction.pan_rad / math.tau + 0.5) % 1.0 * columns
        top, left = min(int(row), rows - 2), int(column) % columns
        right, down, across = (left + 1) % columns, row - top, column - int(column)
        upper = (1 - across) * self._values[top, left] + across * self._values[top, right]
        lower = (1 - across) * self._values[top + 1, left] + across * self._values[top + 1, right]
        return float((1 - down) * upper + down * lower)

    def _spot(self, direction: PanTilt) -> NDArray[np.float64]:
        """Return a bell of height 1 around a direction, (tilt, pan)."""
        pan = np.abs(self._pans - math.remainder(direction.pan_rad, math.tau))
        pan = np.minimum(pan, math.tau - pan) * math.cos(direction.tilt_rad)
        tilt = self._tilts - direction.tilt_rad
        scale = -0.5 / self.radius_rad**2
        spot: NDArray[np.float64] = np.exp(scale * tilt * tilt)[:, None] * np.exp(
            scale * pan * pan
        )  # (tilt, pan)
        return spot
