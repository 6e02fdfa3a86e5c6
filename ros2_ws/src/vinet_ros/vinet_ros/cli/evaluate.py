# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet evaluate``: how well a network predicts where people look."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vinet_ros.cli import folder_for_results
from vinet_ros.cli.completion import DEVICES, one_of, saliency_models, video_sets
from vinet_ros.errors import VinetError

if TYPE_CHECKING:
    from vinet_ros.offline.evaluate import Evaluation, EvaluationRequest

app = typer.Typer()

PARTS = ("stills", "clips", "videos", "made-clips")
FIRST_FRAMES = ("paper", "authors")


@app.command()
def evaluate(
    data: Annotated[
        list[Path],
        typer.Argument(
            help="folders of stills, of clips with gaze or of video sets, or .gaze.npz files"
        ),
    ],
    out: Annotated[Path, typer.Option(help="folder for the report, tables and plots")],
    model: Annotated[
        str,
        typer.Option(
            help="name of the network; none: baselines alone", autocompletion=saliency_models
        ),
    ] = "vinet_lite",
    weights: Annotated[
        Path | None, typer.Option(help="weight file; by default the bundled weights")
    ] = None,
    split: Annotated[
        str, typer.Option(help="by default val; of video sets the one that papers report")
    ] = "",
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda or cuda:n", autocompletion=one_of(*DEVICES))
    ] = "auto",
    batch_size: Annotated[int, typer.Option(min=1, help="stills at once")] = 8,
    mean_map_from: Annotated[
        Path | None,
        typer.Option(help="stills whose train split gives the mean fixation map (MEP)"),
    ] = None,
    maps: Annotated[
        list[Path] | None,
        typer.Option(help="folder with saved maps of the stills, for a row of their own"),
    ] = None,
    smoothing_tau_s: Annotated[
        list[float] | None,
        typer.Option(help="time constant of the smoothed frame-by-frame row of clips"),
    ] = None,
    made_clips: Annotated[
        int,
        typer.Option(min=0, help="clips to make of the stills: does what moves win?"),
    ] = 0,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help=f"score this part only: {', '.join(PARTS)}", autocompletion=one_of(*PARTS)
        ),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(help="score this video set only, by its name", autocompletion=video_sets),
    ] = None,
    fold: Annotated[
        str, typer.Option(help="of video sets with folds; all: the first three together")
    ] = "1",
    first_frames: Annotated[
        str,
        typer.Option(
            help="of videos: paper (repeat the first) or authors (look ahead)",
            autocompletion=one_of(*FIRST_FRAMES),
        ),
    ] = "paper",
    every: Annotated[int, typer.Option(min=1, help="score every so many frames of videos")] = 1,
    window_rate_hz: Annotated[
        float | None, typer.Option(help="of videos; negative: every frame is a slot")
    ] = None,
    eight_bit: Annotated[
        bool, typer.Option(help="make videos' maps the authors' 8-bit pictures first")
    ] = True,
    audio: Annotated[
        str,
        typer.Option(
            help="what a network hears with videos: real, zero, normal, wolfram or shuffled",
            autocompletion=one_of("real", "zero", "normal", "wolfram", "shuffled"),
        ),
    ] = "real",
    audio_std: Annotated[
        float,
        typer.Option(min=0, help="of normal sound, 1 is full scale; 0: that of the video's own"),
    ] = 0.0,
    published: Annotated[bool, typer.Option(help="show published scores beside ours")] = True,
    jobs: Annotated[int, typer.Option(min=1, help="processes, each on a GPU in turn")] = 1,
    resume: Annotated[
        bool, typer.Option(help="keep each scored video in OUT/cache, and go on from there")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="of what is drawn at random")] = 0,
    samples: Annotated[
        int, typer.Option(min=0, help="stills to show with their maps on a sheet")
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="print report.json instead of tables")
    ] = False,
) -> None:
    r"""Score a network beside simple baselines and people, on stills and on videos with gaze.

    OUT gets report.md, report.json, tables and plots.

    \b
    Stills and clips, with weights of your own:
      vinet evaluate stills clips --weights lite.safetensors --out scores
    A public video set, for a script:
      vinet evaluate DHF1K --model vinet --weights vinet.safetensors --json --out scores
    Does what moves win? A hundred clips made of the stills:
      vinet evaluate stills --only made-clips --made-clips 100 --out scores
    """
    # Imported here: `vinet evaluate --help` and a TAB shall not wait for PyTorch.
    from vinet_ros.offline.evaluate import EvaluationRequest
    from vinet_ros.offline.evaluate_markdown import to_markdown
    from vinet_ros.offline.evaluate_report import write_report

    try:
        request = EvaluationRequest(
            tuple(data),
            model,
            weights,
            split,
            device,
            batch_size,
            mean_map_from,
            tuple(maps or ()),
            tuple(smoothing_tau_s or (0.15,)),
            made_clips,
            seed,
            tuple(only or ()),
            tuple(sets or ()),
            fold,
            first_frames,
            every,
            window_rate_hz,
            eight_bit,
            published,
            jobs,
            out / "cache" if resume else None,
            audio,
            audio_std,
        )
        with folder_for_results(out):
            evaluation, pictures = _plot(_run(request), out, samples)
            files = write_report(evaluation, out) + pictures
    except ValueError as error:
        raise VinetError(str(error)) from error
    if as_json:
        told = json.loads((out / "report.json").read_text(encoding="utf-8"))
        typer.echo(json.dumps({**told, "files": [str(path) for path in files]}, indent=1))
        return
    from rich.console import Console

    Console().print(to_markdown(evaluation), markup=False, highlight=False, soft_wrap=True)
    typer.echo("\n".join(f"wrote {path}" for path in files))


def _run(request: EvaluationRequest) -> Evaluation:
    from vinet_ros.offline.evaluate import run_evaluation

    with progress_of_tasks() as advance:
        return run_evaluation(request, advance)


@contextmanager
def progress_of_tasks() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each task, where the standard error is a terminal.

    Yields:
        What to call with a task's name, how much more of it is done, and how much there is.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        tasks: dict[str, TaskID] = {}

        def advance(task: str, step: int, total: int) -> None:
            if task not in tasks:
                tasks[task] = bar.add_task(task, total=total)
            bar.advance(tasks[task], step)

        yield advance


def _plot(evaluation: Evaluation, out: Path, samples: int) -> tuple[Evaluation, list[Path]]:
    from vinet_ros.training.score_table import LeftOut

    if importlib.util.find_spec("matplotlib") is None:
        reason = "matplotlib is not installed; pip install 'vinet_ros[train]'"
        return evaluation.without(LeftOut("", "plots", reason)), []
    from vinet_ros.offline.evaluate_plot import plot_evaluation

    return evaluation, plot_evaluation(evaluation, out, samples)
