# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The rest of ViNet after :mod:`vinet_ros.networks.shared_work`: deep encoder and decoder.

Nearly all of it is computed anew for each window. What can be shared: where the decoder folds
joined frames by a convolution whose kernel in time is its stride, the sum over a kernel has a
part for each place, and that part is the same five windows later, where the place lies beneath
the same tap of the next output to the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vinet_ros.networks.avinet import AViNet
from vinet_ros.networks.decoder import Decoder
from vinet_ros.networks.fast_convolution import FastConv3d, convolve
from vinet_ros.networks.shared_work import STRIDE, Span, encoder_of

FOLDED = {"y3": "convtsp4", "y2": "convtsp3"}
"""Levels whose fold is shared, and the decoder's stage that folds each."""

_HIERARCHY = {"y2": 2, "y3": 3}


@dataclass(frozen=True, slots=True)
class Fold:
    """How a stage of the decoder folds its own frames and, behind them, a level's places.

    Attributes:
        span: Of the level.
        own: Frames that the decoder carries.
        kernel: Of the stage's convolution in time, and its stride.
    """

    span: Span
    own: int
    kernel: int

    @property
    def fresh(self) -> range:
        """Places whose part is computed anew, a whole kernel of them, up to the newest kept."""
        return range(self.span.stop + 1 - self.kernel, self.span.stop + 1)

    @property
    def reused(self) -> range:
        """Places whose part is that of the place a kernel later, as many windows before."""
        return range(self.span.first, self.fresh.start)

    @property
    def direct(self) -> list[int]:
        """Places that are folded with the decoder's own frames, as they differ every time."""
        return [i for i in range(self.span.places) if i not in self.span.kept]

    def tap(self, place: int) -> int:
        """Return which tap of the kernel lies on a place."""
        return (self.own + place) % self.kernel


def folds_of(network: nn.Module, spans: dict[str, Span]) -> dict[str, Fold]:
    """Return the folds of a network's decoder that have anything to share."""
    decoder = _visual(network).decoder
    if not isinstance(decoder, Decoder) or decoder.concat != "time":
        return {}
    folds = {}
    for level, stage in FOLDED.items():
        if decoder.hierarchies < _HIERARCHY[level] or not spans[level].known:
            continue
        layer: Any = decoder.get_submodule(stage)
        kernel = int(layer[0].kernel_size[0])
        fold = Fold(spans[level], STRIDE * spans[level].places // 8, kernel)
        if fold.reused:
            folds[level] = fold
    return folds


class Parts(nn.Module):
    """A level's parts of the decoder's fold, of as many places in a row as the kernel has taps."""

    def __init__(self, network: nn.Module, level: str, fold: Fold) -> None:
        super().__init__()
        self.layer: Any = _visual(network).decoder.get_submodule(FOLDED[level])[0]
        self.taps = [fold.tap(place) for place in fold.fresh]

    def forward(self, *places: Tensor) -> tuple[Tensor, ...]:
        """Return the part of each place (B, C', h, w).

        Args:
            places: (B, C, h, w), the first one a multiple of the kernel from the first fresh one.
        """
        return tuple(
            _part(self.layer, x[:, :, None], slice(tap, tap + 1))
            for x, tap in zip(places, self.taps, strict=True)
        )


class Rest(nn.Module):
    """All that follows y3 and y2: the deep half of the encoder, the sound, the decoder."""

    def __init__(self, network: nn.Module, spans: dict[str, Span]) -> None:
        super().__init__()
        self.network: Any = network
        self.encoder = encoder_of(network)
        self.decoder = _visual(network).decoder
        self.folds = folds_of(network, spans)
        everywhere = list(range(spans["y3"].places))
        self.y3_places = self.folds["y3"].direct if "y3" in self.folds else everywhere
        self.places = len(everywhere)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the map (B, H, W).

        Args:
            inputs: y2 of each place (B, 480, H/8, W/8); y3 of each of :attr:`y3_places`
                (B, 192, H/4, W/4); for each of :attr:`folds` the parts of its kept places; and
                the sound where the network takes one.
        """
        given = iter(inputs)
        y2s = [next(given) for _ in range(self.places)]
        y3s = {i: next(given) for i in self.y3_places}
        parts = {n: {i: next(given) for i in f.span.kept} for n, f in self.folds.items()}
        y2 = torch.stack(y2s, dim=2)
        y1 = self.encoder.base3(self.encoder.maxp3(y2))
        y0 = self.encoder.base4(self.encoder.maxp4(self.encoder.maxt4(y1)))
        if isinstance(self.network, AViNet):
            y0 = self.network.fuse(y0, self.network.hear(next(given)))
        if not self.folds:
            saliency: Tensor = self.decoder(y0, y1, y2, torch.stack(list(y3s.values()), dim=2))
            return saliency
        return self._decoded(y0, y1, {"y2": dict(enumerate(y2s)), "y3": y3s}, parts)

    def _decoded(
        self,
        y0: Tensor,
        y1: Tensor,
        skips: dict[str, dict[int, Tensor]],
        parts: dict[str, dict[int, Tensor]],
    ) -> Tensor:
        decoder = self.decoder
        z = decoder.convtsp2(torch.cat((decoder.convtsp1(y0), y1), dim=2))
        for level in ("y2", "y3"):
            stage = decoder.get_submodule(FOLDED[level])
            if level in self.folds:
                z = _folded(stage[0], self.folds[level], z, skips[level], parts[level])
                z = stage[1:](z)
                continue
            if decoder.hierarchies >= _HIERARCHY[level]:
                z = torch.cat((z, torch.stack(list(skips[level].values()), dim=2)), dim=2)
            z = stage(z)
        return torch.sigmoid(z).squeeze(2).squeeze(1)


def _folded(
    layer: Any, fold: Fold, z: Tensor, skip: dict[int, Tensor], parts: dict[int, Tensor]
) -> Tensor:
    """Return what a stage's convolution gives of its own frames and a level's, joined in time."""
    rows = []
    for start in range(0, fold.own + fold.span.places, fold.kernel):
        there: Sequence[int] = range(start, start + fold.kernel)
        known = [parts[k - fold.own] for k in there if k - fold.own in parts]
        # The kept places are one run longer than a kernel, so what is left here is one run too.
        taps = [k - start for k in there if k - fold.own not in parts]
        if taps:
            frames = [
                z[:, :, k] if k < fold.own else skip[k - fold.own]
                for k in there[taps[0] : taps[-1] + 1]
            ]
            x = torch.stack(frames, dim=2)
            known.append(_part(layer, x, slice(taps[0], taps[-1] + 1)))
        total = known[0]
        for part in known[1:]:
            total = total + part
        rows.append(total)
    return torch.stack(rows, dim=2)


def _part(layer: Any, x: Tensor, taps: slice) -> Tensor:
    """Return what some taps in time of a convolution give of as many frames: (B, C', h, w)."""
    if isinstance(layer, FastConv3d) and x.shape[-1] % 4 == 0:
        return convolve(x, layer.sums[:, :, :, taps])[:, :, 0]
    weight = layer.weight[:, :, taps]
    return F.conv3d(x, weight, padding=(0, 1, 1), groups=layer.groups)[:, :, 0]


def _visual(network: nn.Module) -> Any:
    return network.visual_model if isinstance(network, AViNet) else network
