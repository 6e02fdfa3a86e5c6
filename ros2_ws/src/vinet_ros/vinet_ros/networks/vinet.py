# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""ViNet: video saliency with an S3D encoder and a decoder that joins its levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vinet_ros.networks.decoder import UNGROUPED, Decoder, TransposedDecoder
from vinet_ros.networks.s3d import S3D
from vinet_ros.networks.sizes import are_known
from vinet_ros.preprocess import INPUT_SIZE

GROUPS = (32, 16, 8, 4, 2)

# The published variants: the default (first value of each row), and one step away from it.
_CHOICES: dict[str, tuple[Any, ...]] = {
    "clip_length": (32, 8, 16, 48),
    "hierarchies": (3, 0, 1, 2),
    "upsampling": ("trilinear", "transposed"),
    "concat": ("time", "channel"),
    "decoder_groups": (None, GROUPS),
}
_EXISTING = (
    "ViNet exists with clip_length 8, 16, 32 or 48; or with clip_length 32 and one of: "
    "hierarchies 0, 1 or 2; upsampling 'transposed'; concat 'channel'; decoder_groups "
    f"{GROUPS} (the same as True)"
)


class ViNet(nn.Module):
    """Clip to the saliency map of its newest frame.

    Args:
        clip_length: Frames of a clip.
        hierarchies: Skip connections from encoder to decoder, deepest first.
        upsampling: "trilinear" (the paper's) or "transposed" (convolutions, 2020).
        concat: Skips joined along "time" (the public code) or on the "channel" axis.
        decoder_groups: None; or True for the grouped decoder of the later ViNet-S.
        dropout: Share of the deepest feature that is dropped in training; 0.85 is ViNet-D.

    Raises:
        ValueError: For a combination that was never published; the message names those there are.

    Source:
        Jain et al., "ViNet: Pushing the limits of Visual Modality for Audio-Visual Saliency
        Prediction", IROS 2021, and its public code; ViNet-S of 2025. The layer that ViNet-D
        drops is not published: here the deepest feature, which sound would modulate.
    """

    input_size = INPUT_SIZE
    rate_hz = 30.0
    keeps_frames = True

    def __init__(
        self,
        clip_length: int = 32,
        hierarchies: int = 3,
        upsampling: str = "trilinear",
        concat: str = "time",
        decoder_groups: bool | Sequence[int] | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        options: dict[str, Any] = {
            "clip_length": clip_length,
            "hierarchies": hierarchies,
            "upsampling": upsampling,
            "concat": concat,
            "decoder_groups": _as_choice(decoder_groups),
        }
        _check_published(options)
        if not 0.0 <= dropout < 1.0:
            raise ValueError(f"dropout must be at least 0 and below 1, got {dropout}")
        self.clip_length = clip_length
        self.backbone = S3D()
        self.dropout = nn.Dropout(dropout)
        self.decoder = _make_decoder(**options)

    def forward(self, clip: Tensor) -> Tensor:
        """Return the map (B, H, W) in (0, 1) of a normalised clip (B, 3, T, H, W).

        Raises:
            ValueError: If the clip has another length, or sides not divisible by 32.
        """
        self._check(clip)
        y0, y1, y2, y3 = self.backbone(clip)
        saliency: Tensor = self.decoder(self.dropout(y0), y1, y2, y3)
        return saliency

    def encode(self, frames: Tensor) -> tuple[Tensor, ...]:
        """Return what is kept of frames (B, 3, H, W): themselves, for time is mixed at once."""
        return (frames,)

    def decode(self, features: tuple[Tensor, ...]) -> Tensor:
        """Return the map (B, H, W) for kept frames (B, T, 3, H, W), newest last."""
        return self.forward(features[0].transpose(1, 2))

    @staticmethod
    def options_from_shapes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
        """Return the variant that a checkpoint's keys and shapes are closest to.

        A damaged one still finds its variant, so what is wrong with it can be said. Not told by
        the keys: dropout, which has no weights.

        Returns:
            The options but dropout; None where the keys are not ViNet's.
        """
        if not all(any(k.startswith(p) for k in shapes) for p in ("backbone.base1.", "decoder.")):
            return None
        return min(_published(), key=lambda options: _mismatches(options, shapes))

    def _check(self, clip: Tensor) -> None:
        if not are_known(clip):
            return
        sizes = tuple(clip.shape)
        fits = len(sizes) == 5 and sizes[2] == self.clip_length
        if not fits or sizes[3] % 32 or sizes[4] % 32:
            raise ValueError(
                f"expected a clip (B, 3, {self.clip_length}, H, W) with H and W divisible by 32, "
                f"got {sizes}"
            )


def _as_choice(groups: object) -> object:
    if isinstance(groups, bool):
        return GROUPS if groups else None
    return tuple(groups) if isinstance(groups, list) else groups


def _check_published(options: Mapping[str, object]) -> None:
    """Raise ValueError unless the options are the default or one step away from it."""
    for name, value in options.items():
        # By type too: True is no 1, and 32.0 no clip length.
        if (type(value), value) not in [(type(choice), choice) for choice in _CHOICES[name]]:
            raise ValueError(f"{name}={value!r} does not exist. {_EXISTING}")
    changed = [f"{name}={v!r}" for name, v in options.items() if v != _CHOICES[name][0]]
    if len(changed) > 1:
        raise ValueError(f"{' with '.join(changed)} does not exist. {_EXISTING}")


def _published() -> list[dict[str, Any]]:
    """Return the options of every variant, the default first."""
    default = {name: values[0] for name, values in _CHOICES.items()}
    steps = [{name: value} for name, values in _CHOICES.items() for value in values[1:]]
    return [default, *({**default, **step} for step in steps)]


def _make_decoder(
    clip_length: int,
    hierarchies: int,
    upsampling: str,
    concat: str,
    decoder_groups: tuple[int, ...] | None,
) -> nn.Module:
    if upsampling == "transposed":
        return TransposedDecoder()
    return Decoder(clip_length, hierarchies, concat, decoder_groups or UNGROUPED)


def _mismatches(options: dict[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Count the decoder's keys that are missing, misshapen or too many."""
    with torch.device("meta"):
        decoder = _make_decoder(**options)
    expected = {f"decoder.{key}": tuple(v.shape) for key, v in decoder.state_dict().items()}
    wrong = sum(shapes.get(key) != shape for key, shape in expected.items())
    return wrong + sum(k.startswith("decoder.") and k not in expected for k in shapes)
