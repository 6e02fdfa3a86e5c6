# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A network with its batch norms taken into the convolutions before them."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
# What a norm is called, and what the convolution is whose output it takes.
_PAIRS = (("bn", "conv"), ("batchnorm", "conv"))


def fold_norms(model: nn.Module) -> nn.Module:
    """Take every batch norm of a network in evaluation mode into its convolution, in place.

    A norm belongs to the convolution of the same name and module: ``bn_s`` to ``conv_s``,
    ``batchnorm3`` to ``conv3``. What it was is then an identity, so nothing is computed there.
    The maps stay the same to rounding.

    Args:
        model: In fp32: half precision would round the product of the two once more.

    Returns:
        The same network.

    Raises:
        ValueError: If it is in training mode: the norms would still change.
    """
    if model.training:
        raise ValueError("a network that trains cannot be folded; call eval() first")
    for module in list(model.modules()):
        for name, norm in list(module.named_children()):
            if isinstance(norm, _NORMS):
                _fold_into(module, _convolution_of(name), name, norm)
    return model


def _convolution_of(norm: str) -> str:
    for prefix, convolution in _PAIRS:
        if norm.startswith(prefix):
            return convolution + norm.removeprefix(prefix)
    return ""


def _fold_into(module: nn.Module, name: str, norm_name: str, norm: nn.Module) -> None:
    """Fold one norm, if the module has the convolution that it belongs to."""
    convolution = getattr(module, name, None) if name else None
    if isinstance(convolution, _CONVOLUTIONS) and isinstance(norm, _NORMS):
        setattr(module, name, fuse_conv_bn_eval(convolution, norm))
        setattr(module, norm_name, nn.Identity())
