# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""All that is written of one input, frame by frame, piece by piece and at the end."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vinet_ros.drawing import Rgb, draw_overlay
from vinet_ros.offline.frames import NS_PER_S, Size, SourceInfo
from vinet_ros.offline.predict import bag, overlay, pictures
from vinet_ros.offline.predict.request import OUTPUTS, PredictRequest
from vinet_ros.offline.predict.rows import Rows, row_of, write_csv, write_json
from vinet_ros.offline.predict.stream import GazeStream, Predicted, size_of
from vinet_ros.offline.predict.work import Work
from vinet_ros.offline.sources import is_bag, is_camera
from vinet_ros.preprocess import map_to_uint8

_ROWS = "rows.jsonl"


class Results:
    """Takes the frames of one input and makes what was asked for.

    Args:
        request: What to write.
        path: The input.
        info: Of the input.
        work: Where to write it; a run that was broken off is gone on with.

    Raises:
        OSError: If something cannot be written; of every method.
    """

    def __init__(self, request: PredictRequest, path: str, info: SourceInfo, work: Work) -> None:
        self._request, self._info, self._work = request, info, work
        self._source = Path(path)
        self._size: Size = (info.height, info.width)
        self._video = self._source if is_video(path) else None
        self._clock = overlay.clock_of(self._video, info.rate_hz)
        self._start_ns = self._source.stat().st_mtime_ns if self._source.exists() else 0
        self.rows_path = work.folder / _ROWS
        # Without a buffer, whose rest a full disk would make fail at closing.
        self._rows = self.rows_path.open("r+b" if work.state.frames else "w+b", buffering=0)
        self._rows.seek(work.state.rows_bytes)
        self._rows.truncate()
        self._moments = pictures.Moments(work.folder / "moments")
        self._pts = work.state.last_pts
        self.frames = work.state.frames
        """Frames so far."""
        for name in ("maps", "npz"):
            if name in request.write:
                (work.made / OUTPUTS[name]).mkdir(exist_ok=True)
        self._begin_piece()

    def close(self) -> None:
        """Let go of the files."""
        self._rows.close()

    @property
    def piece_full(self) -> bool:
        """Whether it is time to put by what is done."""
        return self.frames - self._work.state.frames >= self._request.piece_frames

    def add(self, predicted: Predicted) -> None:
        """Take a frame."""
        row = row_of(predicted)
        line = (json.dumps(row) + "\n").encode()
        if self._rows.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.rows_path))
        self._work.state.camera = self._camera(predicted)
        self._write_maps(predicted)
        self._draw(predicted, f"frame {predicted.frame.index}   {row['time_s']:.2f} s")
        self.frames += 1

    def _camera(self, predicted: Predicted) -> str:
        """Say where directions come from."""
        if not predicted.view.problem:
            return "calibrated"
        known = predicted.frame.calibration is not None
        reason = predicted.view.problem if known else "the input has no calibration"
        return f"assumed to be {self._request.gaze.hfov_deg:g} degrees wide: {reason}"

    def put_by(self, stream: GazeStream) -> None:
        """Put what is done on disk, so that a later run can go on from here."""
        number = self._work.state.frames
        if self.frames > number:
            pieces = self._work.pieces
            if self._overlay is not None:
                self._overlay.write(pieces / f"{number:09d}{overlay.PIECE}")
            if self._bag is not None:
                self._bag.write(pieces / f"{number:09d}{bag.PIECE}")
            self._moments.thin_out(self.frames)
        state = self._work.state
        state.frames, state.rows_bytes, state.last_pts = self.frames, self._rows.tell(), self._pts
        state.smoother, state.no_gaze = stream.smoothed, state.no_gaze or stream.no_gaze
        self._work.save()
        self._begin_piece()

    def finish(self) -> dict[str, Any]:
        """Put the results together; return what is to be said of them."""
        rows = Rows(self.rows_path)
        end_ns = self._end_ns(rows)
        told: dict[str, Any] = {"duration_s": round(end_ns / NS_PER_S, 6)}
        made, source = self._work.made, {"name": self._info.name}
        makers: dict[str, Callable[[Path], object]] = {
            "csv": lambda out: write_csv(rows, out, self._request.gaze.num_peaks),
            "json": lambda out: write_json(rows, out, source),
            "heatmap": lambda out: pictures.write_heatmap(
                rows, self._moments.middle(self.frames), out
            ),
            "sheet": lambda out: pictures.write_sheet(self._moments, self.frames, out),
            "bag": lambda out: bag.join_bag(self._work.pieces, self._request.storage, out),
        }
        for name, make in makers.items():
            if name in self._request.write:
                make(made / OUTPUTS[name])
        if "overlay" in self._request.write:
            told["sound"] = overlay.join_pieces(
                self._work.pieces, self._clock, end_ns, self._video, made / OUTPUTS["overlay"]
            )
        return told

    def _begin_piece(self) -> None:
        write = self._request.write
        self._overlay = (
            overlay.OverlayPiece(self._size, self._clock) if "overlay" in write else None
        )
        self._bag = (
            bag.BagPiece(self._start_ns, self._request.frame_id) if "bag" in write else None
        )

    def _write_maps(self, predicted: Predicted) -> None:
        name, values = f"{predicted.frame.index:06d}", predicted.saliency.values
        if "maps" in self._request.write:
            levels = map_to_uint8(values, size_of(predicted.rgb))
            file = self._work.made / OUTPUTS["maps"] / f"{name}.png"
            file.write_bytes(pictures.encode_png(levels))
        if "npz" in self._request.write:
            file = self._work.made / OUTPUTS["npz"] / f"{name}.npz"
            np.savez_compressed(file, saliency=values, time_s=predicted.frame.time_ns / NS_PER_S)

    def _draw(self, predicted: Predicted, caption: str) -> None:
        drawn = {"overlay", "bag", "sheet", "heatmap"}
        if drawn.isdisjoint(self._request.write):
            return
        picture: Rgb = draw_overlay(predicted.rgb, predicted.saliency.values, predicted.points)
        if self._overlay is not None:
            self._pts = max(self._clock.ticks(predicted.frame.time_ns), self._pts + 1)
            self._overlay.add(picture, self._pts)
        if self._bag is not None:
            self._bag.add(predicted, bag.ReadyPicture(predicted.rgb, picture))
        self._moments.add(self.frames, predicted.rgb, picture, caption)

    def _end_ns(self, rows: Rows) -> int:
        """Return when the last frame ends: as the file says, or one period after it began."""
        last_ns = 0
        for row in rows:
            last_ns = row["time_ns"]
        period_ns = round(NS_PER_S / (self._info.rate_hz or 30.0))
        announced_ns = self._info.duration_ns if self._video else 0
        plausible = last_ns < announced_ns <= last_ns + 2 * period_ns
        return announced_ns if plausible else last_ns + period_ns


def is_video(path: str) -> bool:
    """Return whether an input is a video file."""
    return not is_camera(path) and not is_bag(path) and Path(path).is_file()
