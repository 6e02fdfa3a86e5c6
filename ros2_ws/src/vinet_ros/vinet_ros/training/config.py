# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""One training run as data: kept in the run's folder, and enough to repeat it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from vinet_ros.errors import DataError
from vinet_ros.training.augment import Augmentation
from vinet_ros.training.losses import LossWeights
from vinet_ros.training.samples import ClipMaking
from vinet_ros.training.video_samples import ClipSampling

ENCODER_PARTS = ("none", "upper", "all")
OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("one_cycle", "constant", "steps")
KEPT = ("last", "best")
SELECTIONS = ("authors", "held_out")


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of a run: its own data, learning rates and trained layers.

    Attributes:
        name: Folder name of its checkpoints.
        epochs: Passes over the training stills.
        learning_rate: Peak of the one-cycle schedule, for all but the encoder.
        encoder_rate: The same for the encoder.
        encoder: What of it learns: "none", "upper" (strides 16 and 32, the depthwise kernels
            kept) or "all".
        making: How stills become samples.
        clips: How videos become samples; None trains on stills.
        optimizer: "adamw", "adam" or "sgd" (STAViS').
        schedule: "one_cycle", "constant", or "steps": a tenth at 29 and at 44 of 60 parts of the
            stage.
        keep: The weights of the "last" epoch, or those of the "best" KLDiv on what is held out.
        patience: Epochs without a better KLDiv after which the stage ends; 0 never ends early.
        feature_dropout: Share of the encoder's channels that each clip goes without in training,
            0..1; for networks that keep features of a frame.
        return_share: How far the weights go back, at the stage's end, towards those from before
            it, 0..1; what only a scene in motion reaches stays as the stage left it.
        teacher_share: How much of the ground truth is the run's teacher's instead of people's,
            0..1; validation is always with people.
    """

    name: str
    epochs: int
    learning_rate: float
    encoder_rate: float = 0.0
    encoder: str = "none"
    making: ClipMaking = field(default_factory=ClipMaking)
    clips: ClipSampling | None = None
    optimizer: str = "adamw"
    schedule: str = "one_cycle"
    keep: str = "last"
    patience: int = 0
    feature_dropout: float = 0.0
    return_share: float = 0.0
    teacher_share: float = 0.0

    def __post_init__(self) -> None:
        for what, value, known in (
            ("encoder", self.encoder, ENCODER_PARTS),
            ("optimizer", self.optimizer, OPTIMIZERS),
            ("schedule", self.schedule, SCHEDULES),
            ("keep", self.keep, KEPT),
        ):
            if value not in known:
                raise ValueError(
                    f"stage {self.name}: {what} must be one of {', '.join(known)}, got {value!r}"
                )
        if not 0 <= self.feature_dropout < 1:
            raise ValueError(
                f"stage {self.name}: feature_dropout must be at least 0 and below 1, "
                f"got {self.feature_dropout}"
            )
        for what in ("return_share", "teacher_share"):
            if not 0 <= getattr(self, what) <= 1:
                raise ValueError(
                    f"stage {self.name}: {what} must be 0 to 1, got {getattr(self, what)}"
                )
        if self.epochs < 1 or self.learning_rate <= 0:
            raise ValueError(
                f"stage {self.name}: epochs and learning_rate must be positive, "
                f"got {self.epochs} and {self.learning_rate}"
            )


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run uses of the machines there are; Lightning's own options.

    Attributes:
        accelerator: "auto", "cpu", "gpu" ...
        devices: How many a machine, or which: "auto", "2", "0,1".
        nodes: Number of machines.
        strategy: "auto", "ddp" or another of its kind; sharded ones cannot be saved as one file.
    """

    accelerator: str = "auto"
    devices: str = "auto"
    nodes: int = 1
    strategy: str = "auto"


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A whole run.

    Attributes:
        data: Folder or packed file of stills with fixations, or of video data sets.
        out: The run's folder.
        model: Name in the catalog.
        options: The network's options.
        init: Weight file to start from; empty starts from ImageNet (vinet_lite) or chance.
        encoder_weights: Where `init` is empty: Kinetics file for the S3D encoder; for vinet_lite
            a weight file of its own, or "bundled", whose encoder is taken.
        visual_weights: ViNet file for the visual part of a fresh AViNet.
        audio_weights: File for the sound encoder of a fresh AViNet, or of STAViS.
        teacher: Weight file of a network whose maps are learned in stages with a `teacher_share`;
            "bundled" is the vinet_lite of the package. Of several, joined by commas, the mean.
        stages: The parts, one after the other.
        batch: Samples a step.
        weights: What the loss is made of.
        weight_decay: Of AdamW.
        ema_decay: Of the running mean of the weights, which is what is kept.
        precision: Lightning's: "32-true", "bf16-mixed", "16-mixed".
        seed: Of everything random.
        folds: Parts of the train split for cross-validation.
        fold: Which part is held out and scored; -1 trains on the whole train split.
        workers: Processes that prepare samples beside the training.
        threads: CPU threads of the training; 0 leaves torch's choice.
        sets: Video data sets that train together; empty takes those that the folder holds.
        video_fold: Cross-validation fold of the video sets that have several.
        selection: What videos choose the weights on: "authors" takes the split that the papers
            took, the test lists of all sets but DHF1K and AVE; "held_out" a tenth of train.
        gradient_clip: Largest norm of the gradient; 0 leaves it.
        machine: What the run uses of the machines there are.
        epoch_steps: Most optimiser steps of an epoch; nothing is scored after them, so the last
            weights are kept. 0 takes all there are. For a run that only shows that all works.
    """

    data: str
    out: str
    model: str = "vinet_lite"
    options: dict[str, Any] = field(default_factory=dict)
    init: str = ""
    stages: tuple[Stage, ...] = ()
    batch: int = 16
    weights: LossWeights = field(default_factory=lambda: LossWeights(1.0, 0.5, 0.1))
    weight_decay: float = 0.01
    ema_decay: float = 0.995
    precision: str = "bf16-mixed"
    seed: int = 0
    folds: int = 5
    fold: int = -1
    workers: int = 1
    threads: int = 0
    encoder_weights: str = ""
    visual_weights: str = ""
    audio_weights: str = ""
    sets: tuple[str, ...] = ()
    video_fold: str = "1"
    selection: str = "authors"
    gradient_clip: float = 1.0
    machine: Machine = field(default_factory=Machine)
    teacher: str = ""
    epoch_steps: int = 0

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("a run needs at least one stage, got none")
        taught = [stage.name for stage in self.stages if stage.teacher_share]
        if taught and not self.teacher:
            raise ValueError(f"stage {taught[0]} has a teacher_share, but the run has no teacher")
        if len({stage.clips is None for stage in self.stages}) > 1:
            raise ValueError("the stages of one run learn all from stills or all from videos")
        if self.selection not in SELECTIONS:
            raise ValueError(
                f"selection must be one of {', '.join(SELECTIONS)}, got {self.selection!r}"
            )
        if self.epoch_steps and any(stage.keep == "best" for stage in self.stages):
            raise ValueError(
                "epoch_steps leave nothing to choose the best epoch by; keep the last"
            )
        if not -1 <= self.fold < self.folds:
            raise ValueError(
                f"fold must be -1 (none held out) to {self.folds - 1}, got {self.fold}"
            )

    def save(self, path: Path) -> None:
        """Write the config as YAML."""
        path.write_text(yaml.safe_dump(_plain(asdict(self)), sort_keys=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> TrainConfig:
        """Read a config; inverse of :meth:`save`.

        Raises:
            DataError: If the file is missing, no YAML, or holds a wrong or unknown entry.
        """
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
            stages = tuple(_stage(entry) for entry in values.pop("stages"))
            weights = LossWeights(**values.pop("weights"))
            machine = Machine(**values.pop("machine", {}))
            sets = tuple(values.pop("sets", ()))
            return cls(stages=stages, weights=weights, machine=machine, sets=sets, **values)
        except FileNotFoundError:
            raise DataError(f"{path}: no such file; expected a run's config.yaml") from None
        except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: not a training config ({error})") from None


def default_stages(frames: int) -> tuple[Stage, ...]:
    """Return the recipe of the bundled vinet_lite: what stands still first, then what moves.

    Args:
        frames: The network's clip length; 1 leaves the second part out.
    """
    changes = Augmentation(zoom=0.4, jitter=0.3)
    standing = ClipMaking(augmentation=changes)
    still = Stage("stills", 10, 2e-3, 3e-4, "upper", standing, feature_dropout=0.2)
    if frames == 1:
        return (still,)
    moving = ClipMaking(
        frames=frames,
        mover_share=0.6,
        mover_weight=0.85,
        camera_share=0.6,
        faint_share=0.4,
        augmentation=changes,
    )
    motion = Stage("motion", 3, 1e-3, making=moving, feature_dropout=0.1, return_share=0.75)
    return (still, motion)


def _stage(entry: dict[str, Any]) -> Stage:
    making = dict(entry.pop("making"))
    augmentation = Augmentation(**making.pop("augmentation"))
    for name in ("mover_pixels", "mover_speed", "camera_speed", "size"):  # YAML has no tuples
        if name in making:
            making[name] = tuple(making[name])
    clips = entry.pop("clips", None)
    return Stage(
        making=ClipMaking(augmentation=augmentation, **making),
        clips=ClipSampling(**clips) if clips else None,
        **entry,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
