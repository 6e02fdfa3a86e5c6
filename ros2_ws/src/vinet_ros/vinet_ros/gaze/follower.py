# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The whole way from what the camera sees to what the head does, without ROS."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vinet_ros.errors import FrameError, VinetError
from vinet_ros.gaze.attention import Attention, Fixation
from vinet_ros.gaze.attention_settings import AttentionSettings
from vinet_ros.gaze.control import ControlSettings, HeadCommand, HeadControl
from vinet_ros.gaze.geometry import PanTilt
from vinet_ros.gaze.head import Head
from vinet_ros.gaze.joint_history import JUMP_BACK_NS, NS_PER_S, JointHistory, JointSample
from vinet_ros.gaze.kalman import Motion
from vinet_ros.gaze.tracks import Candidate

ON_TIMEOUT = ("hold", "center", "disable")
_STILL = PanTilt(0.0, 0.0)
_AHEAD = PanTilt(0.0, 0.0)
_LARGEST = 1e9  # m; the square of more than that is no number
_MAY_WAIT_NS = round(0.1 * NS_PER_S)


@dataclass(frozen=True, slots=True)
class FollowerSettings:
    """What happens when input stays away.

    Args:
        target_timeout_s: Targets whose newest stamp is older than this are stale.
        joints_timeout_s: Joint states, likewise.
        on_timeout: hold: brake and stand; center: go to the centre (joint states being stale:
            stand); disable: brake, then do nothing until enabled again.

    Raises:
        ValueError: If a value is out of range.
    """

    target_timeout_s: float = 0.5
    joints_timeout_s: float = 0.5
    on_timeout: str = "hold"

    def __post_init__(self) -> None:
        if self.on_timeout not in ON_TIMEOUT:
            raise ValueError(
                f"on_timeout must be one of {', '.join(ON_TIMEOUT)}; got {self.on_timeout!r}"
            )
        for name in ("target_timeout_s", "joints_timeout_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive and finite, got {getattr(self, name)}")


@dataclass(slots=True)
class FollowerCounters:
    """What has happened so far."""

    joint_states: int = 0
    refused_joint_states: int = 0
    targets: int = 0
    refused_targets: int = 0
    timeouts: int = 0


