# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What each choice in vinet_lite's recipe for stills is worth: one thing changed at a time.

Each choice is trained once for each fold of the train split, on smaller pictures and for fewer
epochs than the bundled weights, so that all of them together take hours and not days. A choice
is compared with the recipe fold by fold: what the folds have in common falls out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from numpy.typing import NDArray

from vinet_ros.networks import load_model
from vinet_ros.preprocess import resize_rgb
from vinet_ros.runtime.benchmark_report import write_atomically
from vinet_ros.training.augment import Augmentation
from vinet_ros.training.config import Stage, TrainConfig
from vinet_ros.training.held_out import HELD_OUT_FILE, HeldOutRow, load_rows, save_rows
from vinet_ros.training.losses import LossWeights
from vinet_ros.training.run_data import split_stills
from vinet_ros.training.scoring import score_stills, static_predict

TABLE_FILE = "ablation.md"
RECIPE = "recipe"
"""Name of the unchanged recipe, with which all others are compared."""

STILLS = "stills"
ENSEMBLE = "ensemble"
_MEMBERS = (RECIPE, "seed1", "seed2")

Change = Callable[[TrainConfig], TrainConfig]


@dataclass(frozen=True, slots=True)
class Choice:
    """One row of the table.

    Attributes:
        name: Folder of its runs.
        says: What is different, for people.
        change: Turns the recipe's config into its own.
    """

    name: str
    says: str
    change: Change


def _stage(**changes: object) -> Change:
    """Return a change of the stage."""
    return lambda config: replace(
        config,
        stages=tuple(replace(s, **changes) for s in config.stages),  # type: ignore[arg-type]
    )


def _run(**changes: object) -> Change:
    """Return a change of the run."""
    return lambda config: replace(config, **changes)  # type: ignore[arg-type]


def _option(**options: object) -> Change:
    return lambda config: replace(config, options={**config.options, **options})


def _seen_differently(augmentation: Augmentation) -> Change:
    def change(config: TrainConfig) -> TrainConfig:
        stages = (
            replace(stage, making=replace(stage.making, augmentation=augmentation))
            for stage in config.stages
        )
        return replace(config, stages=tuple(stages))

    return change


def _longer(config: TrainConfig) -> TrainConfig:
    """Train twice as long."""
    stages = (replace(stage, epochs=2 * stage.epochs) for stage in config.stages)
    return replace(config, stages=tuple(stages))


def _both(first: Change, second: Change) -> Change:
    return lambda config: second(first(config))


def _taught(config: TrainConfig) -> TrainConfig:
    """Learn half from the mean map of three networks that never saw the fold either."""
    files = (str(_member(config, name) / "weights.safetensors") for name in _MEMBERS)
    return _stage(teacher_share=0.5)(replace(config, teacher=",".join(files)))


CHOICES = (
    Choice(RECIPE, "the recipe", lambda config: config),
    Choice("seed1", "another seed", _run(seed=1)),
    Choice("encoder_frozen", "encoder frozen", _stage(encoder="none", encoder_rate=0.0)),
    Choice("no_dropout", "no feature channels dropped", _stage(feature_dropout=0.0)),
    Choice("kldiv", "loss KLDiv alone, as in both papers", _run(weights=LossWeights(1.0))),
    Choice("lite2", "encoder EfficientNet-Lite2", _option(encoder="lite2")),
    Choice(
        "mirror_only",
        "only mirrored: no crops, the same light",
        _seen_differently(Augmentation(zoom=0.0, jitter=0.0)),
    ),
    Choice("no_mean", "last weights instead of their running mean", _run(ema_decay=0.0)),
    Choice("wide", "decoder of width 64 instead of 48", _option(width=64)),
    Choice("narrow", "decoder of width 32", _option(width=32)),
    Choice("seed2", "a third seed", _run(seed=2)),
    Choice(ENSEMBLE, "mean map of the three seeds", lambda config: config),
    Choice("distilled", "half of the ground truth is that mean map", _taught),
    Choice("encoder_whole", "the whole encoder learns", _stage(encoder="all")),
    Choice("half_dropout", "a tenth of the feature channels dropped", _stage(feature_dropout=0.1)),
    Choice("lite1", "encoder EfficientNet-Lite1", _option(encoder="lite1")),
    Choice(
        "lite2_whole",
        "encoder EfficientNet-Lite2, and the whole of it learns",
        _both(_option(encoder="lite2"), _stage(encoder="all")),
    ),
    Choice("longer", "twice as many epochs", _longer),
)


