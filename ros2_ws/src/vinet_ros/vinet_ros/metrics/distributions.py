# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Metrics between two continuous maps: CC, SIM and KLDiv."""

from __future__ import annotations

import torch

from vinet_ros.metrics.batching import (
    MIT_EPS,
    Maps,
    like,
    nan_where_constant,
    stretch,
    to_batch,
    unit_sum,
)


def cc(prediction: Maps, ground_truth: Maps) -> Maps:
    """Return Pearson's correlation over pixels, in [-1, 1]; NaN if a map is constant."""
    p, g = to_batch(prediction, ground_truth)
    p_centred = p - p.mean((1, 2), keepdim=True)
    g_centred = g - g.mean((1, 2), keepdim=True)
    norms = (p_centred.square().sum((1, 2)) * g_centred.square().sum((1, 2))).sqrt()
    scores = (p_centred * g_centred).sum((1, 2)) / norms
    return like(prediction, nan_where_constant(scores, p, g))


def sim(prediction: Maps, ground_truth: Maps, *, subtract_min: bool = True) -> Maps:
    """Return the overlap of the two maps as distributions, in [0, 1].

    Args:
        prediction: Map(s) of any range.
        ground_truth: Map(s) of any range.
        subtract_min: Stretch both maps to [0, 1] before dividing by the sum, as the MIT
            benchmark does. False: divide by the sum only (maps must not be negative).

    Returns:
        The scores; 0 if a map is all zero, NaN if one is constant but not zero.
    """
    p, g = to_batch(prediction, ground_truth)
    if subtract_min:
        zero = (p == 0).all(2).all(1) | (g == 0).all(2).all(1)
        p, g = stretch(p), stretch(g)
        overlap = torch.minimum(unit_sum(p), unit_sum(g)).sum((1, 2))
        return like(prediction, overlap.masked_fill(zero, 0.0))
    return like(prediction, torch.minimum(unit_sum(p), unit_sum(g)).sum((1, 2)))


def kldiv(prediction: Maps, ground_truth: Maps, *, eps: float = MIT_EPS) -> Maps:
    """Return the Kullback-Leibler divergence of the prediction from the ground truth, in nats.

    ``sum G log(eps + G / (P + eps))`` with both maps divided by their sums. Where people looked
    and the map is zero, the score depends on `eps` strongly.
    """
    p, g = (unit_sum(m) for m in to_batch(prediction, ground_truth))
    return like(prediction, (g * (eps + g / (p + eps)).log()).sum((1, 2)))
