"""`vinet train`: networks that learn from human eyes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vinet_ros.networks import model_spec
from vinet_ros.training.config import TrainConfig, default_stages
from vinet_ros.training.loop import train as run
from vinet_ros.training.losses import LossWeights

app = typer.Typer()


@app.command()
def train(
    data: Annotated[
        Path | None, typer.Option(help="Folder of stills with fixations (index.csv).")
    ] = None,
    out: Annotated[Path, typer.Option(help="The run's folder; an unfinished run goes on.")] = Path(
        "runs/vinet_lite"
    ),
    config: Annotated[
        Path | None, typer.Option(help="Repeat the run of this config.yaml instead.")
    ] = None,
    model: Annotated[str, typer.Option(help="Name of the network.")] = "vinet_lite",
    init: Annotated[
        Path | None, typer.Option(help="Weight file to start from instead of ImageNet's.")
    ] = None,
    epochs: Annotated[
        int, typer.Option(help="Passes of each stage; 0 takes the recipe's own numbers.", min=0)
    ] = 0,
    batch: Annotated[int, typer.Option(help="Clips a step.", min=1)] = 16,
    fold: Annotated[
        int, typer.Option(help="Hold out and score this fold; -1 trains on all.", min=-1)
    ] = -1,
    folds: Annotated[int, typer.Option(help="Parts for cross-validation.", min=2)] = 5,
    kldiv: Annotated[float, typer.Option(help="Weight of KLDiv.")] = 1.0,
    cc: Annotated[float, typer.Option(help="Weight of CC.")] = 0.5,
    nss: Annotated[float, typer.Option(help="Weight of NSS.")] = 0.1,
    precision: Annotated[
        str, typer.Option(help="32-true, bf16-mixed or 16-mixed.")
    ] = "bf16-mixed",
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes that prepare samples.", min=0)] = 1,
    progress: Annotated[bool, typer.Option(help="Show a progress bar.")] = True,
) -> None:
    """Train a network; started again with the same --out it goes on after the last epoch.

    Example: vinet train --data fixations --out runs/lite
    """
    if config is not None:
        chosen = TrainConfig.load(config)
    elif data is not None:
        stages = default_stages(model_spec(model).clip_length)
        if epochs:
            stages = tuple(replace(stage, epochs=epochs) for stage in stages)
        chosen = TrainConfig(
            data=str(data),
            out=str(out),
            model=model,
            init=str(init) if init else "",
            stages=stages,
            batch=batch,
            weights=LossWeights(kldiv, cc, nss),
            precision=precision,
            seed=seed,
            folds=folds,
            fold=fold,
            workers=workers,
        )
    else:
        raise typer.BadParameter("give --data DIR to start a run or --config FILE to repeat one")
    typer.echo(f"weights: {run(chosen, progress=progress)}")
