# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a trial showed, judged against where head and things truly were; knows no ROS."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NEAR_DEG = 3.0
ARRIVES_S = 1.5
FOLLOWS_DEG = 2.0
LEAST_SHARE = 18 / 20
MOST_SIGN_CHANGES = 2
FEWER = 10
LEAST_FALSE = 5

ENABLED_S = 1.0
"""After a trial's begin: the network's window is full then, and its first opinion is over."""
_WATCHED_S = 3.0  # a standing target, from the arrival on
_MOVES_RAD_S = 0.01  # slower is rest
_SACCADE_RAD_S = 0.2
_SACCADE_DEG = 3.0
_VISIT_S = 0.15
_CHOOSES_S = 0.5  # after it was enabled the head has left where it happened to stand
_VELOCITY_SLACK, _ACCELERATION_SLACK, _POSITION_SLACK = 1.02, 1.1, 1e-3
_ACCELERATION_OVER_S = 0.05  # velocities are compared over this long: stamps have their jitter


@dataclass(frozen=True, slots=True)
class Limits:
    """Those of gaze_controller: rad, rad/s, rad/s2."""

    lowest: tuple[float, float]
    highest: tuple[float, float]
    velocity: float
    acceleration: float


@dataclass(frozen=True, slots=True)
class Recording:
    """A trial; times are seconds since its scene began.

    Args:
        part: Its name.
        seed: Of the scene.
        times_s: (N,) of the camera's views.
        head: (N, 2) pan and tilt, true, rad.
        things: (N, T, 2) pan and tilt of the things; not a number while one is not there.
        in_view: (N, T) whether the camera sees the middle of a thing.
        joint_times_s: (M,) of the joint states.
        joints: (M, 2) positions, rad.
        joint_velocities: (M, 2) rad/s.
        commands: (K, 2) positions that were commanded, rad.
        targets: Gaze targets that came, 1/s.
    """

    part: str
    seed: int
    times_s: Array
    head: Array
    things: Array
    in_view: NDArray[np.bool_]
    joint_times_s: Array
    joints: Array
    joint_velocities: Array
    commands: Array
    targets: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """One trial.

    Args:
        part: Its name.
        seed: Of the scene.
        figures: What was measured.
        good: Whether it is as it should be; None where only all of a part together tell, or where
            what is asked about never was.
    """

    part: str
    seed: int
    figures: dict[str, float]
    good: bool | None


@dataclass(frozen=True, slots=True)
class Criterion:
    """A judgement of all trials."""

    name: str
    value: str
    expected: str
    holds: bool


def judge(recording: Recording, limits: Limits) -> Verdict:
    """Return what a trial showed."""
    figures, good = _JUDGES[recording.part](recording)
    figures |= _limit_figures(recording, limits)
    figures["targets_hz"] = recording.targets
    return Verdict(recording.part, recording.seed, figures, good)


def criteria(verdicts: Sequence[Verdict]) -> list[Criterion]:
    """Return the judgements that the trials allow."""
    by_part: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_part.setdefault(verdict.part, []).append(verdict)
    found = [_limits_hold(verdicts)] if verdicts else []
    for part, name, least in (
        ("mover", f"the mover within {NEAR_DEG:g} degrees in {ARRIVES_S:g} s, followed with a "
                  f"median error under {FOLLOWS_DEG:g}", LEAST_SHARE),
        ("standing", f"at most {MOST_SIGN_CHANGES} sign changes of velocity after the arrival", 1),
        ("still", "at rest while nothing moves", 1),
        ("return", "three equal cut-outs all visited", 1),
        ("no return", "without inhibition of return one of them", 1),
    ):  # fmt: skip
        if part in by_part:
            asked = [v for v in by_part[part] if v.good is not None]
            found.append(_share_criterion(name, asked, least))
    if "standing" in by_part:
        found.append(_standing_arrivals(by_part["standing"]))
    if "suppressed" in by_part and "unsuppressed" in by_part:
        found += _false_criteria(by_part)
    return found


