# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""vinet_lite: our small causal saliency network for robots without a GPU.

A per-frame encoder (EfficientNet-Lite, by default Lite0), whose features are computed once a frame
and kept, and a decoder in the manner of ViNet that joins several levels and, along time, the kept
features of the last frames. It is not from either paper.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vinet_ros.networks.efficientnet_lite import EfficientNetLite, lite_size


class ViNetLite(nn.Module):
    """Clip to map, and the same in steps: :meth:`encode` once a frame, :meth:`decode` a window.

    ``decode`` on the stacked features of T frames equals ``forward`` on their clip by
    construction, so a stream costs one encoder pass a frame.

    Args:
        clip_length: Frames of the window, at least 1.
        width: Channels of the finest decoder stage; the coarser ones have 2 and 3 times as many.
        motion_width: Channels that each level's temporal convolution gives.
        encoder: Which EfficientNet-Lite: "lite0", "lite1" or "lite2".
    """

    input_size = (224, 384)
    # Parts of each TimeJoin that a standing scene does not reach, by their attributes' names.
    motion_layers = ("reduce", "change", "mix")

    def __init__(
        self,
        clip_length: int = 8,
        width: int = 48,
        motion_width: int = 32,
        encoder: str = "lite0",
    ) -> None:
        super().__init__()
        if clip_length < 1:
            raise ValueError(f"clip_length must be at least 1, got {clip_length}")
        self.clip_length = clip_length
        self.motion_shape = (clip_length - 1, 2, 3) if clip_length > 1 else None
        self.encoder = EfficientNetLite(encoder)
        levels = lite_size(encoder).level_channels[1:]
        self.decoder = LiteDecoder(levels, clip_length, width, motion_width)

    def encode(self, frames: Tensor) -> tuple[Tensor, ...]:
        """Return what is kept of each frame.

        Args:
            frames: (B, 3, H, W), normalised; H and W divisible by 32.

        Returns:
            Features at strides 8, 16 and 32: (B, 40, H/8, W/8), (B, 112, H/16, W/16),
            (B, 320, H/32, W/32); of lite2 48, 120 and 352 channels.
        """
        return tuple(self.encoder(frames)[1:])

    def decode(self, features: tuple[Tensor, ...], motion: Tensor | None = None) -> Tensor:
        """Return the map (B, H, W) in (0, 1) of the newest frame.

        A camera that turns moves everything, and what moves by itself is lost in it, above all
        what the camera follows: that stands still in the picture. With the camera's own motion
        known, each earlier frame is compared where the same part of the world was in it.

        Args:
            features: What :meth:`encode` gives, stacked in time order along dim 1:
                (B, T, 40, H/8, W/8), (B, T, 112, H/16, W/16), (B, T, 320, H/32, W/32).
                T = 1 stands for a scene in which nothing moves.
            motion: The camera's, (B, T - 1, 2, 3): the matrix of each earlier frame takes a place
                (x, y, 1) in the newest frame to where the same part of the world was in that
                frame; both from -1, the picture's left and upper edge, to 1. None: it stood.

        Raises:
            ValueError: If T is neither `clip_length` nor 1.
        """
        length = features[0].shape[1]
        if length not in (1, self.clip_length):
            raise ValueError(
                f"expected features of {self.clip_length} frames, or of 1 for a standing scene; "
                f"got {length}"
            )
        logits = self.decoder(features, motion)  # (B, 1, H/4, W/4)
        return torch.sigmoid(_enlarge(logits.squeeze(1), 4))  # (B, H, W)

    def forward(self, clip: Tensor) -> Tensor:
        """Return the map (B, H, W) in (0, 1) of a normalised clip (B, 3, T, H, W)."""
        batch, _, length = clip.shape[:3]
        frames = clip.transpose(1, 2).flatten(0, 1)  # (B * T, 3, H, W)
        kept = self.encode(frames)  # each (B * T, C, h, w)
        return self.decode(tuple(f.reshape(batch, length, *f.shape[1:]) for f in kept))


