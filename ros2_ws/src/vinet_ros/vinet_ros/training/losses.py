# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What training lowers: KLDiv as both papers do, and optionally CC, NSS and SIM beside it.

STAViS has losses of its own, on logits: cross entropy, CC and NSS.

These are the differentiable twins of :mod:`vinet_ros.metrics`, in float32 and without its NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vinet_ros.training.alignment import Alignment

_EPS = 2.2204e-16
_FLOAT_EPS = 1.1920929e-7


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Loss = kldiv * KLDiv - cc * CC - nss * NSS - sim * SIM + rna * RNA, mean over the batch.

    RNA (:mod:`vinet_ros.training.alignment`) is for AViNet. STAViS learns by
    bce * BCE - cc * CC - nss * NSS, see :func:`stavis_losses`.
    """

    kldiv: float = 1.0
    cc: float = 0.0
    nss: float = 0.0
    sim: float = 0.0
    bce: float = 0.0
    rna: float = 0.0


@dataclass(frozen=True, slots=True)
class Losses:
    """The weighted loss and its parts, each the mean over the batch, as scalars.

    Attributes:
        total: The weighted sum.
        kldiv: Its part, and so on.
        alignment: Of sight and sound; None where the network does not hear.
    """

    total: Tensor
    kldiv: Tensor
    cc: Tensor
    nss: Tensor
    sim: Tensor
    alignment: Alignment | None = None


def saliency_losses(
    prediction: Tensor,
    density: Tensor,
    fixations: Tensor,
    weights: LossWeights,
    alignment: Alignment | None = None,
) -> Losses:
    """Compare maps with where people looked.

    Args:
        prediction: (B, h, w) positive maps; their level does not matter.
        density: (B, h, w) ground truth, each summing to one.
        fixations: (B, h, w) counts; each fixation counts, as in the scores of the stills.
        weights: What the total is made of.
        alignment: Of the features that the maps come from, for RNA; None leaves it out.
    """
    p, g = prediction.flatten(1).float(), density.flatten(1).float()
    kldiv = _kldiv(p, g).mean()
    standard = _standardise(p)
    cc = (standard * _standardise(g)).mean(dim=1).mean()
    looked = fixations.flatten(1).float()
    # As in the metric, NSS divides by the deviation with N - 1; CC takes the one with N.
    unbiased = math.sqrt(1 - 1 / p.shape[1])
    nss = unbiased * ((standard * looked).sum(dim=1) / looked.sum(dim=1).clamp_min(1)).mean()
    sim = torch.minimum(_stretch(p), _stretch(g)).sum(dim=1).mean()
    total = weights.kldiv * kldiv - weights.cc * cc - weights.nss * nss - weights.sim * sim
    if alignment is not None:
        total = total + weights.rna * alignment.loss
    return Losses(total, kldiv, cc, nss, sim, alignment)


@dataclass(frozen=True, slots=True)
class StavisLosses:
    """The weighted loss and its parts for each sample (B,)."""

    total: Tensor
    bce: Tensor
    cc: Tensor
    nss: Tensor


def stavis_losses(
    logits: Tensor, target: Tensor, fixations: Tensor, weights: LossWeights
) -> StavisLosses:
    """Compare logits with where people looked, as STAViS does.

    A sample whose target is empty (nobody looked) costs nothing.

    Args:
        logits: (B, h, w) maps before their sigmoid; their level matters.
        target: (B, h, w) continuous ground truth, 0..1.
        fixations: (B, h, w) counts; a pixel that was looked at counts once.
        weights: What the total is made of: of bce, cc and nss.

    Source:
        The public STAViS code; tests/golden/losses.npz.
    """
    o, g = logits.flatten(1).float(), target.flatten(1).float()
    looked = (fixations.flatten(1) > 0).float()
    bce = torch.nn.functional.binary_cross_entropy_with_logits(o, g, reduction="none").sum(dim=1)
    p = o.sigmoid()
    p, t = p - p.mean(dim=1, keepdim=True), g - g.mean(dim=1, keepdim=True)
    power = p.square().sum(dim=1) + 1e-12  # a constant map has a gradient of zero, not NaN
    cc = (p * t).sum(dim=1) / (power * (t.square().sum(dim=1) + _FLOAT_EPS)).sqrt()
    deviation = power.div(p.shape[1]).sqrt()
    nss = (p * looked).sum(dim=1) / deviation / (looked.sum(dim=1) + _FLOAT_EPS)
    total = weights.bce * bce - weights.cc * cc - weights.nss * nss
    counts = (g.sum(dim=1) > 0).float()
    return StavisLosses(total * counts, bce * counts, cc * counts, nss * counts)


def _kldiv(p: Tensor, g: Tensor) -> Tensor:
    q = p / p.sum(dim=1, keepdim=True)
    g = g / g.sum(dim=1, keepdim=True)
    return (g * torch.log(_EPS + g / (q + _EPS))).sum(dim=1)


def _stretch(x: Tensor) -> Tensor:
    """Return x from its minimum on, with the sum one; zeros where it is constant."""
    x = x - x.amin(dim=1, keepdim=True)
    # The division by the range in the benchmark's SIM cancels in the one by the sum.
    return x / x.sum(dim=1, keepdim=True).clamp_min(1e-12)


def _standardise(x: Tensor) -> Tensor:
    centred = x - x.mean(dim=1, keepdim=True)
    # Inside the root, so that a constant map has a gradient of zero, not NaN.
    return centred / (centred.square().mean(dim=1, keepdim=True) + 1e-12).sqrt()
