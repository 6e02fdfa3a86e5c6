# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A gaze loop in its own time: objects, a camera that sees them late, a head that lags."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from vinet_ros.gaze import GazeFollower, Head, HeadCommand, PanTilt

MS = 1_000_000
SECOND = 1_000_000_000

MEMORY_S = 0.15  # of the maps, for the motion in them

Path = Callable[[float], PanTilt | None]  # seconds to a direction; None: not in the scene


@dataclass
class Thing:
    """Something to look at: its way and how salient it is."""

    path: Path
    saliency: float = 1.0
    flicker: float = 0.0  # standard deviation of its saliency
    seen: float = 1.0  # share of the images in which it is a peak
    lights_up: float = 0.0  # saliency for each rad/s of the head: an answer to its own motion


@dataclass
class Trace:
    """What happened, one entry a control step."""

    time_s: list[float] = field(default_factory=list)
    head: list[PanTilt] = field(default_factory=list)
    commands: list[HeadCommand] = field(default_factory=list)

    def pans(self) -> np.ndarray:
        return np.array([place.pan_rad for place in self.head])

    def errors(self, path: Path) -> np.ndarray:
        """Angle between head and thing, rad; one a step."""
        pairs = zip(self.time_s, self.head, strict=True)
        return np.array([math.dist(place, path(t)) for t, place in pairs])

    def velocities(self) -> np.ndarray:
        """Commanded velocities, (steps, 2) rad/s."""
        return np.array([command.velocity for command in self.commands])


class ClosedLoop:
    """Drives a follower by its own clock: control at 30 Hz, joint states at 50 Hz, images at 15.

    Args:
        follower: What is tried.
        things: The scene, in head coordinates far away.
        lag_s: Time constant of the head's own servo.
        noise_rad: Standard deviation of the directions that are seen.
        late_s: Least and most time from an image's stamp to its targets.
        hfov: Half of what the camera sees, pan and tilt.
    """

    def __init__(
        self,
        follower: GazeFollower,
        things: list[Thing],
        *,
        lag_s: float = 0.08,
        noise_rad: float = 0.02,
        late_s: tuple[float, float] = (0.085, 0.13),
        half_view: PanTilt = PanTilt(0.52, 0.4),  # noqa: B008
        joint_noise_rad: float = 0.0,
        start: PanTilt = PanTilt(0.0, 0.0),  # noqa: B008
        seed: int = 0,
    ) -> None:
        self.follower, self.things = follower, things
        self.lag_s, self.noise_rad, self.late_s = lag_s, noise_rad, late_s
        self.half_view, self.joint_noise_rad = half_view, joint_noise_rad
        self.seen_motion = 0.0
        self.random = np.random.default_rng(seed)
        self.place, self.velocity, self.now_ns = start, PanTilt(0.0, 0.0), SECOND
        self.order: PanTilt | None = None
        self.trace = Trace()
        self.arriving: deque[tuple[int, int, list]] = deque()
        self.kinematics = Head()
        self.next_image_ns = self.now_ns + 50 * MS

    def run(self, duration_s: float, *, enable: bool = True) -> Trace:
        end_ns = self.now_ns + round(duration_s * SECOND)
        while self.now_ns < end_ns:
            self.now_ns += 2 * MS
            self._move(0.002)
            if self.now_ns % (20 * MS) == 0:
                self._joints()
                if enable and not self.follower.enabled:
                    self.follower.enable(self.now_ns)
            if self.now_ns >= self.next_image_ns:
                self.next_image_ns += round(self.random.uniform(1 / 18, 1 / 13) * SECOND)
                self._image()
            while self.arriving and self.arriving[0][0] <= self.now_ns:
                _, stamp_ns, points = self.arriving.popleft()
                self.follower.push_targets(stamp_ns, points)
            if self.now_ns // (33 * MS) != (self.now_ns - 2 * MS) // (33 * MS):
                self._control()
        return self.trace

    @property
    def seconds(self) -> float:
        return (self.now_ns - SECOND) / SECOND

    def _move(self, dt_s: float) -> None:
        if self.order is None:
            return
        share = -math.expm1(-dt_s / self.lag_s) if self.lag_s else 1.0
        moved = PanTilt(
            *(p + share * (o - p) for p, o in zip(self.place, self.order, strict=True))
        )
        self.velocity = PanTilt(*((b - a) / dt_s for a, b in zip(self.place, moved, strict=True)))
        self.place = moved
        share = -math.expm1(-dt_s / MEMORY_S)
        self.seen_motion += share * (math.hypot(*self.velocity) - self.seen_motion)

    def _joints(self) -> None:
        noise = (
            self.random.normal(0.0, self.joint_noise_rad, 2) if self.joint_noise_rad else (0, 0)
        )
        noisy = PanTilt(*(p + float(n) for p, n in zip(self.place, noise, strict=True)))
        self.follower.push_joints(self.now_ns, noisy)

    def _image(self) -> None:
        points = []
        for thing in self.things:
            way = thing.path(self.seconds)
            if way is None or self.random.random() > thing.seen:
                continue
            noise = self.random.normal(0.0, self.noise_rad, 2)
            direction = PanTilt(way.pan_rad + noise[0], way.tilt_rad + noise[1])
            off = [abs(d - p) for d, p in zip(direction, self.place, strict=True)]
            if off[0] < self.half_view.pan_rad and off[1] < self.half_view.tilt_rad:
                saliency = thing.saliency + self.random.normal(0.0, thing.flicker)
                saliency += thing.lights_up * self.seen_motion
                points.append((*self._seen(direction), max(saliency, 0.01)))
        late = self.random.uniform(*self.late_s)
        self.arriving.append((self.now_ns + round(late * SECOND), self.now_ns, peaks(points)))

    def _seen(self, direction: PanTilt) -> tuple[float, float, float]:
        pan, tilt = direction
        base = (
            2 * math.cos(tilt) * math.cos(pan),
            2 * math.cos(tilt) * math.sin(pan),
            2 * math.sin(tilt),
        )
        return tuple(float(v) for v in self.kinematics.to_optical(base, self.place))

    def _control(self) -> None:
        command = self.follower.step(self.now_ns)
        if command is not None:
            self.order = command.position
            self.trace.time_s.append(self.seconds)
            self.trace.head.append(self.place)
            self.trace.commands.append(command)


def standing(pan_rad: float, tilt_rad: float = 0.0) -> Path:
    """Return the way of something that does not move."""
    return lambda _: PanTilt(pan_rad, tilt_rad)


def peaks(points: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Return the best three that are 0.1 rad apart, as find_peaks would."""
    kept: list[tuple[float, ...]] = []
    for point in sorted(points, key=lambda point: -point[3]):
        if all(math.dist(point[:3], other[:3]) > 0.2 for other in kept):  # of 2 m
            kept.append(point)
    return kept[:3]
