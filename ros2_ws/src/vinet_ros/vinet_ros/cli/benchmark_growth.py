# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet benchmark growth``: cost against clip length, resolution and number of cameras."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from vinet_ros.cli import FAILED, UNWRITTEN
from vinet_ros.cli.completion import DEVICES, PATHS, one_of, saliency_models
from vinet_ros.errors import VinetError

app = typer.Typer()


@app.command()
def growth(
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A name of the catalog; repeat it. Default: vinet_lite and vinet.",
            autocompletion=saliency_models,
        ),
    ] = None,
    length: Annotated[
        list[int] | None, typer.Option(min=1, help="Frames of a clip; repeat it.")
    ] = None,
    size: Annotated[
        list[str] | None, typer.Option(help="HEIGHTxWIDTH, divisible by 32; repeat it.")
    ] = None,
    cameras: Annotated[
        list[int] | None, typer.Option(min=1, help="Cameras in one process; repeat it.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Timed runs of each point.")] = 5,
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda or cuda:n.", autocompletion=one_of(*DEVICES))
    ] = "cpu",
    path: Annotated[
        str, typer.Option(help="How networks are run.", autocompletion=one_of(*PATHS))
    ] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of a network.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the picture here, .png.")] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the report here as JSON; -: print it, no table."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Put the table into this Markdown file, in its section.")
    ] = None,
) -> None:
    r"""Measure how the time of a step grows with frames, pixels and cameras.

    \b
    Both networks, on this machine:
      vinet benchmark growth --plot growth.png
    One axis of one network, on a GPU, for a script:
      vinet benchmark growth --model vinet --cameras 1 --cameras 8 --device cuda --json -
    """
    # Imported here: `vinet benchmark --help` and a TAB shall not wait for PyTorch.
    from vinet_ros.runtime.benchmark_report import print_or_write, update_section, write_atomically
    from vinet_ros.runtime.growth import measure_growth
    from vinet_ros.runtime.growth_plot import plot_growth

    asked = {"model": model, "length": length, "size": size, "cameras": cameras}
    how: dict[str, Any] = {"runs": runs, "device": device, "path": path, "threads": threads}
    try:
        report = measure_growth(_plan(asked, how), _command(asked, how))
        print_or_write(report.to_markdown(), report.to_json(), json_file)
        if plot is not None:
            plot_growth(report, plot)
        if markdown is not None:
            old = markdown.read_text(encoding="utf-8") if markdown.exists() else ""
            section = f"## Growth\n\n{report.to_markdown()}"
            write_atomically(markdown, update_section(old, "growth", section))
    except (VinetError, ValueError, OSError) as error:
        typer.echo(f"vinet benchmark growth: {error}", err=True)
        raise typer.Exit(UNWRITTEN if isinstance(error, OSError) else FAILED) from error


def parse_size(text: str) -> tuple[int, int]:
    """Return height and width of ``HEIGHTxWIDTH``.

    >>> parse_size("224x384")
    (224, 384)

    Raises:
        ValueError: If it is something else.
    """
    height, found, width = text.partition("x")
    if not (found and height.isdecimal() and width.isdecimal()):
        raise ValueError(f"expected a size as HEIGHTxWIDTH, e.g. 224x384; got {text!r}")
    return int(height), int(width)


def _plan(asked: dict[str, Any], how: dict[str, Any]) -> Any:
    """Return the plan; of an axis that is not asked for while another is, there are no points."""
    from vinet_ros.runtime.growth import GrowthPlan

    models = tuple(asked["model"] or ("vinet_lite", "vinet"))
    if not (asked["length"] or asked["size"] or asked["cameras"]):
        return GrowthPlan(models, **how)
    lengths = {name: tuple(asked["length"] or ()) for name in models}
    sizes = tuple(parse_size(text) for text in asked["size"] or ())
    return GrowthPlan(models, lengths, sizes, tuple(asked["cameras"] or ()), **how)


def _command(asked: dict[str, Any], how: dict[str, Any]) -> str:
    words = ["vinet", "benchmark", "growth"]
    for name, values in asked.items():
        words += [word for value in values or () for word in (f"--{name}", str(value))]
    words += ["--runs", str(how["runs"]), "--device", how["device"], "--path", how["path"]]
    words += [] if how["threads"] is None else ["--threads", str(how["threads"])]
    return shlex.join(words)
