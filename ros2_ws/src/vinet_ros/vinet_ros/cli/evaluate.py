"""``vinet evaluate``: how well a network predicts where people look."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeRemainingColumn as Remaining

from vinet_ros.errors import VinetError
from vinet_ros.offline.evaluate import Evaluation, EvaluationRequest, run_evaluation
from vinet_ros.offline.evaluate_report import to_markdown, write_report
from vinet_ros.training.score_table import LeftOut

app = typer.Typer()


@app.command()
def evaluate(
    data: Annotated[
        list[Path],
        typer.Argument(help="folders of stills or of clips with gaze, or single .gaze.npz files"),
    ],
    out: Annotated[Path, typer.Option(help="folder for the report, tables and plots")],
    model: Annotated[str, typer.Option(help="name of the network; none: baselines alone")] = (
        "vinet_lite"
    ),
    weights: Annotated[
        Path | None, typer.Option(help="weight file; by default the bundled weights")
    ] = None,
    split: Annotated[str, typer.Option(help="split of the stills")] = "val",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:n")] = "auto",
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
) -> None:
    """Score a network beside simple baselines and people, on stills and on videos with gaze.

    Example: vinet evaluate stills clips --weights lite.safetensors --out scores
    """
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
        )
        evaluation = _run(request)
    except ValueError as error:
        raise VinetError(str(error)) from error
    evaluation, pictures = _plot(evaluation, out)
    files = write_report(evaluation, out) + pictures
    Console().print(to_markdown(evaluation), markup=False, highlight=False, soft_wrap=True)
    typer.echo("\n".join(f"wrote {path}" for path in files))


def _run(request: EvaluationRequest) -> Evaluation:
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

        return run_evaluation(request, advance)


def _plot(evaluation: Evaluation, out: Path) -> tuple[Evaluation, list[Path]]:
    if importlib.util.find_spec("matplotlib") is None:
        reason = "matplotlib is not installed; pip install 'vinet_ros[train]'"
        return evaluation.without(LeftOut("", "plots", reason)), []
    from vinet_ros.offline.evaluate_plot import plot_evaluation

    return evaluation, plot_evaluation(evaluation, out)
