# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How well gaze_controller is: from what it knows of itself to statuses with cause and remedy."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vinet_ros.gaze import PanTilt
from vinet_ros.ros.health import LifecycleHealth
from vinet_ros.ros.record import NO_INCIDENT, Incident
from vinet_ros.ros.status import Level, Status, StatusBuilder

GAZE_STATUSES: Mapping[str, Mapping[str, str]] = {
    "lifecycle": {
        "state": "lifecycle state",
        "reason": "why the last transition ended as it did",
        "failures": "transitions that failed since the start",
        "recoveries": "times that the node started again by itself after a failure at work",
    },
    "head": {
        "enabled": "whether the head may move",
        "state": "disabled, stopping, following, holding, timeout or centering",
        "reason": "why it is in this state",
        "looks_at": "fixation, pursuit or saccade; external, center or random by the policy",
        "pan_deg": "commanded pan",
        "tilt_deg": "commanded tilt",
        "saccades": "times that the gaze went to another target",
        "suppressed": "images left aside because the head turned fast",
        "timeouts": "times that targets or joint states stayed away",
        "stops": "stops that were commanded",
    },
    "joints": {
        "topic": "resolved name of the joint states' topic",
        "publishers": "publishers on it",
        "received": "messages with the two joints since activation",
        "refused": "of these, messages that could not be used",
        "other_joints": "messages about other joints only",
        "clock_restarts": "times that their stamps jumped back",
        "rate_hz": "messages with the two joints, of the last ones",
        "age_s": "clock minus the newest stamp",
        "pan_deg": "measured pan",
        "tilt_deg": "measured tilt",
    },
    "targets": {
        "received": "targets and candidates since activation",
        "refused": "of these, messages that could not be used",
        "clock_restarts": "times that their stamps jumped back",
        "external_received": "external targets",
        "rate_hz": "messages of the last ones",
        "age_s": "clock minus the newest stamp",
        "camera_frame": "frame in which targets are taken",
    },
    "output": {
        "mode": "output_mode",
        "topics": "resolved names of the command topics",
        "sent": "commands since activation",
        "listeners": "subscribers on the topic that has fewest",
        "other_publishers": "nodes that command the head too",
    },
    "process": {
        "errors": "errors in callbacks since activation",
        "last_error": "the newest of them",
        "last_error_age_s": "time since then",
    },
}


class RateMeter:
    """Counts messages and knows their rate of late."""

    def __init__(self) -> None:
        self.count = 0
        self._arrivals: deque[float] = deque(maxlen=100)

    def tick(self) -> None:
        """Count a message that arrives now."""
        self.count += 1
        self._arrivals.append(time.monotonic())

    @property
    def rate_hz(self) -> float:
        """Messages a second over the last ones; 0 where they stay away for two seconds."""
        arrivals = self._arrivals
        if len(arrivals) < 2 or time.monotonic() - arrivals[-1] > 2.0:
            return 0.0
        return (len(arrivals) - 1) / max(arrivals[-1] - arrivals[0], 1e-9)


@dataclass(frozen=True, slots=True)
class HeadHealth:
    """What is known of the head while the node is active."""

    enabled: bool
    state: str
    reason: str
    looks_at: str
    command: PanTilt | None
    saccades: int
    suppressed: int
    timeouts: int
    stops: int


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """What is known of one kind of input while the node is active."""

    topic: str
    publishers: int
    received: int
    refused: int
    clock_restarts: int
    rate_hz: float
    age_s: float | None
    others: int = 0
    measured: PanTilt | None = None
    frame: str = ""


@dataclass(frozen=True, slots=True)
class OutputHealth:
    """What is known of the commands while the node is active."""

    mode: str
    topics: tuple[str, ...]
    sent: int
    listeners: int
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GazeHealth:
    """All that the statuses are made from; None for what is not there in this state."""

    lifecycle: LifecycleHealth
    head: HeadHealth | None = None
    joints: StreamHealth | None = None
    targets: StreamHealth | None = None
    output: OutputHealth | None = None
    incidents: dict[str, Incident] = field(default_factory=dict)

    def incident(self, kind: str) -> Incident:
        """Return what went wrong of a kind, or an empty incident."""
        return self.incidents.get(kind, NO_INCIDENT)


def gaze_statuses(health: GazeHealth) -> list[Status]:
    """Return the statuses of a node, in the order of the documentation."""
    return [_made(name, make, health) for name, make in _MAKERS.items()]


def _made(name: str, make: Callable[[GazeHealth], Status], health: GazeHealth) -> Status:
    try:
        return make(health)
    except Exception as error:  # a bug in one status must not hide the others
        text = f"this status cannot be made: {type(error).__name__}: {error}"
        return Status(name, Level.ERROR, text, ())


def _builder(name: str) -> StatusBuilder:
    return StatusBuilder(name, GAZE_STATUSES[name])