class GazeFollower:
    """Turns a head to what its camera finds salient.

    Joint states and targets are pushed as they come, commands are taken at the control's rate.
    All times are of one clock. Not for several threads at once: the caller locks.

    Args:
        head: Kinematics; None: the camera in the origin, looking ahead.
        attention: How targets are chosen.
        control: Limits, and how the head moves.
        settings: What happens when input stays away.
    """

    def __init__(
        self,
        head: Head | None = None,
        attention: AttentionSettings | None = None,
        control: ControlSettings | None = None,
        settings: FollowerSettings | None = None,
    ) -> None:
        self.head = head or Head()
        self.attention = Attention(attention)
        self.control = HeadControl(control)
        self.settings = settings or FollowerSettings()
        self.joints = JointHistory()
        self.counters = FollowerCounters()
        self.state = "disabled"
        """disabled, stopping, following, holding, timeout or centering."""
        self.reason = "not enabled"
        """Why it is in this state, for people."""
        self.goal: Motion | None = None
        """Where the head shall look, as of the last step; None: nowhere."""
        self._enabled = self._centering = False
        self._targets_ns: int | None = None
        self._enabled_ns = 0
        self._waiting: tuple[int, list[tuple[float, ...]]] | None = None

    @property
    def enabled(self) -> bool:
        """Whether the head may move."""
        return self._enabled

    @property
    def fixation(self) -> Fixation | None:
        """What is looked at as of the last image; None if nothing is."""
        return self.attention.fixation

    def push_joints(
        self, stamp_ns: int, position: PanTilt, velocity: PanTilt | None = None
    ) -> None:
        """Take a joint state.

        Args:
            stamp_ns: When the head was there.
            position: Rad.
            velocity: Rad/s; None where it is not measured.

        Raises:
            FrameError: If it is not finite or not newer than the last; it is left out.
        """
        self.counters.joint_states += 1
        restarts = self.joints.restarts
        try:
            self.joints.push(stamp_ns, position, velocity)
        except FrameError:
            self.counters.refused_joint_states += 1
            raise
        if self.joints.restarts != restarts:
            self.attention.reset()
        newest = self.joints.newest
        if newest is not None:
            self.attention.observe(newest)
        if self._waiting is not None and stamp_ns >= self._waiting[0]:
            waiting, self._waiting = self._waiting, None
            self._look(*waiting)

    def push_targets(self, stamp_ns: int, points_optical: Sequence[Sequence[float]]) -> None:
        """Take what an image shows, best first or not; an empty list: nothing is salient.

        Targets that are a little newer than the newest joint state wait for the next one.

        Args:
            stamp_ns: The image's stamp.
            points_optical: (x, y, z, saliency) each, the point in the camera's optical frame in m.

        Raises:
            FrameError: If no target can be used, or the joint state at the image's stamp is not
                known; nothing is followed by it.
        """
        self.counters.targets += 1
        points = [tuple(float(value) for value in point) for point in points_optical]
        newest = self.joints.newest
        if newest is not None and 0 < stamp_ns - newest.stamp_ns <= _MAY_WAIT_NS:
            self._waiting = (stamp_ns, points)
            return
        self._look(stamp_ns, points)

    def push_external(
        self, stamp_ns: int, point: Sequence[float], *, in_base: bool = False
    ) -> None:
        """Take a target from outside: it wins under the policy external while it is fresh.

        Args:
            stamp_ns: When it was there.
            point: (x, y, z) in m, in the camera's optical frame or in the head's base.
            in_base: Which of them.

        Raises:
            FrameError: If it is not finite or the joint state at its stamp is not known.
        """
        _check(point)
        if in_base:
            direction = self.head.direction_of_point(point)
        else:
            direction = self.head.direction(point, self.joints.at(stamp_ns).position)
        self.attention.push_external(stamp_ns, direction)

    def enable(self, now_ns: int) -> None:
        """Let the head move, from the pose and the motion that it has.

        Raises:
            VinetError: If no fresh joint state is known.
        """
        newest = self.joints.newest
        if newest is None or self._joints_stale(now_ns):
            raise VinetError(
                "the head can only be enabled with a fresh joint state, "
                f"{self._joints_problem(now_ns)}; look at joint_states"
            )
        if not self.control.started:  # else it still brakes, and goes on from there
            self.control.start(newest.position, newest.velocity)
        if not self._enabled:
            self.attention.reset()
            self._enabled, self._centering = True, False
            self._enabled_ns = now_ns  # targets have their timeout's time to come
            self.state, self.reason = "holding", "enabled"

    def disable(self, reason: str = "not enabled") -> None:
        """Brake the head, then give no more commands."""
        self._enabled = self._centering = False
        self.state = "stopping" if self.control.started else "disabled"
        self.reason = reason

    def stop(self) -> None:
        """Brake the head; it moves again when it is enabled again."""
        self.disable("stopped")

    def center(self) -> None:
        """Go to the centre, then follow on.

        Raises:
            VinetError: If the head is not enabled.
        """
        if not self._enabled:
            raise VinetError("the head is not enabled; enable it, then centre it")
        self._centering = True

    def halt(self, now_ns: int) -> HeadCommand | None:
        """Return the last command before an end, None if nothing was ever commanded.

        It holds the measured position at once; the head is disabled.
        """
        newest = self.joints.newest
        moved = self.control.started and newest is not None
        command = self.control.hold(now_ns, newest.position) if moved and newest else None
        self.control.forget()
        self.disable()
        return command

    def step(self, now_ns: int) -> HeadCommand | None:
        """Return the command for now; None while disabled.

        Args:
            now_ns: The present.
        """
        if not self.control.started:
            self.state = "disabled"
            return None
        self.goal = self._wanted(now_ns)
        goal, velocity = (None, _STILL) if self.goal is None else self.goal
        newest = self.joints.newest
        measured = None if newest is None or self._joints_stale(now_ns) else newest.position
        command = self.control.step(now_ns, goal, velocity, measured)
        if self.state == "stopping" and self.control.at_rest:
            self.control.forget()
            self.state = "disabled"
        if self._centering and self.control.at_rest and self._arrived(command):
            self._centering = False
        return command

    def _look(self, stamp_ns: int, points: list[tuple[float, ...]]) -> None:
        """Give attention the candidates of an image."""
        try:
            joints = self.joints.at(stamp_ns)
            candidates = self._candidates(points, joints)
        except FrameError:
            self.counters.refused_targets += 1
            raise
        self._targets_ns = self._newer(stamp_ns)
        self.attention.update(stamp_ns, candidates, joints)

    def _candidates(self, points: list[tuple[float, ...]], joints: JointSample) -> list[Candidate]:
        """Return those points that the head can look at.

        Raises:
            FrameError: If there are points but none of use.
        """
        candidates = []
        problem: FrameError | None = None
        for point in points:
            try:
                _check(point)
                candidate = Candidate(self.head.direction(point[:3], joints.position), point[3])
                if not candidate.usable:
                    raise FrameError(f"saliency must be 0 or more, got {point[3]}")
                candidates.append(candidate)
            except FrameError as error:
                problem = error
        if problem is not None and not candidates:
            raise problem
        return candidates

    def _newer(self, stamp_ns: int) -> int:
        last_ns = self._targets_ns
        if last_ns is None or last_ns - stamp_ns > JUMP_BACK_NS:
            return stamp_ns
        return max(last_ns, stamp_ns)

    def _wanted(self, now_ns: int) -> Motion | None:
        """Decide state and goal."""
        if not self._enabled:
            return None
        if self._joints_stale(now_ns):
            return self._timed_out(self._joints_problem(now_ns), None)
        if self._centering:
            self.state, self.reason = "centering", "centre asked for"
            return self._centre()
        policy = self.attention.settings.policy
        sees = policy in ("saliency", "external") and not self.attention.external_fresh(now_ns)
        if sees and self._targets_stale(now_ns):
            return self._timed_out(self._targets_problem(now_ns), self._centre())
        goal = self.attention.goal(now_ns)
        self.state = "holding" if goal is None else "following"
        self.reason = f"policy {policy}" if goal or policy == "hold" else "nothing to look at"
        return goal

    def _timed_out(self, problem: str, centre: Motion | None) -> Motion | None:
        """Do what on_timeout says."""
        if self.state != "timeout":
            self.counters.timeouts += 1
        if self.settings.on_timeout == "disable":
            self.disable(f"disabled: {problem}")
            return None
        self.state, self.reason = "timeout", problem
        return centre if self.settings.on_timeout == "center" else None

    def _centre(self) -> Motion:
        return Motion(self.control.settings.clamped(_AHEAD), _STILL)

    def _arrived(self, command: HeadCommand) -> bool:
        centre, settings = self._centre().direction, self.control.settings
        return math.dist(command.position, centre) <= settings.deadband + 1e-6

    def _joints_stale(self, now_ns: int) -> bool:
        newest = self.joints.newest
        return newest is None or _stale(now_ns, newest.stamp_ns, self.settings.joints_timeout_s)

    def _targets_stale(self, now_ns: int) -> bool:
        last_ns, timeout_s = self._targets_ns, self.settings.target_timeout_s
        if not _stale(now_ns, self._enabled_ns, timeout_s):
            return False
        return last_ns is None or _stale(now_ns, last_ns, timeout_s)

    def _joints_problem(self, now_ns: int) -> str:
        newest = self.joints.newest
        return _age("joint state", now_ns, None if newest is None else newest.stamp_ns)

    def _targets_problem(self, now_ns: int) -> str:
        newest, last_ns = self.joints.newest, self._targets_ns
        if newest is not None and last_ns is not None:
            ahead_s = (newest.stamp_ns - last_ns) / NS_PER_S
            if ahead_s < 0.5 * self.settings.target_timeout_s:
                return self._joints_problem(now_ns)  # without joint states no target counts
        return _age("target", now_ns, last_ns)


def _check(point: Sequence[float]) -> None:
    """Raise FrameError unless a point's numbers are finite and not beyond all measure."""
    if not all(abs(value) <= _LARGEST for value in point):
        raise FrameError(
            f"a target must be finite (at most {_LARGEST:g}), got {tuple(point)}; look at what "
            "publishes it"
        )


def _stale(now_ns: int, stamp_ns: int, timeout_s: float) -> bool:
    """Return whether a stamp is too old, or of a clock that was set."""
    return not -JUMP_BACK_NS <= now_ns - stamp_ns <= timeout_s * NS_PER_S


def _age(what: str, now_ns: int, stamp_ns: int | None) -> str:
    if stamp_ns is None:
        return f"no {what} has come yet"
    age_s = (now_ns - stamp_ns) / NS_PER_S
    if age_s < 0:
        return f"the last {what} is {-age_s:.2f} s in the future; do the clocks agree?"
    return f"the last {what} is {age_s:.2f} s old"
