# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""RNA: its value and its gradient. That it works is in test_sound_training.py."""

import torch

from vinet_ros.training.alignment import align
from vinet_ros.training.losses import LossWeights, saliency_losses


def test_the_loss_is_the_thesis_formula_on_the_largest_values():
    seen = torch.zeros(2, 2, 1, 2, 2)
    seen[0, :, 0, 1, 0] = torch.tensor([3.0, 4.0])  # norm 5
    seen[1, 0] = 7.0  # norm 7: places do not add up
    heard = torch.zeros(2, 2, 3, 1)
    heard[:, 1, 1] = 2.0
    found = align(seen, heard)
    assert (float(found.seen), float(found.heard)) == (6, 2)
    assert float(found.ratio) == 3
    assert float(found.loss) == 4


def test_it_is_weighted_and_both_features_learn_from_it():
    seen, heard = torch.rand(2, 8, 1, 2, 3), 3 + torch.rand(2, 8, 3, 1)
    seen.requires_grad_()
    heard.requires_grad_()
    maps, counts = torch.rand(2, 4, 5), torch.zeros(2, 4, 5)
    found = align(seen, heard)
    plain = saliency_losses(maps, maps, counts, LossWeights())
    with_rna = saliency_losses(maps, maps, counts, LossWeights(rna=0.5), found)
    torch.testing.assert_close(with_rna.total, plain.total + 0.5 * found.loss)
    with_rna.total.backward()
    # Sight is the weaker one: a step down the gradient makes it stronger, and sound weaker.
    assert (seen.grad <= 0).all() and seen.grad.any()
    assert (heard.grad >= 0).all() and heard.grad.any()
    assert torch.isfinite(align(torch.zeros(1, 8, 1, 1, 1), torch.zeros(1, 8, 3, 1)).loss)
