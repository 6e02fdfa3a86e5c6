# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The gaze over time from a bag's messages."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vinet_ros.offline.bag_messages import Message
from vinet_ros.offline.report_clock import Clock
from vinet_ros.offline.report_data import GazeTrack, Values

_MOST_CANDIDATES = 16
_FLOAT32 = 7  # sensor_msgs/PointField
Peaks = tuple[tuple[float, float, float], ...]


def gaze_track(messages: Mapping[str, Sequence[Message]], clock: Clock) -> GazeTrack | None:
    """Join targets, pixels and candidates of one stamp; None where there is no gaze.

    Args:
        messages: By topic: gaze/target, gaze/pixel, gaze/candidates.
        clock: Of the recording.
    """
    rows: dict[tuple[int, int], dict[str, Message]] = {}
    for topic in ("gaze/target", "gaze/pixel"):
        for message in messages[topic]:
            stamp_ns = message.stamp_ns
            rows.setdefault((stamp_ns, 0 if stamp_ns else message.log_ns), {})[topic] = message
    if not rows:
        return None
    clouds = {m.stamp_ns: m.content for m in messages["gaze/candidates"]}
    first = [next(iter(parts.values())) for parts in rows.values()]
    times = np.array([clock.place(m.log_ns, m.stamp_ns) for m in first])
    order = np.argsort(times, kind="stable")
    table = np.array([_row(parts, clock) for parts in rows.values()])[order]
    names = ("pan_deg", "tilt_deg", "u", "v", "saliency", "latency_ms")
    columns = {name: table[:, i] for i, name in enumerate(names)}
    stamps = [key[0] for key in rows]
    return GazeTrack(
        time_s=times[order],
        columns={name: values for name, values in columns.items() if np.isfinite(values).any()},
        candidates=tuple(peaks_of(clouds.get(stamps[i])) for i in order) if clouds else (),
    )


def peaks_of(cloud: Any) -> Peaks:
    """Return the (u, v, saliency) of a candidates message, best first; () where it has none.

    Reads float32 fields only, and never beyond the data.
    """
    offsets = (
        {f.name: int(f.offset) for f in cloud.fields if f.datatype == _FLOAT32}
        if (cloud is not None)
        else {}
    )
    if not {"u", "v", "saliency"} <= set(offsets):
        return ()
    step, data = int(cloud.point_step), np.asarray(cloud.data, np.uint8).tobytes()
    fields = [offsets[name] for name in ("u", "v", "saliency")]
    count = min(int(cloud.width), len(data) // step if step else 0, _MOST_CANDIDATES)
    if max(fields) + 4 > step:
        return ()
    kind = ">f4" if cloud.is_bigendian else "<f4"
    peaks = np.array(
        [[np.frombuffer(data, kind, 1, i * step + at)[0] for at in fields] for i in range(count)]
    ).reshape(count, 3)
    return tuple(
        (float(u), float(v), float(s)) for u, v, s in peaks if np.isfinite([u, v, s]).all()
    )


def _row(parts: Mapping[str, Message], clock: Clock) -> Values:
    """Return pan, tilt, u, v, saliency, latency."""
    row = np.full(6, np.nan)
    if (target := parts.get("gaze/target")) is not None:
        p = target.content.point  # optical frame: x right, y down, z forward
        row[0] = math.degrees(math.atan2(-p.x, p.z))
        row[1] = math.degrees(math.atan2(-p.y, math.hypot(p.x, p.z)))
    if (pixel := parts.get("gaze/pixel")) is not None:
        row[2:5] = pixel.content.point.x, pixel.content.point.y, pixel.content.point.z
    row[5] = min(clock.latency_ms(message) for message in parts.values())
    return row
