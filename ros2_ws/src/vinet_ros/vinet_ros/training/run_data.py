# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a run trains on and what it is scored on, as loaders for one or several processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Subset

from vinet_ros.errors import DataError
from vinet_ros.networks import create_model, model_spec
from vinet_ros.sound_forms import SoundForm
from vinet_ros.training.clip_sounds import ClipSounds
from vinet_ros.training.config import Stage, TrainConfig
from vinet_ros.training.datasets import Still, Stills
from vinet_ros.training.datasets.layouts import VideoSet, choose_sets, detect_sets, find_videos
from vinet_ros.training.datasets.packed_videos import is_video_pack, read_video_pack
from vinet_ros.training.datasets.video_check import require_files
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.samples import EpochSampler, MadeSamples, Sample, StillSamples
from vinet_ros.training.stavis_clips import StavisClips, StavisValidationClips
from vinet_ros.training.video_samples import ClipSampling, ValidationClips, VideoClips

Split = tuple[list[Still], list[Still]]
VideoSplit = tuple[list[VideoRecord], list[VideoRecord]]
HELD_SHARE = 10  # one in so many is held out where no fold or split says which


def holds_videos(data: Path, sets: Sequence[str] = ()) -> bool:
    """Tell whether training data are videos; else they are taken for stills."""
    if data.is_file():
        return is_video_pack(data)
    return bool(sets) or bool(detect_sets(data))


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
        return stills, [stills[i] for i in order[: max(1, len(stills) // HELD_SHARE)]]
    held = set(parts[config.fold].tolist())
    kept = [s for i, s in enumerate(stills) if i not in held]
    return kept, [stills[i] for i in sorted(held)]


def split_videos(config: TrainConfig) -> VideoSplit:
    """Return the videos that train and those that choose the weights; see `TrainConfig`.

    Raises:
        DataError: If a list, a file or a whole split is missing; the message names it.
    """
    try:
        train, scored = _packed(config) if Path(config.data).is_file() else _found(config)
    except ValueError as error:  # a set or fold that there is not
        raise DataError(str(error)) from None
    if config.selection == "held_out":
        order = np.random.default_rng(0).permutation(len(train))
        held = set(order[: max(1, len(train) // HELD_SHARE)].tolist())
        scored = [video for i, video in enumerate(train) if i in held]
        train = [video for i, video in enumerate(train) if i not in held]
    for videos, what in ((train, "train on"), (scored, "choose the weights on")):
        if not videos:
            raise DataError(
                f"{config.data}: no video to {what}; `vinet data check` says what there is, "
                "--selection held_out takes a tenth of the training videos"
            )
    sound = any(stage.clips.needs_sound for stage in config.stages if stage.clips)
    require_files([*train, *scored], fixations=bool(config.weights.nss), sound=sound)
    return train, scored


class RunData(lightning.LightningDataModule):
    """The loaders of one stage. Each process of several gets its own part of every epoch.

    Args:
        train: Samples asked for by (epoch, index).
        held: Samples to score.
        config: The run.
        stage: The stage.
    """

    def __init__(
        self, train: Dataset[Sample], held: Dataset[Sample], config: TrainConfig, stage: Stage
    ) -> None:
        super().__init__()
        self.train_samples = train
        self.held_samples = held
        self.seed = config.seed
        self.batch = config.batch
        self.workers = config.workers
        # Ground truth of videos is scored at its own size, which differs from set to set.
        self.held_batch = config.batch if stage.clips is None else 1

    def steps(self, processes: int) -> int:
        """Return the optimiser steps of an epoch."""
        share = len(self.train_samples) // processes  # type: ignore[arg-type]
        if share == 0:
            raise DataError(
                f"{len(self.train_samples)} training samples "  # type: ignore[arg-type]
                f"cannot be shared by {processes} processes"
            )
        return max(1, share // self.batch)

    def train_dataloader(self) -> DataLoader[Sample]:
        """Return this process's part of an epoch; a batch that is not full is left out."""
        rank, processes = self._place()
        length = len(self.train_samples)  # type: ignore[arg-type]
        sampler = EpochSampler(length, self.seed, rank, processes)
        full = len(sampler) >= self.batch
        return self._loader(self.train_samples, self.batch, sampler=sampler, drop_last=full)

    def val_dataloader(self) -> DataLoader[Sample]:
        """Return this process's part of what is held out.

        All processes get as many, or they would wait for each other: some repeat a sample.
        """
        rank, processes = self._place()
        length = len(self.held_samples)  # type: ignore[arg-type]
        share = -(-length // processes)
        mine = [i % length for i in range(rank, share * processes, processes)]
        return self._loader(Subset(self.held_samples, mine), self.held_batch)

    def _place(self) -> tuple[int, int]:
        if self.trainer is None:
            return 0, 1
        return self.trainer.global_rank, self.trainer.world_size

    def _loader(self, samples: Dataset[Sample], batch: int, **options: Any) -> DataLoader[Sample]:
        return DataLoader(samples, batch_size=batch, num_workers=self.workers, **options)


def stage_data(config: TrainConfig, stage: Stage, split: Split | VideoSplit) -> RunData:
    """Return the loaders of a stage for what :func:`split_stills` or `split_videos` gave."""
    kept, held = split
    if stage.clips is None:
        # A streaming network takes one frame for a standing scene; others need it repeated.
        frames = 1 if model_spec(config.model).streaming else stage.making.frames
        return RunData(
            MadeSamples(kept, stage.making, config.seed),  # type: ignore[arg-type]
            StillSamples(held, frames, stage.making.size),  # type: ignore[arg-type]
            config,
            stage,
        )
    return _video_data(config, stage, stage.clips, split)  # type: ignore[arg-type]


def _video_data(
    config: TrainConfig, stage: Stage, clips: ClipSampling, split: VideoSplit
) -> RunData:
    kept, held = split
    looked = bool(config.weights.nss)
    # What chooses the weights may hear the training's sounds shuffled in, but not the reverse.
    trained, scored = (
        ClipSounds(clips.audio, config.seed, others, clips.audio_std, _sound_form(config))
        if clips.audio
        else None
        for others in (kept, [*held, *kept])
    )
    if clips.plan == "stavis":
        return RunData(
            StavisClips(kept, clips, config.seed, fixations=looked, sounds=trained),
            StavisValidationClips(held, clips, fixations=looked, sounds=scored),
            config,
            stage,
        )
    return RunData(
        VideoClips(kept, clips, config.seed, fixations=looked, sounds=trained),
        ValidationClips(held, clips, fixations=looked, sounds=scored),
        config,
        stage,
    )


def _sound_form(config: TrainConfig) -> SoundForm:
    """Return how a network that hears takes sound; its shapes are made, not its weights."""
    with torch.device("meta"):
        model: Any = create_model(config.model, **config.options)
    form: SoundForm = model.sound_form
    return form


def _found(config: TrainConfig) -> VideoSplit:
    root = Path(config.data)
    sets = choose_sets(root, config.sets)
    if not config.sets and len(sets) > 1:
        # AVE's videos are those of DIEM and Coutrot; MVVA trains by itself.
        sets = [found for found in sets if found.joint]
    train = _videos(root, sets, ["train"] * len(sets), config)
    if config.selection == "held_out":
        return train, []
    return train, _videos(root, sets, [found.selection for found in sets], config)


def _videos(
    root: Path, sets: Sequence[VideoSet], splits: Sequence[str], config: TrainConfig
) -> list[VideoRecord]:
    pairs = zip(sets, splits, strict=True)
    return [v for s, split in pairs for v in find_videos(root, s, split, config.video_fold)]


def _packed(config: TrainConfig) -> VideoSplit:
    records = read_video_pack(Path(config.data))
    if config.sets:
        records = [record for record in records if record.set_name in config.sets]
    train = [record for record in records if record.split == "train"]
    return train, [record for record in records if record.split != "train"]
