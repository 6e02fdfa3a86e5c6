# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A report's content from a bag that was recorded beside saliency_node. Needs rosbags."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vinet_ros.errors import DataError, FrameError
from vinet_ros.offline.bag_messages import Message, parse
from vinet_ros.offline.bag_storage import open_bag, reason_of
from vinet_ros.offline.frames import NS_PER_S
from vinet_ros.offline.report_bag_gaze import gaze_track
from vinet_ros.offline.report_bag_pictures import find_footage
from vinet_ros.offline.report_clock import Clock
from vinet_ros.offline.report_data import ReportData
from vinet_ros.offline.report_diagnostics import NodeDiagnostics, Reading
from vinet_ros.offline.report_settings import settings_cards, weights_cards

POINT, CLOUD = "geometry_msgs/msg/PointStamped", "sensor_msgs/msg/PointCloud2"
GAZE = {"gaze/target": POINT, "gaze/pixel": POINT, "gaze/candidates": CLOUD}
DIAGNOSTICS = ("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")
PARAMETERS = ("/parameter_events", "rcl_interfaces/msg/ParameterEvent")
_OUTPUTS = (*GAZE, "saliency/overlay/compressed", "saliency/overlay", "saliency/image")
_HOW = "record: ros2 bag record"


@dataclass(frozen=True, slots=True)
class _Contents:
    """The small messages of a bag, by the name of the topic without its namespace."""

    by_topic: dict[str, list[Message]]
    damaged: int


def read_bag(path: Path, namespace: str | None = None) -> ReportData:
    """Return what a bag tells of one saliency_node.

    Args:
        path: Folder or storage file.
        namespace: Of the node's topics, such as ``/left``; None for the only one.

    Raises:
        DataError: If it is no bag, nothing of the node is in it, or several nodes are and none is
            chosen; if rosbags is missing.
    """
    with closing(open_bag(path)) as reader:
        types = {c.topic: c.msgtype for c in reader.connections}
        prefix = choose_namespace(path, types, namespace)
        contents = _read(path, reader, prefix)
        whole_ns = int(reader.start_time), int(reader.end_time)
    log_ns = _times(contents) or whole_ns
    clock = Clock.of([m for topic in GAZE for m in contents.by_topic[topic]], min(log_ns))
    footage = find_footage(path, types, prefix, clock, contents.by_topic["gaze/candidates"])
    node = NodeDiagnostics.of(_readings(contents, clock), prefix)
    parameters = settings_cards(contents.by_topic["parameters"], node.name)
    return ReportData(
        title=path.resolve().name,
        origin=f"bag {path.name}" + (f", topics in {prefix}" if prefix else ""),
        start_ns=clock.start_ns or None,
        duration_s=(max(log_ns) - clock.start_ns) / NS_PER_S,
        footage=footage,
        gaze=gaze_track(contents.by_topic, clock),
        rates=node.rates,
        latencies=node.latencies,
        statuses=node.statuses,
        cards=(*node.cards, *weights_cards(node.weights_sha256), *parameters),
        missing=_missing(contents, prefix, footage is None, clock, node),
        notes=_notes(contents, clock),
    )


def choose_namespace(path: Path, types: dict[str, str], wanted: str | None) -> str:
    """Return the namespace of the node's topics, without a slash at its end.

    Raises:
        DataError: If there is none, or several and none is wanted, or not the one wanted.
    """
    found = sorted(
        {
            topic.removesuffix("/" + output)
            for topic in types
            for output in _OUTPUTS
            if topic.endswith("/" + output)
        }
    )
    names = ", ".join(repr(name or "/") for name in found) or "nothing of it at all"
    if wanted is not None:
        prefix = "/" + wanted.strip("/") if wanted.strip("/") else ""
        if prefix in found:
            return prefix
        raise DataError(
            f"bag {str(path)!r} has nothing of saliency_node in namespace {wanted!r}; there is "
            f"{names}"
        )
    if len(found) > 1:
        raise DataError(
            f"bag {str(path)!r} has the topics of {len(found)} nodes; choose one with "
            f"--namespace: {names}"
        )
    if found or DIAGNOSTICS[0] in types:
        return found[0] if found else ""
    raise DataError(
        f"bag {str(path)!r} has no topic of saliency_node ({', '.join(sorted(types)) or 'none'} "
        "instead); record /gaze/target /gaze/pixel /gaze/candidates /saliency/overlay/compressed "
        "/diagnostics, or run vinet predict on its images first"
    )


