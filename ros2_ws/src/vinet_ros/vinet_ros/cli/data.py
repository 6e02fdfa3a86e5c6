# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet data``: look through training data, and pack it for another machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from vinet_ros.cli.completion import video_sets
from vinet_ros.errors import OutputError, VinetError
from vinet_ros.training.datasets import Stills
from vinet_ros.training.datasets.check import DataCheck, check_data
from vinet_ros.training.datasets.layouts import VideoSet, choose_sets, detect_sets, find_videos
from vinet_ros.training.datasets.packed import QUALITY, pack_stills
from vinet_ros.training.datasets.packed_videos import (
    is_video_pack,
    pack_videos,
    read_video_pack,
)
from vinet_ros.training.datasets.video_check import (
    KINDS,
    SplitCheck,
    Step,
    check_records,
    check_split,
)
from vinet_ros.training.datasets.video_records import VideoRecord

app = typer.Typer(no_args_is_help=True)

Found = DataCheck | SplitCheck
_SHOWN = 20
_LAYOUT_HELP = "Video data sets to look for, comma-separated; found by their layout otherwise."
_FOLD_HELP = "Cross-validation fold of the video sets that have several."


@app.command()
def check(
    data: Annotated[
        list[Path],
        typer.Argument(help="folders of videos, stills or clips with gaze, or packed files"),
    ],
    layout: Annotated[str, typer.Option(help=_LAYOUT_HELP, autocompletion=video_sets)] = "",
    fold: Annotated[str, typer.Option(help=_FOLD_HELP)] = "1",
    every_file: Annotated[
        bool, typer.Option("--every-file", help="Read all of a video, not three frames.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, no table.")] = False,
) -> None:
    r"""Say what was found, what is missing and what cannot be read, before a training does.

    Exits with 1 where something is missing or unreadable.

    \b
    Everything in a folder:
      vinet data check fixations
    A video set, each file read to its end, for a script:
      vinet data check DHF1K --layout dhf1k --every-file --json
    """
    with _progress() as bar:
        step = _step(bar)
        sets = tuple(name for name in layout.split(",") if name)
        checks = [c for path in data for c in _check(path, sets, fold, every_file, step)]
    problems = sum(len(found.problems) for found in checks)
    if as_json:
        typer.echo(
            json.dumps({"problems": problems, "data": [asdict(c) for c in checks]}, indent=1)
        )
    else:
        _print_all(checks)
    if problems:
        raise VinetError(f"{problems} problems")


