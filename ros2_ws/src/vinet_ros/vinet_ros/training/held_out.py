# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a held-out fold says of each stage, and what all folds together say of a recipe."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import mean, stdev

from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor, nn

from vinet_ros.errors import DataError
from vinet_ros.preprocess import INPUT_SIZE, resize_rgb
from vinet_ros.runtime.benchmark_report import write_atomically
from vinet_ros.training.config import Stage, TrainConfig
from vinet_ros.training.datasets import Still
from vinet_ros.training.module import return_towards
from vinet_ros.training.scoring import score_stills, static_predict

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How far back towards the weights before it a stage that goes back is scored."""

HELD_OUT_FILE = "held_out.csv"
FOLDS_FILE = "folds.md"


@dataclass(frozen=True, slots=True)
class HeldOutRow:
    """Scores of one state of a network on the stills of a fold that it never saw.

    Attributes:
        stage: Name of the stage that the state comes from.
        return_share: How far it went back towards the state before the stage, 0..1.
        taken: Whether this is the state that the run went on with.
        cc: Mean over images, as those that follow; see docs/training.md.
        nss: Normalised scanpath saliency.
        kldiv: Divergence.
        sim: Overlap.
        auc_judd: Area under the curve, each fixation counted.
    """

    stage: str
    return_share: float
    taken: bool
    cc: float
    nss: float
    kldiv: float
    sim: float
    auc_judd: float


def score_held_out(
    model: nn.Module,
    stage: str,
    return_share: float,
    taken: bool,
    stills: Sequence[Still],
    size: tuple[int, int] = INPUT_SIZE,
) -> HeldOutRow:
    """Score a network on stills, seen at a size; its mode is left as it was."""
    training = model.training
    images = [resize_rgb(still.load_rgb(), size) for still in stills]
    scores = score_stills(static_predict(model.eval()), stills, images=images).means()
    model.train(training)
    values = (scores[name] for name in ("CC", "NSS", "KLDiv", "SIM", "AUC-J"))
    return HeldOutRow(stage, return_share, taken, *values)


@rank_zero_only
def score_stage(
    model: nn.Module,
    stage: Stage,
    before: Mapping[str, Tensor],
    held: Sequence[Still],
    folder: Path,
) -> None:
    """Write what a held-out fold says of a stage, and of going back from it by each share.

    Args:
        model: As the stage left it; it is left so.
        stage: The stage.
        before: The network's state before the stage.
        held: The stills of the fold.
        folder: Of the stage.
    """
    after = {name: value.clone() for name, value in model.state_dict().items()}
    shares = {*SHARES, stage.return_share} if stage.return_share else {0.0}
    rows = []
    for share in sorted(shares):
        return_towards(model, before, share)
        taken = share == stage.return_share
        rows.append(score_held_out(model, stage.name, share, taken, held, stage.making.size))
        model.load_state_dict(after)
    save_rows(folder / HELD_OUT_FILE, rows)


def save_rows(path: Path, rows: Sequence[HeldOutRow]) -> None:
    """Write rows as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(HeldOutRow)]
    writer.writerow(names)
    writer.writerows([getattr(row, name) for name in names] for row in rows)
    write_atomically(path, text.getvalue())


def load_rows(path: Path) -> list[HeldOutRow]:
    """Read rows; inverse of :func:`save_rows`.

    Raises:
        DataError: If the file is missing or holds something else.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_row(entry) for entry in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: no scores of a held-out fold ({error!r}); delete its stage's folder and "
            "run the fold again"
        ) from None


def cross_validate(config: TrainConfig, run: Callable[[TrainConfig], object]) -> Path:
    """Train once for each fold, each held out in turn, and write what they say together.

    Folds that are done are not trained again, so several processes or machines may each have
    trained some of them, as runs of their own in ``OUT/fold0`` and so on.

    Args:
        config: The recipe; its fold and folder are replaced.
        run: Trains a config.

    Returns:
        The table, ``OUT/folds.md``.

    Raises:
        ValueError: If the data are videos, which have folds of their own.
    """
    if config.stages[0].clips is not None:
        raise ValueError("cross-validation is for stills; video sets have --video-fold")
    out = Path(config.out)
    found = []
    for fold in range(config.folds):
        folder = out / f"fold{fold}"
        run(replace(config, fold=fold, out=str(folder)))
        files = [folder / stage.name / HELD_OUT_FILE for stage in config.stages]
        found.append([row for file in files for row in load_rows(file)])
    table = out / FOLDS_FILE
    write_atomically(table, folds_table(found))
    return table


def folds_table(folds: Sequence[Sequence[HeldOutRow]]) -> str:
    """Return a Markdown table: means over the folds, and how far apart the folds' CC lie.

    Args:
        folds: The rows of each fold, in the same order.
    """
    lines = [
        "| stage | back | CC | folds | NSS | KLDiv | SIM | AUC-Judd |",
        "|---|---:|---:|---|---:|---:|---:|---:|",
    ]
    return "\n".join([*lines, *_lines(folds)]) + "\n"


def _lines(folds: Sequence[Sequence[HeldOutRow]]) -> Iterator[str]:
    for rows in zip(*folds, strict=True):
        first = rows[0]
        bold = "**" if first.taken else ""
        each = ", ".join(f"{row.cc:.3f}" for row in rows)
        spread = f" (sd {stdev(row.cc for row in rows):.3f})" if len(rows) > 1 else ""
        columns = [f"{mean(getattr(row, name) for row in rows):.3f}" for name in _SCORES]
        cc, *others = columns
        yield (
            f"| {bold}{first.stage}{bold} | {first.return_share:g} | {cc}{spread} | {each} | "
            f"{' | '.join(others)} |"
        )


_SCORES = ("cc", "nss", "kldiv", "sim", "auc_judd")


def _row(entry: dict[str, str]) -> HeldOutRow:
    return HeldOutRow(
        entry["stage"],
        float(entry["return_share"]),
        entry["taken"] == "True",
        *(float(entry[name]) for name in _SCORES),
    )
