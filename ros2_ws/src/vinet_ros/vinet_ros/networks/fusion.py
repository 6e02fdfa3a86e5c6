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

# What the deepest features of 32 frames of 224 x 384 pixels are, and those of 70560 samples.
VISUAL_CHANNELS = 1024
VISUAL_SIZE = (4, 7, 12)
_TOKENS = math.prod(VISUAL_SIZE)  # 336
_STEPS = 3
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
    def layers(self, audionet: nn.Module, channels: int) -> dict[str, nn.Module]:
        """Return the layers beside the visual model, in the checkpoints' order.

        Args:
            audionet: The sound's encoder, which stands among them.
            channels: Its output channels.
        """

    @abstractmethod
    def fuse(self, net: Any, y0: Tensor, audio: Tensor) -> Tensor:
        """Return what the decoder gets in place of the deepest feature, of the same shape.

        Args:
            net: The network, with the layers as attributes.
            y0: (B, 1024, t, h, w). Line ends show 4, 7, 12.
            audio: (B, C, steps, 1). Line ends show SoundNet's 1024 and 3.
        """


class BilinearFusion(Fusion):
    """AViNet(B): products of pooled places and time steps of sound, channel by channel.

    The pool keeps every second column only, and nothing of the feature passes by the products:
    both as in the public code, whose checkpoints depend on it.
    """

    def layers(self, audionet: nn.Module, channels: int) -> dict[str, nn.Module]:
        """Return SoundNet, the bilinear layer and the pool before it."""
        return {"audionet": audionet, **_bilinear()}

    def fuse(self, net: Any, y0: Tensor, audio: Tensor) -> Tensor:
        """Return the products, (B, 1024, 4, 7, 12)."""
        places = net.maxpool(y0).flatten(2)  # (B, 1024, 1, 7, 6) -> (B, 1024, 42)
        products = net.bilinear(places, audio.flatten(2))  # (B, 1024, 336)
        return products.unflatten(2, VISUAL_SIZE)  # type: ignore[no-any-return]


class ChannelTransformerFusion(BilinearFusion):
    """AViNet(B) with a transformer after it, in which each of 32 channels is a token."""

    def layers(self, audionet: nn.Module, channels: int) -> dict[str, nn.Module]:
        """Return the two reducing convolutions, the transformer, and those of the base."""
        return {
            "conv_in_1x1": nn.Conv3d(VISUAL_CHANNELS, _CHANNEL_TOKENS, 1),
            "conv_out_1x1": nn.Conv3d(_CHANNEL_TOKENS, VISUAL_CHANNELS, 1),
            "transformer": Transformer(_TOKENS, _CHANNEL_TOKENS),
            **super().layers(audionet, channels),
        }

    def fuse(self, net: Any, y0: Tensor, audio: Tensor) -> Tensor:
        """Return the transformed products, (B, 1024, 4, 7, 12)."""
        channels = net.conv_in_1x1(super().fuse(net, y0, audio))  # (B, 32, 4, 7, 12)
        tokens = channels.flatten(2).transpose(0, 1)  # (32, B, 336)
        mixed = net.transformer(tokens).transpose(0, 1)  # (B, 32, 336)
        return net.conv_out_1x1(mixed.unflatten(2, VISUAL_SIZE))  # type: ignore[no-any-return]


