# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Smoothing of maps over time."""

import math

import numpy as np
from numpy.typing import NDArray


class MapSmoother:
    """Exponential smoothing of maps by their stamps.

    Maps are smoothed, never peak positions: the average of two places that attract by turns is
    a place between them, where there is nothing.

    Args:
        tau_s: Time constant in seconds; 0 passes maps through.

    Raises:
        ValueError: If tau_s is negative or not finite.
    """

    def __init__(self, tau_s: float) -> None:
        if not 0 <= tau_s < math.inf:
            raise ValueError(f"tau_s must be 0 or more seconds, got {tau_s}")
        self.tau_s = tau_s
        self._state: NDArray[np.float32] | None = None
        self._stamp_ns = 0

    def reset(self) -> None:
        """Forget all maps."""
        self._state = None

    @property
    def state(self) -> tuple[NDArray[np.float32], int] | None:
        """The smoothed map and its stamp, None before any; for :meth:`restore`."""
        return None if self._state is None else (self._state.copy(), self._stamp_ns)

    def restore(self, state: tuple[NDArray[np.float32], int] | None) -> None:
        """Go on from a state as if the maps before had come here."""
        self._state, self._stamp_ns = (None, 0) if state is None else state

    def update(self, values: NDArray[np.float32], stamp_ns: int) -> NDArray[np.float32]:
        """Return the smoothed map after a new one.

        A stamp before the last one or another size starts anew. A map with values that are not
        finite is returned as it is and leaves no trace.

        Args:
            values: (h, w) map.
            stamp_ns: Time of its newest frame.

        Returns:
            float32 (h, w), not shared with the caller's map.
        """
        if not np.isfinite(values).all():
            return np.array(values, np.float32)
        state, gap_ns = self._state, stamp_ns - self._stamp_ns
        if state is None or gap_ns < 0 or state.shape != values.shape or self.tau_s == 0:
            state = np.array(values, np.float32)
        else:
            share = -math.expm1(-gap_ns * 1e-9 / self.tau_s)
            state = state + np.float32(share) * (np.asarray(values, np.float32) - state)
        self._state, self._stamp_ns = state, stamp_ns
        return state.copy()
