# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The quickest motion of one axis within its limits."""

import math
from typing import NamedTuple


class AxisState(NamedTuple):
    """Position in rad and velocity in rad/s of one axis."""

    position: float
    velocity: float


class AxisLimits(NamedTuple):
    """What one axis may do: positions in rad (infinite: it turns on), rad/s and rad/s2."""

    low: float
    high: float
    velocity: float
    acceleration: float


def advance(state: AxisState, goal: AxisState, dt_s: float, limits: AxisLimits) -> AxisState:
    """Return the state after a time on the quickest way to a goal that moves on at its velocity.

    The way is planned and followed exactly whatever the time: full acceleration, a stretch at
    full speed, full braking. A goal that can be reached without is not overshot. Positions are
    not limited here, see :func:`advance_within`.

    Args:
        state: Where the axis is.
        goal: Where the goal is at the same time; velocities beyond the limit count as the limit.
        dt_s: Seconds, >= 0.
        limits: Largest speed and acceleration.

    Source:
        Time-optimal control of the double integrator with limited speed, in the goal's frame.
    """
    goal_velocity = min(max(goal.velocity, -limits.velocity), limits.velocity)
    offset, speed = state.position - goal.position, state.velocity - goal_velocity
    stop = offset + speed * abs(speed) / (2 * limits.acceleration)
    side = -1.0 if stop > 0 else 1.0  # mirrored, so that the way leads upward
    top = limits.velocity - side * goal_velocity
    moved, left = _upward(side * offset, side * speed, top, limits.acceleration, dt_s)
    return AxisState(
        goal.position + goal_velocity * dt_s + side * moved, goal_velocity + side * left
    )


def _upward(
    offset: float, speed: float, top: float, acceleration: float, dt_s: float
) -> tuple[float, float]:
    """Return offset and speed after a time, for a goal at 0 that a stop would fall short of."""
    peak = min(math.sqrt(max(0.5 * speed * speed - acceleration * offset, 0.0)), top)
    bend = math.copysign(acceleration, peak - speed)
    bend_s = (peak - speed) / bend
    if dt_s <= bend_s:
        return offset + (speed + 0.5 * bend * dt_s) * dt_s, speed + bend * dt_s
    offset += 0.5 * (speed + peak) * bend_s
    dt_s -= bend_s
    level = max(-offset - peak * peak / (2 * acceleration), 0.0)
    if peak * dt_s <= level:
        return offset + peak * dt_s, peak
    dt_s -= level / peak
    left_s = peak / acceleration - dt_s
    if left_s <= 0:
        return 0.0, 0.0
    return -0.5 * acceleration * left_s * left_s, acceleration * left_s


def advance_within(
    state: AxisState, goal: AxisState, dt_s: float, limits: AxisLimits
) -> AxisState:
    """Return what :func:`advance` does, but never on a way that leaves the positions allowed.

    Where the goal's way leads out of them the axis stops at the limit. A state outside is led
    back in. From a state that :func:`can_stop` within the limits no limit is ever passed.
    """
    inside = min(max(goal.position, limits.low), limits.high)
    moving = goal.velocity if inside == goal.position else 0.0
    after = advance(state, AxisState(inside, moving), dt_s, limits)
    if not can_stop(after, limits):
        end = limits.high if after.velocity > 0 else limits.low
        after = advance(state, AxisState(end, 0.0), dt_s, limits)
    # Rounding alone may lead beyond a limit; a state from outside only comes nearer.
    low, high = min(limits.low, state.position), max(limits.high, state.position)
    return AxisState(min(max(after.position, low), high), after.velocity)


def can_stop(state: AxisState, limits: AxisLimits) -> bool:
    """Return whether braking from a state ends before the position limit ahead."""
    way = state.velocity * abs(state.velocity) / (2 * limits.acceleration)
    if way == 0:
        return True
    end = state.position + way
    return end <= limits.high + 1e-12 if way > 0 else end >= limits.low - 1e-12


def stopped(state: AxisState, dt_s: float, acceleration: float) -> AxisState:
    """Return the state after braking for a time."""
    brake_s = min(dt_s, abs(state.velocity) / acceleration)
    velocity = state.velocity - math.copysign(acceleration * brake_s, state.velocity)
    if brake_s < dt_s:
        velocity = 0.0
    return AxisState(state.position + 0.5 * (state.velocity + velocity) * brake_s, velocity)
