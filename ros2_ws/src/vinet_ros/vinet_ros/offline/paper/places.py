# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Where the video sets of a table lie, and what is said of those that do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vinet_ros.errors import DataError
from vinet_ros.offline.paper.variants import GROUPS, Group
from vinet_ros.training.datasets.layouts import LAYOUTS, choose_sets


@dataclass(frozen=True, slots=True)
class Place:
    """Where a group of sets lies.

    Attributes:
        root: One folder for all, as they train together.
        sets: Names of those that are there.
    """

    root: Path
    sets: tuple[str, ...]


def find_places(folders: Sequence[Path]) -> dict[str, Place]:
    """Return where each group of :data:`~.variants.GROUPS` lies, those that are there.

    Looks in each folder and in the folders right below it; of several places the one with the
    most sets of a group counts, of equal ones the first.
    """
    candidates = [path for folder in folders for path in (folder, *_below(folder))]
    found = {}
    for group in GROUPS.values():
        places = [Place(path, _held(path, group)) for path in candidates]
        best = max(places, key=lambda place: len(place.sets))
        if best.sets:
            found[group.name] = best
    return found


def why_missing(folders: Sequence[Path], name: str, place: Place | None) -> str:
    """Return what is to be said of a set that is not there.

    Args:
        folders: That were searched.
        name: Of the set.
        place: Where others of its group lie; None where none does.
    """
    folder = folders[0] if place is None else place.root
    where = f"not in {folder}" if place else f"in none of {', '.join(map(str, folders))}"
    where = where if place or len(folders) > 1 else f"not in {folder} or a folder right below it"
    return f"{LAYOUTS[name].title} is {where}; {_told(folder, name)}"


def _told(folder: Path, name: str) -> str:
    """Return in one line what `vinet data check` says of a set that is not in a folder."""
    found = LAYOUTS[name]
    split, videos = next(iter(found.videos.items()))
    command = f"`vinet data check {folder}"
    try:
        choose_sets(folder)
    except DataError as error:
        return f"{command}` says: {error}"
    try:
        found.find(folder, split, "1")
    except DataError as error:
        return f"{command} --layout {name}` says: {error}"
    return f"{command} --layout {name}` says: {name} {split}: 0 of {videos} videos"


def _held(path: Path, group: Group) -> tuple[str, ...]:
    return tuple(name for name in group.sets if LAYOUTS[name].holds(path))


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())
