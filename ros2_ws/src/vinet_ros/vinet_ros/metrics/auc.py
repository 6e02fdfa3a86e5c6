# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Areas under the ROC curve: AUC-Judd, AUC-Borji, shuffled AUC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vinet_ros.metrics.batching import Maps, like, nan_where_constant, stretch, to_batch

BORJI_STEPS = 10
"""Thresholds of AUC-Borji and sAUC: 0, 0.1, ..., 1."""

Indices = NDArray[Any] | Tensor


def auc_judd(
    prediction: Maps, fixations: Maps, *, ties: Literal["exact", "mit"] = "exact"
) -> Maps:
    """Return the probability that a fixated pixel is more salient than an unfixated one.

    Args:
        prediction: Map(s) of any range.
        fixations: Map(s), fixated where greater than zero.
        ties: "exact" is the Mann-Whitney value, equal values count half. "mit" is the
            benchmark's curve without its random jitter: with ties wrong in both directions, even
            outside [0, 1]; without ties higher by up to 1 / (2 fixated pixels), since its
            trapezoids cut the corners of the steps.

    Returns:
        The scores, "exact" in [0, 1]; NaN if the prediction is constant, nothing or everything
        fixated.

    Raises:
        ValueError: If `ties` is neither.
    """
    if ties not in ("exact", "mit"):
        raise ValueError(f"ties must be 'exact' or 'mit', got {ties!r}")
    p, f = to_batch(prediction, fixations)
    values, fixated = p.flatten(1), f.flatten(1) > 0
    if ties == "exact":
        scores = _mann_whitney(values, fixated)
    else:
        scores = _mit_curve(stretch(p).flatten(1), fixated)
    n = fixated.sum(1)
    undefined = (n == 0) | (n == values.shape[1]) | values.isnan().any(1)
    return like(prediction, nan_where_constant(scores, p).masked_fill(undefined, torch.nan))


def auc_per_fixation(prediction: Maps, counts: Maps) -> Maps:
    """Return the probability that a fixation's pixel is more salient than any pixel.

    Unlike AUC-Judd each fixation counts, however many share a pixel, and the negatives are all
    pixels, fixated ones included; equal values count half.

    Args:
        prediction: Map(s) of any range.
        counts: Fixations a pixel.

    Returns:
        The scores in [0, 1]; NaN if the prediction is constant or nothing fixated.
    """
    p, f = to_batch(prediction, counts)
    weight = f.flatten(1).double()
    total = weight.sum(1)
    below = (_rank_sums(p.flatten(1), weight) - 0.5 * total) / p[0].numel()
    scores = nan_where_constant(below / total, p)
    return like(prediction, scores.masked_fill(p.isnan().flatten(1).any(1), torch.nan))


def auc_borji(
    prediction: Maps,
    fixations: Maps,
    indices: Indices | Sequence[Indices] | None = None,
    *,
    splits: int = 100,
    seed: int = 0,
) -> Maps:
    """Return the AUC against as many pixels drawn from the whole image, over random splits.

    Args:
        prediction: Map(s) of any range.
        fixations: Map(s), fixated where greater than zero.
        indices: The drawn pixels (fixated pixels, splits) in row-major order, for a batch one
            array a map; None draws them.
        splits: How often to draw.
        seed: Of the draw.

    Returns:
        The scores; NaN if the prediction is constant or fewer than two pixels are fixated.
    """
    p, f = to_batch(prediction, fixations)
    values, fixated = stretch(p).flatten(1), f.flatten(1) > 0
    generator = torch.Generator().manual_seed(seed)
    scores = []
    for item, given in enumerate(_per_map(indices, len(p), prediction.ndim)):
        n = int(fixated[item].sum())
        if n <= 1:
            scores.append(values.new_tensor(torch.nan))
            continue
        drawn = given
        if drawn is None:
            drawn = torch.randint(values.shape[1], (n, splits), generator=generator)
        scores.append(_curve_area(values[item], fixated[item], drawn))
    return like(prediction, torch.stack(scores))


