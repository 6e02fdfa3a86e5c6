# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Training samples: a still or a made clip, with where people looked in its newest frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from vinet_ros.preprocess import INPUT_SIZE, normalize_frames, resize_rgb
from vinet_ros.training.augment import Augmentation, View, draw_light, draw_view, relight
from vinet_ros.training.camera import draw_camera_path
from vinet_ros.training.datasets import Still
from vinet_ros.training.groundtruth import MAP_SIZE, blur_counts, fixation_map
from vinet_ros.training.movers import (
    Piece,
    draw_path,
    draw_piece,
    lay,
    make_faint,
    match_contrast,
)

Sample = dict[str, Tensor]
"""clip (3, T, H, W) normalised, density (h, w) summing to one, fixations (h, w) counts;
for a network that hears, audio (1, 70560, 1) as :func:`vinet_ros.preprocess.sound_input` gives."""

_PURSUED_SPEED = (0.05, 2.0)  # pixels a frame that a pursuit lags or leads
_FEWEST_FIXATIONS = 5  # a crop with fewer says more about chance than about the picture


@dataclass(frozen=True, slots=True)
class ClipMaking:
    """How stills become clips.

    Attributes:
        frames: Frames a clip, T; 1 gives the still itself.
        mover_share: Share of clips with something moving in them, 0..1.
        mover_weight: Share of the gaze that goes to what moves, 0..1.
        camera_share: Share of clips in which the camera moves, 0..1.
        camera_speed: Least and largest speed of the camera, in widths of the picture a frame.
        mover_pixels: Least and largest size of the pieces, about, in pixels of the input.
        mover_speed: Least and largest speed of the moving one, in pixels a frame.
        faint_share: Share of clips with movers whose pieces the scene shines through, 0..1.
        pursuit_share: Share of clips in which the camera turns with the moving piece, 0..1: that
            one stays about where it is in the picture, and the scene slides past.
        augmentation: Crop, mirror and light.
        size: Height and width of the frames, divisible by 32.
    """

    frames: int = 1
    mover_share: float = 0.0
    mover_weight: float = 0.7
    camera_share: float = 0.0
    camera_speed: tuple[float, float] = (0.0005, 0.012)
    mover_pixels: tuple[float, float] = (8.0, 56.0)
    mover_speed: tuple[float, float] = (0.7, 9.0)
    faint_share: float = 0.0
    pursuit_share: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    size: tuple[int, int] = INPUT_SIZE

    def __post_init__(self) -> None:
        if any(side < 32 or side % 32 for side in self.size):
            raise ValueError(f"size must be multiples of 32, got {self.size[0]} x {self.size[1]}")


class StillSamples(Dataset[Sample]):
    """Stills as they are: what validation sees.

    Each item is a clip in which nothing moves: of one frame, or of one repeated.
    """

    def __init__(
        self, stills: Sequence[Still], frames: int = 1, size: tuple[int, int] = INPUT_SIZE
    ) -> None:
        self.stills = stills
        self.frames = frames
        self.images = [resize_rgb(still.load_rgb(), size) for still in stills]

    def __len__(self) -> int:
        return len(self.stills)

    def __getitem__(self, index: int) -> Sample:
        """Return the sample of one image."""
        fixations = self.stills[index].fixations
        points = np.stack((fixations.x, fixations.y), axis=1)
        frames = np.repeat(self.images[index][None], self.frames, axis=0)
        return _sample(frames, *_ground_truth(points))


