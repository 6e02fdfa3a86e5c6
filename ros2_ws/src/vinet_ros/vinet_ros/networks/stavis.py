# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""STAViS: 3D-ResNet with attention at four depths, and sound that is found in the picture.

Attribute names are those of the public checkpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from vinet_ros.networks.resnet3d import make_stage
from vinet_ros.networks.sizes import are_known
from vinet_ros.networks.sound_places import (
    BILINEAR_MAPS,
    FUSIONS,
    LOCALISATIONS,
    SoundPlaces,
    make_soundnet,
)
from vinet_ros.preprocess import STAVIS_PIXELS, STAVIS_SIZE
from vinet_ros.sound_forms import STAVIS_WAVEFORM

VARIANTS = ("sta", "st")
SIDE_CHANNELS = 16
_LEVEL_CHANNELS = (64, 256, 512, 1024)
_FIRST_LOGIT = -6.0  # people look at few places; the public code begins there

_EXISTING = (
    f"STAViS exists with variant {', '.join(map(repr, VARIANTS))}, localisation "
    f"{', '.join(map(repr, LOCALISATIONS))} and fusion {', '.join(map(repr, FUSIONS))}"
)


class STAViS(nn.Module):
    """Clip, and with "sta" its sound, to the saliency map of the clip's middle.

    One module holds both variants, as the public files do: "st" leaves its hearing unused.

    Args:
        variant: "sta" (audio-visual) or "st" (visual only).
        localisation: How the sound is found in the picture: "bilinear", "inner_product" or
            "cosine".
        fusion: What that does to the map: "concat", "sum" or "attention".
        dropout: Share of the last features that is dropped in training; 0.85 is STAViS-D.

    Attributes:
        map_frame: Frame of the clip, from 0, that the map belongs to.

    Raises:
        ValueError: For a variant that does not exist; the message names those there are.

    Source:
        Tsiami et al., "STAViS: Spatio-Temporal AudioVisual Saliency Network", CVPR 2020, and its
        public code, which has "bilinear" with "concat" only. The other variants are built from
        their names and held against no numbers of the authors'.
    """

    clip_length = 16
    input_size = STAVIS_SIZE
    rate_hz = 30.0
    keeps_frames = True
    map_frame = 8
    pixel_scale = STAVIS_PIXELS

    def __init__(
        self,
        variant: str = "sta",
        localisation: str = "bilinear",
        fusion: str = "concat",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if variant not in VARIANTS or localisation not in LOCALISATIONS or fusion not in FUSIONS:
            asked = f"variant={variant!r}, localisation={localisation!r}, fusion={fusion!r}"
            raise ValueError(f"{asked} does not exist. {_EXISTING}")
        if not 0.0 <= dropout < 1.0:
            raise ValueError(f"dropout must be at least 0 and below 1, got {dropout}")
        self.hears = variant == "sta"
        self.sound_form = STAVIS_WAVEFORM if self.hears else None
        self._fusion = FUSIONS[fusion]()
        self.conv1 = nn.Conv3d(3, 64, 7, (1, 2, 2), 3, bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        self.maxpool = nn.MaxPool3d(3, 2, 1)
        self.layer1 = make_stage(64, 64, 3)
        self.layer2 = make_stage(256, 128, 4, stride=2)
        self.layer3 = make_stage(512, 256, 6, stride=2)
        self.score_dsn = nn.ModuleList(
            Attention(channels, level) for level, channels in enumerate(_LEVEL_CHANNELS, start=1)
        )
        self.dropout = nn.Dropout(dropout)
        sides, places = SIDE_CHANNELS * len(_LEVEL_CHANNELS), SoundPlaces(localisation)
        self.fuse = nn.Conv2d(sides, 1, 1)
        for name, layer in self._fusion.layers(sides, places.maps).items():
            self.add_module(name, layer)
        self.soundnet8 = make_soundnet()
        self.fusion3 = places
        _initialise(self)

    def forward(self, clip: Tensor, audio: Tensor | None = None, logits: bool = False) -> Tensor:
        """Return the map (B, H, W) in (0, 1) of a clip (B, 3, 16, H, W).

        Args:
            clip: Pixels 0..255 less the mean colour, as
                :func:`vinet_ros.preprocess.normalize_frames` gives them with `STAVIS_PIXELS`;
                height and width (112 in the paper) divisible by 16.
            audio: Its sound (B, 1, 1, 35280), as `sound_form` makes it; None is silence. "st"
                does not listen.
            logits: Return the map before its sigmoid.

        Raises:
            ValueError: If the clip or the sound has another shape; the message says which fit.
        """
        self._check(clip)
        places, sides, _ = self._look(clip)
        final = self._join((places, sides), self._heard(clip, audio))
        return final if logits else final.sigmoid()

    def outputs(self, clip: Tensor, audio: Tensor | None = None) -> list[Tensor]:
        """Return all logits (B, H, W) that training compares with people, the map's last.

        "st" has one for each of its four depths before it, "sta" the map's alone.
        """
        self._check(clip)
        places, sides, scores = self._look(clip)
        final = self._join((places, sides), self._heard(clip, audio))
        if self.hears:
            return [final]
        size = (clip.shape[3], clip.shape[4])
        depths = zip(cast("list[Attention]", list(self.score_dsn)), scores, strict=True)
        return [*(level.logits(score, size)[:, 0] for level, score in depths), final]

    def see(self, clip: Tensor) -> tuple[Tensor, ...]:
        """Return what is seen: features of places (B, 512, 2, 14, 14), sides (B, 64, 112, 112)."""
        places, sides, _ = self._look(clip)
        return places, sides

    def hear(self, audio: Tensor) -> Tensor:
        """Return the features (B, 1024, 1, 1) of a sound."""
        features: Tensor = self.soundnet8(audio)
        return features

    def answer(self, seen: tuple[Tensor, ...], heard: Tensor) -> Tensor:
        """Return the map (B, H, W) of what :meth:`see` and :meth:`hear` gave."""
        return self._join(seen, heard).sigmoid()

    def encode(self, frames: Tensor) -> tuple[Tensor, ...]:
        """Return what is kept of frames (B, 3, H, W): themselves, for time is mixed at once."""
        return (frames,)

    def decode(self, features: tuple[Tensor, ...], audio: Tensor | None = None) -> Tensor:
        """Return the map (B, H, W) for kept frames (B, 16, 3, H, W), newest last, and sound."""
        return self.forward(features[0].transpose(1, 2), audio)

    @staticmethod
    def options_from_shapes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
        """Return how a checkpoint's network localises and fuses; None where it is no STAViS.

        Not told by the keys: the variant, of which both files have all, and dropout.
        """
        fused = shapes.get("fuseav.weight", ())
        if "score_dsn.0.side_prep.weight" not in shapes or len(fused) != 4:
            return None
        localisation = _localisation(shapes)
        maps = BILINEAR_MAPS if localisation == "bilinear" else 1
        fusion = "sum" if fused[1] == 1 + maps else "concat"
        fusion = "attention" if "attend.weight" in shapes else fusion
        return {"localisation": localisation, "fusion": fusion}

    def _look(self, clip: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return the features of places, all sides, and the scores of each depth."""
        size = (clip.shape[3], clip.shape[4])
        x = self.bn1(self.conv1(clip)).relu()  # (B, 64, 16, 56, 56)
        x, side0, score0 = self.score_dsn[0](x, size)
        x = self.layer1(self.maxpool(x))  # (B, 256, 8, 28, 28)
        x, side1, score1 = self.score_dsn[1](x, size)
        x = self.layer2(x)  # (B, 512, 4, 14, 14)
        places = x[:, :, 1:3]  # the clip's middle, before the attention
        x, side2, score2 = self.score_dsn[2](x, size)
        x = self.layer3(x)  # (B, 1024, 2, 7, 7)
        _, side3, score3 = self.score_dsn[3](x, size)
        sides = torch.cat((side0, side1, side2, side3), dim=1)  # (B, 64, 112, 112)
        return places, sides, [score0, score1, score2, score3]

    def _heard(self, clip: Tensor, audio: Tensor | None) -> Tensor | None:
        if self.sound_form is None:
            return None
        expected = (clip.shape[0], *self.sound_form.shape)
        if audio is None:
            audio = clip.new_zeros(expected)
        if are_known(audio) and tuple(audio.shape) != expected:
            raise ValueError(
                f"expected sound {expected} beside the clip, got {tuple(audio.shape)}; "
                "its sound_form makes it"
            )
        return self.hear(audio)

    def _join(self, seen: tuple[Tensor, ...], heard: Tensor | None) -> Tensor:
        """Return the logits (B, H, W)."""
        places, sides = seen
        if heard is None:
            alone: Tensor = self.fuse(self.dropout(sides))[:, 0]
            return alone
        maps = self.fusion3(places, heard, (sides.shape[2], sides.shape[3]))
        return self._fusion.fuse(self, sides, maps)[:, 0]

    def _check(self, clip: Tensor) -> None:
        if not are_known(clip):
            return
        sizes = tuple(clip.shape)
        fits = len(sizes) == 5 and sizes[2] == self.clip_length
        if not fits or sizes[3] % 16 or sizes[4] % 16:
            raise ValueError(
                f"expected a clip (B, 3, {self.clip_length}, H, W) with H and W divisible by 16, "
                f"got {sizes}"
            )


class Attention(nn.Module):
    """STAViS' deeply supervised attention (DSAM) at one depth.

    Args:
        channels: Of the feature.
        level: How often it was halved, 1 to 4.
    """

    def __init__(self, channels: int, level: int) -> None:
        super().__init__()
        kernel, stride = 2 ** (level + 1), 2**level
        self.side_prep = nn.Conv2d(channels, SIDE_CHANNELS, 3, padding=1)
        self.score_dsn = nn.Conv2d(SIDE_CHANNELS, 1, 1)
        self.upscale_ = nn.ConvTranspose2d(1, 1, kernel, stride, bias=False)
        self.upscale = nn.ConvTranspose2d(SIDE_CHANNELS, SIDE_CHANNELS, kernel, stride, bias=False)

    def forward(self, x: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the feature with attention, its side (B, 16, H, W) and its score (B, 1, h, w).

        Args:
            x: Feature (B, C, t, h, w).
            size: Height and width of the side.
        """
        prepared = self.side_prep(x.mean(dim=2))  # (B, 16, h, w)
        score = self.score_dsn(prepared)
        # The public code leaves the maximum in, and overflows from scores of 88 on.
        attention = score.flatten(2).softmax(dim=2).view_as(score)
        return x * (1 + attention[:, :, None]), _crop(self.upscale(prepared), size), score

    def logits(self, score: Tensor, size: tuple[int, int]) -> Tensor:
        """Return the score as a map's logits (B, 1, H, W)."""
        return _crop(self.upscale_(score), size)


def _crop(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the middle (.., H, W)."""
    top, left = (x.shape[2] - size[0]) // 2, (x.shape[3] - size[1]) // 2
    return x[:, :, top : top + size[0], left : left + size[1]]


def _localisation(shapes: Mapping[str, tuple[int, ...]]) -> str:
    if "fusion3.inner.weight" in shapes:
        return "inner_product"
    return "bilinear" if "fusion3.w_a_rgb.weight" in shapes else "cosine"


def _initialise(model: STAViS) -> None:
    """Fill a fresh network as the public code does."""
    for module in model.modules():
        if isinstance(module, nn.Conv3d | nn.Linear | nn.Bilinear):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
        elif isinstance(module, nn.ConvTranspose2d):
            _fill_bilinear(module)
        elif isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=0.001)
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # all of them have one
    heads = [model.fuse, model.get_submodule("fuseav")]
    for head in (*heads, *(level.score_dsn for level in model.score_dsn)):
        nn.init.constant_(head.bias, _FIRST_LOGIT)  # type: ignore[arg-type, union-attr]


def _fill_bilinear(layer: nn.ConvTranspose2d) -> None:
    """Let a layer begin as bilinear interpolation, each channel by itself."""
    kernel = layer.kernel_size[0]
    places = (torch.arange(kernel) + 0.5) / (kernel / 2)  # 0..2
    triangle = 1 - (places - 1).abs()
    with torch.no_grad():
        layer.weight.zero_()
        for channel in range(layer.in_channels):
            layer.weight[channel, channel] = torch.outer(triangle, triangle)
