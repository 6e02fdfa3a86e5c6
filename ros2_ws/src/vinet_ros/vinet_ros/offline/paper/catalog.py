# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Every table of the ViNet paper (IROS 2021) and of the thesis (2023) that followed it."""

from __future__ import annotations

from vinet_ros.offline.paper.paper_tables import PAPER_TABLES
from vinet_ros.offline.paper.tables import Table
from vinet_ros.offline.paper.thesis_tables import THESIS_TABLES

TABLES = {table.name: table for table in (*PAPER_TABLES, *THESIS_TABLES)}
"""By name, in the works' order."""


def find_table(name: str) -> Table:
    """Return a table by its name, whichever the case of its letters.

    Raises:
        ValueError: If there is none; the message names those there are.
    """
    for table in TABLES.values():
        if table.name.casefold() == name.casefold():
            return table
    raise ValueError(f"no table {name!r}; there are {', '.join(TABLES)} (`vinet paper list`)")
