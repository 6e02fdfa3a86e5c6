# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The work of gaze_controller while it is active: messages in, commands out."""

import time
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode

from vinet_ros.gaze import Head, JointSample, PanTilt
from vinet_ros.gaze.control import HeadCommand
from vinet_ros.gaze.follower import FollowerSettings, GazeFollower
from vinet_ros.ros.clock_watch import ClockWatch
from vinet_ros.ros.even_clock import EvenClock
from vinet_ros.ros.gaze_diagnostics import HeadHealth, OutputHealth
from vinet_ros.ros.gaze_inputs import GazeInputs
from vinet_ros.ros.gaze_parameters import GazeParameters
from vinet_ros.ros.gaze_topics import GazeTopics
from vinet_ros.ros.head_outputs import HeadOutput
from vinet_ros.ros.messages import NS_PER_S
from vinet_ros.ros.record import Record

LAST_WORD_S = 1.0
"""How long the end waits for the head's controller to have the stop."""
_SETTLE_S = 0.3  # from a stop until the measured position is where the head came to rest
_SET_NS = 200_000_000  # a clock that differs by more from a steady one was set
_STILL = PanTilt(0.0, 0.0)


class GazeLoop:
    """Feeds a follower with messages, and the head with its commands; it starts disabled.

    Args:
        node: The node that it works for.
        settings: Its parameters.
        output: Where commands go.
        topics: What is published besides.
        record: Takes what goes wrong.
    """

    def __init__(
        self,
        node: LifecycleNode,
        settings: GazeParameters,
        output: HeadOutput,
        topics: GazeTopics,
        record: Record,
    ) -> None:
        self._node, self._settings = node, settings
        self._output, self._topics = output, topics
        self.follower = GazeFollower(
            Head(settings.mount),
            settings.attention(),
            settings.control(),
            _follower_settings(settings),
        )
        self.inputs = GazeInputs(node, settings, self.follower, record, topics.take)
        self._stops = 0
        self._holding = True
        self._settles_s: float | None = None
        self._command: HeadCommand | None = None
        self._clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._time = EvenClock(node)
        output.now_ns = self._time.now_ns
        self._watch = ClockWatch(_SET_NS)
        self._timer = self._make_timer()

    def enable(self) -> None:
        """Let the head move, from where it is.

        Raises:
            VinetError: If no fresh joint state is known.
        """
        self.follower.enable(self._now_ns())
        self._holding = False  # the first command holds where the head is

    def configure(self, settings: GazeParameters) -> None:
        """Take other parameters from now on."""
        before, self._settings = self._settings, settings
        self.inputs.settings = settings
        follower = self.follower
        if settings.attention() != before.attention():
            follower.attention.configure(settings.attention())
        if settings.control() != before.control():
            follower.control.configure(settings.control())
        follower.settings = _follower_settings(settings)
        if settings.control_rate_hz != before.control_rate_hz:
            self._node.destroy_timer(self._timer)
            self._timer = self._make_timer()

    def end(self) -> None:
        """Stop the head at once, wait until its controller knows, and listen no more."""
        self._stop_at_once("ended")
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
        self._time.close()
        self.inputs.end()

    def tick(self) -> None:
        """Send the command of now; on an error, stop the head."""
        try:
            self._step(self._now_ns())
        except Exception:
            self._stop_at_once("disabled: an error in the control loop")
            raise

    def _step(self, now_ns: int) -> None:
        follower = self.follower
        simulated = self._time.simulated
        set_by_ns = self._watch.look(now_ns, time.monotonic_ns(), simulated=simulated)
        if set_by_ns:
            follower.control.clock_set(set_by_ns)
        command = follower.step(now_ns)
        self._command = command
        if command is not None:
            self._send(now_ns, command)
        if self._settles_s is not None and time.monotonic() >= self._settles_s:
            self._settles_s = None
            self._hold_measured(now_ns)
        self._topics.publish_error(follower)
        position, inputs = None if command is None else command.position, self.inputs
        self._topics.publish_markers(follower, inputs.frames.camera, inputs.camera, position)

    def _send(self, now_ns: int, command: HeadCommand) -> None:
        """Command a step; where it is at rest and leads nowhere, stop once."""
        control = self.follower.control
        if self.follower.goal is not None or not control.at_rest:
            self._holding, self._settles_s = False, None
            self._output.follow(command, control.aim, control.settings)
        elif not self._holding:
            self._holding, self._settles_s = True, time.monotonic() + _SETTLE_S
            self._stop(_held(now_ns, command.position))

    def _hold_measured(self, now_ns: int) -> None:
        """Hold where the head came to rest; if that is not known, it holds what it has."""
        measured, control = self._fresh_joints(now_ns), self.follower.control
        if measured is None:
            return
        if control.started:
            hold = control.hold(now_ns, measured.position)
        else:
            hold = _held(now_ns, measured.position)
        self._stop(hold)

    def _stop_at_once(self, reason: str) -> None:
        now_ns, follower = self._now_ns(), self.follower
        moved = follower.control.started
        try:
            hold = follower.halt(now_ns)
        except Exception:  # whatever is wrong with it: the head must not go on
            newest = follower.joints.newest
            hold = None if newest is None or not moved else _held(now_ns, newest.position)
        follower.reason = reason
        self._holding, self._settles_s, self._command = True, None, None
        if hold is not None:
            self._stop(hold)
            self._output.flush(LAST_WORD_S)

    def _stop(self, hold: HeadCommand) -> None:
        self._output.stop(hold)
        self._stops += 1

    def _fresh_joints(self, now_ns: int) -> JointSample | None:
        newest = self.follower.joints.newest
        if newest is None:
            return None
        age_s = abs(now_ns - newest.stamp_ns) / NS_PER_S
        return newest if age_s <= self._settings.joint_timeout_s else None

    def _make_timer(self) -> Any:
        # Steady: a simulated clock that stands still must not keep a stop away.
        period_s = 1.0 / self._settings.control_rate_hz
        return self._node.create_timer(period_s, self.tick, clock=self._clock)

    def _now_ns(self) -> int:
        return self._time.now_ns()

    def other_publishers(self) -> tuple[str, ...]:
        """Return the names of the nodes that command the head too."""
        me = self._node.get_fully_qualified_name()
        others: set[str] = set()
        for topic in self._output.topics:
            infos = self._node.get_publishers_info_by_topic(topic)
            names = [f"{i.node_namespace.rstrip('/')}/{i.node_name}" for i in infos]
            if me in names:
                names.remove(me)  # once: another of the same name is another
            others.update(names)
        return tuple(sorted(others))

    def head_health(self) -> HeadHealth:
        """Return how the head is."""
        follower = self.follower
        fixation = follower.attention.fixation if follower.enabled else None
        return HeadHealth(
            enabled=follower.enabled,
            state=follower.state,
            reason=follower.reason,
            looks_at="" if fixation is None else fixation.kind,
            command=None if self._command is None else self._command.position,
            saccades=follower.attention.counters.saccades,
            suppressed=follower.attention.counters.suppressed,
            timeouts=follower.counters.timeouts,
            stops=self._stops,
        )

    def output_health(self) -> OutputHealth:
        """Return how commands leave."""
        return OutputHealth(
            mode=self._settings.output_mode,
            topics=tuple(self._output.topics),
            sent=self._output.sent,
            listeners=self._output.listeners,
            others=self.other_publishers(),
        )


def _follower_settings(settings: GazeParameters) -> FollowerSettings:
    return FollowerSettings(
        target_timeout_s=settings.target_timeout_s,
        joints_timeout_s=settings.joint_timeout_s,
        on_timeout=settings.on_timeout,
    )


def _held(now_ns: int, position: PanTilt) -> HeadCommand:
    return HeadCommand(now_ns, position, _STILL, _STILL, _STILL)
