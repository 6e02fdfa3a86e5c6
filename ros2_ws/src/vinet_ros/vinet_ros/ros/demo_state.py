# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What the demo has seen so far: gaze, rate, latency, and what saliency_node says of itself."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_WINDOW_S = 3.0  # the live rate and latency are those of the last seconds


@dataclass(frozen=True, slots=True)
class Gaze:
    """One gaze target as it arrived.

    Args:
        stamp_ns: Of the frame that it was computed from.
        u: Column in pixels of the camera image.
        v: Row, likewise.
        saliency: There, 0 to 1.
        pan_deg: Direction, positive to the left of the optical axis.
        tilt_deg: Direction, positive above it; pan turns first.
        latency_ms: From the frame's stamp to the arrival of the gaze here.
    """

    stamp_ns: int
    u: float
    v: float
    saliency: float
    pan_deg: float
    tilt_deg: float
    latency_ms: float


def direction_deg(x: float, y: float, z: float) -> tuple[float, float]:
    """Return pan and tilt of a point in an optical frame (x right, y down, z forward)."""
    return math.degrees(math.atan2(-x, z)), math.degrees(math.atan2(-y, math.hypot(x, z)))


@dataclass(slots=True)
class DemoState:
    """The demo's view of the running nodes; times are seconds of one steady clock."""

    first_frame_ns: int | None = None
    newest_frame_ns: int | None = None
    first_arrival_s: float | None = None
    gaze: Gaze | None = None
    gazes: int = 0
    model: str = ""
    path: str = ""
    device: str = ""
    failure: str = ""
    warnings: dict[str, str] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)
    last_arrival_s: float | None = None
    _recent: deque[tuple[float, float]] = field(default_factory=deque)
    _stamps: set[int] = field(default_factory=set)

    @property
    def frames(self) -> int:
        """How many frames were sent, as far as anything has told of them."""
        return len(self._stamps)

    def note_frame(self, stamp_ns: int) -> None:
        """Note that a frame with this stamp was sent."""
        self._stamps.add(stamp_ns)
        if self.first_frame_ns is None:
            self.first_frame_ns = stamp_ns
        self.newest_frame_ns = stamp_ns

    def note_gaze(self, gaze: Gaze, now_s: float) -> None:
        """Note a gaze that arrived now."""
        self.gaze = gaze
        self.gazes += 1
        self._stamps.add(gaze.stamp_ns)  # what tells of the frame itself may be lost
        self.first_arrival_s = now_s if self.first_arrival_s is None else self.first_arrival_s
        self.last_arrival_s = now_s
        self.latencies_ms.append(gaze.latency_ms)
        self._recent.append((now_s, gaze.latency_ms))

    def note_status(self, name: str, level: int, message: str, values: Mapping[str, str]) -> None:
        """Note one status of saliency_node, by its name without the node's.

        Args:
            name: lifecycle, input, model, ...
            level: 0 ok, 1 warning, 2 error, 3 stale.
            message: Its text for people.
            values: Its values by key.
        """
        if name == "model" and values:
            self.model = values.get("model", "")
            self.path = values.get("path", "")
            self.device = values.get("device", "")
        if name == "lifecycle":
            self.failure = message if level == 2 else ""
        elif level == 1:
            self.warnings[name] = message
        elif name in self.warnings:
            del self.warnings[name]

    def played_s(self) -> float:
        """Return how much of the clip was sent, by the stamps."""
        if self.first_frame_ns is None or self.newest_frame_ns is None:
            return 0.0
        return (self.newest_frame_ns - self.first_frame_ns) / 1e9

    def rate_hz(self, now_s: float) -> float:
        """Return the gaze targets a second over the last seconds."""
        while self._recent and now_s - self._recent[0][0] > _WINDOW_S:
            self._recent.popleft()
        if not self._recent or self.first_arrival_s is None:
            return 0.0
        span_s = min(_WINDOW_S, now_s - self.first_arrival_s)
        return len(self._recent) / span_s if span_s > 0 else 0.0

    def mean_rate_hz(self) -> float:
        """Return the gaze targets a second over the whole run."""
        if self.first_arrival_s is None or self.last_arrival_s is None or self.gazes < 2:
            return 0.0
        return (self.gazes - 1) / max(self.last_arrival_s - self.first_arrival_s, 1e-9)

    def recent_latency_ms(self) -> float | None:
        """Return the median latency of the last seconds, None without a gaze in them."""
        return percentile([latency for _, latency in self._recent], 50)

    def engine(self) -> str:
        """Return model, execution path and device in words."""
        if not self.model:
            return "model not known yet"
        path = self.path.removesuffix(f" on {self.device}")
        return f"{self.model}, {path} on {self.device}"


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the value that so many percent of the values do not exceed (nearest rank)."""
    if not values:
        return None
    rank = max(1, math.ceil(percent / 100 * len(values)))
    return sorted(values)[rank - 1]
