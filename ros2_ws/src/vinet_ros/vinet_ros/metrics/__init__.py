# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Saliency metrics as the MIT saliency benchmark defines them (its MATLAB code of 2016).

Each takes maps (H, W) or batches (B, H, W), as NumPy arrays or tensors, computes in float64 and
gives one score a map, of the prediction's kind: a scalar or (B,). A prediction of another size is
resized to the ground truth as MATLAB's ``imresize`` does. A score that is not defined (constant
map, no fixation) is NaN: whoever averages must say what was left out.
"""

from vinet_ros.metrics.auc import auc_borji, auc_judd, auc_per_fixation, sauc
from vinet_ros.metrics.batching import keep_constant, resize_maps
from vinet_ros.metrics.distributions import cc, kldiv, sim
from vinet_ros.metrics.locations import information_gain, nss

__all__ = [
    "auc_borji",
    "auc_judd",
    "auc_per_fixation",
    "cc",
    "information_gain",
    "keep_constant",
    "kldiv",
    "nss",
    "resize_maps",
    "sauc",
    "sim",
]