def _read(path: Path, reader: Any, prefix: str) -> _Contents:
    wanted = {(f"{prefix}/{topic}", kind): topic for topic, kind in GAZE.items()}
    wanted |= {DIAGNOSTICS: "diagnostics", PARAMETERS: "parameters"}
    chosen = [c for c in reader.connections if (c.topic, c.msgtype) in wanted]
    by_topic: dict[str, list[Message]] = {topic: [] for topic in wanted.values()}
    damaged = 0
    for connection, log_ns, data in _records(path, reader, chosen):
        try:
            message = parse(data, connection.msgtype)
        except FrameError:
            damaged += 1
            continue
        by_topic[wanted[connection.topic, connection.msgtype]].append(Message.of(message, log_ns))
    return _Contents(by_topic, damaged)


def _records(path: Path, reader: Any, chosen: Sequence[Any]) -> Iterator[tuple[Any, int, bytes]]:
    if not chosen:  # rosbags would take this for all
        return
    try:
        yield from reader.messages(chosen)
    except Exception as error:  # storage plugins raise whatever their libraries raise
        raise DataError(
            f"bag {str(path)!r} is damaged ({reason_of(error)}); copy or record it again"
        ) from error


def _times(contents: _Contents) -> list[int]:
    """Return when messages were recorded; parameters may be much older than the rest."""
    topics = contents.by_topic.items()
    return [m.log_ns for topic, messages in topics if topic != "parameters" for m in messages]


def _readings(contents: _Contents, clock: Clock) -> list[Reading]:
    return [
        Reading(
            time_s=(message.log_ns - clock.start_ns) / NS_PER_S,
            name=str(status.name),
            level=int(np.clip(int(status.level), 0, 3)),
            message=str(status.message),
            values={str(pair.key): str(pair.value) for pair in status.values},
        )
        for message in contents.by_topic["diagnostics"]
        for status in message.content.status
    ]


def _missing(
    contents: _Contents, prefix: str, no_video: bool, clock: Clock, node: NodeDiagnostics
) -> dict[str, str]:
    there = contents.by_topic
    gaze = f"{prefix}/gaze/target {prefix}/gaze/pixel {prefix}/gaze/candidates"
    missing = {}
    if no_video:
        missing["video"] = (
            f"No pictures were recorded; {_HOW} {prefix}/saliency/overlay/compressed"
        )
    if not there["gaze/target"] and not there["gaze/pixel"]:
        missing["gaze"] = f"No gaze was recorded; {_HOW} {gaze}"
    elif not there["gaze/target"]:
        missing["gaze"] = f"Pixels only; for directions too, {_HOW} {prefix}/gaze/target"
    if not clock.latency_known and not node.latencies:
        told = "Neither the gaze's stamps nor diagnostics tell the latency"
        missing["latency"] = f"{told}; with a live camera, {_HOW} {gaze} /diagnostics"
    if not node.statuses:
        missing["diagnostics"] = f"Nothing of saliency_node was recorded; {_HOW} /diagnostics"
    if not there["parameters"]:
        told = "Parameters were not recorded; beginning before the node starts"
        missing["settings"] = f"{told}, {_HOW} /parameter_events"
    return missing


def _notes(contents: _Contents, clock: Clock) -> tuple[str, ...]:
    notes = [clock.note] if clock.note else []
    if contents.damaged:
        notes.append(f"{contents.damaged} messages could not be read and are left out.")
    return tuple(notes)
