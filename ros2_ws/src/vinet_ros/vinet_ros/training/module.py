"""The Lightning module: a saliency network, what of it learns, and its loss."""

from __future__ import annotations

import lightning
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vinet_ros.training.config import Stage
from vinet_ros.training.losses import Losses, LossWeights, saliency_losses
from vinet_ros.training.samples import Sample

# The blocks of EfficientNet-Lite0 at strides 2 to 8: general edges and textures, and more than
# half of the time of a training step.
_LOWER_BLOCKS = 5


class SaliencyModule(lightning.LightningModule):
    """Trains one stage of a network that gives maps (B, H, W) for clips (B, 3, T, H, W).

    Args:
        model: The network.
        stage: Learning rates and what of the encoder learns.
        weights: What the loss is made of.
        weight_decay: Of AdamW.
        steps: Optimiser steps of the whole stage, for the schedule.
    """

    def __init__(
        self,
        model: nn.Module,
        stage: Stage,
        weights: LossWeights,
        weight_decay: float,
        steps: int,
    ) -> None:
        super().__init__()
        self.model = model
        self.stage = stage
        self.loss_weights = weights
        self.weight_decay = weight_decay
        self.steps = steps
        select_trained(model, stage.encoder)

    def training_step(self, batch: Sample, _index: int) -> Tensor:
        """Return the loss of one batch."""
        losses = self._losses(batch)
        self.log("train_loss", losses.total, on_step=False, on_epoch=True, prog_bar=True)
        return losses.total

    def validation_step(self, batch: Sample, _index: int) -> None:
        """Log the loss and its parts on held-out stills."""
        losses = self._losses(batch)
        size = len(batch["clip"])
        for name in ("total", "kldiv", "cc", "nss"):
            self.log(f"val_{name}", getattr(losses, name), batch_size=size, prog_bar=True)

    def configure_optimizers(self) -> lightning.pytorch.utilities.types.OptimizerLRScheduler:
        """Return AdamW with one cycle of the learning rates, step by step."""
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
        optimizer = torch.optim.AdamW(
            [{"params": parameters, "lr": rate} for parameters, rate in groups],
            weight_decay=self.weight_decay,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, [rate for _, rate in groups], total_steps=self.steps, pct_start=0.15
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _losses(self, batch: Sample) -> Losses:
        predicted = self.model(batch["clip"])  # (B, H, W)
        scored = to_map_size(predicted.float(), batch["density"].shape[-2:])
        return saliency_losses(scored, batch["density"], batch["fixations"], self.loss_weights)


def select_trained(model: nn.Module, encoder: str) -> None:
    """Say which parameters learn; see :class:`~vinet_ros.training.config.Stage`.

    Layers below the first trained one cost no backward pass.
    """
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not _of_encoder(name) or _encoder_part_learns(name, encoder))


def _encoder_part_learns(name: str, encoder: str) -> bool:
    if encoder != "upper":
        return encoder == "all"
    parts = name.split(".")
    if "blocks" not in parts:
        return not name.startswith("encoder.")  # another network's encoder learns as a whole
    # Depthwise kernels are a hundredth of the parameters; their gradient is slow on CPUs.
    return int(parts[parts.index("blocks") + 1]) >= _LOWER_BLOCKS and "depthwise" not in parts


def _of_encoder(name: str) -> bool:
    return name.startswith(("encoder.", "backbone."))


def to_map_size(maps: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """Bring maps (B, H, W) to the size of the ground truth by area averages."""
    return F.adaptive_avg_pool2d(maps[:, None], (size[0], size[1])).squeeze(1)
