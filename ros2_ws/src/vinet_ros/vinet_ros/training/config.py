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

ENCODER_PARTS = ("none", "upper", "all")


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
    """

    name: str
    epochs: int
    learning_rate: float
    encoder_rate: float = 0.0
    encoder: str = "none"
    making: ClipMaking = field(default_factory=ClipMaking)

    def __post_init__(self) -> None:
        if self.encoder not in ENCODER_PARTS:
            raise ValueError(
                f"stage {self.name}: encoder must be one of {', '.join(ENCODER_PARTS)}, "
                f"got {self.encoder!r}"
            )
        if self.epochs < 1 or self.learning_rate <= 0:
            raise ValueError(
                f"stage {self.name}: epochs and learning_rate must be positive, "
                f"got {self.epochs} and {self.learning_rate}"
            )


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A whole run.

    Attributes:
        data: Folder of stills with fixations.
        out: The run's folder.
        model: Name in the catalog.
        options: The network's options.
        init: Weight file to start from; empty starts from ImageNet (vinet_lite) or chance.
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

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("a run needs at least one stage, got none")
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
            return cls(stages=stages, weights=weights, **values)
        except FileNotFoundError:
            raise DataError(f"{path}: no such file; expected a run's config.yaml") from None
        except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: not a training config ({error})") from None


def default_stages(frames: int) -> tuple[Stage, ...]:
    """Return the recipe of the bundled vinet_lite: what stands still first, then what moves.

    Args:
        frames: The network's clip length; 1 leaves the second part out.
    """
    still = Stage("stills", 10, 2e-3, 4e-4, "upper")
    moving = ClipMaking(frames=frames, mover_share=0.5, camera_share=0.6)
    if frames == 1:
        return (still,)
    return (still, Stage("motion", 3, 1e-3, making=moving))


def _stage(entry: dict[str, Any]) -> Stage:
    making = dict(entry.pop("making"))
    augmentation = Augmentation(**making.pop("augmentation"))
    return Stage(making=ClipMaking(augmentation=augmentation, **making), **entry)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
