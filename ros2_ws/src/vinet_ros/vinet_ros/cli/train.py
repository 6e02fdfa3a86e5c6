# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""`vinet train`: networks that learn from human eyes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vinet_ros.cli import folder_for_results
from vinet_ros.cli.benchmark import parse_options
from vinet_ros.cli.completion import all_models, one_of, video_sets
from vinet_ros.cli.train_options import given_machine, parse_size
from vinet_ros.cli.train_result import fold_rows, last_scores
from vinet_ros.errors import VinetError

if TYPE_CHECKING:
    from vinet_ros.training.config import TrainConfig
    from vinet_ros.training.recipes import Wishes

app = typer.Typer()

_DATA = "Data"
_LOSS = "Loss"
_MACHINE = "Machines (Lightning's own options)"


@app.command()
def train(
    data: Annotated[
        Path | None,
        typer.Option(help="Stills with fixations, video data sets, or a packed file."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder; an unfinished run goes on.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Repeat the run of this config.yaml; --data, --out and the machine options win."
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(help="Name of the network.", autocompletion=all_models)
    ] = "vinet_lite",
    option: Annotated[
        list[str] | None,
        typer.Option(help="Option of the network as key=value, e.g. clip_length=16; repeat it."),
    ] = None,
    init: Annotated[
        Path | None, typer.Option(help="Weight file to fine-tune instead of a fresh start.")
    ] = None,
    encoder: Annotated[
        Path | None,
        typer.Option(
            help="Kinetics file for the encoder of a fresh ViNet or STAViS; for vinet_lite one of "
            "its own files, or bundled."
        ),
    ] = None,
    teacher: Annotated[
        str,
        typer.Option(help="Weight file whose maps are learned before people's, or bundled."),
    ] = "",
    visual_weights: Annotated[
        Path | None, typer.Option(help="ViNet's file for the visual part of a fresh AViNet.")
    ] = None,
    audio_weights: Annotated[
        Path | None, typer.Option(help="File for the sound encoder of AViNet or STAViS.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes of each stage; 0: the recipe's.", min=0)] = 0,
    rate: Annotated[
        float, typer.Option(help="Learning rate of each stage; 0: the recipe's.", min=0)
    ] = 0.0,
    batch: Annotated[int, typer.Option(help="Clips a step; 0: the recipe's.", min=0)] = 0,
    patience: Annotated[
        int, typer.Option(help="End after so many epochs without a better KLDiv; 0: never.", min=0)
    ] = 0,
    precision: Annotated[
        str,
        typer.Option(
            help="32-true, bf16-mixed or 16-mixed; else the recipe's.",
            autocompletion=one_of("32-true", "bf16-mixed", "16-mixed"),
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    layout: Annotated[
        str,
        typer.Option(
            help="Video sets, comma-separated; else all found.",
            rich_help_panel=_DATA,
            autocompletion=video_sets,
        ),
    ] = "",
    video_fold: Annotated[
        str, typer.Option(help="Fold of the video sets that have several.", rich_help_panel=_DATA)
    ] = "1",
    selection: Annotated[
        str,
        typer.Option(
            help="Videos that choose the weights: authors, or held_out.",
            rich_help_panel=_DATA,
            autocompletion=one_of("authors", "held_out"),
        ),
    ] = "authors",
    fold: Annotated[
        int,
        typer.Option(help="Stills: hold out this fold; -1: none.", min=-1, rich_help_panel=_DATA),
    ] = -1,
    folds: Annotated[
        int, typer.Option(help="Stills: parts of the train split.", min=2, rich_help_panel=_DATA)
    ] = 5,
    cross_validate: Annotated[
        bool,
        typer.Option(
            help="Stills: a run for each fold in OUT/foldN, and OUT/folds.md.",
            rich_help_panel=_DATA,
        ),
    ] = False,
    size: Annotated[
        str,
        typer.Option(help="Videos: network input as HEIGHTxWIDTH.", rich_help_panel=_DATA),
    ] = "",
    black_frames: Annotated[
        int,
        typer.Option(
            help="Videos: frames of each clip that are black.", min=0, rich_help_panel=_DATA
        ),
    ] = 0,
    audio: Annotated[
        str,
        typer.Option(
            help="Videos: real, zero, normal, wolfram or shuffled sound.",
            rich_help_panel=_DATA,
            autocompletion=one_of("real", "zero", "normal", "wolfram", "shuffled"),
        ),
    ] = "",
    audio_std: Annotated[
        float,
        typer.Option(
            help="Of normal sound, 1 is full scale; 0: the clip's.", min=0, rich_help_panel=_DATA
        ),
    ] = 0.0,
    workers: Annotated[
        int,
        typer.Option(help="Processes that prepare samples.", min=0, rich_help_panel=_DATA),
    ] = 1,
    threads: Annotated[
        int,
        typer.Option(help="CPU threads; 0: torch's choice.", min=0, rich_help_panel=_MACHINE),
    ] = 0,
    kldiv: Annotated[
        float | None, typer.Option(help="Weight; else the recipe's.", rich_help_panel=_LOSS)
    ] = None,
    cc: Annotated[float | None, typer.Option(help="Weight.", rich_help_panel=_LOSS)] = None,
    nss: Annotated[float | None, typer.Option(help="Weight.", rich_help_panel=_LOSS)] = None,
    sim: Annotated[float | None, typer.Option(help="Weight.", rich_help_panel=_LOSS)] = None,
    bce: Annotated[
        float | None, typer.Option(help="Weight, of STAViS.", rich_help_panel=_LOSS)
    ] = None,
    rna: Annotated[
        float | None, typer.Option(help="Weight; AViNet with sound.", rich_help_panel=_LOSS)
    ] = None,
    accelerator: Annotated[
        str | None,
        typer.Option(
            help="auto, cpu, gpu ...",
            rich_help_panel=_MACHINE,
            autocompletion=one_of("auto", "cpu", "gpu"),
        ),
    ] = None,
    devices: Annotated[
        str | None, typer.Option(help="auto, how many, or which.", rich_help_panel=_MACHINE)
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(help="Machines.", min=1, rich_help_panel=_MACHINE)
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="auto, or a kind of ddp.", rich_help_panel=_MACHINE)
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Begin no epoch that would end later; call again to go on.", min=0),
    ] = None,
    progress: Annotated[bool, typer.Option(help="Show a progress bar.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print weights and last scores as JSON.")
    ] = False,
) -> None:
    r"""Train a network; started again with the same --out it goes on after the last epoch.

    What is not given comes from the recipe of the network and the data: docs/training.md.

    \b
    Stills with fixations:
      vinet train --data fixations --out runs/lite
    Each fifth held out in turn, to compare recipes:
      vinet train --data fixations --out runs/cv --cross-validate
    A video data set, and sets with sound:
      vinet train --data DHF1K --model vinet --encoder S3D_kinetics400.pt --out runs/vinet
      vinet train --data stavis --model avinet --visual-weights vinet.safetensors --out runs/av
    Again what a run did, for a script:
      vinet train --config runs/lite/config.yaml --out runs/again --no-progress --json
    """
    # Imported here: `vinet train --help` and a TAB shall not wait for PyTorch and Lightning.
    from vinet_ros.training.config import TrainConfig
    from vinet_ros.training.loop import train_for
    from vinet_ros.training.recipes import Wishes

    if config is not None:
        chosen = TrainConfig.load(config)
    elif data is not None:
        loss = {"kldiv": kldiv, "cc": cc, "nss": nss, "sim": sim, "bce": bce, "rna": rna}
        wishes = Wishes(
            epochs=epochs,
            rate=rate,
            batch=batch,
            patience=patience,
            precision=precision,
            size=parse_size(size),
            black_frames=black_frames,
            audio=audio,
            audio_std=audio_std,
            loss={name: weight for name, weight in loss.items() if weight is not None},
        )
        chosen = _fresh(
            data,
            model,
            option or [],
            wishes,
            init=str(init or ""),
            encoder_weights=str(encoder or ""),
            teacher=teacher,
            visual_weights=str(visual_weights or ""),
            audio_weights=str(audio_weights or ""),
            seed=seed,
            sets=tuple(name for name in layout.split(",") if name),
            video_fold=video_fold,
            selection=selection,
            fold=fold,
            folds=folds,
            workers=workers,
            threads=threads,
        )
    else:
        raise typer.BadParameter("give --data DIR to start a run or --config FILE to repeat one")
    places: dict[str, Any] = {
        name: str(path) for name, path in (("data", data), ("out", out)) if path
    }
    machine = replace(chosen.machine, **given_machine(accelerator, devices, nodes, strategy))
    chosen = replace(chosen, machine=machine, **places)
    with folder_for_results(Path(chosen.out)):
        if cross_validate:
            _tell_folds(chosen, progress, as_json)
        else:
            _tell(*train_for(chosen, minutes, progress=progress), chosen, as_json)


def _tell(weights: Path, done: bool, config: TrainConfig, as_json: bool) -> None:
    if as_json:
        scores = last_scores(Path(config.out), [stage.name for stage in config.stages])
        told = {"weights": str(weights), "done": done, "scores": scores}
        typer.echo(json.dumps(told, indent=1))
    else:
        typer.echo(f"weights: {weights}")
        if not done:
            typer.echo("the run is not done; the same command goes on with it")


def _fresh(
    data: Path, model: str, options: list[str], wishes: Wishes, **chosen: Any
) -> TrainConfig:
    from vinet_ros.training.recipes import fresh_config

    try:
        return fresh_config(
            str(data), f"runs/{model}", model, parse_options(options), wishes, **chosen
        )
    except ValueError as error:
        raise VinetError(str(error)) from None


def _tell_folds(config: TrainConfig, progress: bool, as_json: bool) -> None:
    from vinet_ros.training.held_out import cross_validate
    from vinet_ros.training.loop import train as run

    try:
        table = cross_validate(config, lambda fold: run(fold, progress=progress))
    except ValueError as error:
        raise VinetError(str(error)) from None
    if as_json:
        rows = fold_rows(Path(config.out), config.folds, [stage.name for stage in config.stages])
        typer.echo(json.dumps({"table": str(table), "folds": rows}, indent=1))
    else:
        typer.echo(f"{table.read_text(encoding='utf-8')}\ntable: {table}")
