# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What sound changes in a running node's maps: now and then, the same window with silence."""

import time
from collections.abc import Callable

import numpy as np

from vinet_ros.errors import VinetError
from vinet_ros.metrics import cc
from vinet_ros.ros.health import EffectHealth
from vinet_ros.streaming import Predictor, SaliencyMap

_SILENCE = np.zeros(0, np.float32)


class AudioEffect:
    """Compares a prediction with that of silence, once a period; for the thread that predicts.

    Each comparison costs one more prediction. It waits for a prediction with sound: of silence
    there is nothing to compare.

    Args:
        period_s: Gives the period of this moment; 0: never.
        complain: Takes what went wrong.
    """

    def __init__(self, period_s: Callable[[], float], complain: Callable[[str], object]) -> None:
        self._period_s, self._complain = period_s, complain
        self._state = "no prediction yet"
        self._cc: float | None = None
        self._tried_s: float | None = None
        self._done_s: float | None = None
        self._runs = 0

    def follow(self, predictor: Predictor, saliency: SaliencyMap) -> None:
        """Compare the newest prediction, if it is time and the network heard something.

        Args:
            predictor: Which has just made it.
            saliency: Its map.
        """
        period_s, now_s = self._period_s(), time.monotonic()
        if period_s <= 0 or predictor.hearing is None:
            return
        if self._tried_s is not None and now_s - self._tried_s < period_s:
            return
        heard = predictor.newest_excerpt
        if heard is None or not heard.any():
            self._state = "no sound to compare with silence"
            return
        self._tried_s = now_s
        try:
            silent = predictor.predict_again(_SILENCE)
        except (VinetError, RuntimeError) as error:  # of a device: the next prediction meets it
            self._state = f"failed: {str(error).strip().partition(chr(10))[0]}"
            self._complain(self._state)
            return
        if silent is not None:
            self._keep(float(cc(saliency.values, silent.values)))

    def health(self) -> EffectHealth:
        """Return what is known; from any thread."""
        done_s = self._done_s
        age_s = None if done_s is None else time.monotonic() - done_s
        return EffectHealth(self._period_s(), self._state, self._cc, age_s, self._runs)

    def _keep(self, found: float) -> None:
        self._state = "measured" if np.isfinite(found) else "one of the maps is constant"
        self._cc = found if np.isfinite(found) else None
        self._done_s = time.monotonic()
        self._runs += 1
