# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""VGG-Vox: features of a voice, by convolutions over its spectrogram.

Attribute names are those of the public checkpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from vinet_ros.networks.sizes import are_known
from vinet_ros.sound_forms import VGGVOX_SIZE, VGGVOX_SPECTROGRAM

# Of each layer: name, norm, channels out, kernel, stride, padding; and the pool after it.
_LAYERS: tuple[tuple[Any, ...], ...] = (
    ("conv1", "bn1", 96, 7, 2, 1, (3, 2)),
    ("conv2", "bn2", 256, 5, 2, 1, (3, 2)),
    ("conv3", "bn3", 384, 3, 1, 1, None),
    ("conv4", "bn4", 256, 3, 1, 1, None),
    ("conv5", "bn5", 256, 3, 1, 1, ((5, 3), (3, 2))),
    ("fc6", "bn6", 4096, (9, 1), 1, 0, None),
)
_HIDDEN, _SPEAKERS = 1024, 1251


class VGGVox(nn.Module):
    """Spectrogram to the embedding of its sixth layer; the VGG-M of VoxCeleb.

    Source:
        Nagrani et al., "VoxCeleb: a large-scale speaker identification dataset", Interspeech
        2017, table 2, as its public PyTorch port has it.
    """

    clip_length = 32
    input_size = VGGVOX_SIZE
    sound_form = VGGVOX_SPECTROGRAM
    channels = 4096
    steps = 1

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential()
        inputs = 1
        for number, (name, norm, outputs, kernel, stride, padding, pool) in enumerate(_LAYERS, 1):
            self.features.add_module(name, nn.Conv2d(inputs, outputs, kernel, stride, padding))
            self.features.add_module(norm, nn.BatchNorm2d(outputs, momentum=0.5))
            self.features.add_module(f"relu{number}", nn.ReLU())
            if pool is not None:
                self.features.add_module(f"mpool{number}", nn.MaxPool2d(*pool))
            inputs = outputs
        self.features.add_module("apool6", nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Sequential()
        self.classifier.add_module("fc7", nn.Linear(inputs, _HIDDEN))
        self.classifier.add_module("relu7", nn.ReLU())
        self.classifier.add_module("fc8", nn.Linear(_HIDDEN, _SPEAKERS))

    def forward(self, audio: Tensor) -> Tensor:
        """Return the embedding (B, 4096, 1, 1), the mean over time.

        Args:
            audio: Spectrograms (B, 1, 512, T), as :func:`vinet_ros.sound_forms.vggvox_input`
                gives them; T is 300 for AViNet.

        Raises:
            ValueError: If the sound has another shape, or is too short to leave a feature.
        """
        _check(audio)
        embedding: Tensor = self.features(audio)
        return embedding

    def classify(self, embedding: Tensor) -> Tensor:
        """Return the logits (B, 1251) of the speakers of VoxCeleb, from (B, 4096, 1, 1)."""
        logits: Tensor = self.classifier(embedding.flatten(1))
        return logits

    @staticmethod
    def options_from_shapes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
        """Return {} for the keys of this network (it has no options), None for any other."""
        return {} if "features.fc6.weight" in shapes else None


# The shortest sound of which every layer leaves something.
_SHORTEST = 65


def _check(audio: Tensor) -> None:
    if not are_known(audio):
        return
    sizes = tuple(audio.shape)
    height, width = VGGVOX_SIZE
    if len(sizes) != 4 or sizes[1:3] != (1, height) or sizes[3] < _SHORTEST:
        raise ValueError(
            f"expected a spectrogram (B, 1, {height}, T) of at least {_SHORTEST} steps ({width} "
            f"for AViNet), got {sizes}"
        )
