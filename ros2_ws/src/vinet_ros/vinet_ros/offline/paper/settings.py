# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How tables are reproduced, and the folder that they go to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vinet_ros.errors import DataError
from vinet_ros.offline.evaluate_request import ALL_FOLDS
from vinet_ros.offline.evaluate_windows import FIRST_FRAMES
from vinet_ros.runtime.benchmark_report import write_atomically

SETTINGS_FILE = "settings.json"
_OF_WEIGHTS = ("smoke", "epochs", "batch", "seed", "from_chance", "precision")


@dataclass(frozen=True, slots=True)
class PaperSettings:
    """How tables are reproduced.

    Attributes:
        data: Folders with the video sets, or whose folders have them.
        out: Where everything goes.
        weights: Folder with weight files, ours by the names of runs and the public ones by
            theirs; None for none.
        train: Whether to train what there are no weights of.
        from_chance: Whether to train without the public files that a training begins with.
        fold: Of the sets with folds; "all" trains and scores the first three.
        first_frames: See :data:`~vinet_ros.offline.evaluate_windows.FIRST_FRAMES`.
        every: Score every so many frames.
        limit: Score the first so many videos of a set's split; 0: all.
        sets: Score networks on the first so many sets of a group; 0: all. Baselines on all.
        epochs: Of each training; 0: the recipe's.
        batch: Clips a step; 0: the recipe's.
        epoch_steps: See :class:`~vinet_ros.training.config.TrainConfig`.
        size: Height and width of the clips that train the networks that take any; None: the
            recipe's.
        precision: Of each training; empty: the recipe's.
        workers: Processes that prepare samples.
        seed: Of everything random.
        device: For the evaluation: "auto", "cpu", "cuda" or "cuda:n".
        path: How a network is executed in the evaluation: "auto", "torch" or "openvino".
        jobs: Processes of the evaluation.
        smoke: Whether this only shows that everything runs; its numbers then say nothing.
        progress: Whether trainings show a bar.
    """

    data: tuple[Path, ...]
    out: Path
    weights: Path | None = None
    train: bool = True
    from_chance: bool = False
    fold: str = ALL_FOLDS
    first_frames: str = "authors"
    every: int = 1
    limit: int = 0
    sets: int = 0
    epochs: int = 0
    batch: int = 0
    epoch_steps: int = 0
    size: tuple[int, int] | None = None
    precision: str = ""
    workers: int = 1
    seed: int = 0
    device: str = "auto"
    path: str = "auto"
    jobs: int = 1
    smoke: bool = False
    progress: bool = False

    def __post_init__(self) -> None:
        if not self.data:
            raise ValueError("expected a folder with video sets, got none; give --data DIR")
        absent = [str(path) for path in self.data if not path.is_dir()]
        if absent:
            raise DataError(f"{absent[0]}: no such folder; expected one with video sets in it")
        if self.weights is not None and not self.weights.is_dir():
            raise DataError(f"{self.weights}: no such folder; expected one with weight files")
        if self.fold not in (ALL_FOLDS, "1", "2", "3"):
            raise ValueError(f"fold must be 1, 2, 3 or {ALL_FOLDS}, got {self.fold!r}")
        if self.first_frames not in FIRST_FRAMES:
            raise ValueError(
                f"no rule {self.first_frames!r} for first frames; rules: {', '.join(FIRST_FRAMES)}"
            )
        for name in ("every", "jobs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    @property
    def runs(self) -> Path:
        """Folder of all trained networks; tables share them."""
        return self.out / "runs"

    @property
    def cache(self) -> Path:
        """Folder of what was measured."""
        return self.out / "cache"

    def claim(self) -> None:
        """Note in the folder how its networks are trained, or refuse one trained otherwise.

        Raises:
            DataError: If the folder holds networks of other settings; the message names which.
        """
        mine: dict[str, Any] = {name: asdict(self)[name] for name in _OF_WEIGHTS}
        path = self.out / SETTINGS_FILE
        try:
            there = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            write_atomically(path, json.dumps(mine, indent=1) + "\n")
            return
        except ValueError as error:
            raise DataError(f"{path}: not readable ({error}); give another --out") from None
        other = [f"{name} {there.get(name)!r}" for name in mine if there.get(name) != mine[name]]
        if other:
            raise DataError(
                f"{self.out}: holds networks trained with {', '.join(other)}; give another --out"
            )