class TransformerFusion(Fusion):
    """Places and time steps of sound as tokens of one transformer.

    The bilinear layer is not used; the public code carries it.
    """

    def layers(self, audionet: nn.Module, channels: int) -> dict[str, nn.Module]:
        """Return the reducing convolutions, the transformer, SoundNet and what is carried."""
        return {
            "conv_in_1x1": nn.Conv3d(VISUAL_CHANNELS, _WIDTH, 1),
            "transformer": Transformer(_WIDTH, _TOKENS + _STEPS),
            "audionet": audionet,
            "audio_conv_1x1": nn.Conv2d(channels, _WIDTH, 1),
            **_bilinear(),
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
    with the maximum over time of the sound's features.
    """

    any_size = True

    def layers(self, audionet: nn.Module, channels: int) -> dict[str, nn.Module]:
        """Return SoundNet and the reducing convolutions."""
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

    def layers(self, audionet: nn.Module, channels: int) -> dict[str, nn.Module]:
        """Return SoundNet, the reducing convolutions and the three attention layers."""
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


class Bilinear(nn.Bilinear):
    """PyTorch's layer in matrix products, which every path can run."""

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Return (.., outputs) of (.., inputs1) and (.., inputs2).

        Element o is the sum over i and j of ``input1[i] * weight[o, i, j] * input2[j]``, and a
        bias.
        """
        total: Tensor = self.bias
        for j in range(self.in2_features):
            total = (
                total + nn.functional.linear(input1, self.weight[:, :, j]) * input2[..., j, None]
            )
        return total


class Transformer(nn.Module):
    """Three post-norm encoder layers of four heads on tokens with a position code.

    Args:
        width: Of a token, and of the feed-forward layer.
        tokens: How many; the code is added to the whole sequence at once.
    """

    def __init__(self, width: int, tokens: int) -> None:
        super().__init__()
        self.pos_encoder = PositionCode(width, tokens)
        layer = nn.TransformerEncoderLayer(width, nhead=4, dim_feedforward=width, dropout=0.1)
        # Nested tensors are for padded batches; asking for them would only raise a warning.
        self.transformer_encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the transformed tokens (N, B, width)."""
        encoded: Tensor = self.transformer_encoder(self.pos_encoder(tokens))
        return encoded


class PositionCode(nn.Module):
    """Adds sines (even columns) and cosines (odd ones) of the position.

    Args:
        width: Of a token, even.
        tokens: How many.
    """

    def __init__(self, width: int, tokens: int) -> None:
        super().__init__()
        position = torch.arange(tokens).float()[:, None]
        rates = torch.exp(torch.arange(0, width, 2).float() * (-math.log(10_000.0) / width))
        code = torch.stack((torch.sin(position * rates), torch.cos(position * rates)), dim=2)
        self.pe: Tensor
        self.register_buffer("pe", code.flatten(1)[:, None])  # (N, 1, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the tokens (N, B, width) with their code."""
        return tokens + self.pe


class AttentionLayer(nn.Module):
    """One post-norm attention layer: who asks, whom it asks, and a feed-forward layer.

    Args:
        width: Of a token; the feed-forward layer is four times as wide.
        heads: Of the attention.
    """

    def __init__(self, width: int, heads: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(width, heads, dropout=dropout)
        self.linear1 = nn.Linear(width, 4 * width)
        self.dropout = nn.Dropout(dropout)
        self.linear2 = nn.Linear(4 * width, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.dropout1 = nn.Dropout(dropout)
        self.dropout2 = nn.Dropout(dropout)

    def forward(self, asking: Tensor, asked: Tensor, residual: Tensor | None = None) -> Tensor:
        """Return the tokens (N, B, width) of who asks, with what they found.

        Args:
            asking: (N, B, width).
            asked: (M, B, width).
            residual: What is kept beside the answer, (N, B, width); by default `asking`. The
                public layer keeps `asked`, which needs sequences of one length.
        """
        kept = asking if residual is None else residual
        found = self.self_attn(asking, asked, asked, need_weights=False)[0]
        x = self.norm1(kept + self.dropout1(found))
        wide = self.dropout(self.linear1(x).relu())
        mixed: Tensor = self.norm2(x + self.dropout2(self.linear2(wide)))
        return mixed


FUSIONS: dict[str, type[Fusion]] = {
    "bilinear": BilinearFusion,
    "concat": ConcatFusion,
    "transformer": TransformerFusion,
    "attention": AttentionFusion,
}


def _bilinear() -> dict[str, nn.Module]:
    # Stride 2 in width with a kernel of 1: the odd columns are left out.
    pool = nn.MaxPool3d((4, 1, 1), stride=(2, 1, 2))
    return {"bilinear": Bilinear(_POOLED, _STEPS, _TOKENS), "maxpool": pool}


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
