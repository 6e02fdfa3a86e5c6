# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Bags as `ros2 bag record` makes them beside saliency_node, from figures known to the test."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from made_bags import STORE, Record, header, write_bag

START_NS = 1_790_000_000_000_000_000
PERIOD_NS = 50_000_000
LATENCY_NS = 80_000_000
SIZE = (48, 64)
POINT = "geometry_msgs/msg/PointStamped"
IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
ALL = ("gaze/target", "gaze/pixel", "gaze/candidates", "saliency/overlay/compressed")


def pan_deg(number: int) -> float:
    return 20 * math.sin(number / 8)


def stamp_of(number: int) -> int:
    return START_NS + number * PERIOD_NS


def grey_of(number: int) -> int:
    return 40 + 4 * number


def _type(kind: str, /, **fields: Any) -> Any:
    return STORE.types[kind](**fields)


def _point(number: int, x: float, y: float, z: float) -> Any:
    point = _type("geometry_msgs/msg/Point", x=x, y=y, z=z)
    return _type(POINT, header=header(stamp_of(number)), point=point)


def _target(number: int) -> tuple[str, Any]:
    angle = math.radians(pan_deg(number))
    return POINT, _point(number, -2 * math.sin(angle), 0.0, 2 * math.cos(angle))


def _pixel(number: int) -> tuple[str, Any]:
    return POINT, _point(number, 10.0 + number, 20.0, 0.5)


def _candidates(number: int) -> tuple[str, Any]:
    rows = np.array([(0, 0, 2, 10.0 + number, 20, 0.5), (0, 0, 2, 40, 30, 0.25)], "<f4")
    field, kind = "sensor_msgs/msg/PointField", "sensor_msgs/msg/PointCloud2"
    fields = [
        _type(field, name=name, offset=4 * i, datatype=7, count=1)
        for i, name in enumerate(("x", "y", "z", "u", "v", "saliency"))
    ]
    return kind, _type(
        kind,
        header=header(stamp_of(number)),
        height=1,
        width=2,
        fields=fields,
        is_bigendian=False,
        point_step=24,
        row_step=48,
        data=np.frombuffer(rows.tobytes(), np.uint8),
        is_dense=True,
    )


def picture(number: int) -> np.ndarray:
    return np.full((*SIZE, 3), grey_of(number), np.uint8)


def _overlay_jpeg(number: int) -> tuple[str, Any]:
    data = cv2.imencode(".jpg", picture(number))[1].reshape(-1)
    fields = {"header": header(stamp_of(number)), "format": "bgr8; jpeg compressed bgr8"}
    return COMPRESSED, _type(COMPRESSED, **fields, data=data)


def _raw(number: int, pixels: np.ndarray, encoding: str) -> tuple[str, Any]:
    height, width = pixels.shape[:2]
    data = np.frombuffer(pixels.tobytes(), np.uint8)
    return IMAGE, _type(
        IMAGE,
        header=header(stamp_of(number)),
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=len(data) // height,
        data=data,
    )


def _map(number: int) -> tuple[str, Any]:
    values = np.zeros((12, 16), np.float32)
    values[3:9, 8:] = 0.9
    return _raw(number, values, "32FC1")


MAKERS: dict[str, Callable[[int], tuple[str, Any]]] = {
    "gaze/target": _target,
    "gaze/pixel": _pixel,
    "gaze/candidates": _candidates,
    "saliency/overlay/compressed": _overlay_jpeg,
    "saliency/overlay": lambda number: _raw(number, picture(number), "bgr8"),
    "saliency/image": _map,
    "image": lambda number: _raw(number, picture(number), "rgb8"),
}


def outputs(
    count: int = 40, topics: Sequence[str] = ALL, prefix: str = "", late_ns: int = LATENCY_NS
) -> list[Record]:
    """What the node published: `count` predictions, each so late at the recorder."""
    return [
        Record(f"{prefix}/{topic}", *MAKERS[topic](number), stamp_of(number) + late_ns)
        for number in range(count)
        for topic in topics
    ]


def status(name: str, level: int, message: str, **values: str) -> Any:
    pairs = [_type("diagnostic_msgs/msg/KeyValue", key=k, value=v) for k, v in values.items()]
    kind = "diagnostic_msgs/msg/DiagnosticStatus"
    return _type(kind, level=level, name=name, message=message, hardware_id="/image", values=pairs)


def diagnostics(at_s: float, *statuses: Any) -> Record:
    kind = "diagnostic_msgs/msg/DiagnosticArray"
    at_ns = START_NS + round(at_s * 1e9)
    message = _type(kind, header=header(at_ns, ""), status=list(statuses))
    return Record("/diagnostics", kind, message, at_ns)


def node_diagnostics(
    messages: int = 10, node: str = "saliency_node", camera: str = "calibrated"
) -> list[Record]:
    """A report every 0.2 s: the input fails in the middle, the rest is well."""
    records = []
    for k in range(messages):
        bad = messages // 2 <= k < messages // 2 + 2
        told = ("input", 2, "no image") if bad else ("input", 0, f"{k} Hz")
        counts = {"frames_received": f"{10 * k}", "frames_sent": f"{10 * k + 5}"}
        records.append(
            diagnostics(
                0.2 * k,
                status(f"{node}: {told[0]}", told[1], told[2], rate_hz="20", **counts),
                status(f"{node}: inference", 0, "fine", rate_hz="19", skipped_windows="3"),
                status(f"{node}: latency", 0, "fine", p50_ms="70", p95_ms="95"),
                status(f"{node}: model", 0, "fine", model="vinet_lite", weights_sha256="ab"),
                status(f"{node}: camera", 1, camera),
                status("battery: charge", 2, "empty"),
            )
        )
    return records


def parameter_event(node: str = "/saliency_node", **strings: str) -> Record:
    empty = np.zeros(0, np.uint8)
    parameters = [
        _type(
            "rcl_interfaces/msg/Parameter",
            name=name,
            value=_type(
                "rcl_interfaces/msg/ParameterValue",
                type=4,
                bool_value=False,
                integer_value=0,
                double_value=0.0,
                string_value=text,
                byte_array_value=empty,
                bool_array_value=empty.astype(bool),
                integer_array_value=empty.astype(np.int64),
                double_array_value=empty.astype(float),
                string_array_value=[],
            ),
        )
        for name, text in strings.items()
    ]
    kind = "rcl_interfaces/msg/ParameterEvent"
    stamp = _type("builtin_interfaces/msg/Time", sec=0, nanosec=0)
    message = _type(
        kind,
        stamp=stamp,
        node=node,
        new_parameters=parameters,
        changed_parameters=[],
        deleted_parameters=[],
    )
    return Record("/parameter_events", kind, message, START_NS - 5_000_000_000)


def write_run(path: Path, storage: str = "mcap") -> Path:
    """A whole recording: 2 s of everything."""
    records = [*outputs(), *node_diagnostics(), parameter_event(model="vinet_lite")]
    return write_bag(path, sorted(records, key=lambda r: r.log_ns), storage)
