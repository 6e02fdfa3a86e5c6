# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How AViNet joins sound and sight: each way is a table of layers, and what it does with them.

The layers are the network's own, as the public checkpoints name them at the top level; so a
fusion holds none, and gets the network with each call.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from vinet_ros.networks.fusion_layers import AttentionLayer, Bilinear, Transformer

# What the deepest features of 32 frames of 224 x 384 pixels are.
VISUAL_CHANNELS = 1024
VISUAL_SIZE = (4, 7, 12)
_TOKENS = math.prod(VISUAL_SIZE)  # 336
_WIDTH = 512
_CHANNEL_TOKENS = 32
_POOLED = 42


class Fusion(ABC):
    """One way of letting sound into the deepest visual feature.

    Attributes:
        any_size: Whether it takes clips of any height and width (divisible by 32).
    """

    any_size = False

    @abstractmethod
    def layers(self, audionet: nn.Module, channels: int, steps: int) -> dict[str, nn.Module]:
        """Return the layers beside the visual model, in the checkpoints' order.

        Args:
            audionet: The sound's encoder, which stands among them.
            channels: Its output channels.
            steps: Its output's time steps.
        """

    @abstractmethod
    def fuse(self, net: Any, y0: Tensor, audio: Tensor) -> Tensor:
        """Return what the decoder gets in place of the deepest feature, of the same shape.

        Args:
            net: The network, with the layers as attributes.
            y0: (B, 1024, t, h, w). Line ends show 4, 7, 12.
            audio: (B, C, steps, 1). Line ends show SoundNet's 1024 and 3; VGG-Vox has 4096 and 1,
                AVID 512 and 1.
        """


class BilinearFusion(Fusion):
    """AViNet(B): products of pooled places and time steps of sound, channel by channel.

    The pool keeps every second column only, and nothing of the feature passes by the products:
    both as in the public code, whose checkpoints depend on it. Sound of other than 1024 channels
    is brought to them by a 1x1 convolution, which is our choice.
    """

    def layers(self, audionet: nn.Module, channels: int, steps: int) -> dict[str, nn.Module]:
        """Return the encoder, the bilinear layer and the pool before it."""
        fits = channels == VISUAL_CHANNELS
        matched = nn.Identity() if fits else nn.Conv2d(channels, VISUAL_CHANNELS, 1)
        return {"audionet": audionet, "bilinear_audio": matched, **_bilinear(steps)}

    def fuse(self, net: Any, y0: Tensor, audio: Tensor) -> Tensor:
        """Return the products, (B, 1024, 4, 7, 12)."""
        places = net.maxpool(y0).flatten(2)  # (B, 1024, 1, 7, 6) -> (B, 1024, 42)
        heard = net.bilinear_audio(audio).flatten(2)  # (B, 1024, 3)
        products = net.bilinear(places, heard)  # (B, 1024, 336)
        return products.unflatten(2, VISUAL_SIZE)  # type: ignore[no-any-return]


class ChannelTransformerFusion(BilinearFusion):
    """AViNet(B) with a transformer after it, in which each of 32 channels is a token."""

    def layers(self, audionet: nn.Module, channels: int, steps: int) -> dict[str, nn.Module]:
        """Return the two reducing convolutions, the transformer, and those of the base."""
        return {
            "conv_in_1x1": nn.Conv3d(VISUAL_CHANNELS, _CHANNEL_TOKENS, 1),
            "conv_out_1x1": nn.Conv3d(_CHANNEL_TOKENS, VISUAL_CHANNELS, 1),
            "transformer": Transformer(_TOKENS, _CHANNEL_TOKENS),
            **super().layers(audionet, channels, steps),
        }

    def fuse(self, net: Any, y0: Tensor, audio: Tensor) -> Tensor:
        """Return the transformed products, (B, 1024, 4, 7, 12)."""
        channels = net.conv_in_1x1(super().fuse(net, y0, audio))  # (B, 32, 4, 7, 12)
        tokens = channels.flatten(2).transpose(0, 1)  # (32, B, 336)
        mixed = net.transformer(tokens).transpose(0, 1)  # (B, 32, 336)
        return net.conv_out_1x1(mixed.unflatten(2, VISUAL_SIZE))  # type: ignore[no-any-return]


