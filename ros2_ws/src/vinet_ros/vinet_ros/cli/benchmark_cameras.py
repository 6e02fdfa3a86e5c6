# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet benchmark cameras``: what several cameras get of one network, or of one each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vinet_ros.cli import FAILED, UNWRITTEN
from vinet_ros.cli.completion import DEVICES, PATHS, one_of, saliency_models
from vinet_ros.errors import VinetError

app = typer.Typer()


@app.command()
def cameras(
    model: Annotated[
        str, typer.Option(help="A name of the catalog.", autocompletion=saliency_models)
    ] = "vinet_lite",
    count: Annotated[
        list[int] | None, typer.Option(min=1, help="Cameras; repeat it. Default: 1, 2 and 4.")
    ] = None,
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda or cuda:n.", autocompletion=one_of(*DEVICES))
    ] = "cpu",
    path: Annotated[
        str, typer.Option(help="auto, torch or openvino.", autocompletion=one_of(*PATHS))
    ] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of a network.")] = None,
    stretches: Annotated[int, typer.Option(min=1, help="Measured stretches of each row.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of each.")] = 2.0,
    weights: Annotated[
        Path | None, typer.Option(help="Weight file; else the bundled one.")
    ] = None,
    random: Annotated[bool, typer.Option("--random", help="Seeded random weights.")] = False,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the report here as JSON; -: print it, no table."),
    ] = None,
) -> None:
    r"""Measure predictions a second: a network each, one for all, one for all in batches.

    \b
    One, two and four cameras:
      vinet benchmark cameras
    Eight on a GPU, for a script:
      vinet benchmark cameras --count 8 --device cuda --json -
    """
    # Imported here: `vinet benchmark --help` and a TAB shall not wait for PyTorch.
    from vinet_ros.runtime.benchmark_paths import Subject
    from vinet_ros.runtime.benchmark_report import print_or_write
    from vinet_ros.streaming.camera_benchmark import benchmark_cameras

    try:
        report = benchmark_cameras(
            Subject(model, weights=str(weights) if weights else None, random=random),
            count or (1, 2, 4),
            device,
            path,
            threads,
            stretches,
            seconds,
        )
        print_or_write(report.to_markdown(), report.to_json(), json_file)
    except (VinetError, ValueError, OSError) as error:
        typer.echo(f"vinet benchmark cameras: {error}", err=True)
        raise typer.Exit(UNWRITTEN if isinstance(error, OSError) else FAILED) from error
