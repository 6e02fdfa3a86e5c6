# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Reproduce a table: find its data, come by its networks, measure, and set beside the published.

Whatever is there already is kept: networks in OUT/runs, scored videos in OUT/cache. A run that
was stopped goes on when it is started again, and tables share what they have in common.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import vinet_ros
from vinet_ros.errors import DataError
from vinet_ros.offline.evaluate_stills import Progress
from vinet_ros.offline.paper.effects import measure_effects
from vinet_ros.offline.paper.networks import Networks
from vinet_ros.offline.paper.places import Place, find_places, why_missing
from vinet_ros.offline.paper.results import Skipped, TableResult, join
from vinet_ros.offline.paper.scores import Bench, Findings, measure_scores
from vinet_ros.offline.paper.settings import PaperSettings
from vinet_ros.offline.paper.tables import LIKENESS, NORMS, SCORES, Table
from vinet_ros.offline.paper.variants import GROUPS

_MEASURES: Mapping[str, Callable[[Bench], Findings]] = {
    SCORES: measure_scores,
    LIKENESS: measure_effects,
    NORMS: measure_effects,
}


def table_folder(out: Path, table: Table) -> Path:
    """Return where a table's files go."""
    return out / f"table_{table.name}"


def choose_rows(table: Table, rows: Sequence[str]) -> Table:
    """Return a table with some of its rows; all of them where none is named.

    Raises:
        ValueError: If it has no such row; the message names those it has.
    """
    known = {system.row.casefold(): system for system in table.systems}
    unknown = [row for row in rows if row.casefold() not in known]
    if unknown:
        raise ValueError(
            f"table {table.name} has no row {unknown[0]!r}; it has "
            f"{'; '.join(system.row for system in table.systems)}"
        )
    wanted = {row.casefold() for row in rows} or set(known)
    systems = tuple(system for name, system in known.items() if name in wanted)
    return replace(table, systems=systems)


def run_table(
    table: Table,
    settings: PaperSettings,
    progress: Progress = lambda task, step, total: None,
) -> TableResult:
    """Train or load what a table needs, and measure it.

    What cannot be had is in the result, with its reason.

    Args:
        table: Which, with the rows that are wanted.
        settings: How.
        progress: For a progress bar.

    Raises:
        DataError: If none of its data sets is there, or the folder belongs to another run.
    """
    begun = time.monotonic()
    places = find_places(settings.data)
    skipped = _absent(table, settings, places)
    if len(skipped) == len(table.columns):
        raise DataError("; ".join(dict.fromkeys(s.reason for s in skipped)))
    settings.claim()
    absent = {s.column for s in skipped}
    there = replace(table, columns=tuple(c for c in table.columns if c.title not in absent))
    networks = Networks(settings, places)
    bench = Bench(there, settings, places, networks, progress)
    found = _MEASURES[table.kind](bench)
    notes = [*skipped, *_incomplete(there, places), *_left(bench), *found.skipped]
    facts = {
        "vinet_ros": vinet_ros.__version__,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "data": ", ".join(place.root.name for place in dict.fromkeys(places.values())),
        "frames": "every one" if settings.every == 1 else f"one of {settings.every}",
        "first frames": settings.first_frames,
        "videos": f"the first {settings.limit} of each split" if settings.limit else "all",
        "folds": settings.fold,
        "time": f"{time.monotonic() - begun:.0f} s",
        **networks.origins(),
    }
    cells = join(table, found.values)
    return TableResult(table, facts, cells, tuple(dict.fromkeys(notes)), settings.smoke)


def _absent(table: Table, settings: PaperSettings, places: Mapping[str, Place]) -> list[Skipped]:
    absent = []
    for column in table.columns:
        place = places.get(column.group)
        if place is None or column.set_name not in place.sets:
            reason = why_missing(settings.data, column.set_name, place)
            absent.append(Skipped("", column.title, reason))
    return absent


def _left(bench: Bench) -> list[Skipped]:
    """Return a word for each column that networks are not scored on because few are asked for."""
    scored = [column for group in bench.groups() for column in bench.network_columns(group)]
    reason = f"networks are scored on the first {bench.settings.sets} sets of a group only"
    left = [column for column in bench.table.columns if column not in scored]
    return [Skipped("", column.title, reason) for column in left]


def _incomplete(table: Table, places: Mapping[str, Place]) -> list[Skipped]:
    """Return a word for each group of which only a part trains."""
    words = []
    for name in dict.fromkeys(column.group for column in table.columns):
        lacking = [each for each in GROUPS[name].sets if each not in places[name].sets]
        if lacking:
            reason = f"networks were trained without {', '.join(lacking)}, which are not there"
            words.append(Skipped("", GROUPS[name].title, reason))
    return words
