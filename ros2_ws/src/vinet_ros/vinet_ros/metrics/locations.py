# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Metrics of a map's values where people looked: NSS and information gain."""

from __future__ import annotations

from vinet_ros.metrics.batching import (
    MIT_EPS,
    Maps,
    like,
    nan_where_constant,
    stretch,
    to_batch,
    unit_sum,
)


def nss(prediction: Maps, fixations: Maps, *, repeats: bool = False) -> Maps:
    """Return the mean standardised saliency at the fixated pixels.

    Args:
        prediction: Map(s) of any range; standardised with the N - 1 deviation.
        fixations: Map(s), fixated where greater than zero.
        repeats: Count a pixel as often as it was fixated (`fixations` holds counts). False:
            each pixel once, as the MIT benchmark does.

    Returns:
        The scores; NaN if the prediction is constant or nothing is fixated.
    """
    p, f = to_batch(prediction, fixations)
    weight = f if repeats else (f > 0).double()
    deviation = p.flatten(1).std(1)[:, None, None]
    standard = (p - p.mean((1, 2), keepdim=True)) / deviation
    scores = (standard * weight).sum((1, 2)) / weight.sum((1, 2))
    return like(prediction, nan_where_constant(scores, p))


def information_gain(prediction: Maps, fixations: Maps, baseline: Maps) -> Maps:
    """Return how many bits a fixation the prediction says more than the baseline map.

    Both maps are stretched to [0, 1] and divided by their sums.

    Returns:
        The scores; NaN if a map is constant or nothing is fixated.
    """
    p, f, b = to_batch(prediction, fixations, baseline)
    fixated = (f > 0).double()
    p, b = unit_sum(stretch(p)), unit_sum(stretch(b))
    gain = (p + MIT_EPS).log2() - (b + MIT_EPS).log2()
    scores = (gain * fixated).sum((1, 2)) / fixated.sum((1, 2))
    return like(prediction, scores)
