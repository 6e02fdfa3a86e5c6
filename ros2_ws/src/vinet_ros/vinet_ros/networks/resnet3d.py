# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""3D-ResNet: residual blocks over space and time.

Attribute names are those of the public checkpoints.
"""

from __future__ import annotations

from torch import Tensor, nn

EXPANSION = 4


class Bottleneck(nn.Module):
    """Three convolutions beside a shortcut; the second one mixes places and times.

    Args:
        inputs: Channels in.
        width: Channels of the first two convolutions; four times as many come out.
        stride: Of the second, in time and space.

    Source:
        Hara et al., "Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs and ImageNet?",
        CVPR 2018, with their shortcut of type B (a convolution where the shape changes).
    """

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.conv1 = nn.Conv3d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = nn.Conv3d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(outputs)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inputs != outputs:
            shortcut = nn.Conv3d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm3d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, 4 width, T / stride, H / stride, W / stride)."""
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y))
        kept = x if self.downsample is None else self.downsample(x)
        total: Tensor = (y + kept).relu()
        return total


def make_stage(inputs: int, width: int, blocks: int, stride: int = 1) -> nn.Sequential:
    """Return a row of blocks; the first one carries the stride."""
    first = Bottleneck(inputs, width, stride)
    return nn.Sequential(first, *(Bottleneck(EXPANSION * width, width) for _ in range(blocks - 1)))
