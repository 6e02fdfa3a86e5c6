# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Scores that others have published, to stand beside ours.

``published_scores.csv`` has the tables of the ViNet paper (Jain et al., IROS 2021) and of the
thesis that followed it, one line a row and data set; a score that another table repeats is there
once. They were read off text extractions: where a digit is in doubt the last column says so.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

COLUMNS = {
    "CC": "CC",
    "SIM": "SIM-MIT",
    "NSS": "NSS-MIT",
    "AUC": "AUC-J-MIT",
    "sAUC": "sAUC",
    "KLDiv": "KLDiv-MIT",
}
"""The tables' headings and our metrics."""


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One predictor's published scores on one data set.

    Attributes:
        source: Work and table.
        row: Name of the predictor there.
        set_name: As in :data:`~vinet_ros.training.datasets.layouts.LAYOUTS`.
        split: Of it.
        category: Of the videos; empty for all.
        scores: By our metric's name; what the table lacks is left out.
        doubtful: What may have been read wrongly, by metric; "" for the row as a whole.
    """

    source: str
    row: str
    set_name: str
    split: str
    category: str
    scores: Mapping[str, float]
    doubtful: Mapping[str, str]


@lru_cache(maxsize=1)
def published_rows() -> tuple[PublishedRow, ...]:
    """Return all rows, by data set and in the order of the tables."""
    text = (files("vinet_ros.offline") / "published_scores.csv").read_text(encoding="utf-8")
    return tuple(_row(line) for line in csv.DictReader(text.splitlines()))


def published_on(set_name: str, split: str) -> tuple[PublishedRow, ...]:
    """Return the rows on one set's split."""
    return tuple(r for r in published_rows() if (r.set_name, r.split) == (set_name, split))


def _row(line: Mapping[str, str]) -> PublishedRow:
    scores = {ours: float(line[theirs]) for theirs, ours in COLUMNS.items() if line[theirs]}
    doubts = [part.strip() for part in line["doubtful"].split(";") if part.strip()]
    doubtful = {}
    for doubt in doubts:
        column = doubt.split()[0]
        doubtful[COLUMNS.get(column, "")] = doubt
    return PublishedRow(
        line["source"],
        line["row"],
        line["set"],
        line["split"],
        line["category"],
        scores,
        doubtful,
    )