def find_choices(names: Sequence[str]) -> list[Choice]:
    """Return choices by name, in the table's order; all of them for no names.

    Raises:
        ValueError: If there is none of a name.
    """
    known = [choice.name for choice in CHOICES]
    for name in names:
        if name not in known:
            raise ValueError(f"choice must be one of {', '.join(known)}, got {name!r}")
    return [choice for choice in CHOICES if not names or choice.name in names]


def base_config(config: TrainConfig, size: tuple[int, int], epochs: int) -> TrainConfig:
    """Return the recipe as it is compared: the first stage alone, smaller and shorter.

    Args:
        config: Of the whole recipe on stills.
        size: Height and width of the pictures.
        epochs: Passes.

    Raises:
        ValueError: If the run learns from videos, or the size is none that the network takes.
    """
    first = config.stages[0]
    if first.clips is not None or config.model != "vinet_lite":
        raise ValueError("the ablation is of vinet_lite's recipe for stills")
    stage: Stage = replace(
        first, name=STILLS, epochs=epochs, making=replace(first.making, size=size)
    )
    return replace(config, stages=(stage,))


def run_choice(
    choice: Choice, base: TrainConfig, run: Callable[[TrainConfig], object]
) -> Iterator[int]:
    """Train and score a choice for each fold that is not done; yield the folds as they end.

    Args:
        choice: Which.
        base: From :func:`base_config`; its folder holds a folder a choice.
        run: Trains a config.
    """
    for fold in range(base.folds):
        folder = Path(base.out) / choice.name / f"fold{fold}"
        config = choice.change(replace(base, fold=fold, out=str(folder)))
        if choice.name == ENSEMBLE:
            _score_ensemble(config)
        else:
            run(config)
        yield fold


def _member(config: TrainConfig, name: str) -> Path:
    """Return the folder of another choice's run on the same fold."""
    folder = Path(config.out)
    return folder.parent.parent / name / folder.name


def _score_ensemble(config: TrainConfig) -> None:
    target = Path(config.out) / STILLS / HELD_OUT_FILE
    if target.is_file():
        return
    files = [_member(config, name) / "weights.safetensors" for name in _MEMBERS]
    predicts = [static_predict(load_model(config.model, file)) for file in files]

    def predict(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        maps = [answer(images) for answer in predicts]
        shares = [m / m.sum(axis=(1, 2), keepdims=True) for m in maps]
        return np.asarray(np.mean(shares, axis=0), np.float32)

    _, held = split_stills(config)
    images = [resize_rgb(s.load_rgb(), config.stages[0].making.size) for s in held]
    scores = score_stills(predict, held, images=images).means()
    values = (scores[name] for name in ("CC", "NSS", "KLDiv", "SIM", "AUC-J"))
    target.parent.mkdir(parents=True, exist_ok=True)
    save_rows(target, [HeldOutRow(STILLS, 0.0, True, *values)])


def write_table(out: Path, folds: int) -> Path:
    """Write ``ablation.md`` of the choices whose folds are all done.

    Raises:
        ValueError: If the recipe itself is not done: nothing could be compared.
    """
    done = {choice.name: _rows(out / choice.name, folds) for choice in CHOICES}
    if not done[RECIPE]:
        raise ValueError(f"{out / RECIPE}: not every fold is done; run the choice {RECIPE} first")
    lines = [
        "| choice | CC | to the recipe | folds better | NSS | KLDiv | SIM | AUC-Judd |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(_line(c, done[c.name], done[RECIPE]) for c in CHOICES if done[c.name]),
    ]
    path = out / TABLE_FILE
    write_atomically(path, "\n".join(lines) + "\n")
    return path


def _rows(folder: Path, folds: int) -> list[HeldOutRow]:
    files = [folder / f"fold{fold}" / STILLS / HELD_OUT_FILE for fold in range(folds)]
    return [load_rows(file)[0] for file in files] if all(f.is_file() for f in files) else []


def _line(choice: Choice, rows: Sequence[HeldOutRow], recipe: Sequence[HeldOutRow]) -> str:
    means = {
        name: mean(getattr(row, name) for row in rows)
        for name in ("cc", "nss", "kldiv", "sim", "auc_judd")
    }
    changes = [row.cc - other.cc for row, other in zip(rows, recipe, strict=True)]
    if choice.name == RECIPE:
        against, better = "", ""
    else:
        against = f"{mean(changes):+.4f} (sd {stdev(changes):.4f})"
        better = f"{sum(change > 0 for change in changes)} of {len(changes)}"
    scores = " | ".join(f"{means[name]:.3f}" for name in ("nss", "kldiv", "sim", "auc_judd"))
    return f"| {choice.says} | {means['cc']:.4f} | {against} | {better} | {scores} |"
