# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""STAViS' hearing: where in the picture a sound comes from, and what that does to its map."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from vinet_ros.networks.soundnet import LAYERS

SOUND_CHANNELS, PLACE_CHANNELS, SHARED_CHANNELS = 1024, 512, 128
BILINEAR_MAPS = 64
LOCALISATIONS = ("bilinear", "inner_product", "cosine")


def make_soundnet() -> nn.Sequential:
    """Return SoundNet to its seventh layer for (B, 1, 1, L): time lies on the width axis.

    The same as :class:`~vinet_ros.networks.soundnet.SoundNet` under the keys of STAViS' files,
    and a last maximum over two steps: of 35280 samples one feature (B, 1024, 1, 1) is left.
    """
    layers: list[nn.Module] = []
    inputs = 1
    for outputs, kernel, shrink in LAYERS:
        conv = nn.Conv2d(inputs, outputs, (1, kernel), (1, 2), (0, kernel // 2))
        layers += [conv, nn.BatchNorm2d(outputs), nn.ReLU()]
        if shrink > 1:
            layers.append(nn.MaxPool2d((1, shrink)))
        inputs = outputs
    return nn.Sequential(*layers, nn.MaxPool2d((1, 2)))


class SoundPlaces(nn.Module):
    """Compares the sound with every place of the picture.

    Args:
        localisation: "bilinear" (the public code's, 64 maps), "inner_product" (weighted) or
            "cosine", one map each.

    Attributes:
        maps: How many maps come out.

    Source:
        The public code of Tsiami et al., "STAViS: Spatio-Temporal AudioVisual Saliency Network",
        CVPR 2020, has the bilinear way. The others are built from their names alone.
    """

    def __init__(self, localisation: str = "bilinear") -> None:
        super().__init__()
        self.affine_rgb = nn.Linear(PLACE_CHANNELS, SHARED_CHANNELS)
        self.affine_audio = nn.Linear(SOUND_CHANNELS, SHARED_CHANNELS)
        self.localisation = localisation
        self.maps = BILINEAR_MAPS if localisation == "bilinear" else 1
        if localisation == "bilinear":
            self.w_a_rgb = nn.Bilinear(SHARED_CHANNELS, SHARED_CHANNELS, BILINEAR_MAPS)
        elif localisation == "inner_product":
            self.inner = nn.Linear(SHARED_CHANNELS, 1)

    def forward(self, places: Tensor, sound: Tensor, size: tuple[int, int]) -> Tensor:
        """Return the maps (B, maps, H, W).

        Args:
            places: Visual features (B, 512, t, h, w); their mean over time counts.
            sound: Features of the sound (B, 1024, 1, 1).
            size: Height and width of the maps.
        """
        pixels = places.mean(dim=2)  # (B, 512, h, w)
        height, width = pixels.shape[2:]
        seen = self.affine_rgb(pixels.flatten(2).transpose(1, 2)).relu()  # (B, h w, 128)
        heard = self.affine_audio(sound.flatten(1)).relu()  # (B, 128)
        found = self._compare(seen, heard).transpose(1, 2)  # (B, maps, h w)
        maps = found.reshape(found.shape[0], self.maps, height, width)
        return nn.functional.interpolate(maps, size, mode="bilinear", align_corners=False)

    def _compare(self, seen: Tensor, heard: Tensor) -> Tensor:
        """Return (B, h w, maps)."""
        if self.localisation == "cosine":
            return nn.functional.cosine_similarity(seen, heard[:, None], dim=2)[..., None]
        if self.localisation == "inner_product":
            weighted: Tensor = self.inner(seen * heard[:, None])
            return weighted
        # A sound is the same at all places, so the layer's products with it are made once.
        layer = self.w_a_rgb
        by_sound = heard @ layer.weight.flatten(0, 1).T  # (B, 64 128)
        products = by_sound.reshape(-1, BILINEAR_MAPS, SHARED_CHANNELS)
        found: Tensor = seen @ products.transpose(1, 2) + layer.bias
        return found


class Fusion(ABC):
    """One way to join what was seen with where the sound is; a part of a network."""

    @abstractmethod
    def layers(self, sides: int, maps: int) -> dict[str, nn.Module]:
        """Return the layers it needs for so many channels, in the order of the files."""

    @abstractmethod
    def fuse(self, net: Any, sides: Tensor, maps: Tensor) -> Tensor:
        """Return the logits (B, 1, H, W).

        Args:
            net: The network that holds the layers.
            sides: Visual features (B, sides, H, W).
            maps: Of the sound (B, maps, H, W).
        """


class ConcatFusion(Fusion):
    """A 1x1 convolution over the features of both; the public code's."""

    def layers(self, sides: int, maps: int) -> dict[str, nn.Module]:
        """Return the one that fuses."""
        return {"fuseav": nn.Conv2d(sides + maps, 1, 1)}

    def fuse(self, net: Any, sides: Tensor, maps: Tensor) -> Tensor:
        """Return the logits (B, 1, H, W)."""
        logits: Tensor = net.fuseav(net.dropout(torch.cat((sides, maps), dim=1)))
        return logits


class SumFusion(Fusion):
    """A weighted sum of the visual saliency map and the maps of the sound, as logits."""

    def layers(self, sides: int, maps: int) -> dict[str, nn.Module]:
        """Return the weights of the sum."""
        return {"fuseav": nn.Conv2d(1 + maps, 1, 1)}

    def fuse(self, net: Any, sides: Tensor, maps: Tensor) -> Tensor:
        """Return the logits (B, 1, H, W)."""
        seen = net.fuse(net.dropout(sides))  # (B, 1, H, W)
        logits: Tensor = net.fuseav(torch.cat((seen, maps), dim=1))
        return logits


class AttentionFusion(Fusion):
    """Visual features that are up to twice as strong where the sound is."""

    def layers(self, sides: int, maps: int) -> dict[str, nn.Module]:
        """Return what makes one attention of the maps, and the one that fuses."""
        return {"fuseav": nn.Conv2d(sides, 1, 1), "attend": nn.Conv2d(maps, 1, 1)}

    def fuse(self, net: Any, sides: Tensor, maps: Tensor) -> Tensor:
        """Return the logits (B, 1, H, W)."""
        attention = net.attend(maps).sigmoid()  # (B, 1, H, W)
        logits: Tensor = net.fuseav(net.dropout(sides * (1 + attention)))
        return logits


FUSIONS: dict[str, type[Fusion]] = {
    "concat": ConcatFusion,
    "sum": SumFusion,
    "attention": AttentionFusion,
}
