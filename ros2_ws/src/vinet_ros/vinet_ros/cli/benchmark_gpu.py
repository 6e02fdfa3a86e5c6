# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet benchmark gpu``: every way and precision on a CUDA device, in portions of minutes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from vinet_ros.cli import FAILED, UNWRITTEN
from vinet_ros.cli.benchmark_growth import parse_size
from vinet_ros.cli.completion import one_of, saliency_models
from vinet_ros.errors import VinetError

app = typer.Typer()

_WAYS = ("eager", "channels-last", "graph", "step", "compiled", "compiled-graph")
_PRECISIONS = ("fp32", "fp16", "bf16")


@app.command()
def gpu(
    out: Annotated[Path, typer.Option(help="Folder of the rows; it is gone on with.")],
    model: Annotated[
        str, typer.Option(help="A name of the catalog.", autocompletion=saliency_models)
    ] = "vinet",
    option: Annotated[
        list[str] | None, typer.Option(help="Option of the network as key=value; repeat it.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Weight file; else seeded random ones.")
    ] = None,
    size: Annotated[str, typer.Option(help="HEIGHTxWIDTH; else the network's own.")] = "",
    batch: Annotated[
        list[int] | None, typer.Option(min=1, help="Clips in one run; repeat it. Default: 1, 8.")
    ] = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(help="Repeat it. Default: all.", autocompletion=one_of(*_PRECISIONS)),
    ] = None,
    way: Annotated[
        list[str] | None,
        typer.Option(help="Repeat it. Default: all.", autocompletion=one_of(*_WAYS)),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Timed runs of each row.")] = 100,
    device: Annotated[str, typer.Option(help="cuda:n; cpu tries it out.")] = "cuda:0",
    minutes: Annotated[
        float, typer.Option(min=0, help="Begin no row that would end later.")
    ] = 8.5,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the rows as JSON, no table.")
    ] = False,
) -> None:
    r"""Measure a network's ways and precisions on a GPU against its plain eager fp32 forward.

    Each row is kept when it is there; the same command goes on with those that are missing.

    \b
    ViNet, all there is:
      vinet benchmark gpu --out gpu
    One way, without a GPU:
      vinet benchmark gpu --out try --device cpu --way step --precision fp32 --runs 3
    """
    # Imported here: `vinet benchmark --help` and a TAB shall not wait for PyTorch.
    from vinet_ros.cli.benchmark import parse_options
    from vinet_ros.runtime.benchmark_paths import Subject
    from vinet_ros.runtime.gpu_benchmark import GpuPlan, benchmark_gpu

    lists: dict[str, list[Any] | None] = {
        "option": option, "batch": batch, "precision": precision, "way": way
    }  # fmt: skip
    single = {"model": model, "size": size, "runs": runs, "device": device}
    file = str(weights) if weights else None
    try:
        subject = Subject(model, parse_options(option or []), file, random=file is None)
        plan = GpuPlan(
            subject,
            parse_size(size) if size else None,
            tuple(batch or (1, 8)),
            tuple(precision or _PRECISIONS),
            tuple(way or _WAYS),
            runs,
            device,
        )
        done = benchmark_gpu(
            plan,
            out,
            minutes,
            _command(lists, single, weights),
            lambda what, count, total: typer.echo(f"{count} of {total}: {what}", err=True),
        )
    except (VinetError, ValueError, OSError) as error:
        typer.echo(f"vinet benchmark gpu: {error}", err=True)
        raise typer.Exit(UNWRITTEN if isinstance(error, OSError) else FAILED) from error
    if as_json:
        typer.echo((out / "rows.json").read_text(encoding="utf-8"))
        return
    typer.echo((out / "rows.md").read_text(encoding="utf-8"))
    if not done:
        typer.echo("rows are missing; the same command goes on with them")


def _command(
    lists: dict[str, list[Any] | None], single: dict[str, Any], weights: Path | None
) -> str:
    words = ["vinet", "benchmark", "gpu"]
    for name, value in single.items():
        words += [f"--{name}", str(value)] if value else []
    words += ["--weights", weights.name] if weights else []
    for name, values in lists.items():
        words += [word for value in values or () for word in (f"--{name}", str(value))]
    return shlex.join(words)
