# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The gaze of each frame as rows: the table that all other results are made of."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vinet_ros.gaze import PinholeCamera, pixel_to_pan_tilt
from vinet_ros.offline.frames import NS_PER_S
from vinet_ros.offline.predict.stream import Moment, Predicted, size_of
from vinet_ros.streaming.gaze_pipeline import GazePoint

Row = dict[str, Any]
_GAZE = ("u", "v", "pan_rad", "tilt_rad", "saliency")
_CANDIDATE = ("u", "v", "saliency")


class Rows:
    """Rows in a file, one a line; an iteration goes through them without holding them.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[Row]:
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


class Moments:
    """What a frame window must know of the frames in a file of rows."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Moment]:
        for row in self._rows:
            height, width = row["size"]
            stamp_ns = row["time_ns"] if row["stamp_ns"] is None else row["stamp_ns"]
            yield Moment(row["frame"], stamp_ns, (height, width))


def row_of(predicted: Predicted) -> Row:
    """Return what is kept of a frame; ``size`` and ``time_ns`` are not shown to users."""
    frame, camera = predicted.frame, predicted.view.camera
    points = [_point(point, camera) for point in predicted.points]
    best = points[0] if points else dict.fromkeys(_GAZE)
    return {
        "frame": frame.index,
        "time_s": round(frame.time_ns / NS_PER_S, 6),
        "stamp_ns": frame.stamp_ns,
        **best,
        "candidates": points,
        "time_ns": frame.time_ns,
        "size": size_of(predicted.rgb),
    }


def write_csv(rows: Rows, path: Path, num_peaks: int) -> None:
    """Write a table for spreadsheets: the gaze of each frame, then the other candidates."""
    more = [f"candidate_{k}_{name}" for k in range(2, num_peaks + 1) for name in _CANDIDATE]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["frame", "time_s", "stamp_ns", *_GAZE, *more])
        for row in rows:
            others = [c[name] for c in row["candidates"][1:] for name in _CANDIDATE]
            others += [None] * (len(more) - len(others))
            writer.writerow(
                [row[name] for name in ("frame", "time_s", "stamp_ns", *_GAZE)] + others
            )


def write_json(rows: Rows, path: Path, source: dict[str, Any]) -> None:
    """Write one JSON document, a frame a line."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"source": {json.dumps(source)},\n"frames": [')
        for number, row in enumerate(rows):
            shown = {name: value for name, value in row.items() if name not in ("time_ns", "size")}
            file.write((",\n" if number else "\n") + json.dumps(shown))
        file.write("\n]}\n")


def _point(point: GazePoint, camera: PinholeCamera) -> Row:
    direction = pixel_to_pan_tilt(camera, point.u, point.v)
    return {
        "u": round(point.u, 3),
        "v": round(point.v, 3),
        "pan_rad": round(direction.pan_rad, 6),
        "tilt_rad": round(direction.tilt_rad, 6),
        "saliency": round(point.saliency, 6),
    }
