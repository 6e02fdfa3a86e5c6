# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""SoundNet: features of a waveform, by convolutions over time.

Attribute names are those of the public checkpoints. Time lies on the height axis, the width is 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from vinet_ros.networks.sizes import are_known
from vinet_ros.preprocess import SOUND_SAMPLES
from vinet_ros.sound_forms import WAVEFORM

# Of each layer: channels out, kernel, and the factor by which its maximum over time shrinks it.
LAYERS = (
    (16, 64, 8),
    (32, 32, 8),
    (64, 16, 1),
    (128, 8, 1),
    (256, 4, 4),
    (512, 4, 1),
    (1024, 4, 1),
)
_OBJECTS, _SCENES = 1000, 401


class SoundNet(nn.Module):
    """Waveform to features of its seventh layer.

    Two heads (objects, scenes) exist because the checkpoints carry them; they are not run.

    Source:
        Aytar et al., "SoundNet: Learning Sound Representations from Unlabeled Video", NIPS 2016,
        as the public ViNet code has it.
    """

    clip_length = 32
    input_size = (SOUND_SAMPLES, 1)
    sound_form = WAVEFORM
    channels = 1024
    steps = 3

    def __init__(self) -> None:
        super().__init__()
        inputs = 1
        for number, (outputs, kernel, _) in enumerate(LAYERS, start=1):
            conv = nn.Conv2d(inputs, outputs, (kernel, 1), (2, 1), (kernel // 2, 0))
            self.add_module(f"conv{number}", conv)
            self.add_module(f"batchnorm{number}", nn.BatchNorm2d(outputs))
            inputs = outputs
        self.conv8_objs = nn.Conv2d(inputs, _OBJECTS, (8, 1), (2, 1))
        self.conv8_scns = nn.Conv2d(inputs, _SCENES, (8, 1), (2, 1))

    def forward(self, audio: Tensor) -> Tensor:
        """Return the features (B, 1024, T', 1); T' is 3 for 70560 samples.

        Args:
            audio: Samples (B, 1, L, 1), about -256..256.

        Raises:
            ValueError: If the sound has another shape, or is too short to leave a feature.
        """
        _check(audio)
        x = audio  # lengths at line ends are those of 70560 samples
        for number, (_, _, shrink) in enumerate(LAYERS, start=1):
            x = self.get_submodule(f"conv{number}")(x)  # 35281, 2206, 138, 70, 36, 5, 3
            x = self.get_submodule(f"batchnorm{number}")(x).relu()
            if shrink > 1:
                x = nn.functional.max_pool2d(x, (shrink, 1))  # 4410, 275, -, -, 9
        return x

    @staticmethod
    def options_from_shapes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
        """Return {} for the keys of this network (it has no options), None for any other."""
        return {} if "conv8_objs.weight" in shapes else None


# The shortest sound of which every layer leaves something.
_SHORTEST = 4_574


def _check(audio: Tensor) -> None:
    if not are_known(audio):
        return
    sizes = tuple(audio.shape)
    if len(sizes) != 4 or sizes[1] != 1 or sizes[2] < _SHORTEST or sizes[3] != 1:
        raise ValueError(
            f"expected a sound (B, 1, L, 1) of at least {_SHORTEST} samples ({SOUND_SAMPLES} for "
            f"AViNet), got {sizes}"
        )
