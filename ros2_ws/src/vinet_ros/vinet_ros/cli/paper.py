# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet paper``: the tables of the two papers, and each of them reproduced."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vinet_ros.cli import folder_for_results
from vinet_ros.cli.completion import DEVICES, one_of
from vinet_ros.cli.evaluate import FIRST_FRAMES, progress_of_tasks
from vinet_ros.errors import VinetError

if TYPE_CHECKING:
    from vinet_ros.offline.paper.results import TableResult
    from vinet_ros.offline.paper.settings import PaperSettings
    from vinet_ros.offline.paper.tables import Table

app = typer.Typer(no_args_is_help=True)

ALL = "all"
OUT, SMOKE_OUT = Path("paper"), Path("paper_smoke")


def _tables(incomplete: str) -> list[str]:
    """Complete the name of a table."""
    from vinet_ros.offline.paper.catalog import TABLES

    return one_of(*TABLES, ALL)(incomplete)


@app.command("list")
def list_tables(
    as_json: Annotated[bool, typer.Option("--json", help="print the tables as JSON")] = False,
) -> None:
    r"""Name every table of the ViNet paper and of the thesis, its rows and its data sets.

    \b
    What there is:
      vinet paper list
    For a script:
      vinet paper list --json
    """
    from vinet_ros.offline.paper.catalog import TABLES

    told = [_told(table) for table in TABLES.values()]
    if as_json:
        typer.echo(json.dumps(told, indent=1))
        return
    for entry in told:
        typer.echo(f"{entry['table']:8} {entry['work']:7} {entry['title']}")
        typer.echo(f"{'':16} sets: {', '.join(entry['sets'])}")
        typer.echo(f"{'':16} rows: {'; '.join(entry['rows'])}")


@app.command()
def run(
    table: Annotated[
        list[str],
        typer.Argument(
            help="names of tables, of `vinet paper list`, or all", autocompletion=_tables
        ),
    ],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="folder of video sets, or whose folders have them; repeat it"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=f"by default {OUT}, of --smoke {SMOKE_OUT}")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="folder of weight files that are there: docs/paper.md")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="this row of the table only; repeat it")
    ] = None,
    train: Annotated[bool, typer.Option(help="train what there are no weights of")] = True,
    from_chance: Annotated[
        bool,
        typer.Option("--from-chance", help="train without the public files to begin with"),
    ] = False,
    fold: Annotated[str, typer.Option(help="of sets with folds: 1, 2, 3 or all")] = "all",
    first_frames: Annotated[
        str,
        typer.Option(
            help="authors (look ahead) or paper (repeat the first)",
            autocompletion=one_of(*FIRST_FRAMES),
        ),
    ] = "authors",
    every: Annotated[int, typer.Option(min=1, help="score every so many frames")] = 1,
    limit: Annotated[int, typer.Option(min=0, help="score so many videos a set; 0: all")] = 0,
    epochs: Annotated[int, typer.Option(min=0, help="of trainings; 0: the papers'")] = 0,
    batch: Annotated[int, typer.Option(min=0, help="clips a step; 0: the papers'")] = 0,
    precision: Annotated[
        str,
        typer.Option(
            help="of trainings: 32-true, bf16-mixed or 16-mixed",
            autocompletion=one_of("32-true", "bf16-mixed", "16-mixed"),
        ),
    ] = "",
    workers: Annotated[int, typer.Option(min=0, help="processes that prepare samples")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="processes of the evaluation")] = 1,
    device: Annotated[
        str,
        typer.Option(
            help="of the evaluation: auto, cpu, cuda or cuda:n", autocompletion=one_of(*DEVICES)
        ),
    ] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="of everything random")] = 0,
    smoke: Annotated[
        bool,
        typer.Option("--smoke", help="does it run? made videos, two training steps a network"),
    ] = False,
    progress: Annotated[bool, typer.Option(help="show bars of trainings")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="print the tables as JSON")] = False,
) -> None:
    r"""Reproduce tables: train or load what they compare, score it, and set it beside the papers'.

    OUT/table_NAME gets table.md, table.csv, table.json and a plot a data set. Started again with
    the same OUT it goes on; tables share networks and scores.

    \b
    Does it run? Made videos, no data needed:
      vinet paper run I --smoke
    Clip sizes on DHF1K, all trained here:
      vinet paper run I --data DHF1K --weights files --out paper
    The sets with sound, with the networks that there are, for a script:
      vinet paper run IV 5.1 --data stavis --weights files --no-train --json --out paper
    """
    # Imported here: `vinet paper --help` and a TAB shall not wait for PyTorch and Lightning.
    from vinet_ros.offline.paper.catalog import TABLES, find_table
    from vinet_ros.offline.paper.run import choose_rows
    from vinet_ros.offline.paper.settings import PaperSettings

    if data is None and not smoke:
        raise typer.BadParameter("give --data DIR with the video sets, or --smoke for made ones")
    folder = out or (SMOKE_OUT if smoke else OUT)
    if smoke and data:
        typer.echo(
            f"--smoke makes its own videos in {folder / 'data'}; --data is not read", err=True
        )
    try:
        names = list(TABLES) if ALL in table else table
        tables = [choose_rows(find_table(name), only or ()) for name in names]
        with folder_for_results(folder):
            settings = PaperSettings(
                (folder,) if smoke else tuple(data or ()),
                folder,
                weights,
                train,
                from_chance,
                fold,
                first_frames,
                every,
                limit,
                epochs=epochs,
                batch=batch,
                precision=precision,
                workers=workers,
                seed=seed,
                device=device,
                jobs=jobs,
                progress=progress and not as_json,
            )
            results = [_run(each, settings, smoke) for each in tables]
            _tell(results, as_json)
    except ValueError as error:
        raise VinetError(str(error)) from error
    empty = next((result for result, _ in results if not result.measured), None)
    if empty is not None:
        reasons = "; ".join(dict.fromkeys(s.reason for s in empty.skipped))
        raise VinetError(f"table {empty.table.name}: nothing could be measured: {reasons}")


def _run(table: Table, settings: PaperSettings, smoke: bool) -> tuple[TableResult, list[Path]]:
    from vinet_ros.offline.paper.report import write_files
    from vinet_ros.offline.paper.run import run_table, table_folder

    if smoke:
        from vinet_ros.offline.paper.smoke import smoke_settings, write_smoke_data

        made = write_smoke_data(table, settings.out / "data")
        settings = replace(smoke_settings(settings, table), data=(made,))
    with progress_of_tasks() as advance:
        result = run_table(table, settings, advance)
    folder = table_folder(settings.out, table)
    files = write_files(result, folder)
    if importlib.util.find_spec("matplotlib") is not None:
        from vinet_ros.offline.paper.plot import plot_table

        files += plot_table(result, folder)
    return result, files


def _tell(results: list[tuple[TableResult, list[Path]]], as_json: bool) -> None:
    from vinet_ros.offline.paper.report import summary, to_markdown

    if as_json:
        told = [{**summary(result), "files": list(map(str, files))} for result, files in results]
        typer.echo(json.dumps(told, indent=1))
        return
    for result, files in results:
        typer.echo(to_markdown(result))
        typer.echo("\n".join(f"wrote {path}" for path in files))


def _told(table: Table) -> dict[str, Any]:
    return {
        "table": table.name,
        "work": table.work,
        "label": table.label,
        "title": table.title,
        "kind": table.kind,
        "sets": list(dict.fromkeys(column.set_name for column in table.columns)),
        "columns": [column.title for column in table.columns],
        "metrics": list(table.metrics),
        "rows": [system.row for system in table.systems],
    }
