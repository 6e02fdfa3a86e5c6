# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""One node's diagnostics over time: its statuses, rates, latencies, totals and network."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vinet_ros.offline.report_data import Card, Said, Series, StatusTrack

ORDER = (
    "lifecycle", "input", "stamps", "window", "inference", "latency", "outputs", "model",
    "camera", "process",
)  # fmt: skip
_RATES = (("input", "rate_hz", "images in"), ("inference", "rate_hz", "maps out"))
_LATENCIES = (("latency", "p50_ms", "median"), ("latency", "p95_ms", "95 %"))
_TOTALS = (
    ("input", "frames_received", "images received"),
    ("input", "frames_sent", "images sent"),
    ("input", "frames_expected", "images expected by their stamps"),
    ("input", "lost_in_transport", "lost in transport"),
    ("input", "gaps", "gaps between stamps"),
    ("input", "longest_gap_s", "longest gap, s"),
    ("input", "unusable_images", "unusable images"),
    ("stamps", "too_old", "dropped: too old"),
    ("stamps", "out_of_order", "dropped: out of order"),
    ("stamps", "repeated", "dropped: stamp repeated"),
    ("window", "repeated_slots", "window slots that no image reached"),
    ("window", "gaps", "windows begun anew after a gap"),
    ("inference", "skipped_windows", "images passed over for a newer one"),
    ("inference", "failed_predictions", "failed predictions"),
    ("process", "errors", "errors of all kinds"),
)
_NETWORK = ("model", "why", "path", "device", "device_reason", "weights", "weights_sha256")
_SILENT_PERIODS = 3.5


@dataclass(frozen=True, slots=True)
class Reading:
    """One status of one message of the diagnostics.

    Args:
        time_s: When it was recorded.
        name: ``<node>: <status>``.
        level: Index into :data:`~vinet_ros.offline.report_data.LEVELS`.
        message: Its text.
        values: By key.
    """

    time_s: float
    name: str
    level: int
    message: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NodeDiagnostics:
    """What the diagnostics tell of one node.

    Args:
        name: Its full name with a slash; empty where no saliency node speaks.
        statuses: In the order of the documentation.
        rates: Images in, maps out.
        latencies: Median and 95th percentile by its own account.
        cards: Totals and network.
        weights_sha256: Hash of the weights, or the start of it; empty where unknown.
    """

    name: str = ""
    statuses: tuple[StatusTrack, ...] = ()
    rates: tuple[Series, ...] = ()
    latencies: tuple[Series, ...] = ()
    cards: tuple[Card, ...] = ()
    weights_sha256: str = ""

    @classmethod
    def of(cls, readings: Sequence[Reading], prefix: str) -> "NodeDiagnostics":
        """Pick the saliency node of a namespace out of all that was reported.

        Args:
            readings: Of all nodes, in the order of time.
            prefix: Namespace with its slash; empty for the root.
        """
        node = _find_node(readings, prefix)
        if not node:
            return cls()
        by_status: dict[str, list[Reading]] = defaultdict(list)
        for reading in readings:
            owner, _, status = reading.name.partition(": ")
            if owner == node and status:
                by_status[status].append(reading)
        names = sorted(by_status, key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n))
        network = _network(by_status)
        return cls(
            name="/" + node,
            statuses=tuple(_track(name, by_status[name]) for name in names),
            rates=_series(by_status, _RATES),
            latencies=_series(by_status, _LATENCIES),
            cards=tuple(c for c in (_totals(by_status), network) if c.rows),
            weights_sha256=dict(network.rows).get("weights sha256", ""),
        )


def _find_node(readings: Sequence[Reading], prefix: str) -> str:
    """Return the node in a namespace that predicts; nodes name themselves without a slash."""
    space = prefix.lstrip("/")
    nodes = (r.name.partition(": ") for r in readings)
    predicting = {owner for owner, _, status in nodes if status == "inference"}
    return next((n for n in sorted(predicting) if n.rpartition("/")[0] == space), "")


def _track(name: str, readings: Sequence[Reading]) -> StatusTrack:
    said: list[Said] = []
    for r in readings:
        if not said or (said[-1].level, said[-1].message) != (r.level, r.message):
            said.append(Said(r.time_s, r.level, r.message))
    times = np.array([r.time_s for r in readings])
    steps = np.diff(times)
    limit_s = _SILENT_PERIODS * float(np.median(steps)) if len(steps) else math.inf
    silent = np.flatnonzero(steps > limit_s)
    gaps = tuple((float(times[i]), float(times[i + 1])) for i in silent)
    return StatusTrack(name, tuple(said), gaps)


def _series(
    by_status: Mapping[str, Sequence[Reading]], wanted: Sequence[tuple[str, str, str]]
) -> tuple[Series, ...]:
    found = []
    for status, key, name in wanted:
        points = [(r.time_s, _number(r.values.get(key))) for r in by_status.get(status, ())]
        known = np.array([p for p in points if p[1] is not None], np.float64).reshape(-1, 2)
        if len(known):
            found.append(Series(name, known[:, 0], known[:, 1]))
    return tuple(found)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _totals(by_status: Mapping[str, Sequence[Reading]]) -> Card:
    last = {status: readings[-1].values for status, readings in by_status.items()}
    rows = [
        (label, last[status][key])
        for status, key, label in _TOTALS
        if status in last and last[status].get(key, "") != ""
    ]
    return Card("Frames and drops, by the node's own count", tuple(rows))


def _network(by_status: Mapping[str, Sequence[Reading]]) -> Card:
    readings = by_status.get("model", ())
    told = next((r.values for r in reversed(readings) if r.values.get("model")), {})
    rows = [(key.replace("_", " "), told[key]) for key in _NETWORK if told.get(key)]
    return Card("Network", tuple(rows))
