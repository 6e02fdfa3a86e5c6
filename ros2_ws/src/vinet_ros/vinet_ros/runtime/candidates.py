# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Several ways to run a network, tried one after the other: the fastest that agrees is kept."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vinet_ros.errors import DeviceError
from vinet_ros.runtime.base import Executor, trim_memory
from vinet_ros.runtime.measure import step_seconds
from vinet_ros.runtime.traits import Values

LEAST_AGREEMENT = 0.999
"""Correlation of a way's map with the first one's, below which it is not taken."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to run a network.

    Attributes:
        name: For people.
        build: Makes it; the executor has a copy of the network for itself.
    """

    name: str
    build: Callable[[], Executor]


@dataclass(slots=True)
class _Best:
    executor: Executor
    seconds: float


def fastest_of(candidates: Sequence[Candidate], budget_s: float) -> Executor:
    """Build ways to run a network and keep the fastest; ``reason`` says the figures of all.

    The first one's map is what the others must agree with. One that cannot be built, fails or
    disagrees is left out with a warning. No further one is begun after the budget is spent.

    Args:
        candidates: The safest first.
        budget_s: Seconds for all, those of the building included.

    Raises:
        DeviceError: If none of them works.
    """
    until_s = time.monotonic() + budget_s
    best: _Best | None = None
    reference: Values | None = None
    told: list[str] = []
    for candidate in candidates:
        if best is not None and time.monotonic() > until_s:
            told.append(f"{candidate.name} not tried for want of time")
            continue
        try:
            found, values = _tried(candidate, reference)
        except Exception as error:  # whatever a device's library raises
            told.append(_left_out(candidate, error))
            continue
        told.append(f"{candidate.name} {1e3 * found.seconds:.3g} ms")
        reference = values if reference is None else reference
        best = _better(best, found)
    if best is None:
        raise DeviceError(f"no way to run the network works here: {'; '.join(told)}")
    best.executor.reason = f"fastest step of those tried: {', '.join(told)}"
    return best.executor


def agreement(values: Values, reference: Values) -> float:
    """Return the correlation of two maps, -1 to 1; 1 for two that are constant."""
    one, other = values.ravel() - values.mean(), reference.ravel() - reference.mean()
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / scale if scale else float(np.allclose(values, reference))


def _tried(candidate: Candidate, reference: Values | None) -> tuple[_Best, Values]:
    executor = candidate.build()
    try:
        values = _map_of(executor)
        if not np.isfinite(values).all():
            raise DeviceError("its map has NaN or infinity")
        same = 1.0 if reference is None else agreement(values, reference)
        if same < LEAST_AGREEMENT:
            raise DeviceError(f"its map agrees only to a correlation of {same:.4f}")
        return _Best(executor, step_seconds(executor)), values
    except Exception:
        executor.close()
        raise


def _map_of(executor: Executor) -> Values:
    """Return the map of a clip that looks a little like film: smooth patches that drift."""
    height, width = executor.input_size
    coarse = np.random.default_rng(0).integers(0, 256, (-(-height // 16), -(-width // 16), 3))
    scene = np.kron(coarse, np.ones((16, 16, 1)))[:height, :width].astype(np.uint8)
    kept = [executor.encode(np.roll(scene, 3 * t, axis=1)) for t in range(executor.clip_length)]
    return executor.predict(kept)


def _left_out(candidate: Candidate, error: Exception) -> str:
    first_line = str(error).strip().partition("\n")[0] or type(error).__name__
    _log.warning("%s is left out: %s", candidate.name, first_line)
    return f"{candidate.name} left out ({first_line})"


def _better(best: _Best | None, found: _Best) -> _Best:
    if best is None:
        return found
    winner, loser = (found, best) if found.seconds < best.seconds else (best, found)
    loser.executor.close()
    trim_memory()
    return winner