class MadeSamples(Dataset[Sample]):
    """Stills seen differently each time, or as clips with a moving camera and moving pieces.

    Every item is drawn from its own seed (seed, epoch, index), so that a run can be repeated and
    workers need no seeding. An item is asked for by (epoch, index), see :class:`EpochSampler`.
    """

    def __init__(self, stills: Sequence[Still], making: ClipMaking, seed: int) -> None:
        self.base = StillSamples(stills, size=making.size)
        self.making = making
        self.seed = seed

    def __len__(self) -> int:
        return len(self.base)

    def __getitem__(self, item: tuple[int, int]) -> Sample:
        """Return the variant of one image that belongs to the epoch."""
        epoch, index = item
        rng = np.random.default_rng((self.seed, epoch, index))
        view, points = self._view(rng, index)
        counts, density = _ground_truth(points)
        pursued = self.making.pursuit_share > 0 and rng.random() < self.making.pursuit_share
        views = self._camera(rng, view, 1.0 if pursued else self.making.camera_share)
        frames = [v.crop(self.base.images[index]) for v in views]
        if self.making.frames > 1 and (pursued or rng.random() < self.making.mover_share):
            frames, centre = self._with_movers(rng, frames, views, pursued=pursued)
            density = _attract(density, centre, self.making.mover_weight)
            counts = _mark(counts, centre)
        if self.making.augmentation.jitter:
            light = draw_light(rng, self.making.augmentation.jitter)
            frames = [relight(frame, light) for frame in frames]
        return _sample(np.stack(frames), counts, density)

    def _view(self, rng: np.random.Generator, index: int) -> tuple[View, NDArray[np.float64]]:
        fixations = self.base.stills[index].fixations
        for _ in range(10):
            view = draw_view(rng, self.making.augmentation)
            points = view.move(fixations.x, fixations.y)
            if fixation_map(points[:, 0], points[:, 1]).sum() >= _FEWEST_FIXATIONS:
                return view, points
        whole = View(0.0, 0.0, 1.0, 1.0)
        return whole, whole.move(fixations.x, fixations.y)

    def _camera(self, rng: np.random.Generator, newest: View, share: float) -> list[View]:
        if self.making.frames == 1 or rng.random() >= share:
            return [newest] * self.making.frames
        speed, shake = rng.uniform(*self.making.camera_speed), rng.uniform(0, 0.003)
        return draw_camera_path(rng, newest, self.making.frames, speed, shake)

    def _with_movers(
        self,
        rng: np.random.Generator,
        frames: list[NDArray[np.uint8]],
        views: Sequence[View],
        *,
        pursued: bool,
    ) -> tuple[list[NDArray[np.uint8]], tuple[float, float]]:
        height, width = self.making.size
        donor = self.base.images[int(rng.integers(len(self)))]
        size = int(_log_uniform(rng, self.making.mover_pixels))
        speed = _PURSUED_SPEED if pursued else self.making.mover_speed
        speeds = [_log_uniform(rng, speed)] + [0.0] * int(rng.integers(0, 4))
        ways = [draw_path(rng, (height, width), len(frames), speed) for speed in speeds]
        seen = [_in_views(way, views, (height, width)) for way in ways]
        if pursued:
            seen[0] = ways[0]  # the camera goes with it
        pieces = [draw_piece(rng, donor, size, path) for path in seen]
        if rng.random() < 0.7:
            pieces = match_contrast(pieces, frames[-1], rng.uniform(20, 60))
        if rng.random() < self.making.faint_share:
            pieces = make_faint(pieces, rng.uniform(0.5, 1.0))
        moved = [_lay_all(frame, pieces, i) for i, frame in enumerate(frames)]
        x, y = ways[0][-1]
        return moved, ((x + 0.5) / width, (y + 0.5) / height)


def _log_uniform(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    # Small and slow ones are as many as large and fast ones, octave by octave.
    return float(np.exp(rng.uniform(*np.log(limits))))


class EpochSampler(Sampler[tuple[int, int]]):
    """Every index once an epoch, in an order drawn from (seed, epoch), as (epoch, index).

    Lightning calls :meth:`set_epoch` before each epoch, and after a resume with the right one.
    Of several processes each takes every so-manieth of the same order; all get as many.
    """

    def __init__(self, length: int, seed: int, rank: int = 0, processes: int = 1) -> None:
        self.length = length
        self.seed = seed
        self.rank = rank
        self.processes = processes
        self.epoch = 0

    def __len__(self) -> int:
        return self.length // self.processes

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.length)
        mine = order[: len(self) * self.processes][self.rank :: self.processes]
        return iter([(self.epoch, int(index)) for index in mine])


def _in_views(
    way: NDArray[np.float64], views: Sequence[View], size: tuple[int, int]
) -> NDArray[np.float64]:
    """Return where a way (T, 2), in pixels of the newest view, is seen from each frame's view."""
    height, width = size
    newest = views[-1]
    seen = []
    for (x, y), view in zip(way, views, strict=True):
        u, v = (x + 0.5) / width, (y + 0.5) / height
        world = (newest.left + (1 - u if newest.mirrored else u) * newest.width,
                 newest.top + v * newest.height)  # fmt: skip
        seen.append(view.move(np.array([world[0]]), np.array([world[1]]))[0])
    return np.array(seen) * (width, height) - 0.5


def _lay_all(frame: NDArray[np.uint8], pieces: Sequence[Piece], index: int) -> NDArray[np.uint8]:
    for piece in reversed(pieces):  # the moving one is first, and on top
        frame = lay(frame, piece, index)
    return frame


def _ground_truth(points: NDArray[np.floating]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    counts = fixation_map(points[:, 0], points[:, 1])
    return counts, blur_counts(counts)


def _attract(
    density: NDArray[np.float64], centre: tuple[float, float], weight: float
) -> NDArray[np.float64]:
    spot = blur_counts(fixation_map([centre[0]], [centre[1]]))
    return (1 - weight) * density + weight * spot


def _mark(counts: NDArray[np.int32], centre: tuple[float, float]) -> NDArray[np.int32]:
    return counts * 0 + fixation_map([centre[0]], [centre[1]])


def _sample(
    frames: NDArray[np.uint8], counts: NDArray[np.int32], density: NDArray[np.float64]
) -> Sample:
    assert density.shape == MAP_SIZE
    return {
        "clip": torch.from_numpy(np.ascontiguousarray(normalize_frames(frames))),
        "density": torch.from_numpy(density.astype(np.float32)),
        "fixations": torch.from_numpy(counts),
    }
