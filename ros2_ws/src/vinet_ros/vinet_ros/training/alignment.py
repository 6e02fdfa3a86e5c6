# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Relative norm alignment: features of sight and sound that are equally strong."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_LEAST_NORM = 1e-6  # of a sound of which no feature is left


@dataclass(frozen=True, slots=True)
class Alignment:
    """How strong two features are beside each other, as scalars.

    Attributes:
        seen: Mean over the batch of the norms of what is seen.
        heard: The same of what is heard.
    """

    seen: Tensor
    heard: Tensor

    @property
    def ratio(self) -> Tensor:
        """Sight over sound; 1 is what the loss wants."""
        return self.seen / self.heard.clamp_min(_LEAST_NORM)

    @property
    def loss(self) -> Tensor:
        """The RNA loss, (ratio - 1)^2; both features get its gradient."""
        return (self.ratio - 1).square()


def align(seen: Tensor, heard: Tensor) -> Alignment:
    """Compare the norms of the two inputs of AViNet's fusion.

    A feature's norm is the L2 norm of its channels' largest values over time and place, so that
    neither the size of the picture nor the length of the sound counts.

    Args:
        seen: The deepest visual features (B, C, t, h, w).
        heard: The sound encoder's last features (B, C, steps, 1).

    Source:
        Jain, MSc thesis 2023, section on fusion and table 5.4. It gives the formula, not the
        layer, nor how a feature becomes one vector, nor where gradients flow; these are ours.
    """
    return Alignment(_mean_norm(seen), _mean_norm(heard))


def _mean_norm(features: Tensor) -> Tensor:
    strongest = features.flatten(2).amax(dim=2).float()  # (B, C)
    mean: Tensor = torch.linalg.vector_norm(strongest, dim=1).mean()
    return mean