def sauc(
    prediction: Maps,
    fixations: Maps,
    others: Maps,
    indices: Indices | Sequence[Indices] | None = None,
    *,
    splits: int = 100,
    seed: int = 0,
) -> Maps:
    """Return the AUC against pixels that were fixated in other images: the shuffled AUC.

    A map that only knows where people tend to look in any image scores one half.

    Args:
        prediction: Map(s) of any range.
        fixations: Map(s), fixated where greater than zero.
        others: Map(s), greater than zero at the negatives to draw from; what "other" is, the
            protocol decides.
        indices: The drawn pixels (min(fixated, others), splits) in row-major order, for a batch
            one array a map; None draws them without replacement.
        splits: How often to draw.
        seed: Of the draw.

    Returns:
        The scores; NaN if the prediction is constant, nothing is fixated or there are no others.
    """
    p, f, o = to_batch(prediction, fixations, others)
    values, fixated = stretch(p).flatten(1), f.flatten(1) > 0
    generator = torch.Generator().manual_seed(seed)
    scores = []
    for item, given in enumerate(_per_map(indices, len(p), prediction.ndim)):
        negatives = (o[item].flatten() > 0).nonzero()[:, 0].cpu()
        m = min(int(fixated[item].sum()), len(negatives))
        if m == 0:
            scores.append(values.new_tensor(torch.nan))
            continue
        drawn = given
        if drawn is None:
            order = torch.rand(len(negatives), splits, generator=generator).argsort(0)
            drawn = negatives[order[:m]]
        scores.append(_curve_area(values[item], fixated[item], drawn))
    return like(prediction, torch.stack(scores))


def _rank_sums(values: Tensor, weights: Tensor) -> Tensor:
    """Sum over pixels of weight times rank, for maps (B, N); equal values share a mean rank.

    Ranks begin at 1. Only those of pixels with a weight are looked up: they are few.
    """
    ordered = values.sort(1).values.contiguous()
    sums = []
    for row, sorted_row, weight in zip(values, ordered, weights.double(), strict=True):
        at = weight.nonzero()[:, 0]
        mine = row[at].contiguous()  # searchsorted warns about any other
        below = torch.searchsorted(sorted_row, mine)
        up_to = torch.searchsorted(sorted_row, mine, right=True)
        sums.append(((below + up_to + 1).double() / 2 * weight[at]).sum())
    return torch.stack(sums)


def _mann_whitney(values: Tensor, fixated: Tensor) -> Tensor:
    n = fixated.sum(1).double()
    return (_rank_sums(values, fixated) - n * (n + 1) / 2) / (n * (values.shape[1] - n))


def _mit_curve(values: Tensor, fixated: Tensor) -> Tensor:
    """The benchmark's curve, for maps (B, N) with different numbers of fixations."""
    pixels = values.shape[1]
    n = fixated.sum(1, keepdim=True)
    longest = max(int(n.max()), 1)
    thresholds = values.masked_fill(~fixated, -1.0).sort(1, descending=True).values[:, :longest]
    ascending = values.sort(1).values.contiguous()
    reached = pixels - torch.searchsorted(ascending, thresholds.contiguous())
    i = torch.arange(1, longest + 1, device=values.device)
    # Beyond a map's own n thresholds the curve stays at its end, (1, 1), and adds no area.
    tp = torch.where(i <= n, i / n.double(), 1.0)
    fp = torch.where(i <= n, (reached - i) / (pixels - n).double(), 1.0)
    tp = torch.nn.functional.pad(torch.nn.functional.pad(tp, (1, 0)), (0, 1), value=1.0)
    fp = torch.nn.functional.pad(torch.nn.functional.pad(fp, (1, 0)), (0, 1), value=1.0)
    return torch.trapezoid(tp, fp, dim=1)


def _per_map(
    indices: Indices | Sequence[Indices] | None, maps: int, ndim: int
) -> list[Tensor | None]:
    if indices is None:
        return [None] * maps
    each = [indices] if ndim == 2 else list(indices)
    if len(each) != maps:
        raise ValueError(f"expected indices for each of the {maps} maps, got {len(each)}")
    return [torch.as_tensor(np.asarray(i, np.int64)) for i in each]


def _curve_area(values: Tensor, fixated: Tensor, drawn: Tensor) -> Tensor:
    """Mean area over splits; values and fixated (N,), drawn (m, splits) are pixels."""
    if drawn.ndim != 2 or drawn.shape[0] == 0:
        raise ValueError(f"expected indices (drawn pixels, splits), got {tuple(drawn.shape)}")
    if values.isnan().any():
        return values.new_tensor(torch.nan)
    thresholds = 0.1 * torch.arange(BORJI_STEPS, -1, -1, dtype=values.dtype, device=values.device)
    hits = (values[fixated] >= thresholds[:, None]).double().mean(1)  # (11,)
    negatives = values[drawn.to(values.device)]  # (m, splits)
    false_alarms = (negatives >= thresholds[:, None, None]).double().mean(1)  # (11, splits)
    ends = torch.nn.functional.pad
    tp = ends(ends(hits, (1, 0)), (0, 1), value=1.0)[:, None].expand(-1, drawn.shape[1])
    fp = ends(ends(false_alarms, (0, 0, 1, 0)), (0, 0, 0, 1), value=1.0)
    return torch.trapezoid(tp, fp, dim=0).mean()
