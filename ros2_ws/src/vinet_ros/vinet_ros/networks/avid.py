# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""AVID's sound encoder: features of a log spectrogram, by convolutions over time and bands.

Attribute names are those of the public checkpoints, which hold a video encoder and more beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from torch import Tensor, nn

from vinet_ros.sound_forms import AVID_SIZE, AVID_SPECTROGRAM

Value = TypeVar("Value")
# Of each block: channels out, and the stride of its first convolution.
_BLOCKS = ((64, 2), (128, 2), (256, 2), (512, 1))
_PARTS = ("audio_model.", "audio_proj.")
_TELLING = "audio_model.conv1.0.weight"


class AVID(nn.Module):
    """Log spectrogram to the features of the sound tower of AVID.

    Source:
        Morgado et al., "Audio-visual instance discrimination with cross-modal agreement", CVPR
        2021, and its public code.
    """

    clip_length = 32
    input_size = AVID_SIZE
    sound_form = AVID_SPECTROGRAM
    channels = 512
    steps = 1

    def __init__(self) -> None:
        super().__init__()
        self.audio_model = _Tower()
        self.audio_proj = _Projection()

    def forward(self, audio: Tensor) -> Tensor:
        """Return the features (B, 512, 1, 1), the largest over time and bands.

        Args:
            audio: Log spectrograms (B, 1, T, bands), as :func:`vinet_ros.sound_forms.avid_input`
                gives them; for AViNet 100 steps of 129 bands.

        Raises:
            ValueError: If the sound has another shape.
        """
        sizes = tuple(audio.shape)
        if len(sizes) != 4 or sizes[1] != 1:
            raise ValueError(
                f"expected a spectrogram (B, 1, T, bands), {AVID_SIZE} for AViNet, got {sizes}"
            )
        features: Tensor = self.audio_model(audio)
        return features

    def project(self, features: Tensor) -> Tensor:
        """Return where sound and video are compared (B, 128), from (B, 512, 1, 1)."""
        projected: Tensor = self.audio_proj.projection(features.flatten(1))
        return projected

    @staticmethod
    def own_part(state: Mapping[str, Value]) -> dict[str, Value]:
        """Return what of a checkpoint is this network's: all, or its sound encoder."""
        if _TELLING not in state:
            return dict(state)
        return {key: value for key, value in state.items() if key.startswith(_PARTS)}

    @staticmethod
    def options_from_shapes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
        """Return {} for the keys of this network (it has no options), None for any other."""
        return {} if _TELLING in shapes else None


class _Tower(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU()
        )
        inputs = 64
        for number, (outputs, stride) in enumerate(_BLOCKS, start=1):
            self.add_module(f"block{number}", _Block(inputs, outputs, stride))
            inputs = outputs
        self.pool = nn.AdaptiveMaxPool2d(1)

    def forward(self, audio: Tensor) -> Tensor:  # sizes at line ends are those of 100 x 129
        x = self.conv1(audio)  # (B, 64, 50, 65)
        for number in range(1, len(_BLOCKS) + 1):
            x = self.get_submodule(f"block{number}")(x)  # 25 x 33, 13 x 17, 7 x 9, 7 x 9
        pooled: Tensor = self.pool(x)  # (B, 512, 1, 1)
        return pooled


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn1(self.conv1(x)).relu()
        x = self.bn2(self.conv2(x)).relu()
        return x


class _Projection(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.projection = nn.Sequential(
            nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 128)
        )
