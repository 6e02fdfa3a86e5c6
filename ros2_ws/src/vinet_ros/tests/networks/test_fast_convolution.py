# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from vinet_ros.networks import create_model
from vinet_ros.networks.fast_convolution import (
    FastConv3d,
    can_be_fast,
    convolve,
    with_fast_convolutions,
)


def layer_of(frames=3, stride=3, padding=0, bias=False, **how):
    torch.manual_seed(0)
    return nn.Conv3d(
        256, 8, (frames, 3, 3), (stride, 1, 1), (padding, 1, 1), bias=bias, **how
    ).eval()


def multiplications(module, x):
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        module(x)
    return counter.get_total_flops() / 2


@pytest.mark.parametrize("size", [(14, 24), (7, 12), (5, 4), (1, 8)])
@pytest.mark.parametrize(
    "how", [{}, {"frames": 1, "stride": 1}, {"stride": 1, "padding": 1}, {"bias": True}]
)
def test_it_computes_what_the_convolution_does(size, how):
    layer, x = layer_of(**how), torch.randn(2, 256, 6, *size)
    with torch.inference_mode():
        expected, found = layer(x), FastConv3d(layer)(x)
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-5 * float(expected.abs().max()))


def test_it_takes_half_of_the_multiplications():
    layer, x = layer_of(), torch.randn(1, 256, 6, 16, 32)
    assert multiplications(FastConv3d(layer), x) == 0.5 * multiplications(layer, x)


def test_a_width_that_is_no_multiple_of_four_is_the_layers_own():
    layer, x = layer_of(), torch.randn(1, 256, 3, 6, 10)
    with torch.inference_mode():
        torch.testing.assert_close(FastConv3d(layer)(x), layer(x), rtol=0, atol=0)


def test_some_taps_give_their_part():
    layer, x = layer_of(frames=5, stride=5), torch.randn(1, 256, 5, 6, 8)
    sums = FastConv3d(layer).sums
    with torch.inference_mode():
        parts = [
            convolve(x[:, :, taps], sums[:, :, :, taps]) for taps in (slice(0, 2), slice(2, 5))
        ]
        torch.testing.assert_close(sum(parts), layer(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv3d(256, 32, (3, 1, 1), padding=(1, 0, 0)),
        nn.Conv3d(256, 32, (1, 3, 3), (1, 2, 2), (0, 1, 1)),
        nn.Conv3d(256, 32, (1, 3, 3)),
        nn.Conv3d(256, 32, (1, 3, 3), padding=(0, 1, 1), groups=2),
        nn.Conv3d(256, 32, (1, 3, 3), padding=(0, 1, 1), padding_mode="circular"),
        nn.Conv3d(256, 32, (1, 3, 3), padding="same"),
        nn.Conv3d(192, 64, (1, 3, 3), padding=(0, 1, 1)),
        nn.Conv2d(256, 32, 3, padding=1),
    ],
)
def test_other_layers_stay(layer):
    assert not can_be_fast(layer)


def test_a_network_gives_the_same_map_and_shares_its_weights():
    torch.manual_seed(0)
    network = create_model("vinet").eval()
    before = set(network.state_dict())
    fast = with_fast_convolutions(network)
    assert any(isinstance(module, FastConv3d) for module in fast.modules())
    assert set(network.state_dict()) == before
    assert {id(p) for p in fast.parameters()} == {id(p) for p in network.parameters()}
    clip = torch.randn(1, 3, 32, 32, 64)
    with torch.inference_mode():
        torch.testing.assert_close(fast(clip), network(clip), rtol=0, atol=1e-5)