def _lifecycle(health: GazeHealth) -> Status:
    life, status = health.lifecycle, _builder("lifecycle")
    status.add(state=life.state, reason=life.reason)
    status.add(failures=life.failures, recoveries=life.recoveries)
    status.error_if(life.failed, life.reason)
    return status.finish(life.state)


def _head(health: GazeHealth) -> Status:
    head, status = health.head, _builder("head")
    if head is None:
        return status.stale(f"the node is {health.lifecycle.state}")
    status.add(enabled=head.enabled, state=head.state, reason=head.reason)
    status.add(looks_at=head.looks_at or None, **_degrees(head.command))
    status.add(saccades=head.saccades, suppressed=head.suppressed)
    status.add(timeouts=head.timeouts, stops=head.stops)
    status.warn_if(head.state == "timeout", f"stopped: {head.reason}")
    by_fault = head.state == "disabled" and head.reason.startswith("disabled: ")
    status.warn_if(by_fault, f"{head.reason}; call ~/enable with true")
    return status.finish(f"{head.state}: {head.reason}")


def _joints(health: GazeHealth) -> Status:
    joints, status = health.joints, _builder("joints")
    if joints is None:
        return status.stale(f"the node is {health.lifecycle.state}")
    refused = health.incident("joints")
    status.add(topic=joints.topic, publishers=joints.publishers, received=joints.received)
    status.add(refused=joints.refused, other_joints=joints.others)
    status.add(clock_restarts=joints.clock_restarts, rate_hz=joints.rate_hz, age_s=joints.age_s)
    status.add(**_degrees(joints.measured))
    status.error_if(
        joints.publishers == 0, f"nobody publishes {joints.topic}; start the head's driver"
    )
    silent = joints.publishers > 0 and joints.rate_hz == 0
    status.error_if(
        silent and not joints.others,
        f"no joint state arrives on {joints.topic}; look at the head's driver",
    )
    status.error_if(
        silent and joints.others,
        f"the joint states on {joints.topic} are of other joints; look at pan_joint, tilt_joint",
    )
    status.error_if(health.head and _is_about_joints(health.head), _reason(health))
    status.warn_if(refused.recent, refused.text)
    return status.finish(f"{joints.rate_hz:.0f} Hz")


def _targets(health: GazeHealth) -> Status:
    targets, status = health.targets, _builder("targets")
    if targets is None:
        return status.stale(f"the node is {health.lifecycle.state}")
    refused = health.incident("targets")
    status.add(received=targets.received, refused=targets.refused)
    status.add(clock_restarts=targets.clock_restarts, external_received=targets.others)
    status.add(rate_hz=targets.rate_hz, age_s=targets.age_s, camera_frame=targets.frame or None)
    status.warn_if(
        targets.publishers == 0, f"nobody publishes {targets.topic}; start saliency_node"
    )
    status.warn_if(
        targets.publishers > 0 and targets.rate_hz == 0, f"no target arrives on {targets.topic}"
    )
    status.warn_if(refused.recent, refused.text)
    return status.finish(f"{targets.rate_hz:.0f} Hz")


def _output(health: GazeHealth) -> Status:
    output, status = health.output, _builder("output")
    if output is None:
        return status.stale(f"the node is {health.lifecycle.state}")
    others = ", ".join(output.others)
    status.add(mode=output.mode, topics=", ".join(output.topics), sent=output.sent)
    status.add(listeners=output.listeners, other_publishers=others or None)
    status.error_if(
        others,
        f"{others} commands the head too, on {', '.join(output.topics)}; let only one do it",
    )
    unheard = output.listeners == 0 and health.head is not None and health.head.enabled
    status.warn_if(
        unheard, f"nobody listens to {', '.join(output.topics)}; start the head's controller"
    )
    return status.finish(f"{output.mode}, {output.sent} sent")


def _process(health: GazeHealth) -> Status:
    status, error = _builder("process"), health.incident("callback")
    status.add(errors=error.count)
    if error.count:
        status.add(last_error=error.text, last_error_age_s=error.age_s)
    status.error_if(error.recent, error.text)
    return status.finish("ok")


def _is_about_joints(head: HeadHealth) -> bool:
    return head.state == "timeout" and "joint state" in head.reason


def _reason(health: GazeHealth) -> str:
    return health.head.reason if health.head is not None else ""


def _degrees(angles: PanTilt | None) -> dict[str, float]:
    if angles is None:
        return {}
    return {
        "pan_deg": math.degrees(angles.pan_rad),
        "tilt_deg": math.degrees(angles.tilt_rad),
    }


_MAKERS: Mapping[str, Callable[[GazeHealth], Status]] = {
    "lifecycle": _lifecycle,
    "head": _head,
    "joints": _joints,
    "targets": _targets,
    "output": _output,
    "process": _process,
}
