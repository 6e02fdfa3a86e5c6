# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""ViNet's decoders: from the encoder's features, deepest first, to a saliency map.

A stage is convolution, ReLU, upsampling by two in space. Between stages the next skip feature is
appended, decoder's own first. The temporal kernels equal their strides, so each stage folds the
appended frames away. Attribute names and Sequential indices are those of the public checkpoints;
no convolution has a bias unless it says so.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

UNGROUPED = (1, 1, 1, 1, 1)


class Decoder(nn.Module):
    """The decoder of the paper, with trilinear upsampling.

    Args:
        clip_length: Frames of the clip: 8, 16, 32 or 48.
        hierarchies: How many skip features are joined, deepest first: 0..3.
        concat: Skips are joined along "time" or on the "channel" axis.
        groups: Groups of the first five convolutions, from deep to fine.
    """

    def __init__(
        self,
        clip_length: int = 32,
        hierarchies: int = 3,
        concat: str = "time",
        groups: tuple[int, ...] = UNGROUPED,
    ) -> None:
        super().__init__()
        self.hierarchies = hierarchies
        self.concat = concat
        # Frames that reach stages 2, 3 and 4 for each frame that leaves them: own and appended.
        frames = [1 if i >= hierarchies or concat == "channel" else n for i, n in _FRAMES]
        width = 2 if concat == "channel" else 1
        self.convtsp1 = nn.Sequential(*_stage(1024, 832, 1, groups[0]))
        self.convtsp2 = nn.Sequential(*_stage(width * 832, 480, frames[0], groups[1]))
        self.convtsp3 = nn.Sequential(*_stage(width * 480, 192, frames[1], groups[2]))
        self.convtsp4 = nn.Sequential(
            *_stage(width * 192, 64, frames[2], groups[3]),
            *_stage(64, 32, 1 if clip_length == 8 else 2, groups[4]),
            *_head(clip_length),
        )
        if concat == "channel":
            self.conv_hier1 = _fold(832, 2)
            self.conv_hier2 = _fold(480, 4)
            self.conv_hier3 = _fold(192, 4)

    def forward(self, y0: Tensor, y1: Tensor, y2: Tensor, y3: Tensor) -> Tensor:
        """Return the map (B, H, W) in (0, 1).

        Args:
            y0: (B, 1024, T/8, H/32, W/32). Line ends show T = 32, 224 x 384, three hierarchies.
            y1: (B, 832, T/4, H/16, W/16).
            y2: (B, 480, T/2, H/8, W/8).
            y3: (B, 192, T/2, H/4, W/4).
        """
        z = self.convtsp1(y0)  # (B, 832, 4, 14, 24)
        z = self.convtsp2(self._join(z, y1, 1))  # (B, 832, 12, ..) -> (B, 480, 4, 28, 48)
        z = self.convtsp3(self._join(z, y2, 2))  # (B, 480, 20, ..) -> (B, 192, 4, 56, 96)
        z = self.convtsp4(self._join(z, y3, 3))  # (B, 192, 20, ..) -> (B, 1, 1, 224, 384)
        return torch.sigmoid(z).squeeze(2).squeeze(1)  # (B, 224, 384)

    def _join(self, z: Tensor, skip: Tensor, hierarchy: int) -> Tensor:
        if hierarchy > self.hierarchies:
            return z
        if self.concat == "time":
            return torch.cat((z, skip), dim=2)
        folded = self.get_submodule(f"conv_hier{hierarchy}")(skip)  # (B, C, 4, h, w)
        return torch.cat((z, folded), dim=1)


class TransposedDecoder(nn.Module):
    """The earlier decoder, which upsamples by transposed convolutions; clips of 32 frames.

    Source: the public code's history of 2020; the paper's ablation has such a row.
    """

    def __init__(self) -> None:
        super().__init__()
        self.convtsp1 = nn.Sequential(*_relu(_fold(1024, 1)), *_relu(_double(1024, 832)))
        self.convtsp2 = nn.Sequential(*_relu(_fold(832, 3)), *_relu(_double(832, 480)))
        self.convtsp3 = nn.Sequential(*_relu(_fold(480, 5)), *_relu(_double(480, 192)))
        self.convtsp4 = nn.Sequential(
            *_relu(_fold(192, 5)),
            *_relu(_double(192, 64)),
            *_relu(_fold(64, 2)),
            *_relu(nn.ConvTranspose3d(64, 4, 1, bias=False)),
            *_relu(_fold(4, 2)),
            _double(4, 4),
            nn.Conv3d(4, 1, 1, bias=True),
        )

    def forward(self, y0: Tensor, y1: Tensor, y2: Tensor, y3: Tensor) -> Tensor:
        """Return the map (B, H, W) in (0, 1); features as :meth:`Decoder.forward` takes them."""
        z = self.convtsp1(y0)  # (B, 832, 4, 14, 24)
        z = self.convtsp2(torch.cat((z, y1), dim=2))  # (B, 480, 4, 28, 48)
        z = self.convtsp3(torch.cat((z, y2), dim=2))  # (B, 192, 4, 56, 96)
        z = self.convtsp4(torch.cat((z, y3), dim=2))  # (B, 1, 1, 224, 384)
        return torch.sigmoid(z).squeeze(2).squeeze(1)  # (B, 224, 384)


# For T = 32 the decoder carries 4 frames; y1 appends 8, y2 and y3 append 16 each: 12/4, 20/4.
_FRAMES = tuple(enumerate((3, 5, 5)))


def _stage(inputs: int, outputs: int, frames: int, groups: int) -> tuple[nn.Module, ...]:
    """Fold `frames` frames into one, then double height and width."""
    kernel, stride = (frames, 3, 3), (frames, 1, 1)
    return (
        nn.Conv3d(inputs, outputs, kernel, stride, (0, 1, 1), groups=groups, bias=False),
        nn.ReLU(inplace=True),
        nn.Upsample(scale_factor=(1, 2, 2), mode="trilinear", align_corners=False),
    )


def _head(clip_length: int) -> tuple[nn.Module, ...]:
    """Fold the frames that are left (1, 1, 2 or 3) and give the logit."""
    logit = nn.Conv3d(32, 1, 1, bias=True)
    if clip_length in (8, 16):
        return (logit,)
    left = clip_length // 16
    # Only the 48-frame variant has a bias here; its checkpoints carry it.
    fold = nn.Conv3d(32, 32, (left, 1, 1), (left, 1, 1), bias=clip_length == 48)
    return fold, nn.ReLU(inplace=True), logit


def _fold(channels: int, frames: int) -> nn.Conv3d:
    return nn.Conv3d(channels, channels, (frames, 1, 1), (frames, 1, 1), bias=False)


def _double(inputs: int, outputs: int) -> nn.ConvTranspose3d:
    return nn.ConvTranspose3d(inputs, outputs, (1, 4, 4), (1, 2, 2), (0, 1, 1), bias=False)


def _relu(layer: nn.Module) -> tuple[nn.Module, nn.Module]:
    return layer, nn.ReLU(inplace=True)
