"""``vinet data``: look through training data, and pack it for another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from vinet_ros.errors import DataError, VinetError
from vinet_ros.training.datasets import Stills
from vinet_ros.training.datasets.check import DataCheck, check_data
from vinet_ros.training.datasets.packed import QUALITY, pack_stills

app = typer.Typer(no_args_is_help=True)


@app.command()
def check(
    data: Annotated[
        list[Path], typer.Argument(help="folders of stills or of clips with gaze, or packed files")
    ],
) -> None:
    """Read everything once; say what was found, what is missing and what cannot be read.

    Exits with 1 where something is missing or unreadable.
    """
    with _progress() as bar:
        tasks: dict[str, TaskID] = {}

        def step(what: str, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.advance(tasks[what])

        checks = [found for path in data for found in check_data(path, step)]
    for found in checks:
        _print(found)
    problems = sum(len(found.problems) for found in checks)
    if problems:
        raise VinetError(f"{problems} problems")


@app.command()
def pack(
    data: Annotated[Path, typer.Argument(help="folder of stills")],
    out: Annotated[Path, typer.Argument(help="file to write, .npz")],
    quality: Annotated[
        int, typer.Option(min=1, max=95, help="of the JPEG images at network size")
    ] = QUALITY,
    force: Annotated[bool, typer.Option("--force", help="replace OUT where it exists")] = False,
) -> None:
    """Put stills at network size and their fixations into one file, for vinet train elsewhere."""
    if out.exists() and not force:
        raise VinetError(f"{out} exists; give another name, or --force to replace it")
    stills = Stills(data, None, require_images=False)
    with _progress() as bar:
        task = bar.add_task("images", total=len(stills))
        try:
            left_out = pack_stills(stills, out, quality, lambda step: bar.advance(task, step))
        except OSError as error:
            raise DataError(f"{out}: cannot be written ({error.strerror})") from error
    for line in left_out:
        typer.echo(f"left out: {line}")
    packed = len(stills) - len(left_out)
    typer.echo(f"{out}: {packed} images, {out.stat().st_size / 1e6:.1f} MB")


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _print(found: DataCheck) -> None:
    typer.echo(found.title)
    for line in found.found:
        typer.echo(f"  {line}")
    for line in found.problems:
        typer.echo(f"  problem: {line}")
    if not found.problems:
        typer.echo("  nothing missing or unreadable")
