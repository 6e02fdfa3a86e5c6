# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Made scenes for a closed loop: cut-outs of a real clip before a still real background.

Everything is drawn by a seed: which pictures, the cut-outs' size and contrast, their places and
ways. In each scene all cut-outs have the same size, luminance, contrast and colour contrast, so
that only what the scene is about tells one from another.
"""

import math
import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from vinet_ros.encodings import Rgb
from vinet_ros.errors import DataError
from vinet_ros.gaze import PanTilt
from vinet_ros.offline.evaluate_made_clips import cut_out, soft_disc
from vinet_ros.offline.frames import Frame
from vinet_ros.offline.sources import open_source
from vinet_ros.simulation.scene import Scene, Thing
from vinet_ros.simulation.surroundings import Surroundings
from vinet_ros.simulation.virtual_camera import angle_between

MADE_SCENES = {
    "mover": "among equal cut-outs that stand, one appears and moves",
    "standing": "one cut-out appears and stands",
    "still": "equal cut-outs, nothing moves",
    "crowd": "many equal cut-outs near each other, nothing moves",
    "three": "three times the same cut-out, nothing moves",
}
"""The kinds of scenes."""

APPEARS_S = 3.0
"""When the cut-out of `mover` and `standing` appears."""
SPEED_DEG_S = 10.0
"""Of the one that moves."""

_WIDE_DEG = 110.0  # the background's width; a third of it and its mirror image beyond
_RADIUS_DEG = (2.0, 3.2)
_CONTRAST = (30.0, 50.0)
_PX_PER_DEG = 11.0  # of the cut-outs: a VGA camera of 60 degrees
_CENTRE_DEG = (4.0, 3.0)  # of the tracks, about straight ahead: pan and tilt
_TURN_DEG = (5.0, 8.0)  # radius of their half circles
_RUN_DEG = (24.0, 36.0)  # length of their straight runs
_SLOPE_DEG = 10.0
_WAY_S = 14.0  # of a way are kept free of others
_APPEARS_DEG = (14.0, 8.0)  # likewise, of the one that stands
_STANDING = 4
_AROUND_DEG = (26.0, 17.0)  # where they stand beside a track: pan and tilt
_CROWD = 8
_CALM = ("crowd", "three")
_PICTURES = 24
_GAP_DEG = 3.0


class MadeScene(Scene):
    """A still background and cut-outs before it.

    Args:
        kind: One of MADE_SCENES.
        background: uint8 (H, W, 3).
        things: The cut-outs; that of `mover` and `standing` is the first.
    """

    def __init__(self, kind: str, background: Rgb, things: Sequence[Thing]) -> None:
        height, width = background.shape[:2]
        self.kind = kind
        self.things = tuple(things)
        self.surroundings = Surroundings((height, width), math.radians(_WIDE_DEG))
        self._background = background

    def background(self, time_s: float) -> Rgb:
        """Return the picture; it does not change."""
        return self._background


def make_scene(kind: str, clip: str | Path, seed: int) -> MadeScene:
    """Make a scene.

    Args:
        kind: One of MADE_SCENES.
        clip: A video or a folder of pictures; background and cut-outs are of different frames.
        seed: Draws everything.

    Raises:
        ValueError: If the kind is unknown.
        DataError: If the clip cannot be read, or has too few or too small frames.
    """
    if kind not in MADE_SCENES:
        raise ValueError(f"kind must be one of {', '.join(MADE_SCENES)}, got {kind!r}")
    rng = np.random.default_rng((seed, zlib.crc32(kind.encode())))
    pictures = _pictures(clip)
    order = [int(index) for index in rng.permutation(len(pictures))]
    background, donors = pictures[order[0]], [pictures[index] for index in order[1:]]
    if kind in _CALM:  # what stands out are the cut-outs
        background = _calm(background)
    cutter = _Cutter(rng, donors, float(np.clip(background.mean(), 90, 160)))
    things = _MAKERS[kind](rng, cutter)
    return MadeScene(kind, background, things)


class _Cutter:
    """Cuts things of one size and contrast."""

    def __init__(self, rng: np.random.Generator, donors: Sequence[Rgb], level: float) -> None:
        self.radius_deg = float(rng.uniform(*_RADIUS_DEG))
        self._contrast = float(rng.uniform(*_CONTRAST))
        self._rng, self._donors, self._level = rng, donors, level
        self._cut = 0

    def cut(self) -> tuple[Rgb, float]:
        """Return the next cut-out, uint8 (S, S, 3), and the radius of its disc in pixels."""
        donor = self._donors[self._cut % len(self._donors)]
        self._cut += 1
        radius = self.radius_deg * _PX_PER_DEG
        rgb = cut_out(self._rng, donor, radius, self._level, self._contrast)
        return np.rint(rgb).astype(np.uint8), radius

    def thing(
        self, place: Callable[[float], PanTilt | None], piece: tuple[Rgb, float] | None = None
    ) -> Thing:
        """Return a thing at a place, of the next cut-out or of a given one."""
        rgb, radius = piece or self.cut()
        side = rgb.shape[0]
        half_rad = math.radians(self.radius_deg) * 0.5 * (side - 1) / radius
        return Thing(rgb, soft_disc(side, 0.0, 0.0, radius), half_rad, place)


def _mover(rng: np.random.Generator, cutter: _Cutter) -> list[Thing]:
    way = _Way(rng)
    on_way = [way.place(APPEARS_S + time_s) for time_s in np.arange(0.0, _WAY_S, 0.1)]
    standing = _spread(rng, _STANDING, cutter.radius_deg, _AROUND_DEG, on_way)
    return [cutter.thing(way), *(cutter.thing(_stands(place)) for place in standing)]


def _standing(rng: np.random.Generator, cutter: _Cutter) -> list[Thing]:
    (place,) = _spread(rng, 1, cutter.radius_deg, _APPEARS_DEG, [])
    return [cutter.thing(_stands(place, APPEARS_S))]


def _still(rng: np.random.Generator, cutter: _Cutter) -> list[Thing]:
    places = _spread(rng, _STANDING, cutter.radius_deg, (45.0, 15.0), [])
    return [cutter.thing(_stands(place)) for place in places]


def _crowd(rng: np.random.Generator, cutter: _Cutter) -> list[Thing]:
    # All in view from each of them: a turn of the head shows nothing new.
    places = _spread(rng, _CROWD, cutter.radius_deg - 1.0, (19.0, 11.0), [])
    return [cutter.thing(_stands(place)) for place in places]


def _three(rng: np.random.Generator, cutter: _Cutter) -> list[Thing]:
    piece = cutter.cut()
    places = _spread(rng, 3, cutter.radius_deg + 3.0, (18.0, 10.0), [])
    return [cutter.thing(_stands(place), piece) for place in places]


_MAKERS = {
    "mover": _mover,
    "standing": _standing,
    "still": _still,
    "crowd": _crowd,
    "three": _three,
}


class _Way:
    """Appears on an oval track and goes round it at constant speed.

    Two straight runs and two half circles: no turn is sharper than something alive would take.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._centre = [float(rng.uniform(-most, most)) for most in _CENTRE_DEG]
        self._radius = float(rng.uniform(*_TURN_DEG))
        self._run = float(rng.uniform(*_RUN_DEG))
        self._slope = math.radians(rng.uniform(-_SLOPE_DEG, _SLOPE_DEG))
        self._sense = (-1) ** int(rng.integers(2))
        # On one of the straight runs, in the middle of it.
        share = float(rng.uniform(0.3, 0.7)) + (self._round / self._run / 2) * int(rng.integers(2))
        self._start = self._run * share

    @property
    def _round(self) -> float:
        return 2 * self._run + math.tau * self._radius

    def place(self, time_s: float) -> PanTilt:
        gone = self._start + self._sense * SPEED_DEG_S * (time_s - APPEARS_S)
        along, up = self._on_track(gone % self._round)
        c, s = math.cos(self._slope), math.sin(self._slope)
        pan, tilt = c * along - s * up + self._centre[0], s * along + c * up + self._centre[1]
        return PanTilt(math.radians(pan), math.radians(tilt))

    def _on_track(self, gone: float) -> tuple[float, float]:
        half, turn = 0.5 * self._run, math.pi * self._radius
        sign = 1.0
        if gone >= self._run + turn:  # the second half is the first one turned round
            gone, sign = gone - self._run - turn, -1.0
        if gone < self._run:
            return sign * (gone - half), -sign * self._radius
        angle = (gone - self._run) / self._radius
        return (
            sign * (half + self._radius * math.sin(angle)),
            -sign * self._radius * math.cos(angle),
        )

    def __call__(self, time_s: float) -> PanTilt | None:
        return self.place(time_s) if time_s >= APPEARS_S else None


