# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet predict``: maps, gaze and pictures of videos, bags, folders of pictures, cameras."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vinet_ros.cli import FAILED, INTERRUPTED, UNWRITTEN
from vinet_ros.cli.benchmark import parse_options
from vinet_ros.cli.completion import DEVICES, PATHS, PRECISIONS, one_of, saliency_models, some_of
from vinet_ros.errors import OutputError, VinetError
from vinet_ros.offline.predict.request import (
    DEFAULT_OUTPUTS,
    OUTPUTS,
    STORAGES,
    GazeOptions,
    NetworkChoice,
    PredictRequest,
)

if TYPE_CHECKING:
    from vinet_ros.offline.predict.jobs import Outcome
    from vinet_ros.offline.predict.run import Progress as Step

app = typer.Typer()


@app.command()
def predict(
    inputs: Annotated[
        list[str],
        typer.Argument(help="video files, bags, folders of pictures, or a camera (0)"),
    ],
    out: Annotated[Path, typer.Option(help="folder in which each input gets one")],
    write: Annotated[
        str,
        typer.Option(
            help=f"what to write, of {','.join(OUTPUTS)}", autocompletion=some_of(*OUTPUTS)
        ),
    ] = ",".join(DEFAULT_OUTPUTS),
    model: Annotated[
        str, typer.Option(help="name of the network", autocompletion=saliency_models)
    ] = "vinet_lite",
    weights: Annotated[
        Path | None, typer.Option(help="weight file; by default the bundled weights")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="of the network, key=value; repeat it")
    ] = None,
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda or cuda:n", autocompletion=one_of(*DEVICES))
    ] = "auto",
    precision: Annotated[
        str, typer.Option(help="auto, fp32, fp16 or bf16", autocompletion=one_of(*PRECISIONS))
    ] = "auto",
    path: Annotated[
        str, typer.Option(help="auto, torch or openvino", autocompletion=one_of(*PATHS))
    ] = "auto",
    window_rate_hz: Annotated[
        float, typer.Option(help="slots a second; 0: as trained, -1: every frame is one")
    ] = 0.0,
    max_gap_s: Annotated[
        float, typer.Option(help="a longer gap between frames starts the window anew")
    ] = 0.5,
    num_peaks: Annotated[int, typer.Option(help="most candidates of a frame")] = 3,
    peak_min_distance: Annotated[
        float, typer.Option(help="least distance of two, as a share of the width")
    ] = 0.1,
    peak_centre_radius: Annotated[
        float, typer.Option(help="the gaze is the heat's centre within this of a peak; 0: its top")
    ] = 0.04,
    smoothing_tau_s: Annotated[
        float, typer.Option(help="time constant of the smoothing of the maps; 0: none")
    ] = 0.15,
    target_distance_m: Annotated[float, typer.Option(help="of gaze/target in the bag")] = 2.0,
    hfov_deg: Annotated[
        float, typer.Option(help="horizontal field of view, where no calibration is recorded")
    ] = 60.0,
    topic: Annotated[str, typer.Option(help="of a bag's images, where it has several")] = "",
    folder_rate_hz: Annotated[float, typer.Option(help="of folders of pictures")] = 30.0,
    storage: Annotated[
        str,
        typer.Option(
            help="of the bag to write: mcap or sqlite3", autocompletion=one_of(*STORAGES)
        ),
    ] = "mcap",
    frame_id: Annotated[
        str, typer.Option(help="in the bag to write, where the input has none")
    ] = "camera_optical_frame",
    duration_s: Annotated[
        float, typer.Option(help="of a camera; 0 goes on until Ctrl-C ends it")
    ] = 0.0,
    jobs: Annotated[int, typer.Option(min=1, help="inputs at once, a process each")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="of each on the CPU")] = None,
    stabilize: Annotated[
        bool, typer.Option("--stabilize", help="take the camera's own motion off; for heads")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="replace results that were made otherwise")
    ] = False,
    salvage: Annotated[
        bool, typer.Option("--salvage", help="take what can be read of a damaged input")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    r"""Write where a person would look: overlay video, gaze tables, maps, a bag.

    Each input gets a folder in OUT, which appears when all of it is done. Started again after a
    break, it goes on where it was.

    Exits with 0 when all is done, 1 when an input failed, 2 on wrong usage, 3 when something
    could not be written (disk full, no right), 130 when interrupted.

    \b
    A video, with the overlay and a table of the gaze:
      vinet predict street.mp4 --out results
    A bag; a bag with the node's own topics comes out:
      vinet predict my_bag --topic /camera/image_raw --write overlay,bag --out results
    Many videos, four at once, for a script:
      vinet predict clips/*.mp4 --jobs 4 --write csv,maps,npz --json --out results
    A camera, for half a minute:
      vinet predict 0 --duration-s 30 --out results
    """
    try:
        network = NetworkChoice(
            model=model,
            weights=weights,
            device=device,
            precision=precision,
            path=path,
            options=parse_options(option or []),
            window_rate_hz=window_rate_hz,
            max_gap_s=max_gap_s,
            threads=threads,
            stabilize=stabilize,
        )
        gaze = GazeOptions(
            num_peaks,
            peak_min_distance,
            peak_centre_radius,
            smoothing_tau_s,
            target_distance_m,
            hfov_deg,
        )
        request = PredictRequest(
            out=out,
            write=tuple(name.strip() for name in write.split(",") if name.strip()),
            network=network,
            gaze=gaze,
            topic=topic,
            folder_rate_hz=folder_rate_hz,
            storage=storage,
            frame_id=frame_id,
            duration_s=duration_s,
            force=force,
            salvage=salvage,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    # Imported here: `vinet predict --help` and a TAB shall not wait for PyTorch.
    from vinet_ros.offline.predict.jobs import predict_inputs

    try:
        with progress_of() as step:
            outcomes = predict_inputs(request, tuple(inputs), jobs, step)
    except KeyboardInterrupt:
        typer.echo("vinet predict: interrupted; the same command goes on from here", err=True)
        raise typer.Exit(INTERRUPTED) from None
    told = [_told(name, outcome) for name, outcome in zip(inputs, outcomes, strict=True)]
    if as_json:
        typer.echo(json.dumps(told, indent=1))
    else:
        _print(told)
    raise typer.Exit(exit_code(outcomes))


def exit_code(outcomes: list[Outcome]) -> int:
    """Return what the program ends with: the gravest of the outcomes."""
    if any(isinstance(outcome, OutputError) for outcome in outcomes):
        return UNWRITTEN
    return FAILED if any(isinstance(outcome, VinetError) for outcome in outcomes) else 0


@contextmanager
def progress_of() -> Iterator[Step]:
    """Show a bar for each input, with its rate and the time left, on a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Frames a second, lately."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:.1f} frames/s")

    console = Console(stderr=True)
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(Rate(), TimeRemainingColumn(elapsed_when_finished=True)),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def step(name: str, done: int, total: int) -> None:
            if name not in tasks:
                # Frames that an earlier run did count as done, not as done just now.
                tasks[name] = bars.add_task(Path(name).name or name, completed=max(done - 1, 0))
            bars.update(tasks[name], completed=done, total=max(total, done) if total else None)

        yield step


def _told(name: str, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, VinetError):
        return {"input": name, "error": str(outcome)}
    shown = {k: v for k, v in outcome.content.items() if k not in ("made_from", "format")}
    shown["model"] = {k: v for k, v in shown["model"].items() if k != "card"}
    done = {"folder": str(outcome.folder), "resumed_at": outcome.resumed_at}
    return {"input": name, "error": None, **done, **shown}


def _print(told: list[dict[str, Any]]) -> None:
    for item in told:
        if item["error"] is not None:
            typer.secho(f"vinet predict: {item['error']}", fg=typer.colors.RED, err=True)
            continue
        typer.echo(f"{item['folder']}: {item['frames']} frames, {', '.join(item['outputs'])}")
        if item["left_out"]:
            first = item["left_out"][0]
            typer.echo(
                f"  left out {len(item['left_out'])} frames, the first is {first['frame']}: "
                f"{first['reason']}"
            )
        for note in (item["damaged"], item["no_gaze"], item.get("hearing")):
            if note:
                typer.echo(f"  {note}")
