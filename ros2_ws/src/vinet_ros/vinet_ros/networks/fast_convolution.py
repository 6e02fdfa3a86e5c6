# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Convolutions with a kernel of three along the width, with half of the multiplications.

Four neighbours of an output row are three taps each: twelve products. Winograd's F(4, 3) makes
them of six products of sums: of the inputs, of the taps (once, here), and of the products. The
sums cost little beside what is saved where there are many channels. Results are those of the
convolution to rounding.

Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016, section 4;
here in one dimension, so that the rest of the convolution stays one of groups.
"""

from __future__ import annotations

import copy
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_OUTPUTS, _PRODUCTS = 4, 6
# With fewer channels the sums cost as much as they save, or more, as OpenVINO runs them.
_LEAST_CHANNELS = 256

# Of the taps, for the points 0, 1, -1, 2, -2 and infinity.
_OF_TAPS = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)

Network = TypeVar("Network", bound=nn.Module)


class FastConv3d(nn.Module):
    """A convolution that computes what another one does; it keeps that one's weights.

    Args:
        layer: With a kernel of three in height and width, as :func:`can_be_fast` asks for.
    """

    def __init__(self, layer: nn.Conv3d) -> None:
        super().__init__()
        self.layer = layer
        taps = torch.tensor(_OF_TAPS, dtype=torch.float64)
        with torch.no_grad():
            sums = torch.einsum("pw,oithw->poith", taps, layer.weight.double())
        self.sums = sums.to(layer.weight.dtype)
        """Of the taps along the width: (6, out, in, kernel in time, 3)."""
        self.kernel_size, self.groups = layer.kernel_size, layer.groups

    @property
    def weight(self) -> Tensor:
        """The layer's own: (out, in, kernel in time, 3, 3)."""
        return self.layer.weight

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, T', H, W) of (B, in, T, H, W)."""
        layer = self.layer
        if x.shape[-1] % _OUTPUTS:
            return cast("Tensor", layer(x))
        in_time = int(layer.stride[0]), int(layer.padding[0])
        y = convolve(x, self.sums, *in_time)
        return y if layer.bias is None else y + layer.bias[:, None, None, None]


def convolve(x: Tensor, sums: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    """Return the convolution, with zeros beyond the edges in height and width.

    Args:
        x: (B, in, T, H, W), W a multiple of four.
        sums: Of the kernel, or of some of its taps in time: (6, out, in, t, 3).
        stride: In time.
        padding: In time.

    Returns:
        (B, out, T', H, W).
    """
    after = [x[..., k::_OUTPUTS] for k in range(_OUTPUTS)]  # each fourth column, from the k-th on
    before = F.pad(after[3][..., :-1], (1, 0))  # the column before each four, and that behind
    behind = F.pad(after[0][..., 1:], (0, 1))
    even, odd = after[3] - 4 * after[1], after[2] - 4 * after[0]
    even_far, odd_far = after[3] - after[1], 2 * (after[2] - after[0])
    mixed = (
        4 * before - 5 * after[1] + after[3],
        even + odd,
        even - odd,
        even_far + odd_far,
        even_far - odd_far,
        4 * after[0] - 5 * after[2] + behind,
    )
    products = F.conv3d(
        torch.cat(mixed, dim=1),
        sums.flatten(0, 1)[..., None],
        stride=(stride, 1, 1),
        padding=(padding, 1, 0),
        groups=_PRODUCTS,
    )
    first, p, q, r, s, last = products.chunk(_PRODUCTS, dim=1)
    near, far = p + q, r + s
    near_off, far_off = p - q, r - s
    four = (
        first + near + far,
        near_off + 2 * far_off,
        near + 4 * far,
        near_off + 8 * far_off + last,
    )
    return torch.stack(four, dim=-1).flatten(-2)


def can_be_fast(layer: nn.Module) -> bool:
    """Tell whether a layer is a convolution that saves time as a :class:`FastConv3d`."""
    return (
        isinstance(layer, nn.Conv3d)
        and tuple(layer.kernel_size[1:]) == (3, 3)
        and tuple(layer.stride[1:]) == (1, 1)
        and tuple(layer.padding)[1:] == (1, 1)
        and tuple(layer.dilation) == (1, 1, 1)
        and layer.groups == 1
        and layer.padding_mode == "zeros"
        and layer.in_channels >= _LEAST_CHANNELS
    )


def with_fast_convolutions(network: Network) -> Network:
    """Return a network that computes the same, with fast convolutions where there can be any.

    It shares its weights with the given one, which stays as it is.
    """
    shared: dict[int, object] = {id(x): x for x in (*network.parameters(), *network.buffers())}
    fast = copy.deepcopy(network, shared)
    for module in list(fast.modules()):
        for name, layer in list(module.named_children()):
            if can_be_fast(layer):
                setattr(module, name, FastConv3d(cast("nn.Conv3d", layer)))
    return fast
