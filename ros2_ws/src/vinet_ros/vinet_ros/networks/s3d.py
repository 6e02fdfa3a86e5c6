# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""S3D, the video encoder of ViNet: separable 3-D convolutions in Inception blocks.

Source: Xie et al., ECCV 2018; without gating, as the public ViNet code has it. Attribute names
are those of its checkpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vinet_ros.preprocess import INPUT_SIZE

# Channels of each block: in, then branch 0, branch 1 (reduced, out), branch 2 (reduced, out),
# branch 3.
_MIXED = {
    "3b": (192, 64, (96, 128), (16, 32), 32),
    "3c": (256, 128, (128, 192), (32, 96), 64),
    "4b": (480, 192, (96, 208), (16, 48), 64),
    "4c": (512, 160, (112, 224), (24, 64), 64),
    "4d": (512, 128, (128, 256), (24, 64), 64),
    "4e": (512, 112, (144, 288), (32, 64), 64),
    "4f": (528, 256, (160, 320), (32, 128), 128),
    "5b": (832, 256, (160, 320), (32, 128), 128),
    "5c": (832, 384, (192, 384), (48, 128), 128),
}


class S3D(nn.Module):
    """Clip to features at four depths.

    Takes any number of frames divisible by 8 and any height and width divisible by 32.
    """

    clip_length = 32
    input_size = INPUT_SIZE

    def __init__(self) -> None:
        super().__init__()
        self.base1 = nn.Sequential(
            SepConv3d(3, 64, kernel=7, stride=2, padding=3),
            _halve_space(),
            BasicConv3d(64, 64),
            SepConv3d(64, 192, kernel=3, stride=1, padding=1),
        )
        self.maxp2 = _halve_space()
        self.base2 = nn.Sequential(_mixed("3b"), _mixed("3c"))
        self.maxp3 = nn.MaxPool3d(3, stride=2, padding=1)
        self.base3 = nn.Sequential(*(_mixed(block) for block in ("4b", "4c", "4d", "4e", "4f")))
        self.maxt4 = nn.MaxPool3d((2, 1, 1))
        self.maxp4 = nn.MaxPool3d((1, 2, 2))
        self.base4 = nn.Sequential(_mixed("5b"), _mixed("5c"))

    def forward(self, clip: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the features, deepest first: y0, y1, y2, y3 (X4, X3, X2, X1 of the paper).

        Args:
            clip: Normalised frames (B, 3, T, H, W). Line ends show T = 32, 224 x 384.
        """
        y3 = self.base1(clip)  # (B, 192, 16, 56, 96)
        y2 = self.base2(self.maxp2(y3))  # (B, 480, 16, 28, 48)
        y1 = self.base3(self.maxp3(y2))  # (B, 832, 8, 14, 24)
        y0 = self.base4(self.maxp4(self.maxt4(y1)))  # (B, 1024, 4, 7, 12)
        return y0, y1, y2, y3

    @staticmethod
    def options_from_shapes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
        """Return {} for the keys of this encoder (it has no options), None for any other."""
        return {} if "base1.0.conv_s.weight" in shapes else None


class BasicConv3d(nn.Module):
    """1x1x1 convolution, norm, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, 1, bias=False)
        self.bn = _norm(outputs)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, outputs, T, H, W) of (B, inputs, T, H, W)."""
        y: Tensor = self.relu(self.bn(self.conv(x)))
        return y


class SepConv3d(nn.Module):
    """A convolution in space, then one in time, each with norm and ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> None:
        super().__init__()
        k, s, p = kernel, stride, padding
        self.conv_s = nn.Conv3d(inputs, outputs, (1, k, k), (1, s, s), (0, p, p), bias=False)
        self.bn_s = _norm(outputs)
        self.conv_t = nn.Conv3d(outputs, outputs, (k, 1, 1), (s, 1, 1), (p, 0, 0), bias=False)
        self.bn_t = _norm(outputs)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, outputs, T/s, H/s, W/s) of (B, inputs, T, H, W)."""
        x = self.relu(self.bn_s(self.conv_s(x)))
        y: Tensor = self.relu(self.bn_t(self.conv_t(x)))
        return y


class Mixed(nn.Module):
    """An Inception block: four branches side by side, joined on channels."""

    def __init__(
        self,
        inputs: int,
        branch0: int,
        branch1: tuple[int, int],
        branch2: tuple[int, int],
        branch3: int,
    ) -> None:
        super().__init__()
        self.branch0 = nn.Sequential(BasicConv3d(inputs, branch0))
        self.branch1 = _reduced(inputs, *branch1)
        self.branch2 = _reduced(inputs, *branch2)
        self.branch3 = nn.Sequential(
            nn.MaxPool3d(3, stride=1, padding=1), BasicConv3d(inputs, branch3)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches of (B, inputs, T, H, W), concatenated on channels."""
        branches = (self.branch0(x), self.branch1(x), self.branch2(x), self.branch3(x))
        return torch.cat(branches, dim=1)


def is_kinetics_s3d(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Tell the public Kinetics S3D file by its first key."""
    return "base.0.conv_s.weight" in shapes


def rename_kinetics_s3d(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give the Kinetics file's tensors the names of our S3D, without the classifier."""
    renamed = {}
    for key, value in state.items():
        if key in ("fc.0.weight", "fc.0.bias"):
            continue
        renamed[_encoder_key(key)] = value
    for key in list(renamed):
        if key.endswith("running_var"):
            counter = key.removesuffix("running_var") + "num_batches_tracked"
            renamed.setdefault(counter, torch.zeros((), dtype=torch.int64))
    return renamed


def _encoder_key(key: str) -> str:
    """Map an index of the file's one Sequential to our four stages (pools have no keys)."""
    head, _, rest = key.partition(".")
    index, _, rest = rest.partition(".")
    if head == "base" and index.isdecimal():
        for stage, first, last in ((1, 0, 3), (2, 5, 6), (3, 8, 12), (4, 14, 15)):
            if first <= int(index) <= last:
                return f"base{stage}.{int(index) - first}.{rest}"
    return key


def _mixed(block: str) -> Mixed:
    return Mixed(*_MIXED[block])


def _reduced(inputs: int, reduced: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        BasicConv3d(inputs, reduced), SepConv3d(reduced, outputs, kernel=3, stride=1, padding=1)
    )


def _norm(channels: int) -> nn.BatchNorm3d:
    # Not PyTorch's defaults: with eps 1e-5 the maps differ by up to 0.018.
    return nn.BatchNorm3d(channels, eps=1e-3, momentum=0.001)


def _halve_space() -> nn.MaxPool3d:
    return nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))