def _share_criterion(name: str, verdicts: Sequence[Verdict], least: float) -> Criterion:
    good, needed = sum(bool(v.good) for v in verdicts), math.ceil(least * len(verdicts) - 1e-9)
    total = len(verdicts)
    return Criterion(name, f"{good} of {total}", f"{needed} of {total}", good >= needed)


def _standing_arrivals(verdicts: Sequence[Verdict]) -> Criterion:
    arrived, total = sum(v.good is not None for v in verdicts), len(verdicts)
    needed = math.ceil(LEAST_SHARE * total - 1e-9)
    name = f"the standing one within {NEAR_DEG:g} degrees"
    return Criterion(name, f"{arrived} of {total}", f"{needed} of {total}", arrived >= needed)


def _limits_hold(verdicts: Sequence[Verdict]) -> Criterion:
    passed = [v for v in verdicts if v.figures["limits_passed"]]
    where = ", ".join(f"{v.part} {v.seed}" for v in passed)
    text = f"{len(passed)} of {len(verdicts)}" + (f" ({where})" if where else "")
    return Criterion("trials in which a limit was passed", text, "0", not passed)


def _false_criteria(by_part: Mapping[str, Sequence[Verdict]]) -> list[Criterion]:
    on, off = (
        int(sum(v.figures["false_saccades"] for v in by_part[part]))
        for part in ("suppressed", "unsuppressed")
    )
    return [
        Criterion("false saccades without suppression", str(off), f">= {LEAST_FALSE}",
                  off >= LEAST_FALSE),
        Criterion("false saccades with it", str(on), f"<= {off / FEWER:g}", on <= off / FEWER),
    ]  # fmt: skip


Judged = tuple[dict[str, float], bool | None]


def _mover(recording: Recording) -> Judged:
    errors = _angles_deg(recording.head, recording.things[:, 0])
    seen = np.flatnonzero(recording.in_view[:, 0])
    if not len(seen):
        return {"arrival_s": math.inf, "median_error_deg": math.inf, "seen": 0.0}, False
    appeared = recording.times_s[seen[0]]
    arrival_s = _arrival_s(recording, errors, appeared)
    after = recording.times_s >= appeared + min(arrival_s, ARRIVES_S)
    median = float(np.median(errors[after & np.isfinite(errors)]))
    figures = {
        "arrival_s": arrival_s,
        "median_error_deg": median,
        "near_share": float(np.mean(errors[after] < NEAR_DEG)),
    }
    return figures, arrival_s <= ARRIVES_S and median < FOLLOWS_DEG


def _standing(recording: Recording) -> Judged:
    errors = _angles_deg(recording.head, recording.things[:, 0])
    seen = np.flatnonzero(recording.in_view[:, 0])
    appeared = recording.times_s[seen[0]] if len(seen) else math.inf
    arrival_s = _arrival_s(recording, errors, appeared)
    if not math.isfinite(arrival_s):
        return {"arrival_s": arrival_s, "sign_changes": math.nan}, None
    begin = appeared + arrival_s
    within = (recording.joint_times_s >= begin) & (recording.joint_times_s <= begin + _WATCHED_S)
    velocities = recording.joint_velocities[within]
    changes = max(_sign_changes(velocities[:, axis]) for axis in range(2))
    figures = {"arrival_s": arrival_s, "sign_changes": float(changes)}
    return figures, changes <= MOST_SIGN_CHANGES


def _still(recording: Recording) -> Judged:
    end_s = recording.joint_times_s[-1] if len(recording.joint_times_s) else 0.0
    last = recording.joint_times_s >= end_s - _WATCHED_S
    speed = float(np.abs(recording.joint_velocities[last]).max(initial=0.0))
    figures = {"last_speed_rad_s": speed, "saccades": float(_saccades(recording))}
    return figures, speed < _MOVES_RAD_S


def _false(recording: Recording) -> Judged:
    return {"false_saccades": float(max(0, _saccades(recording) - 1))}, None


