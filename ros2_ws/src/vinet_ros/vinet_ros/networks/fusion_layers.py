# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The layers in which sound and sight meet; their keys are those of the public checkpoints."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_DROPOUT = 0.1


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
        layer = nn.TransformerEncoderLayer(width, nhead=4, dim_feedforward=width, dropout=_DROPOUT)
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
        residual: Whose tokens are kept beside the answer: "asking", or "asked" as in the public
            layer, which needs sequences of one length.

    Raises:
        ValueError: If there is no such stream.
    """

    def __init__(self, width: int, heads: int = 8, residual: str = "asking") -> None:
        super().__init__()
        if residual not in ("asking", "asked"):
            raise ValueError(f"residual must be 'asking' or 'asked', got {residual!r}")
        self.residual = residual
        self.self_attn = nn.MultiheadAttention(width, heads, dropout=_DROPOUT)
        self.linear1 = nn.Linear(width, 4 * width)
        self.dropout = nn.Dropout(_DROPOUT)
        self.linear2 = nn.Linear(4 * width, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.dropout1 = nn.Dropout(_DROPOUT)
        self.dropout2 = nn.Dropout(_DROPOUT)

    def forward(self, asking: Tensor, asked: Tensor) -> Tensor:
        """Return the tokens (N, B, width) of who asks, with what they found.

        Args:
            asking: (N, B, width).
            asked: (M, B, width).
        """
        kept = asking if self.residual == "asking" else asked
        found = self.self_attn(asking, asked, asked, need_weights=False)[0]
        x = self.norm1(kept + self.dropout1(found))
        wide = self.dropout(self.linear1(x).relu())
        mixed: Tensor = self.norm2(x + self.dropout2(self.linear2(wide)))
        return mixed