class TransformerFusion(Fusion):
    """Places and time steps of sound as tokens of one transformer.

    The bilinear layer is not used; the public code, which has SoundNet only, carries it.
    """

    def layers(self, audionet: nn.Module, channels: int, steps: int) -> dict[str, nn.Module]:
        """Return the reducing convolutions, the transformer, encoder and what is carried."""
        return {
            "conv_in_1x1": nn.Conv3d(VISUAL_CHANNELS, _WIDTH, 1),
            "transformer": Transformer(_WIDTH, _TOKENS + steps),
            "audionet": audionet,
            "audio_conv_1x1": nn.Conv2d(channels, _WIDTH, 1),
            **(_bilinear(steps) if channels == VISUAL_CHANNELS else {}),
        }

    def fuse(self, net: Any, y0: Tensor, audio: Tensor) -> Tensor:
        """Return the tokens of places beside the mean token of sound, (B, 1024, 4, 7, 12)."""
        seen = net.conv_in_1x1(y0).flatten(2)  # (B, 512, 336)
        heard = net.audio_conv_1x1(audio).flatten(2)  # (B, 512, 3)
        tokens = torch.cat((seen, heard), dim=2).permute(2, 0, 1)  # (339, B, 512)
        return _beside(net.transformer(tokens), y0)


class ConcatFusion(Fusion):
    """AViNet(C): both reduced to 512 channels, the sound repeated at every place, side by side.

    The paper does not say how it reduces; this is the layout of the public code's VGG-Vox model,
    for SoundNet with the maximum over time of the sound's features.
    """

    any_size = True

    def layers(self, audionet: nn.Module, channels: int, steps: int) -> dict[str, nn.Module]:
        """Return the encoder and the reducing convolutions."""
        return {
            "audionet": audionet,
            "conv_audio": nn.Conv2d(channels, _WIDTH, 1),
            "conv_video": nn.Conv3d(VISUAL_CHANNELS, _WIDTH, 1),
        }

    def fuse(self, net: Any, y0: Tensor, audio: Tensor) -> Tensor:
        """Return places beside sound, (B, 1024, 4, 7, 12)."""
        loudest = audio.amax(dim=2, keepdim=True)  # (B, 1024, 1, 1)
        heard = net.conv_audio(loudest)[..., None]  # (B, 512, 1, 1, 1)
        seen = net.conv_video(y0)  # (B, 512, 4, 7, 12)
        return torch.cat((seen, heard.expand_as(seen)), dim=1)


class AttentionFusion(Fusion):
    """AViNet(A): sight attends to sound and sound to sight, then both to all.

    Described, not published: the residual is that of the stream that asks, as the two have
    different lengths; both are joined along time, as the text says; 512 channels, 8 heads and no
    position code are our choice.

    Source:
        Jain, MSc thesis 2023, and the active-speaker network that it names (TalkNet).
    """

    any_size = True

    def layers(self, audionet: nn.Module, channels: int, steps: int) -> dict[str, nn.Module]:
        """Return the encoder, the reducing convolutions and the three attention layers."""
        return {
            "audionet": audionet,
            "conv_in_1x1": nn.Conv3d(VISUAL_CHANNELS, _WIDTH, 1),
            "audio_conv_1x1": nn.Conv2d(channels, _WIDTH, 1),
            "crossA2V": AttentionLayer(_WIDTH, heads=8),
            "crossV2A": AttentionLayer(_WIDTH, heads=8),
            "selfAV": AttentionLayer(_WIDTH, heads=8),
        }

    def fuse(self, net: Any, y0: Tensor, audio: Tensor) -> Tensor:
        """Return the tokens of places beside the mean token of sound, (B, 1024, 4, 7, 12)."""
        seen = net.conv_in_1x1(y0).flatten(2).permute(2, 0, 1)  # (336, B, 512)
        heard = net.audio_conv_1x1(audio).flatten(2).permute(2, 0, 1)  # (3, B, 512)
        joined = torch.cat((net.crossA2V(seen, heard), net.crossV2A(heard, seen)))
        return _beside(net.selfAV(joined, joined), y0)


FUSIONS: dict[str, type[Fusion]] = {
    "bilinear": BilinearFusion,
    "concat": ConcatFusion,
    "transformer": TransformerFusion,
    "attention": AttentionFusion,
}


def _bilinear(steps: int) -> dict[str, nn.Module]:
    # Stride 2 in width with a kernel of 1: the odd columns are left out.
    pool = nn.MaxPool3d((4, 1, 1), stride=(2, 1, 2))
    return {"bilinear": Bilinear(_POOLED, steps, _TOKENS), "maxpool": pool}


def _beside(tokens: Tensor, y0: Tensor) -> Tensor:
    """Return (B, 1024, t, h, w): tokens of places, and the mean of the sound's at each place.

    Args:
        tokens: (places + steps, B, 512).
        y0: For its size, (B, 1024, t, h, w).
    """
    places = y0.shape[2] * y0.shape[3] * y0.shape[4]
    seen = tokens[:places].permute(1, 2, 0)  # (B, 512, 336)
    heard = tokens[places:].mean(dim=0)[..., None]  # (B, 512, 1)
    both = torch.cat((seen, heard.expand_as(seen)), dim=1)  # (B, 1024, 336)
    return both.unflatten(2, y0.shape[2:])  # type: ignore[no-any-return, no-untyped-call]
