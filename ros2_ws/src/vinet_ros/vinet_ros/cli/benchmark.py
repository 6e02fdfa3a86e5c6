# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet benchmark MODEL``: how fast, how large and how exact each way to run a network is.

``vinet benchmark node`` measures saliency_node instead (:mod:`vinet_ros.cli.benchmark_node`),
``vinet benchmark cameras`` what several cameras get (:mod:`vinet_ros.cli.benchmark_cameras`),
``vinet benchmark head`` the closed loop (:mod:`vinet_ros.cli.benchmark_head`), ``growth`` how
the cost grows (:mod:`vinet_ros.cli.benchmark_growth`), ``gpu`` a CUDA device
(:mod:`vinet_ros.cli.benchmark_gpu`), ``offline`` a video's frames with shared work
(:mod:`vinet_ros.cli.benchmark_offline`).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from vinet_ros.cli import (
    FAILED,
    UNWRITTEN,
    benchmark_cameras,
    benchmark_gpu,
    benchmark_growth,
    benchmark_head,
    benchmark_node,
    benchmark_offline,
)
from vinet_ros.cli.completion import one_of, saliency_models
from vinet_ros.errors import VinetError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_MODEL = "model"
_ALL = "--all"
PATHS = (
    "torch",
    "openvino",
    "openvino-int8",
    "shared",
    "shared-approximate",
    "cuda-fp32",
    "cuda-fp16",
    "cuda-bf16",
)
FORMATS = ("fp32", "fp16", "bf16", "int8")


class _NodeOrModel(TyperGroup):
    """Takes any first word but a command's as the name of a model."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = [_MODEL, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        models = self.commands[_MODEL].params[0].shell_complete(ctx, incomplete)
        return [*super().shell_complete(ctx, incomplete), *models]


app = typer.Typer(cls=_NodeOrModel, no_args_is_help=True)
app.add_typer(benchmark_node.app)
app.add_typer(benchmark_cameras.app)
app.add_typer(benchmark_head.app)
app.add_typer(benchmark_growth.app)
app.add_typer(benchmark_gpu.app)
app.add_typer(benchmark_offline.app)


@app.command(_MODEL)
def benchmark(
    model: Annotated[
        str | None,
        typer.Argument(
            help="A name of the catalog, e.g. vinet_lite; none with --all.",
            autocompletion=saliency_models,
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option(_ALL, help="Every model of the catalog, in one table.")
    ] = False,
    path: Annotated[
        list[str] | None,
        typer.Option(
            help="Path to measure beside eager; repeat it. Default: all installed.",
            autocompletion=one_of(*PATHS),
        ),
    ] = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(
            help="Keep the paths of this number format; repeat it. Default: all.",
            autocompletion=one_of(*FORMATS),
        ),
    ] = None,
    int8: Annotated[
        Path | None,
        typer.Option(help="File of `vinet weights quantize`, for int8; else one is made here."),
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
        Path | None,
        typer.Option("--json", help="Write the report here as JSON; -: print it, no table."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Put the report into this Markdown file, in its section.")
    ] = None,
) -> None:
    r"""Measure each way to run a network, interleaved with its plain eager forward.

    `vinet benchmark vinet_lite` is short for `vinet benchmark model vinet_lite`.

    \b
    Every way there is on this machine:
      vinet benchmark vinet_lite
    In int8 beside fp32:
      vinet benchmark vinet_lite --precision fp32 --precision int8 --int8 lite.int8.safetensors
    Every model of the catalog:
      vinet benchmark --all --markdown performance.md
    Without weights, one way, for a script:
      vinet benchmark vinet --random --path openvino --runs 5 --json -
    The node, and several cameras:
      vinet benchmark node --seconds 30
      vinet benchmark cameras --count 4
    """
    # Imported here: `vinet benchmark --help` and a TAB shall not wait for PyTorch.
    from vinet_ros.runtime.benchmark_paths import Subject
    from vinet_ros.runtime.benchmark_report import print_or_write, update_section, write_atomically

    try:
        options = parse_options(option or [])
        files = [str(file) if file else None for file in (weights, int8)]
        subject = Subject(model or _ALL, options, files[0], random, seed, batch, files[1])
        _check_subject(subject, every)
        common = (path, runs, warmup, threads, memory, _command(subject, path, runs, threads))
        report = _measure(subject, common, precision)
        print_or_write(report.to_markdown(), report.to_json(), json_file)
        if markdown is not None:
            old = markdown.read_text(encoding="utf-8") if markdown.exists() else ""
            key = " ".join([subject.model.lstrip("-"), *(option or [])])
            write_atomically(markdown, update_section(old, key, report.to_markdown()))
    except (VinetError, ValueError, OSError) as error:
        typer.echo(f"vinet benchmark: {error}", err=True)
        raise typer.Exit(UNWRITTEN if isinstance(error, OSError) else FAILED) from error


def _check_subject(subject: Any, every: bool) -> None:
    if every != (subject.model == _ALL):
        raise typer.BadParameter("give the name of a model, or --all in its place")
    if every and replace(subject, model=_ALL) != type(subject)(_ALL):
        raise typer.BadParameter(
            "--all measures each model as it comes: leave out --option, --weights, --random, "
            "--seed, --batch and --int8"
        )


def _measure(subject: Any, common: tuple[Any, ...], precisions: list[str] | None) -> Any:
    from vinet_ros.runtime.benchmark import benchmark_model
    from vinet_ros.runtime.benchmark_catalog import benchmark_catalog

    command = " ".join([common[-1], *(f"--precision {name}" for name in precisions or [])])
    with _telling() as tell:
        benchmark: Any = benchmark_catalog if subject.model == _ALL else benchmark_model
        what = None if subject.model == _ALL else subject  # all of them
        return benchmark(what, *common[:-1], command, tell, precisions)


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
    words += ["--int8", Path(subject.int8).name] if subject.int8 else []
    words += ["--random"] if subject.random else []
    words += ["--seed", str(subject.seed)] if subject.seed else []
    return shlex.join(words)


@contextmanager
def _telling() -> Iterator[Callable[[str, int, int], None]]:
    """Show what is done: a bar on a terminal, else a line for each thing that is begun."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        told = ""

        def write(what: str, _done: int, _total: int) -> None:
            nonlocal told
            if what != told:
                typer.echo(f"vinet benchmark: {what}", err=True)
            told = what

        yield write
        return
    with _bar(console) as bar:
        task = bar.add_task("starting", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield show


def _bar(console: Console) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Elapsed(),
        console=console,
        transient=True,
    )
