# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A training run: its stages one after the other, resumable, into one folder."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
)
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only
from torch import nn

from vinet_ros.errors import DataError
from vinet_ros.networks import model_spec
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.training.config import Stage, TrainConfig
from vinet_ros.training.held_out import score_stage
from vinet_ros.training.memory import keep_freed_memory
from vinet_ros.training.module import return_towards
from vinet_ros.training.parts import PART_FILES
from vinet_ros.training.pictures import RunPictures
from vinet_ros.training.run_data import (
    Split,
    VideoSplit,
    split_stills,
    split_videos,
    stage_data,
)
from vinet_ros.training.starting import learning_module, starting_model
from vinet_ros.training.time_limit import TimeLimit

log = logging.getLogger(__name__)


def train(config: TrainConfig, *, progress: bool = True) -> Path:
    """Run every stage of a config that is not done yet; :func:`train_for` without a limit."""
    return train_for(config, None, progress=progress)[0]


def train_for(
    config: TrainConfig, minutes: float | None, *, progress: bool = True
) -> tuple[Path, bool]:
    """Run every stage of a config that is not done yet, as far as there is time.

    Returns the trained weight file, and whether the run is done. Where it is not, the file is
    ``unfinished.safetensors``, the network as it is; the same call goes on with the run.

    A run that was killed goes on from the last finished epoch when it is started again with the
    same folder. Writes ``config.yaml``, a folder a stage with its checkpoints and pictures, logs,
    and ``weights.safetensors``; where a fold of stills is held out, its scores for each stage.

    Args:
        config: The run.
        minutes: After which no further epoch is begun; None: no limit.
        progress: Show a bar.

    Raises:
        DataError: If the data cannot be read, or the folder holds another run.
        WeightsError: If the file to start from does not fit.
    """
    limit = TimeLimit(math.inf if minutes is None else time.monotonic() + 60 * minutes)
    keep_freed_memory()
    out = Path(config.out)
    refuse_other_run(config)
    lightning.seed_everything(config.seed, verbose=False)
    if config.threads:
        torch.set_num_threads(config.threads)
    videos = config.stages[0].clips is not None
    split = split_videos(config) if videos else split_stills(config)
    model = starting_model(config)
    _save_config(config)
    done = True
    for stage in config.stages:
        done = (
            done and not limit.reached and _run_stage(model, stage, config, split, progress, limit)
        )
    weights = out / ("weights.safetensors" if done else "unfinished.safetensors")
    _save_weights(weights, model, config)
    return weights, done


def refuse_other_run(config: TrainConfig) -> None:
    """Make sure that a folder in which something was trained belongs to the same run.

    Raises:
        DataError: If its config has another network or start, or another recipe of a stage that
            has begun; the message names what.
    """
    out = Path(config.out)
    if not (out / "config.yaml").is_file():
        return
    there = TrainConfig.load(out / "config.yaml")
    begun = [stage for stage in there.stages if (out / stage.name).is_dir()]
    if not begun:
        return
    same = ("model", "options", "init", *PART_FILES, "teacher", "batch", "weights", "seed")
    other = [name for name in same if getattr(there, name) != getattr(config, name)]
    other += [f"stage {stage.name}" for stage in begun if stage not in config.stages]
    if other:
        raise DataError(
            f"{out}: holds a run with another {', '.join(other)}; give another --out, or repeat "
            f"it with --config {out / 'config.yaml'}"
        )


def _run_stage(
    model: nn.Module,
    stage: Stage,
    config: TrainConfig,
    split: Split | VideoSplit,
    progress: bool,
    limit: TimeLimit,
) -> bool:
    """Return whether the stage is done; else its time is up."""
    folder = Path(config.out) / stage.name
    done = folder / "done.pt"
    if done.is_file():
        log.info("stage %s is done", stage.name)
        model.load_state_dict(torch.load(done, weights_only=True))
        return True
    data = stage_data(config, stage, split)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trainer = _trainer(stage, config, progress, [limit, *_callbacks(stage, config, folder)])
    steps = stage.epochs * data.steps(trainer.num_devices * trainer.num_nodes)
    if config.epoch_steps:
        steps = min(steps, stage.epochs * config.epoch_steps)
    module = learning_module(model, stage, config, steps)
    _fit(trainer, module, data, folder / "last.ckpt")
    if limit.reached and trainer.current_epoch < stage.epochs:
        return False
    if stage.keep == "best":
        load_best(model, folder / "best.ckpt")
    if config.fold >= 0 and stage.clips is None:
        score_stage(model, stage, before, split[1], folder)  # type: ignore[arg-type]
    return_towards(model, before, stage.return_share)
    _save_done(model, done)
    trainer.strategy.barrier()
    return True


