# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The motion of a pan-tilt head: servos with a lag, limits and a delay."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vinet_ros.errors import FrameError
from vinet_ros.gaze import JointHistory, JointSample, PanTilt

NS_PER_S = 1_000_000_000
_STEP_NS = 1_000_000
_LOWEST, _HIGHEST = PanTilt(-1.6, -0.8), PanTilt(1.6, 0.8)
_KEPT = 500  # setpoints, one a step
_BRAKES = 0.9  # of the greatest acceleration, so that steps of time do not overrun


@dataclass(frozen=True, slots=True)
class ServoSettings:
    """What the servos can do.

    Args:
        lowest: Pan and tilt of the mechanical stops, radians.
        highest: Likewise.
        max_velocity: rad/s, > 0.
        max_acceleration: rad/s2, > 0.
        bandwidth_hz: How quickly they follow, > 0: the setpoint through a critically damped filter
            of this frequency. A ramp is followed late by 1 / (pi * bandwidth).
        latency_s: From a command's arrival to its effect, >= 0.

    Raises:
        ValueError: If a number is out of range.
    """

    lowest: PanTilt = _LOWEST
    highest: PanTilt = _HIGHEST
    max_velocity: float = 3.0
    max_acceleration: float = 30.0
    bandwidth_hz: float = 8.0
    latency_s: float = 0.02

    def __post_init__(self) -> None:
        positive = (self.max_velocity, self.max_acceleration, self.bandwidth_hz)
        if not all(0 < value < math.inf for value in positive) or not 0 <= self.latency_s < 10:
            raise ValueError(
                "a servo needs max_velocity, max_acceleration and bandwidth_hz over 0 and a "
                f"latency_s of 0 to 10, got {positive} and {self.latency_s}"
            )
        if not all(low < high for low, high in zip(self.lowest, self.highest, strict=True)):
            raise ValueError(
                f"the stops must be apart, got {tuple(self.lowest)} and {tuple(self.highest)}"
            )


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A point of a trajectory.

    Args:
        reach_s: When it is to be reached, from the command's effect on; 0: at once.
        position: Radians.
        velocity: Radians a second there; None: the way to it is straight.
    """

    reach_s: float
    position: PanTilt
    velocity: PanTilt | None = None


class SimulatedHead:
    """Follows commands; knows where it was in the last seconds.

    Commands are finite: whoever takes them from outside refuses others. One that is told of only
    after its effect began moves the head from now on as if it had been known.

    Args:
        settings: Of the servos.
        start: Where it is at first, at rest.
        stamp_ns: When that is.
    """

    def __init__(self, settings: ServoSettings, start: PanTilt, stamp_ns: int) -> None:
        self._settings = settings
        self._axes = (_Axis(settings, start.pan_rad, 0), _Axis(settings, start.tilt_rad, 1))
        self._now_ns = stamp_ns
        self._waiting: deque[tuple[int, _Command]] = deque()
        self._history = JointHistory()
        self._note()

    @property
    def now_ns(self) -> int:
        """Until when the motion is known."""
        return self._now_ns

    def command_waypoints(self, now_ns: int, points: Sequence[Waypoint]) -> None:
        """Follow a trajectory, from where the last command has led to; others are forgotten.

        Args:
            now_ns: When the command arrives.
            points: In the order of time.

        Raises:
            FrameError: If there is none, or their times do not grow.
        """
        times = [point.reach_s for point in points]
        if not points or any(b <= a for a, b in pairwise(times)):
            raise FrameError(f"a trajectory's times must grow strictly, got {times}")
        self._command(now_ns, tuple(points))

    def command_velocity(self, now_ns: int, velocity: PanTilt) -> None:
        """Turn at a velocity in rad/s until the next command."""
        self._command(now_ns, velocity)

    def advance(self, now_ns: int) -> None:
        """Move on to a time."""
        while self._now_ns < now_ns:
            step_ns = min(_STEP_NS, now_ns - self._now_ns)
            self._now_ns += step_ns
            while self._waiting and self._waiting[0][0] <= self._now_ns:
                self._begin(*self._waiting.popleft())
            for axis in self._axes:
                axis.step(step_ns / NS_PER_S)
            self._note()

    def at(self, stamp_ns: int) -> JointSample:
        """Return where the head was, or is, and how fast it turned.

        Raises:
            FrameError: If the time has not come or is forgotten.
        """
        return self._history.at(stamp_ns)

    def _command(self, now_ns: int, command: "_Command") -> None:
        effect_ns = now_ns + round(self._settings.latency_s * NS_PER_S)
        self._waiting.append((effect_ns, command))

    def _begin(self, effect_ns: int, command: "_Command") -> None:
        late_s = (self._now_ns - effect_ns) / NS_PER_S
        for number, axis in enumerate(self._axes):
            if isinstance(command, PanTilt):
                axis.turn(command[number], late_s)
            else:
                axis.follow(command, number, late_s)

    def _note(self) -> None:
        pan, tilt = self._axes
        self._history.push(
            self._now_ns,
            PanTilt(pan.position, tilt.position),
            PanTilt(pan.velocity, tilt.velocity),
        )


_Command = tuple[Waypoint, ...] | PanTilt


class _Axis:
    """One joint: a setpoint that moves by commands, and a servo that follows it."""

    def __init__(self, settings: ServoSettings, start: float, number: int) -> None:
        self._settings = settings
        self._low, self._high = settings.lowest[number], settings.highest[number]
        self.position = float(np.clip(start, self._low, self._high))
        self.velocity = 0.0
        self._setpoint = self.position
        self._setpoint_velocity = 0.0
        self._passed_s = 0.0
        self._way: deque[tuple[float, float, float | None]] = deque()
        self._from = (0.0, self.position, 0.0)
        self._setpoints: deque[tuple[float, float]] = deque(maxlen=_KEPT)  # and velocities

    def turn(self, velocity: float, late_s: float) -> None:
        self._way.clear()
        steps = self._steps_back(late_s)
        if steps:
            self._setpoint = self._setpoints[-steps][0] + velocity * steps * _STEP_NS / NS_PER_S
        self._setpoint_velocity = velocity

    def follow(self, points: Sequence[Waypoint], number: int, late_s: float) -> None:
        steps = self._steps_back(late_s)
        begin = self._setpoints[-steps] if steps else (self._setpoint, self._setpoint_velocity)
        self._from = (0.0, *begin)
        self._passed_s = steps * _STEP_NS / NS_PER_S
        self._way = deque(
            (p.reach_s, p.position[number], p.velocity[number] if p.velocity else None)
            for p in points
        )
        if steps:
            self._setpoint = self._on_way()

    def _steps_back(self, late_s: float) -> int:
        return min(round(late_s * NS_PER_S / _STEP_NS), len(self._setpoints))

    def step(self, step_s: float) -> None:
        before = self._setpoint
        self._setpoints.append((before, self._setpoint_velocity))
        if self._way:
            self._passed_s += step_s
            self._setpoint = self._on_way()
            if self._way:
                self._setpoint_velocity = (self._setpoint - before) / step_s
        else:
            self._setpoint += self._setpoint_velocity * step_s
        self._setpoint = min(max(self._setpoint, self._low), self._high)
        self._servo(step_s)

    def _on_way(self) -> float:
        """Return the setpoint of the trajectory now; at its end it stays there."""
        while self._way and self._way[0][0] <= self._passed_s:
            at_s, position, velocity = self._way.popleft()
            self._from = (at_s, position, velocity or 0.0)
        if not self._way:
            self._setpoint_velocity = 0.0
            return self._from[1]
        start_s, start, start_velocity = self._from
        end_s, end, end_velocity = self._way[0]
        length_s = end_s - start_s
        share = (self._passed_s - start_s) / length_s
        if end_velocity is None:
            return start + (end - start) * share
        # A cubic with the velocities at both ends (Hermite), as joint_trajectory_controller's.
        first, second = length_s * start_velocity, length_s * end_velocity
        rise = end - start
        return start + share * (
            first + share * (3 * rise - 2 * first - second + share * (first + second - 2 * rise))
        )

    def _servo(self, step_s: float) -> None:
        """A critically damped filter, exact for a setpoint that stands during the step.

        Its answer to a push is never negative, so it passes no limit that its setpoint keeps.
        """
        settings = self._settings
        omega = math.tau * settings.bandwidth_hz
        away = self.position - self._setpoint
        pull = self.velocity + omega * away
        fade = math.exp(-omega * step_s)
        wanted = (self.velocity - omega * pull * step_s) * fade
        most = settings.max_acceleration * step_s
        # Where the acceleration is limited, it brakes in time.
        fastest = math.sqrt(2 * _BRAKES * settings.max_acceleration * abs(away))
        velocity = wanted if wanted * away >= 0 else min(max(wanted, -fastest), fastest)
        velocity = min(max(velocity, self.velocity - most), self.velocity + most)
        velocity = min(max(velocity, -settings.max_velocity), settings.max_velocity)
        if velocity == wanted:
            position = self._setpoint + (away + pull * step_s) * fade
        else:
            position = self.position + 0.5 * (self.velocity + velocity) * step_s
        self.position = min(max(position, self._low), self._high)
        self.velocity = velocity if self.position == position else 0.0
