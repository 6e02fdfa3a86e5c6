# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""AViNet: ViNet with sound let into its deepest feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from vinet_ros.networks.avid import AVID
from vinet_ros.networks.fusion import FUSIONS, ChannelTransformerFusion, Fusion
from vinet_ros.networks.sizes import are_known
from vinet_ros.networks.soundnet import SoundNet
from vinet_ros.networks.vggvox import VGGVox
from vinet_ros.networks.vinet import ViNet
from vinet_ros.preprocess import INPUT_SIZE

_ENCODERS: Mapping[str, type[SoundNet | VGGVox | AVID]] = {
    "soundnet": SoundNet,
    "vggvox": VGGVox,
    "avid": AVID,
}
_EXISTING = (
    f"AViNet exists with fusion {', '.join(map(repr, FUSIONS))} and audio "
    f"{', '.join(map(repr, _ENCODERS))}; channel_transformer goes with fusion 'bilinear'"
)
# The layer that only this fusion has, the most telling one first.
_TELLING = {"concat": "conv_audio", "attention": "crossA2V", "transformer": "audio_conv_1x1"}
_TELLING_AUDIO = {"features": "vggvox", "audio_model": "avid"}


class AViNet(nn.Module):
    """Clip and its sound to the saliency map of the newest frame.

    Args:
        fusion: How sound is let in: "bilinear" (B), "concat" (C), "transformer" or
            "attention" (A).
        audio: Encoder of the sound: "soundnet", "vggvox" or "avid"; each with every fusion.
        channel_transformer: A transformer over channels after the bilinear fusion.

    Raises:
        ValueError: For a combination that does not exist; the message names those there are.

    Source:
        Jain et al., "ViNet: Pushing the limits of Visual Modality for Audio-Visual Saliency
        Prediction", IROS 2021, and its public code. Its text names (B) and (C) the wrong way
        round once; B is bilinear. The encoders beside SoundNet are of the MSc thesis of 2023.
    """

    clip_length = 32
    input_size = INPUT_SIZE
    rate_hz = 30.0
    keeps_frames = True

    def __init__(
        self, fusion: str = "bilinear", audio: str = "soundnet", channel_transformer: bool = False
    ) -> None:
        super().__init__()
        self._fusion = _fusion(fusion, audio, channel_transformer)
        encoder = _ENCODERS[audio]()
        self.sound_form = encoder.sound_form
        self.audio_shape = self.sound_form.shape
        self.visual_model = ViNet()
        self.audionet: nn.Module  # one of the fusion's layers, as their order is the files'
        for name, layer in self._fusion.layers(encoder, encoder.channels, encoder.steps).items():
            self.add_module(name, layer)

    def forward(self, clip: Tensor, audio: Tensor | None = None) -> Tensor:
        """Return the map (B, H, W) in (0, 1) of a normalised clip (B, 3, 32, H, W).

        Args:
            clip: Height and width 224 and 384; with "concat" and "attention" any that are
                divisible by 32.
            audio: Its sound as `sound_form` makes it: (B, 1, 70560, 1) for SoundNet, (B, 1, 512,
                300) for VGG-Vox, (B, 1, 100, 129) for AVID; None is silence.

        Raises:
            ValueError: If the clip or the sound has another shape; the message says which fit.
        """
        if audio is None:
            audio = clip.new_zeros(clip.shape[0], *self.audio_shape)
        self._check(clip, audio)
        return self.answer(self.see(clip), self.hear(audio))

    def see(self, clip: Tensor) -> tuple[Tensor, ...]:
        """Return the visual features of a clip, the deepest (B, 1024, 4, 7, 12) first."""
        levels: tuple[Tensor, ...] = self.visual_model.backbone(clip)
        return levels

    def hear(self, audio: Tensor) -> Tensor:
        """Return the features of a sound, (B, 1024, 3, 1) of SoundNet; see :class:`Fusion`."""
        features: Tensor = self.audionet(audio)
        return features

    def answer(self, seen: tuple[Tensor, ...], heard: Tensor) -> Tensor:
        """Return the map (B, H, W) of what :meth:`see` and :meth:`hear` gave.

        The first of `seen` and `heard` are the two inputs of the fusion.
        """
        y0, *skips = seen
        fused = self.fuse(y0, heard)
        saliency: Tensor = self.visual_model.decoder(fused, *skips)
        return saliency

    def fuse(self, y0: Tensor, heard: Tensor) -> Tensor:
        """Return the deepest visual feature (B, 1024, 4, 7, 12) with the sound's let in."""
        fused: Tensor = self._fusion.fuse(self, y0, heard)
        return fused

    def encode(self, frames: Tensor) -> tuple[Tensor, ...]:
        """Return what is kept of frames (B, 3, H, W): themselves, for time is mixed at once."""
        return (frames,)

    def decode(self, features: tuple[Tensor, ...], audio: Tensor | None = None) -> Tensor:
        """Return the map (B, H, W) for kept frames (B, 32, 3, H, W), newest last, and sound."""
        return self.forward(features[0].transpose(1, 2), audio)

    @staticmethod
    def options_from_shapes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
        """Return the variant that a checkpoint's keys tell; None where they are not AViNet's."""
        if not any(key.startswith("visual_model.") for key in shapes):
            return None
        layers = {key.partition(".")[0] for key in shapes}
        found = (fusion for fusion, layer in _TELLING.items() if layer in layers)
        fusion = next(found, "bilinear")
        after = fusion == "bilinear" and "conv_out_1x1" in layers
        heard = {key.split(".")[1] for key in shapes if key.startswith("audionet.")}
        encoders = (encoder for part, encoder in _TELLING_AUDIO.items() if part in heard)
        audio = next(encoders, "soundnet")
        return {"fusion": fusion, "audio": audio, "channel_transformer": after}

    def _check(self, clip: Tensor, audio: Tensor) -> None:
        if not are_known(clip):
            return
        sizes, heard = tuple(clip.shape), tuple(audio.shape)
        if len(sizes) != 5 or sizes[2] != self.clip_length or not self._takes(sizes[3:]):
            raise ValueError(
                f"expected a clip (B, 3, {self.clip_length}, {self._sizes()}, got {sizes}"
            )
        if heard != (sizes[0], *self.audio_shape):
            raise ValueError(
                f"expected sound {(sizes[0], *self.audio_shape)} beside the clip, got {heard}; "
                "its sound_form makes it"
            )

    def _takes(self, size: tuple[int, ...]) -> bool:
        if self._fusion.any_size:
            return not (size[0] % 32 or size[1] % 32)
        return size == INPUT_SIZE

    def _sizes(self) -> str:
        if self._fusion.any_size:
            return "H, W) with H and W divisible by 32"
        height, width = INPUT_SIZE
        return (
            f"{height}, {width}), the one size that this fusion was made for ('concat' and "
            "'attention' take others)"
        )


def _fusion(fusion: str, audio: str, channel_transformer: bool) -> Fusion:
    asked = f"fusion={fusion!r}, audio={audio!r}, channel_transformer={channel_transformer!r}"
    known = fusion in FUSIONS and audio in _ENCODERS and isinstance(channel_transformer, bool)
    if not known or (channel_transformer and fusion != "bilinear"):
        raise ValueError(f"{asked} does not exist. {_EXISTING}")
    return ChannelTransformerFusion() if channel_transformer else FUSIONS[fusion]()