def _return(recording: Recording) -> Judged:
    visits = _visited(recording)
    return {"visited": float(visits)}, visits == recording.things.shape[1]


def _no_return(recording: Recording) -> Judged:
    visits = _visited(recording)
    return {"visited": float(visits)}, visits == 1


_JUDGES = {
    "mover": _mover,
    "standing": _standing,
    "still": _still,
    "suppressed": _false,
    "unsuppressed": _false,
    "return": _return,
    "no return": _no_return,
}


def _arrival_s(recording: Recording, errors: Array, appeared_s: float) -> float:
    """Return how long after its appearance a thing was near, infinity if never."""
    near = (recording.times_s >= appeared_s) & (errors < NEAR_DEG)
    return float(recording.times_s[near][0] - appeared_s) if near.any() else math.inf


def _sign_changes(velocities: Array) -> int:
    signs = np.sign(velocities[np.abs(velocities) > _MOVES_RAD_S])
    return int((signs[1:] != signs[:-1]).sum())


def _saccades(recording: Recording) -> int:
    """Return how often the head turned fast, and on the whole by more than a little."""
    fast = np.hypot(*recording.joint_velocities.T) > _SACCADE_RAD_S
    edges = np.flatnonzero(np.diff(np.concatenate(([False], fast, [False])).astype(int)))
    turned = (
        np.degrees(np.hypot(*(recording.joints[end - 1] - recording.joints[begin])))
        for begin, end in edges.reshape(-1, 2)
    )
    return sum(bool(angle > _SACCADE_DEG) for angle in turned)


def _visited(recording: Recording) -> int:
    """Return how many things the gaze rested on."""
    if len(recording.times_s) < 2:
        return 0
    period_s = float(np.median(np.diff(recording.times_s)))
    count = max(1, round(_VISIT_S / period_s))
    looks = recording.times_s >= ENABLED_S + _CHOOSES_S
    head, things = recording.head[looks], recording.things[looks]
    return sum(
        _longest_run(_angles_deg(head, things[:, index]) < NEAR_DEG) >= count
        for index in range(recording.things.shape[1])
    )


def _longest_run(flags: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(int)))
    runs = edges[1::2] - edges[::2]
    return int(runs.max(initial=0))


def _limit_figures(recording: Recording, limits: Limits) -> dict[str, float]:
    low, high = np.array(limits.lowest), np.array(limits.highest)
    speed = float(np.abs(recording.joint_velocities).max(initial=0.0))
    acceleration = _largest_acceleration(recording)
    beyond = max(
        (
            float(np.maximum(low - positions, positions - high).max())
            for positions in (recording.joints, recording.commands)
            if len(positions)
        ),
        default=-math.inf,
    )
    passed = (
        beyond > _POSITION_SLACK
        or speed > limits.velocity * _VELOCITY_SLACK
        or acceleration > limits.acceleration * _ACCELERATION_SLACK
    )
    return {
        "largest_speed": speed,
        "largest_acceleration": acceleration,
        "limits_passed": float(passed),
    }


def _largest_acceleration(recording: Recording) -> float:
    times, velocities = recording.joint_times_s, recording.joint_velocities
    if len(times) < 2:
        return 0.0
    later = np.searchsorted(times, times + _ACCELERATION_OVER_S)
    there = later < len(times)
    first, last = np.flatnonzero(there), later[there]
    gains = np.abs(velocities[last] - velocities[first]).max(axis=1, initial=0.0)
    return float((gains / (times[last] - times[first])).max(initial=0.0))


def _angles_deg(a: Array, b: Array) -> Array:
    """Return the angles between directions (N, 2) in degrees."""
    first, second = _units(a), _units(b)
    across = np.linalg.norm(np.cross(first, second), axis=1)
    return np.asarray(np.degrees(np.arctan2(across, (first * second).sum(axis=1))))


def _units(directions: Array) -> Array:
    pan, tilt = directions.T
    return np.stack((np.cos(tilt) * np.cos(pan), np.cos(tilt) * np.sin(pan), np.sin(tilt)), 1)
