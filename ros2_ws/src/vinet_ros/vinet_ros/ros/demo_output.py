# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What the demo leaves behind: an overlay video, a contact sheet and a table of the gaze."""

import csv
import queue
import threading
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import cast

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vinet_ros.ros.demo_state import Gaze

Rgb = NDArray[np.uint8]

VIDEO_NAME, SHEET_NAME, TABLE_NAME = "overlay.mp4", "contact_sheet.png", "gaze.csv"
COLUMNS = ("stamp_ns", "time_s", "u", "v", "saliency", "pan_deg", "tilt_deg", "latency_ms")
_NS_PER_TICK = 100_000  # 0.1 ms: MPEG-4 allows at most 65535 ticks a second
_CODECS = ("libx264", "mpeg4")
_QUEUED_FRAMES = 64
_COLUMNS, _ROWS, _TILE_WIDTH, _GAP = 4, 3, 400, 6
_INK, _PAPER = (235, 235, 235), (20, 22, 24)


class OverlayVideo:
    """An MP4 file whose frames keep the times of their stamps.

    Args:
        path: The file to write.
        size: (height, width) of the first frame; later ones are fitted to it.
    """

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        codec = next(name for name in _CODECS if name in av.codecs_available)
        self._container = av.open(str(path), "w")
        self._stream = cast(VideoStream, self._container.add_stream(codec, rate=30))
        self._stream.height, self._stream.width = (length // 2 * 2 for length in size)
        self._stream.pix_fmt = "yuv420p"  # halves the colours' size: even sides only
        self._stream.bit_rate = 12 * size[0] * size[1]
        self._stream.codec_context.time_base = Fraction(1, 10**9 // _NS_PER_TICK)
        if codec == "libx264":
            self._stream.options = {"preset": "veryfast"}
        self._first_ns: int | None = None
        self._last_tick = -1
        self.frames = 0

    def write(self, rgb: Rgb, stamp_ns: int) -> None:
        """Append a frame; one that is not later than the last is left out."""
        if self._first_ns is None:
            self._first_ns = stamp_ns
        tick = (stamp_ns - self._first_ns) // _NS_PER_TICK
        if tick <= self._last_tick:
            return
        height, width = self._stream.height, self._stream.width
        if rgb.shape[0] < height or rgb.shape[1] < width:
            rgb = np.asarray(cv2.resize(rgb, (width, height)), np.uint8)
        frame = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(rgb[:height, :width]), format="rgb24"
        )
        frame.pts, frame.time_base = tick, self._stream.codec_context.time_base
        self._container.mux(self._stream.encode(frame))
        self._last_tick = tick
        self.frames += 1

    def close(self) -> None:
        """Write what is left and the index."""
        self._container.mux(self._stream.encode(None))
        self._container.close()


class FrameSample:
    """Frames spread evenly over a stream whose length is not known, in bounded memory.

    Every n-th frame is kept, made small; when four times the wanted number is there,
    every second goes and n doubles.
    """

    def __init__(self, wanted: int = _COLUMNS * _ROWS, width: int = _TILE_WIDTH) -> None:
        self._wanted, self._width = wanted, width
        self._kept: list[tuple[int, Rgb]] = []
        self._stride, self._seen = 1, 0

    def add(self, rgb: Rgb, stamp_ns: int) -> None:
        """Look at the next frame."""
        if self._seen % self._stride == 0:
            if len(self._kept) == 4 * self._wanted:
                del self._kept[1::2]
                self._stride *= 2
            if self._seen % self._stride == 0:
                height = max(1, round(rgb.shape[0] * self._width / rgb.shape[1]))
                small = cv2.resize(rgb, (self._width, height), interpolation=cv2.INTER_AREA)
                self._kept.append((stamp_ns, np.asarray(small, np.uint8)))
        self._seen += 1

    def frames(self) -> list[tuple[int, Rgb]]:
        """Return (stamp_ns, small frame), in time order, at most the wanted number."""
        count = min(self._wanted, len(self._kept))
        if count == 0:
            return []
        picks = np.linspace(0, len(self._kept) - 1, count).round().astype(int)
        return [self._kept[index] for index in picks]


def contact_sheet(frames: list[tuple[int, Rgb]], first_ns: int, title: str) -> Rgb:
    """Return a sheet of frames with their times, row by row, under a title.

    Args:
        frames: (stamp_ns, RGB picture of one size), at least one.
        first_ns: Stamp that counts as 0 s.
        title: One line of ASCII text.
    """
    height = frames[0][1].shape[0]
    columns = min(_COLUMNS, len(frames))
    rows = -(-len(frames) // columns)
    cell_height, cell_width = height + 24 + _GAP, _TILE_WIDTH + _GAP
    sheet = np.empty((44 + rows * cell_height, _GAP + columns * cell_width, 3), np.uint8)
    sheet[:] = _PAPER
    _write(sheet, title, (_GAP + 2, 29), 0.62)
    for number, (stamp_ns, picture) in enumerate(frames):
        left = _GAP + number % columns * cell_width
        top = 44 + number // columns * cell_height
        fitted = cv2.resize(picture, (_TILE_WIDTH, height))
        sheet[top : top + height, left : left + _TILE_WIDTH] = fitted
        _write(sheet, f"{(stamp_ns - first_ns) / 1e9:.1f} s", (left + 2, top + height + 18), 0.5)
    return sheet


def _write(sheet: Rgb, text: str, origin: tuple[int, int], scale: float) -> None:
    cv2.putText(sheet, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, _INK, 1, cv2.LINE_AA)


class DemoOutput:
    """Writes the three files; pictures in a thread of its own, so that no message waits.

    Use it as a context: leaving it closes the files, also after an error.

    Args:
        folder: Where the files go; it is made where it is missing. Files of a run before are
            removed, so that none of them is taken for a result of this one.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (VIDEO_NAME, SHEET_NAME, TABLE_NAME):
            (folder / name).unlink(missing_ok=True)
        self.folder = folder
        self.dropped_pictures = 0
        self._video: OverlayVideo | None = None
        self._sample = FrameSample()
        self._first_ns: int | None = None
        self._rows: list[Gaze] = []
        self._error: BaseException | None = None
        self._queue: queue.Queue[tuple[Rgb, int] | None] = queue.Queue(_QUEUED_FRAMES)
        self._thread = threading.Thread(target=self._encode_all, name="overlay video")

    def __enter__(self) -> "DemoOutput":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if self._video is not None:
            self._video.close()
        self._write_table()
        if kind is None and self._error is not None:
            raise self._error

    @property
    def pictures(self) -> int:
        """Frames of the video so far."""
        return self._video.frames if self._video is not None else 0

    def add_picture(self, rgb: Rgb, stamp_ns: int) -> None:
        """Hand over an overlay; dropped and counted where the encoder does not keep up."""
        try:
            self._queue.put_nowait((rgb, stamp_ns))
        except queue.Full:
            self.dropped_pictures += 1

    def add_gaze(self, gaze: Gaze) -> None:
        """Note a row of the table."""
        self._rows.append(gaze)

    def write_sheet(self, title: str) -> None:
        """Write the contact sheet of the pictures so far; call it after the context is left."""
        frames = self._sample.frames()
        if frames and self._first_ns is not None:
            sheet = contact_sheet(frames, self._first_ns, title)
            cv2.imwrite(str(self.folder / SHEET_NAME), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))

    def _encode_all(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._error is not None:
                continue  # go on emptying the queue: the writer of messages must not block
            try:
                self._encode(*item)
            except (av.FFmpegError, OSError) as error:
                self._error = error

    def _encode(self, rgb: Rgb, stamp_ns: int) -> None:
        if self._video is None or self._first_ns is None:
            self._video = OverlayVideo(self.folder / VIDEO_NAME, (rgb.shape[0], rgb.shape[1]))
            self._first_ns = stamp_ns
        self._video.write(rgb, stamp_ns)
        self._sample.add(rgb, stamp_ns)

    def _write_table(self) -> None:
        if not self._rows:
            return
        first_ns = self._rows[0].stamp_ns
        with (self.folder / TABLE_NAME).open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            for gaze in self._rows:
                table.writerow(_row(gaze, first_ns))


def _row(gaze: Gaze, first_ns: int) -> tuple[int | str, ...]:
    return (
        gaze.stamp_ns,
        f"{(gaze.stamp_ns - first_ns) / 1e9:.4f}",
        f"{gaze.u:.2f}",
        f"{gaze.v:.2f}",
        f"{gaze.saliency:.4f}",
        f"{gaze.pan_deg:.3f}",
        f"{gaze.tilt_deg:.3f}",
        f"{gaze.latency_ms:.1f}",
    )
