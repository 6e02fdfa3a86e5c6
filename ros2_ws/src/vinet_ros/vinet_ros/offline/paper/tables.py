# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a table is: systems down, data sets across, metrics in each cell."""

from __future__ import annotations

from dataclasses import dataclass

from vinet_ros.offline.paper.variants import GROUP_OF_SET, REAL

SCORES, LIKENESS, NORMS = "scores", "likeness", "norms"
KINDS = (SCORES, LIKENESS, NORMS)

SHORT_METRICS = {
    "CC": "CC",
    "sAUC": "sAUC",
    "AUC": "AUC-J-MIT",
    "NSS": "NSS-MIT",
    "SIM": "SIM-MIT",
    "KLDiv": "KLDiv-MIT",
}
"""The tables' headings and our metrics."""


@dataclass(frozen=True, slots=True)
class Column:
    """One data set, or a category of its videos.

    Attributes:
        title: Heading.
        set_name: The video set.
        split: The split that the published scores are of.
        category: Of the videos; empty for all.
        scored: The split that ours are of, where it is another.
    """

    title: str
    set_name: str
    split: str = "test"
    category: str = ""
    scored: str = ""

    @property
    def group(self) -> str:
        """Name of the data that networks for this column train on."""
        return GROUP_OF_SET[self.set_name]


@dataclass(frozen=True, slots=True)
class System:
    """One row.

    Attributes:
        row: Its name here.
        published: Its names among the published scores; the first that there is counts.
        variant: The network, of :data:`~.variants.VARIANTS`; empty for a row without one.
        group: What it was trained on, where that is not the column's own data.
        audio: What it hears when it is evaluated.
        audio_std: Deviation of that sound if it is normal noise.
        baseline: The row of `vinet evaluate` that it is; empty for a network.
    """

    row: str
    published: tuple[str, ...] = ()
    variant: str = ""
    group: str = ""
    audio: str = REAL
    audio_std: float = 0.0
    baseline: str = ""

    @property
    def theirs_alone(self) -> bool:
        """Whether it is somebody else's network, of which there are published scores only."""
        return not (self.variant or self.baseline)


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a paper.

    Attributes:
        name: As the command line takes it.
        work: "paper" (IROS 2021) or "thesis" (2023).
        title: One line.
        systems: The rows.
        columns: The data sets.
        metrics: Headings, of :data:`SHORT_METRICS` for scores.
        kind: Of :data:`KINDS`: scores against people; likeness of maps with and without sound;
            norms of the features of sound and sight.
        source: What the project's published scores call it.
        notes: What is decided by us, a sentence each.
    """

    name: str
    work: str
    title: str
    systems: tuple[System, ...]
    columns: tuple[Column, ...]
    metrics: tuple[str, ...]
    kind: str = SCORES
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return what people call it."""
        return self.source or f"{self.work}, table {self.name}"

    @property
    def networks(self) -> tuple[System, ...]:
        """The rows that are networks of ours."""
        return tuple(system for system in self.systems if system.variant)
