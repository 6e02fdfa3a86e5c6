# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A table that was reproduced: our values beside the published ones, and what there is none of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vinet_ros.offline.paper.published import published_value
from vinet_ros.offline.paper.tables import Column, System, Table


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a table.

    Attributes:
        row: The system.
        column: The data set.
        metric: Heading.
        ours: NaN where there is none.
        published: NaN where there is none.
        doubt: What of the published digits may have been read wrongly; empty for nothing.
        source: Where it was published; empty where it was not.
        videos: How many videos ours is of.
        frames: How many frames.
    """

    row: str
    column: str
    metric: str
    ours: float
    published: float
    doubt: str
    source: str
    videos: int = 0
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of ours.

    Attributes:
        value: NaN where there is none.
        videos: How many videos it is of.
        frames: How many frames.
    """

    value: float = math.nan
    videos: int = 0
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """What there is no value of, and why.

    Attributes:
        row: The system; empty for all of a column.
        column: The data set; empty for all of a row.
        reason: One line.
    """

    row: str
    column: str
    reason: str

    def __str__(self) -> str:
        place = ", ".join(part for part in (self.row, self.column) if part)
        return f"{place}: {' '.join(self.reason.split())}"


Values = Mapping[tuple[str, str, str], Measured]
"""By row, column and metric."""


@dataclass(frozen=True, slots=True)
class TableResult:
    """One table.

    Attributes:
        table: Which.
        facts: What ran, for people.
        cells: Row after row, in each the columns with their metrics.
        skipped: What there is no value of, and why.
        smoke: Whether the numbers only show that everything runs.
    """

    table: Table
    facts: Mapping[str, str]
    cells: tuple[Cell, ...]
    skipped: tuple[Skipped, ...]
    smoke: bool

    def cell(self, system: System, column: Column, metric: str) -> Cell:
        """Return one number."""
        wanted = (system.row, column.title, metric)
        return next(c for c in self.cells if (c.row, c.column, c.metric) == wanted)

    @property
    def measured(self) -> int:
        """How many numbers of ours there are."""
        return sum(not math.isnan(cell.ours) for cell in self.cells)


def join(table: Table, values: Values) -> tuple[Cell, ...]:
    """Return every cell of a table, our value beside the published one."""
    cells = []
    for system in table.systems:
        for column in table.columns:
            for metric in table.metrics:
                known = published_value(table, system, column, metric)
                mine = values.get((system.row, column.title, metric), Measured())
                cells.append(
                    Cell(
                        system.row,
                        column.title,
                        metric,
                        mine.value,
                        known.value,
                        known.doubt,
                        known.source,
                        mine.videos,
                        mine.frames,
                    )
                )
    return tuple(cells)
