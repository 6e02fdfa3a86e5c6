# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Pictures of a run for people: its curves and some maps, drawn anew after each epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from vinet_ros.preprocess import IMAGENET_PIXELS, PixelScale
from vinet_ros.training.samples import Sample

SHOWN = 4
_PANELS = (("loss", ("train_loss", "val_total")), ("KLDiv", ("val_kldiv",)),
           ("CC, SIM", ("val_cc", "val_sim")), ("NSS", ("val_nss",)))  # fmt: skip


class RunPictures(lightning.Callback):
    """Draws ``curves.png`` and ``samples.png``: newest frame, where people looked, the map.

    The history goes into the checkpoints, so a resumed run draws the whole of it.

    Args:
        folder: Where they go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history: list[dict[str, float]] = []

    def state_dict(self) -> dict[str, Any]:
        """Return the figures of every epoch so far."""
        return {"history": self.history}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the figures of the epochs before."""
        self.history = list(state_dict["history"])

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Draw the maps here: the weights are those that are scored."""
        if trainer.is_global_zero:
            self.folder.mkdir(parents=True, exist_ok=True)
            draw_samples(self.folder / "samples.png", _samples(trainer), pl_module)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Note the epoch's figures, the training loss among them, and draw the curves."""
        figures = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.history.append({"epoch": float(trainer.current_epoch), **figures})
        if trainer.is_global_zero:
            self.folder.mkdir(parents=True, exist_ok=True)
            draw_curves(self.folder / "curves.png", self.history)


def draw_curves(path: Path, history: list[dict[str, float]]) -> None:
    """Draw one panel a measure, over the epochs."""
    figure = Figure(figsize=(12, 3), layout="constrained")
    for i, (title, names) in enumerate(_PANELS):
        axes = figure.add_subplot(1, len(_PANELS), i + 1)
        for name in names:
            points = [(row["epoch"] + 1, row[name]) for row in history if name in row]
            if points:
                axes.plot(*zip(*points, strict=True), marker=".", label=name)
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if axes.lines:
            axes.legend(fontsize="small")
    _save(figure, path)


def draw_samples(path: Path, samples: list[Sample], module: lightning.LightningModule) -> None:
    """Draw a row a sample: newest frame, ground truth, prediction."""
    figure = Figure(figsize=(9, 1.8 * len(samples)), layout="constrained")
    scale = getattr(getattr(module, "model", None), "pixel_scale", IMAGENET_PIXELS)
    for i, sample in enumerate(samples):
        batch = {name: value[None].to(module.device) for name, value in sample.items()}
        with torch.no_grad():
            predicted = module.predict(batch)[0].cpu().numpy()  # type: ignore[operator]
        pictures = (_rgb(sample["clip"], scale), sample["density"].numpy(), predicted)
        for j, (title, picture) in enumerate(
            zip(("newest frame", "people", "network"), pictures, strict=True)
        ):
            axes = figure.add_subplot(len(samples), 3, 3 * i + j + 1)
            axes.imshow(picture, aspect="auto")
            axes.set_axis_off()
            if i == 0:
                axes.set_title(title)
    _save(figure, path)


def _samples(trainer: lightning.Trainer) -> list[Sample]:
    loader = trainer.val_dataloaders
    assert isinstance(loader, torch.utils.data.DataLoader)
    held = loader.dataset
    count = len(held)  # type: ignore[arg-type]
    return [held[i] for i in np.linspace(0, count - 1, min(SHOWN, count)).astype(int).tolist()]


def _rgb(clip: torch.Tensor, scale: PixelScale) -> NDArray[np.float32]:
    newest = clip[:, -1].permute(1, 2, 0).numpy()  # (H, W, 3)
    return np.clip((newest + scale.shift) / scale.scale / 255, 0, 1).astype(np.float32)


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    partial = path.with_name(f".{path.name}.partial")
    figure.savefig(partial, format="png", dpi=100)
    partial.replace(path)  # a viewer never meets half a picture
