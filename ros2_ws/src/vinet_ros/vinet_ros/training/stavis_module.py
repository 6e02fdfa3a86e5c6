# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How STAViS learns: its losses on all of its outputs, and a learning rate for each part."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from vinet_ros.networks.stavis import STAViS
from vinet_ros.preprocess import STAVIS_SIZE
from vinet_ros.streaming.audio_regimes import REAL
from vinet_ros.training.config import Stage
from vinet_ros.training.losses import LossWeights, stavis_losses
from vinet_ros.training.module import SaliencyModule
from vinet_ros.training.samples import Sample
from vinet_ros.training.video_samples import ClipSampling

STAVIS_WEIGHTS = LossWeights(kldiv=0.0, cc=2.0, nss=1.0, bce=0.1)
STAVIS_EPOCHS, STAVIS_RATE = 60, 1e-2
_TENTHS = (29 / 60, 44 / 60)  # of a stage, after which the rates are a tenth
_MOMENTUM = 0.9  # and dampening
# Shares of the base rate, and of it what single layers have.
_TRUNK = ("conv1", "bn1", "layer1", "layer2", "layer3")
_SLOWER, _BIAS = 0.1, 2.0


class StavisModule(SaliencyModule):
    """Trains one stage of STAViS; see :class:`~.module.SaliencyModule`.

    What is held out is scored like any network's; the total goes without the cross entropy.

    Source:
        The public STAViS code. It means to freeze the layers that only interpolate, but does not;
        here too they learn, slowly. What takes no part in a variant is left as it is.
    """

    model: STAViS

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(stavis_rate(name, hears=self.model.hears) > 0)

    def training_step(self, batch: Sample, _index: int) -> Tensor:
        """Return the loss of one batch: of the map, and less and less of what is before it."""
        *sides, final = self.model.outputs(batch["clip"], batch.get("audio"))
        share = 1 - self.current_epoch / self.stage.epochs
        total = self._cost(final, batch)
        for side in sides:
            total = total + share * self._cost(side, batch)
        self._log("train_loss", total, batch)
        return total

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return the optimiser, a group for each parameter, and its two steps."""
        hears, rate = self.model.hears, self.stage.learning_rate
        groups = [
            {"params": [parameter], "lr": rate * stavis_rate(name, hears=hears)}
            for name, parameter in self.model.named_parameters()
            if parameter.requires_grad
        ]
        optimizer = torch.optim.SGD(
            groups,
            lr=rate,
            momentum=_MOMENTUM,
            dampening=_MOMENTUM,
            weight_decay=self.weight_decay,
        )
        ends = [max(1, round(share * self.stage.epochs)) for share in _TENTHS]
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, ends, 0.1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule}}

    def _cost(self, logits: Tensor, batch: Sample) -> Tensor:
        cost = stavis_losses(logits, batch["target"], batch["fixations"], self.loss_weights)
        return cost.total.mean()


def stavis_rate(name: str, *, hears: bool) -> float:
    """Return a parameter's learning rate as a share of the base rate; 0 where it takes no part.

    Args:
        name: In the state dict.
        hears: Whether the variant is "sta".
    """
    part, _, rest = name.partition(".")
    if part in _TRUNK:
        return 0.01 if hears else 0.1
    if part == "soundnet8":
        return 0.1 if hears else 0.0
    if part in ("fusion3", "attend"):
        return 1.0 if hears else 0.0
    if part in ("fuse", "fuseav"):
        return 0.01 * _SLOWER * _biased(name) if hears == (part == "fuseav") else 0.0
    return 0.01 * _depth_share(rest) * (0.0 if hears and ".upscale_." in name else 1.0)


def _depth_share(rest: str) -> float:
    """Return the share of a layer of an attention, ``<depth>.<layer>.<weight or bias>``."""
    layer = rest.split(".")[1]
    slower = 1.0 if layer == "side_prep" else _SLOWER
    return slower * _biased(rest)


def _biased(name: str) -> float:
    return _BIAS if name.endswith("bias") else 1.0


def stavis_stage() -> Stage:
    """Return the one stage of its recipe."""
    height, width = STAVIS_SIZE
    return Stage(
        "videos",
        STAVIS_EPOCHS,
        STAVIS_RATE,
        STAVIS_RATE,
        "all",
        clips=ClipSampling(16, 0.0, height, width, audio=REAL, plan="stavis"),
        optimizer="sgd",
        schedule="steps",
        keep="last",
    )
