# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What microphone_node says of itself on /diagnostics."""

import math
import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vinet_ros.ros.status import Status, StatusBuilder
from vinet_ros.streaming.microphone import OpenedDevice
from vinet_ros.streaming.microphone_times import ChunkCutter, StampedSound

MICROPHONE_KEYS = {
    "device": "name of the device",
    "topic": "where the sound goes out",
    "type": "message that is published, as the installed audio_common_msgs has it",
    "rate_hz": "samples a second of each channel",
    "channels": "of the device",
    "subscribers": "subscribers of the sound",
    "chunks": "messages published",
    "samples": "samples of each channel in them",
    "overruns": "times that the device lost samples because they were not fetched in time",
    "lost_samples": "samples of each channel that the node itself was too slow for",
    "time_jumps": "times that the sound's time jumped: lost unnoticed, or another delay",
    "reopened": "times that the device came back",
    "latency_ms": "age of the newest chunk's last sample when it was published",
    "drift_ppm": "how much slower than the system's the device's clock is, in millionths",
    "peak": "loudest sample since the message before; 1 is full scale",
    "level_dbfs": "mean level since the message before; 0 is full scale",
    "problem": "why there is no sound now",
    "silent_s": "for how long there has been none",
}
_FULL_SCALE = 2.0**15
_ZERO_S = 5.0  # a real microphone has noise
_RECENT_S = 10.0  # an overrun is a warning for that long, as elsewhere


@dataclass(frozen=True, slots=True)
class _Level:
    """Of some samples: how many, their greatest size, and the sum of their squares."""

    count: int = 0
    peak: float = 0.0
    energy: float = 0.0


class MicrophoneCounts:
    """Counted by the thread that listens, read by the executor's.

    Args:
        device: That was opened at the start.
    """

    def __init__(self, device: OpenedDevice) -> None:
        self.device = device
        self.chunks = self.samples = self.overruns = self.reopened = 0
        self.problem = ""
        self.latency_ms: float | None = None
        self._lost = self._jumps = 0  # with the devices before this one
        self._cutter: ChunkCutter | None = None
        self._level = _Level()
        self._lock = threading.Lock()
        self._silent_since_s = self._zero_since_s = time.monotonic()
        self._trouble_s = -math.inf
        self._troubles = 0

    @property
    def lost(self) -> int:
        """Samples that the node was too slow for."""
        return self._lost + (self._cutter.lost if self._cutter is not None else 0)

    @property
    def jumps(self) -> int:
        """Times that the sound's time jumped."""
        return self._jumps + (self._cutter.times.jumps if self._cutter is not None else 0)

    @property
    def drift_ppm(self) -> float | None:
        """How much slower the device's clock is; None before there is sound."""
        return self._cutter.times.drift_ppm if self._cutter is not None else None

    @property
    def silent_s(self) -> float:
        """Time since the last sound."""
        return time.monotonic() - self._silent_since_s

    @property
    def zero_s(self) -> float:
        """Time since the last sample that was not zero."""
        return time.monotonic() - self._zero_since_s

    def opened(self, device: OpenedDevice, cutter: ChunkCutter) -> None:
        """Take notice of a device that was opened, and of what cuts its sound."""
        self._lost, self._jumps = self.lost, self.jumps
        self.device, self._cutter = device, cutter

    def published(self, sound: StampedSound) -> None:
        """Take notice of a chunk that has just gone out."""
        length_ms = 1e3 * len(sound.samples) / self.device.rate_hz
        self.latency_ms = (time.time_ns() - sound.stamp_ns) * 1e-6 - length_ms
        self.chunks += 1
        self.samples += len(sound.samples)
        self._silent_since_s, self.problem = time.monotonic(), ""
        values = sound.samples.astype(np.float64) / _FULL_SCALE
        self._measure(values)

    def take_level(self) -> tuple[float | None, float | None]:
        """Return peak and level (dB) since this was called last; None without sound."""
        with self._lock:
            level, self._level = self._level, _Level()
        if not level.count:
            return None, None
        mean = level.energy / level.count
        return level.peak, 10 * math.log10(mean) if mean else -math.inf

    def troubled(self) -> bool:
        """Return whether sound was lost in the last ten seconds; call it now and then."""
        troubles = self.overruns + self.lost
        if troubles != self._troubles:
            self._troubles, self._trouble_s = troubles, time.monotonic()
        return time.monotonic() - self._trouble_s < _RECENT_S

    def _measure(self, values: npt.NDArray[np.float64]) -> None:
        peak, energy = float(np.abs(values).max()), float((values**2).sum())
        if peak:
            self._zero_since_s = time.monotonic()
        with self._lock:
            before = self._level
            self._level = replace(
                before,
                count=before.count + values.size,
                peak=max(before.peak, peak),
                energy=before.energy + energy,
            )


def microphone_status(
    counts: MicrophoneCounts, topic: str, kind: str, channels: int, subscribers: int
) -> tuple[Status, ...]:
    """Return the status of a microphone.

    Args:
        counts: So far.
        topic: Of the sound.
        kind: Message on it.
        channels: Of the sound.
        subscribers: Of that topic.
    """
    builder = StatusBuilder("microphone", MICROPHONE_KEYS)
    peak, level_dbfs = counts.take_level()
    problem = counts.problem
    builder.add(
        device=counts.device.name,
        topic=topic,
        type=kind,
        rate_hz=counts.device.rate_hz,
        channels=channels,
        subscribers=subscribers,
        chunks=counts.chunks,
        samples=counts.samples,
        overruns=counts.overruns,
        lost_samples=counts.lost,
        time_jumps=counts.jumps,
        reopened=counts.reopened,
        latency_ms=counts.latency_ms,
        drift_ppm=counts.drift_ppm,
        peak=peak,
        level_dbfs=level_dbfs,
        problem=problem or None,
        silent_s=counts.silent_s,
    )
    builder.error_if(
        problem, f"no sound for {counts.silent_s:.0f} s: {problem}; it is tried again each second"
    )
    builder.warn_if(
        counts.troubled(),
        f"sound was lost: {counts.overruns} overruns, {counts.lost} samples; give the node more "
        "processor time",
    )
    builder.warn_if(
        peak == 0.0 and counts.zero_s > _ZERO_S, "nothing but zeros; is the microphone muted?"
    )
    return (builder.finish(f"{counts.device.rate_hz} Hz from {counts.device.name}"),)