def _stands(place: PanTilt, from_s: float = 0.0) -> Callable[[float], PanTilt | None]:
    return lambda time_s: place if time_s >= from_s else None


def _spread(
    rng: np.random.Generator,
    count: int,
    radius_deg: float,
    most_deg: tuple[float, float],
    taken: Sequence[PanTilt],
) -> list[PanTilt]:
    """Draw places that are apart from each other and from taken ones."""
    apart = math.radians(2 * radius_deg + _GAP_DEG)
    for _ in range(200):
        places: list[PanTilt] = []
        for _ in range(60):
            pan, tilt = (math.radians(rng.uniform(-most, most)) for most in most_deg)
            place = PanTilt(pan, tilt)
            if all(angle_between(place, other) >= apart for other in (*places, *taken)):
                places.append(place)
            if len(places) == count:
                return places
    raise DataError(f"no room for {count} cut-outs of {radius_deg:.1f} degrees in the scene")


def _pictures(clip: str | Path) -> list[Rgb]:
    """Return frames spread over a clip, at most twice _PICTURES."""
    kept: list[Frame] = []
    stride = 1
    with open_source(clip) as source:
        for frame in source.frames(on_bad=lambda _: None):
            if frame.index % stride == 0:
                kept.append(frame)
            if len(kept) == 2 * _PICTURES:
                del kept[1::2]
                stride *= 2
    pictures = [frame.rgb() for frame in kept]
    if len(pictures) < 2 or any(a.shape != b.shape for a, b in pairwise(pictures)):
        raise DataError(f"a made scene needs two or more frames of one size, {clip} has not")
    least = 2 * round(_RADIUS_DEG[1] * _PX_PER_DEG) + 10
    if min(pictures[0].shape[:2]) < least:
        raise DataError(
            f"cut-outs need frames of at least {least} pixels a side, {clip} has "
            f"{pictures[0].shape[1]}x{pictures[0].shape[0]}"
        )
    return pictures


def _calm(picture: Rgb) -> Rgb:
    """Return a picture with soft edges and a third of its contrast."""
    soft = cv2.GaussianBlur(picture, (0, 0), 4.0).astype(np.float32)
    mean = soft.mean(axis=(0, 1))
    return np.asarray(np.rint(mean + (soft - mean) / 3), np.uint8)
