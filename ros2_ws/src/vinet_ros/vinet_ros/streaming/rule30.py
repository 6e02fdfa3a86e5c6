# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Numbers of Wolfram's rule 30, a cellular automaton whose columns look random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_COLUMNS = 256  # read side by side, each a generator of its own
_APART = 16  # cells between two of them: near ones are alike
_CELLS = _COLUMNS * _APART
_BITS = 16
_WARMUP = 2 * _COLUMNS  # steps in which each column forgets how it began


def rule30_values(count: int, seed: int | Sequence[int]) -> npt.NDArray[np.uint16]:
    """Return evenly spread numbers 0..65535, (count,).

    A ring of cells begins with random bits and goes on by rule 30: a cell becomes its left
    neighbour, exclusive-or (itself or its right neighbour). Sixteen steps of a column are the
    bits of a number; columns are read in turn.

    Args:
        count: How many.
        seed: Of the ring's first row, as :func:`numpy.random.default_rng` takes it.

    Source:
        Wolfram, "Random sequence generation by cellular automata", Advances in Applied
        Mathematics 7, 1986.
    """
    cells = int.from_bytes(np.random.default_rng(seed).bytes(_CELLS // 8), "little")
    for _ in range(_WARMUP):
        cells = step(cells, _CELLS)
    values = np.zeros((-(-count // _COLUMNS), _COLUMNS), np.uint16)
    for row in values:
        for _ in range(_BITS):
            cells = step(cells, _CELLS)
            row[:] = row << 1 | _columns(cells)
    return values.ravel()[:count]


def step(cells: int, count: int) -> int:
    """Return the next row of a ring of so many cells; the lowest bit is the leftmost cell."""
    last = count - 1
    left = (cells << 1 | cells >> last) & ((1 << count) - 1)  # of each cell
    right = cells >> 1 | (cells & 1) << last
    return left ^ (cells | right)


def _columns(cells: int) -> npt.NDArray[np.uint8]:
    packed = np.frombuffer(cells.to_bytes(_CELLS // 8, "little"), np.uint8)
    return np.unpackbits(packed, bitorder="little")[::_APART]
