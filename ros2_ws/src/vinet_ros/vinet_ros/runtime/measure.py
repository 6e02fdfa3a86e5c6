# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How long a network takes, by a measurement so brief that a start can afford it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vinet_ros.runtime.base import Executor

# A call is timed for at most about this long; one that is slower is run once.
_MEASURE_S = 0.5
_MEASURE_RUNS = 10


def step_seconds(executor: Executor) -> float:
    """Return how long one frame and its prediction take, at best, without measuring for long."""
    return _best_seconds(camera_step(executor, 1))[0]


def pair_ratio(executor: Executor) -> float:
    """Return how many times as long as one window two of them take that go together.

    Each comes with a new frame. 2 means that going together gains nothing.

    Args:
        executor: One whose ``batches`` is at least 2.
    """
    one_s, two_s = _best_seconds(camera_step(executor, 1), camera_step(executor, 2))
    return two_s / one_s


@dataclass(slots=True, eq=False)
class _Moment:
    frame: npt.NDArray[np.uint8]
    kept: Any = None


def camera_step(executor: Executor, windows: int) -> Callable[[], object]:
    """Return a call that takes a new frame into each of some windows and predicts them."""
    generator = np.random.default_rng(0)
    frame = generator.integers(0, 256, (*executor.input_size, 3), dtype=np.uint8)
    first = _Moment(frame)
    rows = [[first] * executor.clip_length for _ in range(windows)]

    def step() -> None:
        for row in rows:
            row.append(_Moment(frame))
            del row[0]
        executor.predict_windows(rows)

    executor.encode_batch([frame] * windows)  # pays for memory and kernels
    return step


def _best_seconds(*calls: Callable[[], object]) -> list[float]:
    """Return the shortest time of each call, all of them run in turn."""
    durations: list[list[float]] = [[] for _ in calls]
    # The first round pays for memory and kernels; it counts only if there is time for no other.
    while not durations[0] or (
        sum(map(sum, durations)) < _MEASURE_S * len(calls) and len(durations[0]) <= _MEASURE_RUNS
    ):
        for call, seconds in zip(calls, durations, strict=True):
            start = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - start)
    return [min(seconds) for seconds in durations]
