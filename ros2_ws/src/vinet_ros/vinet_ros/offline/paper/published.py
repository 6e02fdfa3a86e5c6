# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The published value of each cell of a table."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vinet_ros.offline.audio_effect_means import TABLE_5_4, TABLE_VI
from vinet_ros.offline.paper.tables import LIKENESS, NORMS, SHORT_METRICS, Column, System, Table
from vinet_ros.offline.published_scores import PublishedRow, published_on

_LIKENESS = {name: {"CC": cc, "SIM": sim} for name, cc, sim in TABLE_VI.values()}

# With the RNA loss: mean and deviation of the norms of sound and sight, by video set.
_RNA_NORMS = {
    "avad": ((11.8473, 4.3091), (14.2908, 2.6662)),
    "coutrot1": ((11.6736, 4.4389), (11.9309, 2.1535)),
    "coutrot2": ((15.136, 2.1201), (12.5556, 1.2305)),
    "diem": ((13.3933, 3.8439), (12.5178, 2.1789)),
    "etmd": ((13.4269, 3.4984), (12.9234, 1.712)),
    "summe": ((12.7507, 4.4734), (12.5161, 2.5662)),
}
# Where the thesis rounds two of its tables differently: the row that has this table's digits.
_AS_ROUNDED = {
    ("5.7", "STAViS(STA)", "diem"): ("STAViS",),
    ("5.7", "STAViS(STA)", "coutrot1"): ("STAViS",),
}
_NORMS = {"bilinear": TABLE_5_4, "rna": _RNA_NORMS}


@dataclass(frozen=True, slots=True)
class Published:
    """One published number.

    Attributes:
        value: NaN where there is none.
        doubt: What may have been read wrongly; empty for nothing.
        source: Work and table; empty where there is none.
    """

    value: float = math.nan
    doubt: str = ""
    source: str = ""


def published_value(table: Table, system: System, column: Column, metric: str) -> Published:
    """Return what was published for a cell.

    A score that several tables repeat is kept once, so it may be another table's.

    Args:
        table: The table.
        system: Its row.
        column: Its data set.
        metric: Its heading.
    """
    if table.kind == LIKENESS:
        known = _LIKENESS.get(_name(system), {})
        return Published(known.get(metric, math.nan), source=table.label if known else "")
    if table.kind == NORMS:
        return _norm(table, system, column, metric)
    row = published_row(table, system, column)
    if row is None or SHORT_METRICS[metric] not in row.scores:
        return Published()
    ours = SHORT_METRICS[metric]
    return Published(row.scores[ours], row.doubtful.get(ours, ""), row.source)


def published_row(table: Table, system: System, column: Column) -> PublishedRow | None:
    """Return the published scores of a system on a data set; None where there are none."""
    there = [
        row
        for row in published_on(column.set_name, column.split)
        if row.category == column.category
    ]
    rounded = _AS_ROUNDED.get((table.name, system.row, column.set_name))
    for name in rounded or system.published:
        rows = [row for row in there if row.row == name]
        if rows:
            return next((row for row in rows if row.source == table.label), rows[0])
    return None


def _norm(table: Table, system: System, column: Column, metric: str) -> Published:
    known = _NORMS.get(_name(system), {}).get(column.set_name)
    if known is None:
        return Published()
    (sound, sound_sd), (sight, sight_sd) = known
    values = {"sound": sound, "sound sd": sound_sd, "sight": sight, "sight sd": sight_sd}
    return Published(values[metric], source=table.label)


def _name(system: System) -> str:
    return system.published[0] if system.published else ""
