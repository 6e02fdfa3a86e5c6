# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a viewer is shown: typed channels of Foxglove's protocol, in a server of their own.

Why Foxglove's SDK (MIT licence) and not Rerun's: it is one wheel of 54 MB without a dependency
(Rerun's, with its viewer and pyarrow, takes 670 MB) and leaves NumPy alone (Rerun needs NumPy 2,
which the message packages of ROS up to Kilted do not get along with). The viewer is an app on the
other computer: Foxglove's own, or Lichtblick, which is free software and can be served where
there is no internet; it knows this protocol, foxglove.sdk.v1, in versions after 1.21.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import foxglove
from foxglove import Channel, Context, Schema, messages
from foxglove.channels import CompressedImageChannel, ImageAnnotationsChannel

from vinet_ros.errors import VinetError

NS_PER_S = 1_000_000_000
OVERLAY, CANDIDATES = "/vinet/overlay", "/vinet/candidates"
GAZE, LATENCY, RATES, DIAGNOSTICS = "/vinet/gaze", "/vinet/latency", "/vinet/rates", "/diagnostics"
FIGURES = {
    GAZE: ("pan_deg", "tilt_deg", "u", "v", "saliency"),
    LATENCY: ("gaze_ms", "p50_ms", "p95_ms"),
    RATES: (
        "images_in_hz",
        "maps_out_hz",
        "received_share",
        "skipped_windows",
        "cpu_share",
        "memory_mib",
    ),
}
"""Figures over time, by channel."""
_DIAGNOSTICS_TYPE = "diagnostic_msgs/msg/DiagnosticArray"
_RULE = "=" * 80
_DIAGNOSTICS_SCHEMA = f"""std_msgs/Header header
diagnostic_msgs/DiagnosticStatus[] status
{_RULE}
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
{_RULE}
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
{_RULE}
MSG: diagnostic_msgs/DiagnosticStatus
byte OK=0
byte WARN=1
byte ERROR=2
byte STALE=3
byte level
string name
string message
string hardware_id
diagnostic_msgs/KeyValue[] values
{_RULE}
MSG: diagnostic_msgs/KeyValue
string key
string value
"""
_GAZE_COLOR = messages.Color(r=0.25, g=1.0, b=0.89, a=1.0)
_OTHER_COLOR = messages.Color(r=1.0, g=0.75, b=0.0, a=1.0)
_DARK = messages.Color(r=0.06, g=0.07, b=0.09, a=0.75)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A peak in pixels of the camera image, 0 at the centre of the first."""

    u: float
    v: float
    saliency: float


class WatchServer:
    """Serves the channels to viewers over WebSocket.

    Args:
        host: Address to listen on.
        port: Of the server; 0 takes a free one.
        name: What viewers show as its name.

    Raises:
        VinetError: If it cannot listen there.
    """

    def __init__(self, host: str, port: int, name: str) -> None:
        # Kept: the server and the channels lose one another when it is collected.
        self._context = context = Context()
        self._overlay = CompressedImageChannel(OVERLAY, context=context)
        self._candidates = ImageAnnotationsChannel(CANDIDATES, context=context)
        self._figures = {topic: _figures_channel(topic, context) for topic in FIGURES}
        self._diagnostics = Channel(
            DIAGNOSTICS,
            schema=Schema(
                name=_DIAGNOSTICS_TYPE, encoding="ros2msg", data=_DIAGNOSTICS_SCHEMA.encode()
            ),
            message_encoding="cdr",
            context=context,
        )
        try:
            self._server = foxglove.start_server(
                name=name, host=host, port=port, context=context, message_backlog_size=64
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise VinetError(
                f"cannot serve on {host}:{port} ({error}); give another --port or --host"
            ) from error

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.port)

    @property
    def overlay_wanted(self) -> bool:
        """Whether a viewer looks at the overlay."""
        return self._overlay.has_sinks()

    def send_overlay(self, stamp_ns: int, frame_id: str, data: bytes, encoding: str) -> None:
        """Show a picture.

        Args:
            stamp_ns: Of the image.
            frame_id: Of the image.
            data: The file.
            encoding: jpeg or png.
        """
        image = messages.CompressedImage(
            timestamp=_timestamp(stamp_ns), frame_id=frame_id, data=data, format=encoding
        )
        self._overlay.log(image)

    def send_candidates(self, stamp_ns: int, candidates: Sequence[Candidate]) -> None:
        """Show rings around the peaks with their rank and saliency, the gaze's brighter."""
        self._candidates.log(annotations(stamp_ns, candidates))

    def send_figures(self, topic: str, figures: Mapping[str, float]) -> None:
        """Plot figures; those that are not finite are left out.

        Args:
            topic: One of :data:`FIGURES`.
            figures: By the names there.
        """
        finite = {name: value for name, value in figures.items() if math.isfinite(value)}
        if finite:
            self._figures[topic].log(finite)

    def send_diagnostics(self, message: bytes) -> None:
        """Hand on a serialized diagnostic_msgs/DiagnosticArray."""
        self._diagnostics.log(message)

    def close(self) -> None:
        """Let the viewers go."""
        self._server.stop()


def annotations(stamp_ns: int, candidates: Sequence[Candidate]) -> messages.ImageAnnotations:
    """Return rings and labels for candidates, best first."""
    circles, texts = [], []
    for rank, candidate in enumerate(candidates, start=1):
        # Their origin is the corner of the first pixel, ours its centre.
        x, y = candidate.u + 0.5, candidate.v + 0.5
        color = _GAZE_COLOR if rank == 1 else _OTHER_COLOR
        circles.append(
            messages.CircleAnnotation(
                timestamp=_timestamp(stamp_ns),
                position=messages.Point2(x=x, y=y),
                diameter=30.0 if rank == 1 else 20.0,
                thickness=2.0,
                outline_color=color,
            )
        )
        texts.append(
            messages.TextAnnotation(
                timestamp=_timestamp(stamp_ns),
                position=messages.Point2(x=x + 18, y=y + 5),
                text=f"{rank}: {candidate.saliency:.2f}",
                font_size=14.0,
                text_color=color,
                background_color=_DARK,
            )
        )
    return messages.ImageAnnotations(timestamp=_timestamp(stamp_ns), circles=circles, texts=texts)


def _figures_channel(topic: str, context: Context) -> Channel:
    properties: dict[str, Any] = {name: {"type": "number"} for name in FIGURES[topic]}
    title = topic.strip("/").replace("/", "_")
    schema = {"type": "object", "title": title, "properties": properties}
    return Channel(topic, schema=schema, message_encoding="json", context=context)


def _timestamp(stamp_ns: int) -> messages.Timestamp:
    sec, nsec = divmod(stamp_ns, NS_PER_S)
    return messages.Timestamp(sec, nsec)
