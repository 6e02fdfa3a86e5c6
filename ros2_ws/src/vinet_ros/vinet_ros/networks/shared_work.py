# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The first half of ViNet's encoder in parts: what overlapping windows share is computed once.

Two windows two frames apart have the same values at all places of the early layers that the
zeros beyond the window's ends do not reach: there the second window's values are the first
one's, moved on by one. Only the others are computed anew. docs/shared_work.md has the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vinet_ros.networks.avinet import AViNet
from vinet_ros.networks.s3d import S3D, BasicConv3d, Mixed, SepConv3d
from vinet_ros.networks.vinet import ViNet

STRIDE = 2
"""Frames from one window to the next that shares its work: the stride of the first layer."""

LEVELS = ("early", "y3", "mixed", "y2")
"""Rows of values that are kept, a value for each place in time: what the second separable
convolution mixes in time; the encoder's features y3, and what block 3b mixes in time; the same
of block 3c; the encoder's features y2."""

_REACH = (2, 3, 4, 5)
"""Places at each end that the zeros beyond it reach, of each level."""

KEPT_LEVELS = LEVELS[:3]
"""Those of which values are kept for the next window alone; y3 and y2 go on to the decoder."""

_Known = dict[int, Tensor]


@dataclass(frozen=True, slots=True)
class Span:
    """Places of a level: those that an earlier window knows, and the rest.

    Attributes:
        first: First known one; there are none where it equals ``stop``.
        stop: First behind the known ones: there is the newest that the next window will know.
        places: Of the level.
    """

    first: int
    stop: int
    places: int

    @property
    def known(self) -> range:
        """Places that are known from the window before."""
        return range(self.first, self.stop)

    @property
    def kept(self) -> range:
        """Places whose values the next window may know."""
        return range(self.first, self.stop + 1) if self.known else range(0)

    @property
    def computed(self) -> list[int]:
        """Places that are computed anew."""
        return [*range(self.first), *range(self.stop, self.places)]

    def wanted(self, after: Span) -> list[int]:
        """Return the known places that the level after this one needs for what it computes."""
        left = range(min(after.first + 1, self.places) if after.first else 0)
        right = range(max(after.stop - 1, 0), self.places) if after.stop < self.places else ()
        return [i for i in self.known if i in left or i in right]


def spans_of(clip_length: int, approximate: bool = False) -> dict[str, Span]:
    """Return which places of each level are known from the window before.

    Args:
        clip_length: Frames of a window.
        approximate: Take all of it as known but the newest place. What the zeros beyond an end
            have reached then stays in the values, and what they would reach is not computed.
    """
    places = clip_length // STRIDE
    spans = {}
    for level, reach in zip(LEVELS, _REACH, strict=True):
        first, stop = (0, places - 1) if approximate else (reach, places - reach)
        none = stop <= first
        spans[level] = Span(places if none else first, places if none else stop, places)
    return spans


def can_share(network: nn.Module) -> bool:
    """Tell whether a network has the encoder whose work can be shared."""
    return isinstance(network, ViNet | AViNet)


