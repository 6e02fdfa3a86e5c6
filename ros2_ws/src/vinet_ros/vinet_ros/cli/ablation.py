# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet ablation``: what each choice in vinet_lite's recipe for stills is worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vinet_ros.cli import folder_for_results
from vinet_ros.cli.train_options import parse_size
from vinet_ros.errors import VinetError

app = typer.Typer()


@app.command()
def ablation(
    data: Annotated[Path, typer.Option(help="Stills with fixations.")],
    out: Annotated[Path, typer.Option(help="Folder of all runs; what is done stays done.")],
    only: Annotated[
        str, typer.Option(help="Choices to train, comma-separated; else all of them.")
    ] = "",
    size: Annotated[str, typer.Option(help="Pictures as HEIGHTxWIDTH.")] = "128x224",
    epochs: Annotated[int, typer.Option(help="Passes of each run.", min=1)] = 5,
    folds: Annotated[int, typer.Option(help="Parts of the train split.", min=2)] = 5,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: torch's choice.", min=0)] = 0,
    workers: Annotated[int, typer.Option(help="Processes that prepare samples.", min=0)] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the table's place as JSON.")
    ] = False,
) -> None:
    r"""Change one thing at a time in the recipe and cross-validate each change.

    Writes OUT/ablation.md with the choices that are done. Several processes may share a folder,
    each with choices of its own; `ensemble` and `distilled` need the recipe and both seeds.

    \b
      vinet ablation --data fixations --out runs/ablation
      vinet ablation --data fixations --out runs/ablation --only recipe,lite2 --threads 1
    """
    # Imported here: `vinet ablation --help` and a TAB shall not wait for PyTorch and Lightning.
    from vinet_ros.training.ablation import base_config, find_choices, run_choice, write_table
    from vinet_ros.training.loop import train
    from vinet_ros.training.recipes import Wishes, fresh_config

    try:
        choices = find_choices([name for name in only.split(",") if name])
        recipe = fresh_config(
            str(data), str(out), "vinet_lite", {}, Wishes(),
            folds=folds, threads=threads, workers=workers,
        )  # fmt: skip
        base = base_config(recipe, parse_size(size) or (128, 224), epochs)
        with folder_for_results(out):
            for choice in choices:
                for fold in run_choice(choice, base, lambda c: train(c, progress=False)):
                    typer.echo(f"{choice.name}: fold {fold} is done", err=True)
            table = write_table(out, folds)
    except ValueError as error:
        raise VinetError(str(error)) from None
    if as_json:
        typer.echo(json.dumps({"table": str(table)}))
    else:
        typer.echo(f"{table.read_text(encoding='utf-8')}\ntable: {table}")
