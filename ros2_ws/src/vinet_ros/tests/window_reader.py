# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A network so small that its map can be read: it shows the brightness of each slot."""

import torch
from torch import Tensor, nn

from vinet_ros.preprocess import IMAGENET_MEAN, IMAGENET_STD
from vinet_ros.sound_forms import WAVEFORM


class WindowReader(nn.Module):
    """Pixel t of the map's first row is the mean red of slot t, 0 to 1; the rest is zero."""

    def __init__(self, clip_length: int = 4, input_size: tuple[int, int] = (8, 16)) -> None:
        super().__init__()
        self.clip_length = clip_length
        self.input_size = input_size
        self.rate_hz = 10.0
        self.scale = nn.Parameter(torch.ones(1))

    def encode(self, frames: Tensor) -> tuple[Tensor, ...]:
        red = frames[:, 0].mean(dim=(1, 2)) * IMAGENET_STD[0] + IMAGENET_MEAN[0]
        return (red * self.scale,)  # (B,)

    def decode(self, features: tuple[Tensor, ...]) -> Tensor:
        height, width = self.input_size
        row = nn.functional.pad(features[0], (0, width - self.clip_length))  # (B, W)
        return nn.functional.pad(row[:, None], (0, 0, 0, height - 1))  # (B, H, W)

    def forward(self, clip: Tensor) -> Tensor:
        frames = clip.transpose(1, 2).flatten(0, 1)
        return self.decode((self.encode(frames)[0].unflatten(0, (*clip.shape[:1], -1)),))


class Listener(WindowReader):
    """One that hears: its second row is the loudness of sixteen stretches of the sound, 0 to 1."""

    sound_form = WAVEFORM

    def decode(self, features: tuple[Tensor, ...], audio: Tensor | None = None) -> Tensor:
        seen = super().decode(features)  # (B, H, W)
        if audio is None:
            return seen
        loudness = audio.flatten(1).unflatten(1, (16, -1)).abs().amax(dim=2) / 256.0  # (B, 16)
        return torch.cat((seen[:, :1], loudness[:, None], seen[:, 2:]), dim=1)

    def forward(self, clip: Tensor, audio: Tensor | None = None) -> Tensor:
        frames = clip.transpose(1, 2).flatten(0, 1)
        features = (self.encode(frames)[0].unflatten(0, (*clip.shape[:1], -1)),)
        return self.decode(features, audio)


def slot_values(values, clip_length: int = 4) -> list[int]:
    """Return the 8-bit brightness of each slot, oldest first."""
    return [round(float(v) * 255) for v in values[0, :clip_length]]