@app.command()
def pack(
    data: Annotated[Path, typer.Argument(help="folder of stills or of a video data set")],
    out: Annotated[Path, typer.Argument(help="file to write, .npz")],
    quality: Annotated[
        int, typer.Option(min=1, max=95, help="of the JPEG images at network size")
    ] = QUALITY,
    force: Annotated[bool, typer.Option("--force", help="replace OUT where it exists")] = False,
    layout: Annotated[str, typer.Option(help=_LAYOUT_HELP, autocompletion=video_sets)] = "",
    split: Annotated[
        str, typer.Option(help="Video splits, comma-separated; all with ground truth otherwise.")
    ] = "",
    fold: Annotated[str, typer.Option(help=_FOLD_HELP)] = "1",
    frames: Annotated[
        int, typer.Option(min=0, help="Frames kept of the middle of each video; 0 keeps all.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    r"""Put pictures at network size and fixations into one file, for vinet train elsewhere.

    \b
    Stills:
      vinet data pack fixations fixations.npz
    A hundred frames of each video that a network learns from:
      vinet data pack DHF1K dhf1k.npz --split train --frames 100 --json
    """
    if out.exists() and not force:
        raise VinetError(f"{out} exists; give another name, or --force to replace it")
    if layout or detect_sets(data):
        splits = tuple(name for name in split.split(",") if name)
        sets = tuple(name for name in layout.split(",") if name)
        records = _videos_to_pack(data, sets, splits, fold)
        counted = len(records), "videos"
    else:
        stills = Stills(data, None, require_images=False)
        counted = len(stills), "images"
    with _progress() as bar:
        task = bar.add_task(counted[1], total=counted[0])

        def advance(step: int) -> None:
            bar.advance(task, step)

        try:
            if counted[1] == "videos":
                left_out = pack_videos(
                    records, out, frames=frames, quality=quality, progress=advance
                )
            else:
                left_out = pack_stills(stills, out, quality, advance)
        except OSError as error:
            raise OutputError(f"{out}: cannot be written ({error.strerror})") from error
    packed, size = counted[0] - len(left_out), out.stat().st_size
    if as_json:
        told = {"file": str(out), "what": counted[1], "packed": packed, "bytes": size}
        typer.echo(json.dumps({**told, "left_out": list(left_out)}, indent=1))
        return
    for line in left_out:
        typer.echo(f"left out: {line}")
    typer.echo(f"{out}: {packed} {counted[1]}, {size / 1e6:.1f} MB")


def _check(
    path: Path, names: tuple[str, ...], fold: str, every_file: bool, step: Step
) -> Iterator[Found]:
    if path.is_file() and is_video_pack(path):
        yield from _check_pack(path, step)
        return
    try:
        sets = choose_sets(path, names) if names else detect_sets(path)
        for found in sets:
            for split in found.videos:
                yield check_split(path, found, split, fold, every_file=every_file, step=step)
    except ValueError as error:  # a set or fold that there is not
        raise VinetError(str(error)) from None
    if not sets:
        yield from check_data(path, step)


def _check_pack(path: Path, step: Step) -> Iterator[SplitCheck]:
    groups: dict[tuple[str, str], list[VideoRecord]] = {}
    for record in read_video_pack(path):
        groups.setdefault((record.set_name, record.split), []).append(record)
    for (set_name, split), records in groups.items():
        yield check_records(set_name, split, len(records), records, True, step)


def _videos_to_pack(
    root: Path, names: tuple[str, ...], splits: tuple[str, ...], fold: str
) -> list[VideoRecord]:
    try:
        sets = choose_sets(root, names)
        return _with_truth(root, sets, splits, fold)
    except ValueError as error:  # a set or fold that there is not
        raise VinetError(str(error)) from None


def _with_truth(
    root: Path, sets: list[VideoSet], splits: tuple[str, ...], fold: str
) -> list[VideoRecord]:
    known = {split for found in sets for split in found.videos}
    if not known.issuperset(splits):
        raise VinetError(f"no split {','.join(splits)}; there are {', '.join(sorted(known))}")
    records = [
        record
        for found in sets
        for split in found.videos
        if not splits or split in splits
        for record in find_videos(root, found, split, fold)
    ]
    return [record for record in records if record.has_truth]


def _step(bar: Progress) -> Step:
    tasks: dict[str, TaskID] = {}

    def step(what: str, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total)
        bar.advance(tasks[what])

    return step


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _print_all(checks: list[Found]) -> None:
    rows = [found for found in checks if isinstance(found, SplitCheck)]
    if rows:
        _print_table(rows)
    for found in checks:
        if isinstance(found, DataCheck):
            _print(found)


def _print_table(rows: list[SplitCheck]) -> None:
    table = Table(box=None, padding=(0, 1, 0, 0))
    for column in ("set", "split"):
        table.add_column(column, no_wrap=True)
    for column in ("videos", *KINDS, "missing", "unreadable"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        counts = [str(row.found[kind]) for kind in KINDS]
        ends = [str(row.missing), str(row.unreadable)]
        table.add_row(row.set_name, row.split, f"{row.videos} of {row.full}", *counts, *ends)
    Console(soft_wrap=True).print(table)
    lines = [line for row in rows for line in row.problems]
    _print_lines(lines, lambda line: typer.echo(f"problem: {line}"))
    if not lines:
        typer.echo("nothing missing or unreadable")


def _print_lines(lines: list[str], show: Callable[[str], None]) -> None:
    for line in lines[:_SHOWN]:
        show(line)
    if len(lines) > _SHOWN:
        typer.echo(f"... and {len(lines) - _SHOWN} more; --json lists all")


def _print(found: DataCheck) -> None:
    typer.echo(found.title)
    for line in found.found:
        typer.echo(f"  {line}")
    _print_lines(list(found.problems), lambda line: typer.echo(f"  problem: {line}"))
    if not found.problems:
        typer.echo("  nothing missing or unreadable")
