# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A report's content from a folder that ``vinet predict`` wrote."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vinet_ros.errors import DataError
from vinet_ros.offline.report_data import Card, Footage, GazeTrack, ReportData, Values
from vinet_ros.offline.report_settings import card_rows

SUMMARY = "predict.json"
_GAZE, _OVERLAY = "gaze.json", "overlay.mp4"
_COLUMNS = {
    "pan_deg": "pan_rad",
    "tilt_deg": "tilt_rad",
    "u": "u",
    "v": "v",
    "saliency": "saliency",
}
_INPUT_KEYS = ("frames", "left_out", "no_gaze", "camera", "sound")
_MODEL_KEYS = ("name", "executor", "device", "weights", "sha256")


def is_predict_folder(path: Path) -> bool:
    """Return whether a folder holds results of ``vinet predict``, or one folder that does."""
    return path.is_dir() and bool(_folders(path))


def read_folder(path: Path) -> ReportData:
    """Return what a folder of results tells.

    Args:
        path: The folder of one input, or the ``--out`` of a run over one input.

    Raises:
        DataError: If it holds several inputs, or its files are damaged.
    """
    folders = _folders(path)
    if len(folders) != 1:
        names = ", ".join(str(folder) for folder in folders) or "none"
        raise DataError(
            f"{str(path)!r} has the results of {len(folders)} inputs; give one: {names}"
        )
    folder = folders[0]
    summary = _table(_load(folder / SUMMARY), folder / SUMMARY)
    gaze = _gaze(folder / _GAZE)
    overlay = folder / _OVERLAY
    overlay_there = overlay.is_file()
    return ReportData(
        title=folder.resolve().name,
        origin=f"vinet predict on {_part(summary, 'source').get('name', 'an unknown input')}",
        start_ns=None,
        duration_s=_duration_s(gaze, overlay if overlay_there else None),
        footage=Footage(file=overlay, note="The overlay that vinet predict drew.")
        if overlay_there
        else None,
        gaze=gaze,
        cards=_cards(summary),
        missing=_missing(overlay_there, gaze is not None),
        notes=_notes(summary),
    )


def _folders(path: Path) -> list[Path]:
    if (path / SUMMARY).is_file():
        return [path]
    return sorted(file.parent for file in path.glob(f"*/{SUMMARY}"))


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"{str(path)!r} cannot be read ({error}); run vinet predict anew"
        ) from error


def _table(content: Any, path: Path) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise DataError(f"{str(path)!r} is not of vinet predict: no table; run it anew")
    return content


def _part(summary: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = summary.get(name)
    return part if isinstance(part, dict) else {}


def _gaze(path: Path) -> GazeTrack | None:
    """Return the gaze of each frame; frames without one break the lines."""
    if not path.is_file():
        return None
    frames = _table(_load(path), path).get("frames")
    try:
        rows = [_row(frame) for frame in frames or ()]
        candidates = tuple(
            tuple((float(c["u"]), float(c["v"]), float(c["saliency"])) for c in f["candidates"])
            for f in frames or ()
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{str(path)!r} is not of vinet predict ({error!r}); run it anew"
        ) from error
    if not rows:
        return None
    table = np.array(rows)
    table[:, 1:3] = np.degrees(table[:, 1:3])
    columns = {name: table[:, 1 + i] for i, name in enumerate(_COLUMNS)}
    return GazeTrack(time_s=table[:, 0], columns=columns, candidates=candidates)


def _row(frame: Mapping[str, Any]) -> list[float]:
    values = [frame[key] for key in _COLUMNS.values()]
    return [float(frame["time_s"]), *(math.nan if v is None else float(v) for v in values)]


def _duration_s(gaze: GazeTrack | None, overlay: Path | None) -> float:
    frames_s = _last_end_s(gaze.time_s) if gaze is not None else 0.0
    return max(frames_s, _video_s(overlay) if overlay is not None else 0.0)


def _last_end_s(times: Values) -> float:
    period_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    return float(times[-1]) + period_s


def _video_s(path: Path) -> float:
    from vinet_ros.offline.video import probe_video

    return probe_video(path).duration_ns / 1e9


def _cards(summary: Mapping[str, Any]) -> tuple[Card, ...]:
    model, source = _part(summary, "model"), _part(summary, "source")
    frames = {key: summary[key] for key in _INPUT_KEYS if key in summary}
    size = f"{source.get('width')} x {source.get('height')}"
    about = {"path": source.get("path"), "kind": source.get("kind"), "size": size, **frames}
    cards = [
        Card("Input", _rows(about)),
        Card("Network", _rows({key: model.get(key) for key in _MODEL_KEYS})),
        Card("Settings", _rows(_part(summary, "settings"))),
    ]
    card = model.get("card")
    if isinstance(card, dict):
        cards.append(Card("Weights", card_rows(card)))
    return tuple(card for card in cards if card.rows)


def _rows(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(key).replace("_", " "), _text(value))
        for key, value in values.items()
        if value not in (None, "")
    )


def _text(value: Any) -> str:
    if isinstance(value, list):  # of frames, with reasons
        return str(len(value))
    return value if isinstance(value, str) else json.dumps(value)


def _missing(overlay: bool, gaze: bool) -> dict[str, str]:
    offline = "Computed from a file, not on a robot: "
    missing = {
        "latency": f"{offline}there are no latencies and no drops. On a robot, record: "
        "ros2 bag record /gaze/target /diagnostics",
        "diagnostics": f"{offline}no node reported anything. On a robot, record: "
        "ros2 bag record /diagnostics",
    }
    if not overlay:
        missing["video"] = "No overlay was written; run vinet predict with --write overlay,json"
    if not gaze:
        missing["gaze"] = "No gaze.json was written; run vinet predict with --write overlay,json"
    return missing


def _notes(summary: Mapping[str, Any]) -> tuple[str, ...]:
    damaged = summary.get("damaged")
    return (f"The input is damaged: {damaged}",) if damaged else ()
