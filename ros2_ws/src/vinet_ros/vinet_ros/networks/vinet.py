"""ViNet: video saliency with an S3D encoder and a decoder that joins its levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from vinet_ros.networks.decoder import UNGROUPED, Decoder, TransposedDecoder
from vinet_ros.networks.s3d import S3D
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
        groups = _as_tuple(decoder_groups)
        _check_published(
            clip_length=clip_length,
            hierarchies=hierarchies,
            upsampling=upsampling,
            concat=concat,
            decoder_groups=groups,
        )
        if not 0.0 <= dropout < 1.0:
            raise ValueError(f"dropout must be at least 0 and below 1, got {dropout}")
        self.clip_length = clip_length
        self.backbone = S3D()
        self.dropout = nn.Dropout(dropout)
        self.decoder = (
            TransposedDecoder()
            if upsampling == "transposed"
            else Decoder(clip_length, hierarchies, concat, groups or UNGROUPED)
        )

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
        """Read the options off a checkpoint's keys and shapes; None if it is no ViNet.

        Not told by them: dropout, which has no weights.
        """
        if not {"backbone.base1.0.conv_s.weight", "decoder.convtsp1.0.weight"} <= set(shapes):
            return None
        return {
            "clip_length": _clip_length(shapes),
            "hierarchies": _hierarchies(shapes),
            "upsampling": "transposed" if _is_transposed(shapes) else "trilinear",
            "concat": "channel" if _is_channelwise(shapes) else "time",
            "decoder_groups": _groups(shapes),
        }

    def _check(self, clip: Tensor) -> None:
        length, height, width = clip.shape[-3:]
        if not isinstance(length, int):  # being traced or exported: sizes are symbols there
            return
        if clip.dim() != 5 or length != self.clip_length or height % 32 or width % 32:
            raise ValueError(
                f"expected a clip (B, 3, {self.clip_length}, H, W) with H and W divisible by 32, "
                f"got {tuple(clip.shape)}"
            )


def _as_tuple(groups: bool | Sequence[int] | None) -> tuple[int, ...] | None:
    if isinstance(groups, bool):
        return GROUPS if groups else None
    return None if groups is None else tuple(groups)


def _check_published(**options: object) -> None:
    """Raise ValueError unless the options are the default or one step away from it."""
    for name, value in options.items():
        if isinstance(value, bool) or value not in _CHOICES[name]:
            raise ValueError(f"{name}={value!r} does not exist. {_EXISTING}")
    changed = [f"{name}={v!r}" for name, v in options.items() if v != _CHOICES[name][0]]
    if len(changed) > 1:
        raise ValueError(f"{' with '.join(changed)} does not exist. {_EXISTING}")


def _size(shapes: Mapping[str, tuple[int, ...]], layer: str, axis: int) -> int:
    """Return one side of a decoder convolution's weight; 0 where there is none."""
    shape = shapes.get(f"decoder.{layer}.weight", ())
    return shape[axis] if axis < len(shape) else 0


def _is_transposed(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    return _size(shapes, "convtsp1.2", 0) > 0


def _is_channelwise(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    return _size(shapes, "conv_hier1", 0) > 0


def _clip_length(shapes: Mapping[str, tuple[int, ...]]) -> int:
    if _is_transposed(shapes):
        return 32
    if _size(shapes, "convtsp4.6", 0) == 1:  # the logit follows at once
        return 8 if _size(shapes, "convtsp4.3", 2) == 1 else 16
    return 48 if _size(shapes, "convtsp4.6", 2) == 3 else 32


def _hierarchies(shapes: Mapping[str, tuple[int, ...]]) -> int:
    if _is_transposed(shapes) or _is_channelwise(shapes):
        return 3
    return sum(_size(shapes, stage, 2) > 1 for stage in ("convtsp2.0", "convtsp3.0", "convtsp4.0"))


def _groups(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...] | None:
    if _is_transposed(shapes) or _is_channelwise(shapes):
        return None
    layers = ("convtsp1.0", "convtsp2.0", "convtsp3.0", "convtsp4.0", "convtsp4.3")
    inputs = (1024, 832, 480, 192, 64)
    groups = tuple(
        channels // max(1, _size(shapes, layer, 1))
        for layer, channels in zip(layers, inputs, strict=True)
    )
    return None if groups == UNGROUPED else groups
