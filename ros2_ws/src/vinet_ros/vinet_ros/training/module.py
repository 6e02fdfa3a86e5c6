# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The Lightning module: a saliency network, what of it learns, and its loss."""

from __future__ import annotations

from collections.abc import Mapping

import lightning
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vinet_ros.training.alignment import Alignment, align
from vinet_ros.training.config import Stage
from vinet_ros.training.losses import Losses, LossWeights, saliency_losses
from vinet_ros.training.samples import Sample
from vinet_ros.training.teacher import Teacher


class SaliencyModule(lightning.LightningModule):
    """Trains one stage of a network that gives maps (B, H, W) for clips (B, 3, T, H, W).

    Args:
        model: The network.
        stage: Learning rates and what of the encoder learns.
        weights: What the loss is made of.
        weight_decay: Of AdamW.
        steps: Optimiser steps of the whole stage, for the schedule.
        teacher: Whose maps a stage with a `teacher_share` learns.
    """

    def __init__(
        self,
        model: nn.Module,
        stage: Stage,
        weights: LossWeights,
        weight_decay: float,
        steps: int,
        teacher: Teacher | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.teacher = teacher if stage.teacher_share else None
        self.stage = stage
        self.loss_weights = weights
        self.weight_decay = weight_decay
        self.steps = steps
        select_trained(model, stage.encoder)

    def training_step(self, batch: Sample, _index: int) -> Tensor:
        """Return the loss of one batch."""
        if self.teacher is not None:
            maps = to_map_size(self.teacher.densities(batch["clip"]), batch["density"].shape[-2:])
            maps = maps / maps.flatten(1).sum(dim=1)[:, None, None]
            batch = self.teacher.teach(batch, self.stage.teacher_share, maps)
        losses = self._losses(batch)
        self._log("train_loss", losses.total, batch)
        self._log_alignment("train", losses, batch)
        return losses.total

    def validation_step(self, batch: Sample, _index: int) -> None:
        """Log the loss and its parts on what is held out; where nobody looked is left out."""
        looked = batch["density"].flatten(1).sum(dim=1) > 0
        batch = {name: values[looked] for name, values in batch.items()}
        if len(batch["clip"]) == 0:
            return
        losses = self._losses(batch)
        for name in ("total", "kldiv", "cc", "sim"):
            self._log(f"val_{name}", getattr(losses, name), batch)
        if batch["fixations"].any():
            self._log("val_nss", losses.nss, batch)
        self._log_alignment("val", losses, batch)

    def predict(self, batch: Sample) -> Tensor:
        """Return the maps (B, h, w) of a batch at the size of its ground truth."""
        return self._to_truth(self._answer(batch)[0], batch)

    def _answer(self, batch: Sample) -> tuple[Tensor, Alignment | None]:
        """Return the maps (B, H, W), and how strong sight and sound were where there is sound."""
        if "audio" not in batch:
            return self._map(batch["clip"]), None
        seen = self.model.see(batch["clip"])  # type: ignore[operator]
        heard = self.model.hear(batch["audio"])  # type: ignore[operator]
        return self.model.answer(seen, heard), align(seen[0], heard)  # type: ignore[operator]

    def _to_truth(self, maps: Tensor, batch: Sample) -> Tensor:
        predicted = maps.float()
        size = batch["density"].shape[-2:]
        if self.stage.clips is not None and not self.training:
            return as_authors_validate(predicted, size)
        return to_map_size(predicted, size)

    def _map(self, clip: Tensor) -> Tensor:
        share = self.stage.feature_dropout if self.training else 0.0
        if share == 0:
            return self.model(clip)  # type: ignore[no-any-return]
        batch, _, length = clip.shape[:3]
        kept = self.model.encode(clip.transpose(1, 2).flatten(0, 1))  # type: ignore[operator]
        stacked = (f.reshape(batch, length, *f.shape[1:]) for f in kept)
        return self.model.decode(tuple(drop_channels(f, share) for f in stacked))  # type: ignore[operator, no-any-return]

    def configure_optimizers(self) -> lightning.pytorch.utilities.types.OptimizerLRScheduler:
        """Return the stage's optimiser; one cycle of the learning rates goes step by step."""
        encoder = [p for n, p in self.model.named_parameters() if _of_encoder(n)]
        others = [p for n, p in self.model.named_parameters() if not _of_encoder(n)]
        groups = [
            (parameters, rate)
            for parameters, rate in (
                ([p for p in others if p.requires_grad], self.stage.learning_rate),
                ([p for p in encoder if p.requires_grad], self.stage.encoder_rate),
            )
            if parameters
        ]
        adam = torch.optim.AdamW if self.stage.optimizer == "adamw" else torch.optim.Adam
        optimizer = adam(
            [{"params": parameters, "lr": rate} for parameters, rate in groups],
            weight_decay=self.weight_decay,
        )
        if self.stage.schedule == "constant":
            return optimizer
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, [rate for _, rate in groups], total_steps=self.steps, pct_start=0.15
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _losses(self, batch: Sample) -> Losses:
        maps, alignment = self._answer(batch)
        scored = self._to_truth(maps, batch)
        truth = batch["density"], batch["fixations"]
        return saliency_losses(scored, *truth, self.loss_weights, alignment)

    def _log_alignment(self, part: str, losses: Losses, batch: Sample) -> None:
        if losses.alignment is not None:
            for name in ("seen", "heard", "ratio"):
                self._log(f"{part}_{name}", getattr(losses.alignment, name), batch)

    def _log(self, name: str, value: Tensor, batch: Sample) -> None:
        size = len(batch["clip"])
        self.log(
            name,
            value,
            batch_size=size,
            prog_bar=True,
            on_step=False,
            on_epoch=True,
            sync_dist=True,
        )


def select_trained(model: nn.Module, encoder: str) -> None:
    """Say which parameters learn; see :class:`~vinet_ros.training.config.Stage`.

    Layers below the first trained one cost no backward pass.
    """
    levels = getattr(getattr(model, "encoder", None), "level_blocks", None)
    # Blocks at strides 2 to 8: general edges and textures, and more than half of a step's time.
    lower = 0 if levels is None else levels[1] + 1
    for name, parameter in model.named_parameters():
        learns = not _of_encoder(name) or _encoder_part_learns(name, encoder, lower)
        parameter.requires_grad_(learns)


def return_towards(model: nn.Module, before: Mapping[str, Tensor], share: float) -> None:
    """Bring a network's weights part of the way back to earlier ones, in place.

    A mean of the weights before and after fine-tuning keeps most of what both know (Wortsman et
    al., Robust fine-tuning of zero-shot models, CVPR 2022). A network with `motion_layers` keeps
    these as they are: nothing that stands still passes through them.

    Args:
        model: The network after a stage.
        before: Its state before.
        share: 0 changes nothing, 1 brings all but the motion layers back.
    """
    motion: tuple[str, ...] = getattr(model, "motion_layers", ())
    state = model.state_dict()
    for name, value in state.items():
        if value.is_floating_point() and not set(name.split(".")) & set(motion):
            value.lerp_(before[name].to(value.device), share)


def _encoder_part_learns(name: str, encoder: str, lower: int) -> bool:
    if encoder != "upper":
        return encoder == "all"
    parts = name.split(".")
    if "blocks" not in parts:
        return not name.startswith("encoder.")  # another network's encoder learns as a whole
    # Depthwise kernels are a hundredth of the parameters; their gradient is slow on CPUs.
    return int(parts[parts.index("blocks") + 1]) >= lower and "depthwise" not in parts


def _of_encoder(name: str) -> bool:
    return name.startswith(("encoder.", "backbone."))


def drop_channels(features: Tensor, share: float) -> Tensor:
    """Return features (B, T, C, h, w) with a share of the channels zero, the others larger.

    All frames of a clip go without the same channels: a difference between frames stays one of
    the scene.
    """
    batch, _, channels = features.shape[:3]
    kept = torch.rand(batch, 1, channels, 1, 1, device=features.device) >= share
    return features * (kept / (1 - share)).to(features.dtype)


def as_authors_validate(maps: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """Bring maps (B, H, W) to the size of the ground truth as the papers' validation does.

    Bilinear, then an 11 x 11 Gaussian of sigma 2 whose border mirrors without the edge pixel.
    """
    offsets = torch.arange(-5, 6, dtype=maps.dtype, device=maps.device)
    kernel = torch.exp(-(offsets**2) / (2 * 2.0**2))
    kernel = kernel / kernel.sum()
    x = F.interpolate(
        maps[:, None], (size[0], size[1]), mode="bilinear", align_corners=False
    )  # (B, 1, h, w)
    x = F.pad(x, (5, 5, 5, 5), mode="reflect")
    x = F.conv2d(F.conv2d(x, kernel.view(1, 1, 11, 1)), kernel.view(1, 1, 1, 11))
    return x.squeeze(1)


def to_map_size(maps: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """Bring maps (B, H, W) to the size of the ground truth by area averages."""
    return F.adaptive_avg_pool2d(maps[:, None], (size[0], size[1])).squeeze(1)
