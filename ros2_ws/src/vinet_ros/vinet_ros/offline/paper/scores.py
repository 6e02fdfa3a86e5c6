# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Tables of scores: each network and the baselines on each data set, by `vinet evaluate`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vinet_ros.errors import VinetError
from vinet_ros.offline.evaluate import run_evaluation
from vinet_ros.offline.evaluate_jobs import NO_MODEL
from vinet_ros.offline.evaluate_request import EvaluationRequest
from vinet_ros.offline.evaluate_stills import Progress
from vinet_ros.offline.evaluate_video_means import VideoSetScores
from vinet_ros.offline.paper.networks import Networks
from vinet_ros.offline.paper.places import Place
from vinet_ros.offline.paper.results import Measured, Skipped
from vinet_ros.offline.paper.settings import PaperSettings
from vinet_ros.offline.paper.tables import SHORT_METRICS, Column, System, Table
from vinet_ros.offline.paper.variants import GROUPS, VARIANTS, Group
from vinet_ros.training.score_table import LeftOut


@dataclass(slots=True)
class Findings:
    """What was measured of a table so far.

    Attributes:
        values: By row, column and metric.
        skipped: What there is none of, and why.
    """

    values: dict[tuple[str, str, str], Measured] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bench:
    """What every row of a table is measured with.

    Attributes:
        table: The table; its columns are those whose data are there.
        settings: How.
        places: Where the data lie, by group.
        networks: Gives the weights.
        progress: For a progress bar.
    """

    table: Table
    settings: PaperSettings
    places: dict[str, Place]
    networks: Networks
    progress: Progress

    def groups(self) -> list[Group]:
        """Return the data that the columns are of."""
        return [GROUPS[name] for name in dict.fromkeys(c.group for c in self.table.columns)]

    def columns(self, group: Group) -> list[Column]:
        """Return the columns of one group."""
        return [column for column in self.table.columns if column.group == group.name]

    def network_columns(self, group: Group) -> list[Column]:
        """Return those of them that networks are scored on."""
        columns = self.columns(group)
        sets = list(dict.fromkeys(column.set_name for column in columns))
        wanted = sets[: self.settings.sets or None]
        return [column for column in columns if column.set_name in wanted]


def measure_scores(bench: Bench) -> Findings:
    """Score every row of a table that is a network or a baseline."""
    found = Findings()
    for group in bench.groups():
        for system in bench.table.networks:
            _attempt(bench, found, group, system)
        baselines = [system for system in bench.table.systems if system.baseline]
        if baselines:
            _score_baselines(bench, found, group, baselines)
    return found


def weights_for(bench: Bench, system: System, group: Group) -> Path:
    """Return the weight file of a row's network for a group, "{fold}" in it where folds differ.

    Raises:
        VinetError: If there is none.
    """
    trained_on = GROUPS[system.group] if system.group else group
    return bench.networks.pattern(VARIANTS[system.variant], trained_on)


def _attempt(bench: Bench, found: Findings, group: Group, system: System) -> None:
    columns = bench.network_columns(group)
    where = ", ".join(column.title for column in columns)
    try:
        weights = weights_for(bench, system, group)
        model = VARIANTS[system.variant].model
        sets, left_out = _evaluate(bench, group, columns, model, weights, system)
    except VinetError as error:
        found.skipped.append(Skipped(system.row, where, str(error)))
        return
    _note(found, [system], columns, sets, left_out, model)


def _score_baselines(
    bench: Bench, found: Findings, group: Group, systems: Sequence[System]
) -> None:
    columns = bench.columns(group)
    try:
        sets, left_out = _evaluate(bench, group, columns, NO_MODEL)
    except VinetError as error:
        where = ", ".join(column.title for column in columns)
        found.skipped.append(Skipped("baselines", where, str(error)))
        return
    _note(found, systems, columns, sets, left_out, "")


def _evaluate(
    bench: Bench,
    group: Group,
    columns: Sequence[Column],
    model: str,
    weights: Path | None = None,
    system: System | None = None,
) -> tuple[tuple[VideoSetScores, ...], tuple[LeftOut, ...]]:
    settings, place = bench.settings, bench.places[group.name]
    hears = {} if system is None else {"audio": system.audio, "audio_std": system.audio_std}
    request = EvaluationRequest(
        (place.root,),
        model,
        weights,
        device=settings.device,
        seed=settings.seed,
        only=("videos",),
        sets=tuple(dict.fromkeys(column.set_name for column in columns)),
        fold=settings.fold if group.folds else group.fold,
        first_frames=settings.first_frames,
        every=settings.every,
        limit=settings.limit,
        published=False,
        jobs=settings.jobs,
        cache=settings.cache / "videos",
        baselines=system is None,
        path=settings.path,
        **hears,  # type: ignore[arg-type]
    )
    evaluation = run_evaluation(request, bench.progress)
    return evaluation.videos, evaluation.left_out


def _note(
    found: Findings,
    systems: Sequence[System],
    columns: Sequence[Column],
    sets: Sequence[VideoSetScores],
    left_out: Sequence[LeftOut],
    model: str,
) -> None:
    """Add what an evaluation gave for some rows.

    Args:
        found: What is added to.
        systems: The rows: baselines, or one network.
        columns: Those that were evaluated.
        sets: What was scored.
        left_out: What was not.
        model: The evaluation's name for the network; empty for baselines.
    """
    scored = {videos.set_name: videos for videos in sets}
    for column in columns:
        videos = scored.get(column.set_name)
        if videos is None:
            reasons = "; ".join(dict.fromkeys(o.reason for o in left_out)) or "nothing was scored"
            row = systems[0].row if model else "baselines"
            found.skipped.append(Skipped(row, column.title, reasons))
            continue
        for system in systems:
            row = model or system.baseline
            found.values.update(_means(videos, row, system, column))
            found.skipped += _gaps(videos, row, system, column, left_out)


def _means(
    videos: VideoSetScores, row: str, system: System, column: Column
) -> dict[tuple[str, str, str], Measured]:
    values = {}
    for metric, ours in SHORT_METRICS.items():
        mean = videos.mean(row, ours, videos.protocol, column.category)
        counts = videos.counts(row, ours, column.category)
        values[system.row, column.title, metric] = Measured(mean, *counts)
    return values


def _gaps(
    videos: VideoSetScores, row: str, system: System, column: Column, left_out: Sequence[LeftOut]
) -> Iterable[Skipped]:
    """Yield what of a row has no value, and why: all of it, some videos or some frames."""
    if column.category and column.category not in videos.categories:
        yield Skipped(system.row, column.title, f"no video is of the category {column.category}")
        return
    tables = [table for video in videos.videos for table in video.rows if table.name == row]
    names = (row,) if tables else (row, row.partition(",")[0])
    reasons = [o.reason for o in (*videos.left_out, *left_out) if o.row in names]
    reasons += [f"{o.item}: {o.reason}" for o in videos.left_out if not o.row]
    parts = [o.reason for table in tables for o in table.left_out]
    if parts:
        reasons.append(parts[0] + (f" (and {len(parts) - 1} more frames)" if parts[1:] else ""))
    if not (tables or reasons):
        reasons.append("not computed")
    for reason in dict.fromkeys(reasons):
        yield Skipped(system.row, column.title, reason)
