# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A report's numbers as the page's script reads them."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from vinet_ros.offline.report_data import GazeTrack, ReportData, Series, StatusTrack, Values

_DIGITS = {"time": 4, "u": 1, "v": 1, "saliency": 4, "pan_deg": 3, "tilt_deg": 3, "latency_ms": 1}


def page_json(data: ReportData, video_start_s: float | None) -> str:
    """Return the page's data as JSON that is safe inside of a script element.

    Args:
        data: The report.
        video_start_s: Time of the video's first frame; None where there is no video.
    """
    content = {
        "duration": round(data.duration_s, 4),
        "video": None if video_start_s is None else {"start": round(video_start_s, 4)},
        "gaze": None if data.gaze is None else _gaze(data.gaze),
        "rates": [_series(series) for series in data.rates],
        "latencies": [_series(series) for series in data.latencies],
        "statuses": [_status(track) for track in data.statuses],
    }
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    # An end tag or a comment inside of a string would end the element, or hide its end.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _gaze(track: GazeTrack) -> dict[str, Any]:
    content: dict[str, Any] = {"time": _numbers(track.time_s, _DIGITS["time"])}
    for name, values in track.columns.items():
        content[name] = _numbers(values, _DIGITS.get(name, 3))
    if track.candidates:
        content["candidates"] = [
            [[round(u, 1), round(v, 1), round(saliency, 3)] for u, v, saliency in peaks]
            for peaks in track.candidates
        ]
    return content


def _series(series: Series) -> dict[str, Any]:
    return {
        "name": series.name,
        "time": _numbers(series.time_s, 3),
        "values": _numbers(series.values, 3),
    }


def _status(track: StatusTrack) -> dict[str, Any]:
    return {
        "name": track.name,
        "said": [[round(s.time_s, 3), s.level, s.message] for s in track.said],
        "gaps": [[round(a, 3), round(b, 3)] for a, b in track.gaps],
    }


def _numbers(values: Values, digits: int) -> Sequence[float | None]:
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]