def _fit(
    trainer: lightning.Trainer, module: lightning.LightningModule, data: Any, last: Path
) -> None:
    """Train, from the last checkpoint on if there is one; pass an interrupt on."""
    resume = last if last.is_file() else None
    try:
        # weights_only: a checkpoint is data; Lightning would run what a pickle asks for.
        trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    except DataError as error:
        # A worker process wraps the error into a traceback; its last line is the error's own.
        line = str(error).strip().splitlines()[-1]
        raise DataError(line.partition("DataError: ")[2] or line) from None
    except SystemExit:
        # So Lightning answers an interrupt, with an exit code that says it had failed.
        if not trainer.interrupted:
            raise
    if trainer.interrupted:
        raise KeyboardInterrupt


def load_best(model: nn.Module, path: Path) -> None:
    """Fill a network with the weights of a stage's best checkpoint.

    Raises:
        DataError: If there is none: nothing held out could be scored.
    """
    if not path.is_file():
        raise DataError(f"{path}: no epoch could be scored; is all ground truth held out empty?")
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    model.load_state_dict({name.removeprefix("model."): value for name, value in state.items()})


def _trainer(
    stage: Stage, config: TrainConfig, progress: bool, callbacks: list[Callback]
) -> lightning.Trainer:
    logs = Path(config.out) / "logs"
    machine = config.machine
    return lightning.Trainer(
        accelerator=machine.accelerator,
        devices=machine.devices,
        num_nodes=machine.nodes,
        strategy=_strategy(stage, config),
        precision=config.precision,  # type: ignore[arg-type]
        max_epochs=stage.epochs,
        limit_train_batches=config.epoch_steps or 1.0,
        limit_val_batches=0 if config.epoch_steps else 1.0,
        gradient_clip_val=config.gradient_clip or None,
        callbacks=callbacks,
        logger=[
            CSVLogger(logs, name=stage.name),  # a table a start: a resumed run keeps the first
            TensorBoardLogger(logs / "tensorboard", name=stage.name, version=""),
        ],
        enable_progress_bar=progress,
        enable_model_summary=False,
        log_every_n_steps=10,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def _callbacks(stage: Stage, config: TrainConfig, folder: Path) -> list[Callback]:
    callbacks: list[Callback] = [RunPictures(folder)]
    if config.ema_decay:
        callbacks.append(EMAWeightAveraging(decay=config.ema_decay, use_buffers=False))
    if stage.patience:
        callbacks.append(EarlyStopping("val_kldiv", patience=stage.patience))
    if stage.keep == "best":
        callbacks.append(
            ModelCheckpoint(
                folder, filename="best", monitor="val_kldiv", enable_version_counter=False
            )
        )
    # The last of all, at the very end of an epoch: it holds what the others know of it.
    callbacks.append(
        ModelCheckpoint(
            folder, filename="last", enable_version_counter=False, save_on_train_epoch_end=True
        )
    )
    return callbacks


def _strategy(stage: Stage, config: TrainConfig) -> str:
    """Return Lightning's strategy; a standing clip gives layers of motion no gradient."""
    standing = stage.clips is None and stage.making.frames == 1
    several = config.machine.strategy == "ddp" and standing
    return "ddp_find_unused_parameters_true" if several else config.machine.strategy


@rank_zero_only
def _save_config(config: TrainConfig) -> None:
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    partial = out / "config.yaml.partial"
    config.save(partial)
    partial.replace(out / "config.yaml")  # other processes may be reading it


@rank_zero_only
def _save_done(model: nn.Module, done: Path) -> None:
    partial = done.with_suffix(".partial")
    torch.save(model.state_dict(), partial)
    partial.replace(done)


@rank_zero_only
def _save_weights(path: Path, model: nn.Module, config: TrainConfig) -> None:
    save_weights(path, model, _card(config, model))


def _card(config: TrainConfig, model: nn.Module) -> WeightsCard:
    spec = model_spec(config.model)
    training = asdict(config)
    # Folders belong to one machine; the files' own names go along.
    for name in ("data", "init", *PART_FILES):
        training[name] = Path(training[name]).name
    training["teacher"] = ",".join(Path(file).name for file in config.teacher.split(","))
    del training["out"], training["machine"]
    return WeightsCard(
        model=config.model,
        options={**_read_options(model), **config.options},
        clip_length=int(model.clip_length),  # type: ignore[arg-type]
        input_size=spec.input_size,
        rate_hz=spec.rate_hz,
        source="trained with `vinet train`",
        training=training,
    )


def _read_options(model: nn.Module) -> dict[str, Any]:
    """Return what a weight file told of its network, where the run started from one."""
    card = getattr(model, "card", None)
    return dict(card.options) if isinstance(card, WeightsCard) else {}
