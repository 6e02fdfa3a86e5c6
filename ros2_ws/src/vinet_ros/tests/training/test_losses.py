# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The losses are the metrics, made differentiable."""

import numpy as np
import pytest
import torch

from vinet_ros.metrics import cc, kldiv, nss
from vinet_ros.training.losses import LossWeights, saliency_losses


@pytest.fixture
def maps():
    rng = np.random.default_rng(0)
    return rng.random((3, 20, 30)) + 0.1, rng.random((3, 20, 30)), rng.poisson(0.05, (3, 20, 30))


def test_parts_equal_the_metrics(maps):
    prediction, density, fixations = (torch.tensor(m) for m in maps)
    losses = saliency_losses(prediction, density, fixations, LossWeights())
    p, g, f = maps
    assert losses.kldiv.item() == pytest.approx(float(np.mean(kldiv(p, g))), abs=1e-5)
    assert losses.cc.item() == pytest.approx(float(np.mean(cc(p, g))), abs=1e-5)
    assert losses.nss.item() == pytest.approx(float(np.mean(nss(p, f, repeats=True))), abs=1e-5)


def test_the_total_is_weighted(maps):
    prediction, density, fixations = (torch.tensor(m) for m in maps)
    losses = saliency_losses(prediction, density, fixations, LossWeights(2.0, 0.5, 0.1))
    expected = 2 * losses.kldiv - 0.5 * losses.cc - 0.1 * losses.nss
    torch.testing.assert_close(losses.total, expected)


def test_a_constant_map_and_no_fixation_give_finite_gradients(maps):
    prediction = torch.full((1, 20, 30), 0.5, requires_grad=True)
    density = torch.tensor(maps[1][:1])
    losses = saliency_losses(prediction, density, torch.zeros(1, 20, 30), LossWeights(1, 1, 1))
    losses.total.backward()
    assert torch.isfinite(prediction.grad).all()