class Spatial(nn.Module):
    """The first convolution of each frame by itself, which all its windows share."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.layer = cast("SepConv3d", encoder_of(network).base1[0])

    def forward(self, frames: Tensor) -> Tensor:
        """Return (B, 64, H/2, W/2) of normalised frames (B, 3, H, W)."""
        return _in_space(self.layer, frames[:, :, None])[:, :, 0]


class WholeFront(nn.Module):
    """The levels of a window of which nothing is known yet."""

    def __init__(self, network: nn.Module, spans: dict[str, Span]) -> None:
        super().__init__()
        self.encoder = encoder_of(network)
        self.spans = spans

    def forward(self, *frames: Tensor) -> tuple[Tensor, ...]:
        """Return y3 and y2 of each place, then what is kept of the levels early, y3 and mixed.

        Args:
            frames: T of (B, 64, H/2, W/2), oldest first.
        """
        encoder = self.encoder
        x = _in_time(cast("SepConv3d", encoder.base1[0]), torch.stack(frames, dim=2))
        early = _early(encoder, x)
        y3 = _in_time(cast("SepConv3d", encoder.base1[3]), early)
        block_b, block_c = cast("list[Mixed]", list(encoder.base2))
        mixed_b = _before_time(block_b, encoder.maxp2(y3))
        mixed_c = _before_time(block_c, _after_time(block_b, _padded(mixed_b, 1, 1)))
        y2 = _after_time(block_c, _padded(mixed_c, 1, 1))
        rows = [*_places(y3), *_places(y2)]
        for level, x in (("early", early), ("y3", mixed_b), ("mixed", mixed_c)):
            rows += [x[:, :, i] for i in self.spans[level].kept]
        return tuple(rows)


class StepFront(nn.Module):
    """The levels of a window, with what the window :data:`STRIDE` frames before it knew."""

    def __init__(self, network: nn.Module, spans: dict[str, Span]) -> None:
        super().__init__()
        self.encoder = encoder_of(network)
        self.spans = spans
        self.frames = frames_wanted(spans["early"])
        self.wanted = wanted_of(spans)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return y3 and y2 of the places computed, then the newest of the kept levels.

        Args:
            inputs: The frames that :attr:`frames` names, (B, 64, H/2, W/2), then the values of
                the levels early, y3 and mixed that :attr:`wanted` names.
        """
        given = iter(inputs)
        frames = {k: next(given) for k in self.frames}
        known = {level: {i: next(given) for i in places} for level, places in self.wanted.items()}
        encoder, spans = self.encoder, self.spans
        second = cast("SepConv3d", encoder.base1[3])
        block_b, block_c = cast("list[Mixed]", list(encoder.base2))

        early = _Row(_early(encoder, self._first(frames)), spans["early"], known["early"])
        y3 = early.over_time(spans["y3"], lambda x: _mix_time(second, x))
        mixed_b = _Row(_before_time(block_b, encoder.maxp2(y3)), spans["y3"], known["y3"])
        x = mixed_b.over_time(spans["mixed"], lambda x: _after_time(block_b, x))
        mixed_c = _Row(_before_time(block_c, x), spans["mixed"], known["mixed"])
        y2 = mixed_c.over_time(spans["y2"], lambda x: _after_time(block_c, x))
        rows = [*_places(y3), *_places(y2)]
        return (*rows, *(row.newest() for row in (early, mixed_b, mixed_c) if row.span.known))

    def example(self, frames: Sequence[Tensor], kept: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return inputs in their shapes.

        Args:
            frames: Those of a window.
            kept: What :class:`WholeFront` gave of the kept levels.
        """
        values = iter(kept)
        levels = {level: [next(values) for _ in self.spans[level].kept] for level in KEPT_LEVELS}
        known = [levels[level][0] for level in KEPT_LEVELS for _ in self.wanted[level]]
        return (*frames[: len(self.frames)], *known)

    def _first(self, frames: _Known) -> Tensor:
        """Return the first layer after its convolution in time, at the places computed.

        A kernel in time at one place is a 1x1 convolution of the frames beneath it, laid on
        channels; of the frames that there are, for those beyond the ends are zeros.
        """
        layer = cast("SepConv3d", self.encoder.base1[0])
        weight, half = layer.conv_t.weight, layer.conv_t.kernel_size[0] // 2
        length = STRIDE * self.spans["early"].places
        sums = []
        for place in self.spans["early"].computed:
            first = STRIDE * place - half
            beneath = range(max(first, 0), min(first + 2 * half + 1, length))
            taps = weight[:, :, beneath.start - first : beneath.stop - first, 0, 0]
            flat = taps.transpose(1, 2).flatten(1)[:, :, None, None]
            sums.append(F.conv2d(torch.cat([frames[k] for k in beneath], dim=1), flat))
        return cast("Tensor", layer.relu(layer.bn_t(torch.stack(sums, dim=2))))


def frames_wanted(early: Span) -> list[int]:
    """Return the frames beneath the early places that are computed, oldest first."""
    length = STRIDE * early.places
    beneath = {f for i in early.computed for f in range(STRIDE * i - 3, STRIDE * i + 4)}
    return sorted(f for f in beneath if 0 <= f < length)


def wanted_of(spans: dict[str, Span]) -> dict[str, list[int]]:
    """Return the places of each kept level that a step needs from the window before."""
    return {level: spans[level].wanted(spans[after]) for level, after in pairwise(LEVELS)}


class _Row:
    """A level: values computed, joined in time (B, C, t, h, w), and known ones (B, C, h, w)."""

    def __init__(self, computed: Tensor, span: Span, known: _Known) -> None:
        self.span = span
        self._computed = computed
        self._known = known

    def newest(self) -> Tensor:
        """Return the value that the next window will know."""
        return self._computed[:, :, self.span.first]

    def over_time(self, after: Span, mix: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the places that the level after computes, joined in time.

        Args:
            after: Of that level.
            mix: Takes places with a neighbour at each end, gives them without.
        """
        parts = []
        if after.first:
            whole = after.first == after.places
            x = self._take(0, after.places if whole else after.first + 1)
            parts.append(mix(_padded(x, 1, int(whole))))
        if after.stop < after.places:
            parts.append(mix(_padded(self._take(after.stop - 1, after.places), 0, 1)))
        return torch.cat(parts, dim=2)

    def _take(self, start: int, stop: int) -> Tensor:
        first, last = self.span.first, self.span.stop
        parts = [self._computed[:, :, start : min(stop, first)]] if start < first else []
        parts += [self._known[i][:, :, None] for i in range(max(start, first), min(stop, last))]
        if stop > last:
            begin = first + max(start - last, 0)
            parts.append(self._computed[:, :, begin : first + stop - last])
        return torch.cat(parts, dim=2)


def encoder_of(network: nn.Module) -> S3D:
    """Return the network's encoder."""
    visual: Any = network.visual_model if isinstance(network, AViNet) else network
    return cast("S3D", visual.backbone)


def _early(encoder: S3D, x: Tensor) -> Tensor:
    _, pool, point, second = encoder.base1
    return _in_space(cast("SepConv3d", second), cast("BasicConv3d", point)(pool(x)))


def _in_space(layer: SepConv3d, x: Tensor) -> Tensor:
    return cast("Tensor", layer.relu(layer.bn_s(layer.conv_s(x))))


def _in_time(layer: SepConv3d, x: Tensor) -> Tensor:
    return cast("Tensor", layer.relu(layer.bn_t(layer.conv_t(x))))


def _mix_time(layer: SepConv3d, x: Tensor) -> Tensor:
    """Convolve in time without zeros of its own: two places fewer come out."""
    return cast("Tensor", layer.relu(layer.bn_t(F.conv3d(x, layer.conv_t.weight))))


def _before_time(block: Mixed, x: Tensor) -> Tensor:
    """Return what a block does at each place by itself, its branches on channels."""
    reduced = [(branch[0](x), branch[1]) for branch in (block.branch1, block.branch2)]
    seen = [_in_space(cast("SepConv3d", layer), y) for y, layer in reduced]
    pooled = F.max_pool3d(x, (1, 3, 3), stride=1, padding=(0, 1, 1))
    return torch.cat((block.branch0(x), *seen, pooled), dim=1)


def _after_time(block: Mixed, x: Tensor) -> Tensor:
    """Return a block's output of what :func:`_before_time` gave, without its outermost places.

    Zeros for places that are not there suit the pool too: it follows a ReLU.
    """
    mixes = [cast("SepConv3d", branch[1]) for branch in (block.branch1, block.branch2)]
    widths = [_width(block.branch0[0].conv), *(_width(layer.conv_t) for layer in mixes)]
    own, *seen, pooled = torch.split(x, [*widths, x.shape[1] - sum(widths)], dim=1)
    mixed = [_mix_time(layer, y) for layer, y in zip(mixes, seen, strict=True)]
    last = block.branch3[1](F.max_pool3d(pooled, (3, 1, 1), stride=1))
    return torch.cat((own[:, :, 1:-1], *mixed, last), dim=1)


def _width(layer: Any) -> int:
    return int(layer.out_channels)


def _padded(x: Tensor, before: int, after: int) -> Tensor:
    """Put places of zeros before and after those of (B, C, t, h, w)."""
    return F.pad(x, (0, 0, 0, 0, before, after)) if before or after else x


def _places(x: Tensor) -> Sequence[Tensor]:
    return x.unbind(dim=2)
