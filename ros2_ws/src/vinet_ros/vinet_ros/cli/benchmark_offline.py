# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet benchmark offline``: a video's frames a second, with shared work and without."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vinet_ros.cli import FAILED, UNWRITTEN
from vinet_ros.cli.completion import SHARES, one_of, saliency_models
from vinet_ros.errors import VinetError

app = typer.Typer()


@app.command()
def offline(
    video: Annotated[
        str | None, typer.Argument(help="Video file, bag or folder of pictures; else noise.")
    ] = None,
    model: Annotated[
        str, typer.Option(help="vinet or avinet.", autocompletion=saliency_models)
    ] = "vinet",
    frames: Annotated[int, typer.Option(min=1, help="Frames from the start of it.")] = 100,
    share: Annotated[
        list[str] | None,
        typer.Option(
            help="Way beside off: exact, approximate; repeat it. Default: both.",
            autocompletion=one_of(*SHARES[2:]),
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="Option of the network as key=value; repeat it."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads on the CPU.")] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Weight file; else the bundled one.")
    ] = None,
    random: Annotated[bool, typer.Option("--random", help="Seeded random weights.")] = False,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the report here as JSON; -: print it, no table."),
    ] = None,
) -> None:
    r"""Measure what a video's frames cost one by one, and where windows share their work.

    \b
    A video, all ways in turn:
      vinet benchmark offline street.mp4
    The grouped decoder without weights, for a script:
      vinet benchmark offline --random --option decoder_groups=true --share exact --json -
    """
    # Imported here: `vinet benchmark --help` and a TAB shall not wait for PyTorch.
    from vinet_ros.cli.benchmark import parse_options
    from vinet_ros.offline.throughput import benchmark_offline, read_pictures
    from vinet_ros.runtime.benchmark_paths import Subject
    from vinet_ros.runtime.benchmark_report import print_or_write

    file = str(weights) if weights else None
    try:
        subject = Subject(model, parse_options(option or []), file, random)
        report = benchmark_offline(
            subject,
            read_pictures(video, frames),
            Path(video).name if video else "drifting noise",
            ("off", *(share or SHARES[2:])),
            threads,
        )
        print_or_write(report.to_markdown(), report.to_json(), json_file)
    except (VinetError, ValueError, OSError) as error:
        typer.echo(f"vinet benchmark offline: {error}", err=True)
        raise typer.Exit(UNWRITTEN if isinstance(error, OSError) else FAILED) from error
