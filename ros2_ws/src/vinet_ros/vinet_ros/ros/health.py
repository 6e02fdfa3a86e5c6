# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What saliency_node knows of itself, in the parts that its diagnostics are made from."""

from dataclasses import dataclass, field

from vinet_ros.ros.diagnostic_keys import STATUSES
from vinet_ros.ros.input_monitor import InputReport
from vinet_ros.ros.model_setup import LoadedModel
from vinet_ros.ros.process_usage import Usage
from vinet_ros.ros.record import NO_INCIDENT, Incident, StepReport
from vinet_ros.ros.stamp_gate import StampVerdict
from vinet_ros.ros.status import Status, StatusBuilder
from vinet_ros.streaming import WindowCounters
from vinet_ros.streaming.camera_view import CameraView


@dataclass(frozen=True, slots=True)
class LifecycleHealth:
    """Where the node is in its life, and why."""

    state: str
    reason: str
    failed: bool
    enabled: bool = True
    failures: int = 0
    recoveries: int = 0


@dataclass(frozen=True, slots=True)
class InputHealth:
    """What is known of the image topic while the node is active."""

    topic: str
    transport: str
    publishers: tuple[str, ...]
    mismatched: tuple[str, ...]
    other_types: tuple[str, ...]
    report: InputReport
    lost_in_transport: int
    used: int
    size: tuple[int, int] | None
    encoding: str
    verdicts: dict[StampVerdict, int]
    ages_ns: tuple[int, int] | None
    clock_waits: bool
    clock_still_s: float
    least_rate_hz: float = 0.0
    greatest_rate_hz: float = 0.0


@dataclass(frozen=True, slots=True)
class EffectHealth:
    """How the newest prediction would be without its sound.

    Attributes:
        period_s: Time between two comparisons; 0: there are none.
        state: How the last one ended, or why there is none.
        cc: Of the map with sound to that with silence; None before any.
        age_s: Time since then.
        runs: Comparisons since activation.
    """

    period_s: float = 0.0
    state: str = ""
    cc: float | None = None
    age_s: float | None = None
    runs: int = 0


@dataclass(frozen=True, slots=True)
class WorkHealth:
    """What is known of window and network while the node is active."""

    counters: WindowCounters
    fill: float
    slots: int
    rate_hz: float
    skipped: int
    under_way_s: float
    wanted: bool
    made: dict[str, int]
    effect: EffectHealth = EffectHealth()


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """What is known of the camera while the node is active; no view before the first image."""

    topic: str
    view: CameraView | None


@dataclass(frozen=True, slots=True)
class AudioHealth:
    """What is known of the audio topic while the node is active.

    Attributes:
        topic: Its resolved name.
        kind: Message that is subscribed to; empty: none yet.
        problem: Why no sound can come; empty: it can.
        publishers: Of that message.
        other_types: What else is published there.
        format_name: Of the newest chunk.
        waits_for_info: Whether nobody has told yet what the bytes mean.
        assumed: Whether a parameter told it, not the driver.
        counts: Chunks that were refused, unstamped, from the future, without a format.
    """

    topic: str
    kind: str
    problem: str
    publishers: int
    other_types: tuple[str, ...]
    format_name: str
    waits_for_info: bool
    assumed: bool
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class VoiceHealth:
    """What is known of where voices come from.

    Attributes:
        gate: How voice is told from other sound.
        problem: What is wrong, so that there is no direction or a worse one; empty: nothing.
        none_because: Why there is no direction now; empty: there is one.
        voice: Share of the newest half second that is voice.
        direction_deg: Of the newest voice, to the left of the microphones' front.
        confidence: Of that direction.
        published: Messages of it.
    """

    gate: str
    problem: str
    none_because: str
    voice: float
    direction_deg: float | None
    confidence: float | None
    published: int


@dataclass(frozen=True, slots=True)
class Health:
    """All that the statuses are made from; None for what is not there in this state."""

    lifecycle: LifecycleHealth
    usage: Usage
    gpu_memory_mib: float | None = None
    model: LoadedModel | None = None
    input: InputHealth | None = None
    work: WorkHealth | None = None
    camera: CameraHealth | None = None
    audio: AudioHealth | None = None
    voices: VoiceHealth | None = None
    steps: dict[str, StepReport] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)

    def incident(self, kind: str) -> Incident:
        """Return what went wrong of a kind, or an empty incident."""
        return self.incidents.get(kind, NO_INCIDENT)


def builder(name: str) -> StatusBuilder:
    """Return the builder of a documented status."""
    return StatusBuilder(name, STATUSES[name])


def inactive(health: Health, name: str) -> Status:
    """Return the status of what is not there in this state."""
    life = health.lifecycle
    disabled = life.state == "active" and not life.enabled
    return builder(name).stale(f"the node is {'disabled' if disabled else life.state}")