class LiteDecoder(nn.Module):
    """Kept features of T frames to the logits of the newest frame's map."""

    def __init__(
        self, levels: tuple[int, ...], clip_length: int, width: int, motion_width: int
    ) -> None:
        super().__init__()
        fine, middle, coarse = levels
        self.time8 = TimeJoin(fine, width, motion_width, clip_length)
        self.time16 = TimeJoin(middle, 2 * width, motion_width, clip_length)
        self.time32 = TimeJoin(coarse, 3 * width, motion_width, clip_length)
        self.context = Context(3 * width)
        self.up16 = Fuse(3 * width + 2 * width, 2 * width)
        self.up8 = Fuse(2 * width + width, width)
        self.up4 = Fuse(width, width // 2)
        self.head = nn.Conv2d(width // 2, 1, 1)

    def forward(self, features: tuple[Tensor, ...], motion: Tensor | None = None) -> Tensor:
        """Return (B, 1, 2 h, 2 w) for the finest features (B, T, C, h, w)."""
        fine, middle, coarse = features
        x = self.context(self.time32(coarse, motion))  # (B, 3w, 7, 12)
        x = self.up16(torch.cat((_double(x), self.time16(middle, motion)), dim=1))  # 14 x 24
        x = self.up8(torch.cat((_double(x), self.time8(fine, motion)), dim=1))  # (B, w, 28, 48)
        x = self.up4(_double(x))  # (B, w/2, 56, 96)
        logits: Tensor = self.head(x)
        return logits


class TimeJoin(nn.Module):
    """One level's features along time: the newest frame as it is, plus what changed.

    The temporal convolution's kernel equals the window, as in ViNet's decoder. It sees each kept
    frame's difference to the newest, so a standing scene gives exactly nothing, whatever it shows;
    that is why one frame alone stands for a whole window of it.
    """

    def __init__(self, inputs: int, outputs: int, motion: int, clip_length: int) -> None:
        super().__init__()
        self.still = nn.Conv2d(inputs, outputs, 1)
        self.reduce = nn.Conv2d(inputs, motion, 1, bias=False)
        past = clip_length - 1
        self.change = nn.Conv2d(past * motion, motion, 3, padding=1, bias=False) if past else None
        self.mix = nn.Conv2d(motion, outputs, 1, bias=False)
        # Training begins at the still network: motion adds nothing until it has learned to.
        nn.init.zeros_(self.mix.weight)

    def forward(self, x: Tensor, motion: Tensor | None = None) -> Tensor:
        """Return (B, outputs, h, w) of (B, T, inputs, h, w); T is the window's length, or 1.

        `motion` is the camera's, as :meth:`ViNetLite.decode` takes it.
        """
        newest = self.still(x[:, -1])
        if self.change is None or x.shape[1] == 1:
            return F.relu(newest)
        batch, length = x.shape[:2]
        low = self.reduce(x.flatten(0, 1)).reshape(
            batch, length, -1, *x.shape[3:]
        )  # (B, T, m, h, w)
        past, now = low[:, :-1], low[:, -1:]
        if motion is not None:
            past = _steadied(past, now, motion)
        differences = (past - now).flatten(1, 2)  # (B, (T-1) m, h, w)
        return F.relu(newest + self.mix(F.relu(self.change(differences))))


class Context(nn.Module):
    """The whole scene at the coarsest level: large depthwise kernels and the global mean."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.pointwise = nn.Conv2d(width, width, 1)
        self.scene = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, width, h, w)."""
        scene = self.scene(x.mean(dim=(2, 3)))[:, :, None, None]
        return x + F.relu(self.pointwise(self.depthwise(x)) + scene)


class Fuse(nn.Module):
    """Two 3x3 convolutions, each with group norm: batches are small and streams have one item."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm1 = nn.GroupNorm(8, outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.GroupNorm(8, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, outputs, h, w)."""
        x = F.relu(self.norm1(self.first(x)))
        return F.relu(self.norm2(self.second(x)))


def _steadied(past: Tensor, now: Tensor, motion: Tensor) -> Tensor:
    """Return earlier features (B, P, m, h, w) as the newest frame's camera would have seen them.

    What it had not seen then is taken from the newest features (B, 1, m, h, w): nothing changed.
    """
    height, width = past.shape[-2:]
    x, y = (_middles(n, past.device).to(past) for n in (width, height))
    newest = torch.stack(
        (x.repeat(height), y.repeat_interleave(width), x.new_ones(1).expand(height * width))
    )
    places = (motion.flatten(0, 1) @ newest).transpose(1, 2)  # (B P, h w, 2)
    grid = places.reshape(-1, height, width, 2)
    seen = (grid.abs() <= 1).all(dim=-1)[:, None]  # (B P, 1, h, w)
    found = F.grid_sample(past.flatten(0, 1), grid, padding_mode="border", align_corners=False)
    unseen = now.expand_as(past).flatten(0, 1)
    return torch.where(seen, found, unseen).reshape(past.shape)


def _middles(cells: int, device: torch.device) -> Tensor:
    """Return the middles of cells that part the stretch from -1 to 1.

    Made on the device: while a CUDA graph is recorded nothing can be copied to it.
    """
    return (2 * torch.arange(cells, device=device) + 1) / cells - 1


def _enlarge(x: Tensor, times: int) -> Tensor:
    """Return (B, h, w) bilinearly enlarged, as two products of matrices.

    Interpolation kernels work on many channels at once; a single one took OpenVINO 1.7 of the
    decoder's 9 ms, this way 0.2.
    """
    rows, columns = (_weights(n, times, x.device).to(x) for n in x.shape[-2:])
    return rows.T @ x @ columns


def _weights(length: int, times: int, device: torch.device) -> Tensor:
    """Return the weights (length, length * times) of each old place in each new one."""
    places = torch.eye(length, device=device)[None]  # (1, length, length)
    return F.interpolate(places, scale_factor=times, mode="linear", align_corners=False)[0]


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
