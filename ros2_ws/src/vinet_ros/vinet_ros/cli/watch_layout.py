# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The viewer's layout for ``vinet watch``, as Foxglove and Lichtblick import it."""

from typing import Any

_COLORS = ("#0b66d0", "#c2410c", "#0f766e")


def _plot(title: str, *paths: str) -> dict[str, Any]:
    return {
        "title": title,
        "paths": [
            {
                "value": path,
                "label": path.rpartition(".")[2],
                "enabled": True,
                "timestampMethod": "receiveTime",
                "color": color,
            }
            for path, color in zip(paths, _COLORS, strict=False)
        ],
        "showLegend": True,
        "legendDisplay": "top",
        "xAxisVal": "timestamp",
        "isSynced": True,
        "followingViewWidth": 30,
    }


LAYOUT: dict[str, Any] = {
    "configById": {
        "Image!overlay": {
            "imageMode": {
                "imageTopic": "/vinet/overlay",
                "annotations": {"/vinet/candidates": {"visible": True}},
                "synchronize": False,
            }
        },
        "Plot!direction": _plot("Gaze, degrees", "/vinet/gaze.pan_deg", "/vinet/gaze.tilt_deg"),
        "Plot!latency": _plot(
            "Latency, ms",
            "/vinet/latency.gaze_ms",
            "/vinet/latency.p50_ms",
            "/vinet/latency.p95_ms",
        ),
        "Plot!rates": _plot("Per second", "/vinet/rates.images_in_hz", "/vinet/rates.maps_out_hz"),
        "DiagnosticSummary!status": {
            "topicToRender": "/diagnostics",
            "minLevel": 0,
            "pinnedIds": [],
            "hardwareIdFilter": "",
            "sortByLevel": True,
        },
    },
    "globalVariables": {},
    "userNodes": {},
    "playbackConfig": {"speed": 1},
    "layout": {
        "direction": "row",
        "first": {
            "direction": "column",
            "first": "Image!overlay",
            "second": "DiagnosticSummary!status",
            "splitPercentage": 62,
        },
        "second": {
            "direction": "column",
            "first": "Plot!direction",
            "second": {
                "direction": "column",
                "first": "Plot!latency",
                "second": "Plot!rates",
                "splitPercentage": 50,
            },
            "splitPercentage": 34,
        },
        "splitPercentage": 50,
    },
}
"""Overlay and diagnostics on the left, three plots on the right."""
