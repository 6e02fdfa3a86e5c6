"""``vinet benchmark MODEL``: how fast, how large and how exact each way to run a network is."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from vinet_ros.errors import VinetError

app = typer.Typer()


@app.command()
def benchmark(
    model: Annotated[str, typer.Argument(help="A name of the catalog, e.g. vinet_lite.")],
    path: Annotated[
        list[str] | None,
        typer.Option(help="Path to measure beside eager; repeat it. Default: all installed."),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Timed runs of each path.")] = 15,
    warmup: Annotated[int, typer.Option(min=0, help="Untimed rounds before.")] = 2,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads on the CPU.")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Windows in one run.")] = 1,
    option: Annotated[
        list[str] | None,
        typer.Option(help="Option of the network as key=value, e.g. clip_length=16; repeat it."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Weight file; else the bundled one.")
    ] = None,
    random: Annotated[
        bool, typer.Option("--random", help="Seeded random weights; times and memory are real.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of random weights and of the input.")] = 0,
    memory: Annotated[bool, typer.Option(help="Measure memory, a process for each path.")] = True,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the report here as JSON.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Put the report into this Markdown file, in its section.")
    ] = None,
) -> None:
    """Measure each way to run a network, interleaved with its plain eager forward."""
    # Imported here: `vinet --help` shall not wait for PyTorch.
    from vinet_ros.runtime.benchmark import benchmark_model
    from vinet_ros.runtime.benchmark_paths import Subject
    from vinet_ros.runtime.benchmark_report import update_section, write_atomically

    try:
        options = parse_options(option or [])
        subject = Subject(model, options, str(weights) if weights else None, random, seed, batch)
        with _progress() as show:
            task = show.add_task("starting", total=None)
            report = benchmark_model(
                subject,
                path,
                runs,
                warmup,
                threads,
                memory,
                _command(subject, path, runs, threads),
                lambda what, done, total: show.update(
                    task, description=what, completed=done, total=total
                ),
            )
        typer.echo(report.to_markdown())
        if json_file is not None:
            write_atomically(json_file, report.to_json())
        if markdown is not None:
            old = markdown.read_text(encoding="utf-8") if markdown.exists() else ""
            key = " ".join([model, *(option or [])])
            write_atomically(markdown, update_section(old, key, report.to_markdown()))
    except (VinetError, ValueError, OSError) as error:
        typer.echo(f"vinet benchmark: {error}", err=True)
        raise typer.Exit(1) from error


def parse_options(pairs: list[str]) -> dict[str, Any]:
    """Return model options from ``key=value`` texts; a value is JSON where it can be.

    >>> parse_options(["clip_length=16", "upsampling=transposed"])
    {'clip_length': 16, 'upsampling': 'transposed'}

    Raises:
        ValueError: If a text has no ``=``.
    """
    options: dict[str, Any] = {}
    for pair in pairs:
        key, found, value = pair.partition("=")
        if not (found and key):
            raise ValueError(f"expected an option as key=value, got {pair!r}")
        try:
            options[key] = json.loads(value)
        except json.JSONDecodeError:
            options[key] = value
    return options


def _command(subject: Any, paths: list[str] | None, runs: int, threads: int | None) -> str:
    """Return the command line that gives the same measurement again."""
    words = ["vinet", "benchmark", subject.model]
    for name in paths or []:
        words += ["--path", name]
    for key, value in subject.options.items():
        words += ["--option", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]
    words += ["--runs", str(runs)]
    words += ["--threads", str(threads)] if threads is not None else []
    words += ["--batch", str(subject.batch)] if subject.batch != 1 else []
    words += ["--weights", Path(subject.weights).name] if subject.weights else []
    words += ["--random"] if subject.random else []
    words += ["--seed", str(subject.seed)] if subject.seed else []
    return shlex.join(words)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
