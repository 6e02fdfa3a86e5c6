# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The overlay as H.264: encoded piece by piece, put together with the original's sound.

Needs PyAV (the extra ``video``). Pieces are closed: each begins with a key frame and no frame
refers to a later one, so that packets of all pieces in a row are one stream.
"""

import heapq
import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from vinet_ros.encodings import Rgb
from vinet_ros.errors import DataError
from vinet_ros.offline.frames import NS_PER_S, Size
from vinet_ros.offline.predict.work import numbered, write_whole

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer

PIECE = ".nut"  # it keeps any clock
_CODEC = "libx264"
_QUALITY = {"crf": "20", "preset": "veryfast"}
_KEY_EVERY = 60
_DEFAULT_CLOCK = Fraction(1, 90000)
_FINEST_CLOCK = 1 << 30  # of an MP4's 32 bits
_COPIED = ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac", "mp2")
"""Sound that an MP4 holds as it is."""
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


@dataclass(frozen=True, slots=True)
class Clock:
    """The times of a source as a video file counts them.

    Args:
        tick_s: Seconds of one tick.
        rate_hz: Mean frame rate.
    """

    tick_s: Fraction
    rate_hz: Fraction

    def ticks(self, time_ns: int) -> int:
        """Return the tick nearest to a time."""
        return round(Fraction(time_ns, NS_PER_S) / self.tick_s)


def clock_of(path: Path | None, rate_hz: float) -> Clock:
    """Return the clock of a video file's picture; of anything else 90 kHz.

    Args:
        path: The video file; None for another source.
        rate_hz: Its mean frame rate, 0 where unknown.
    """
    rate = Fraction(rate_hz or 30.0).limit_denominator(1001)
    if path is None:
        return Clock(_DEFAULT_CLOCK, rate)
    av = _import_av()
    try:
        with av.open(str(path)) as container:
            tick = container.streams.video[0].time_base
    except (av.error.FFmpegError, OSError, IndexError):
        return Clock(_DEFAULT_CLOCK, rate)
    usable = tick is not None and 0 < tick <= Fraction(1, 24) and tick.denominator < _FINEST_CLOCK
    return Clock(tick if usable else _DEFAULT_CLOCK, rate)


class OverlayPiece:
    """Encodes one piece in memory.

    Args:
        size: (height, width) of all frames; odd ones get a row or column more.
        clock: Of the source.
    """

    def __init__(self, size: Size, clock: Clock) -> None:
        av = _import_av()
        self._av, self._size, self._clock = av, size, clock
        self._file = io.BytesIO()
        self._container = av.open(self._file, "w", format="nut")
        stream = self._container.add_stream(_CODEC, rate=clock.rate_hz, options=_QUALITY)
        stream.width, stream.height = size[1] + size[1] % 2, size[0] + size[0] % 2
        stream.pix_fmt = "yuv420p"
        # One thread: with another number of threads x264 gives other bytes.
        stream.thread_count = 1
        stream.max_b_frames = 0
        stream.gop_size = _KEY_EVERY
        stream.codec_context.time_base = clock.tick_s
        stream.time_base = clock.tick_s
        self._stream = stream

    def add(self, rgb: Rgb, pts: int) -> None:
        """Encode a frame; another size is fitted in."""
        height, width = self._size
        if rgb.shape[:2] != self._size:
            rgb = np.asarray(cv2.resize(rgb, (width, height)), np.uint8)
        if height % 2 or width % 2:
            odd = ((0, height % 2), (0, width % 2), (0, 0))
            rgb = np.pad(rgb, odd, mode="edge")
        frame = self._av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame.pts, frame.time_base = pts, self._clock.tick_s
        self._container.mux(self._stream.encode(frame))

    def write(self, path: Path) -> None:
        """Finish the piece and put it on disk."""
        self._container.mux(self._stream.encode())
        self._container.close()
        write_whole(path, self._file.getvalue())


def join_pieces(
    folder: Path, clock: Clock, end_ns: int, sound_from: Path | None, out: Path
) -> str:
    """Put the pieces together into an MP4.

    Args:
        folder: With the pieces.
        clock: As the pieces were made with.
        end_ns: When the last frame ends.
        sound_from: A video file whose sound is to go along.
        out: The MP4.

    Returns:
        What became of the sound: "none", "copied" or "as AAC".
    """
    av = _import_av()
    files = list(numbered(folder, PIECE))
    with ExitStack() as open_files:
        sound = _Sound(open_files, sound_from)
        out_file = av.open(str(out), "w", format="mp4", options={"movflags": "faststart"})
        open_files.enter_context(out_file)
        first = open_files.enter_context(av.open(str(files[0])))
        stream = out_file.add_stream_from_template(first.streams.video[0])
        stream.time_base = clock.tick_s
        told = sound.declare(out_file)
        end = clock.ticks(end_ns)
        picture = _picture_packets(files, clock.tick_s, stream, end)
        for _, _, packet in heapq.merge(picture, sound.packets(), key=lambda item: item[:2]):
            out_file.mux(packet)
    return told


def _picture_packets(
    files: list[Path], tick_s: Fraction, stream: Any, end: int
) -> Iterator[tuple[float, int, Any]]:
    """Yield (time, 0, packet); each lasts until the next one, the last one until the end."""
    before: Any = None
    for packet in _all_packets(files):
        packet.pts = packet.dts = round(packet.pts * packet.time_base / tick_s)
        packet.time_base = tick_s
        packet.stream = stream
        if before is not None:
            before.duration = packet.pts - before.pts
            yield float(before.pts * tick_s), 0, before
        before = packet
    before.duration = max(end - before.pts, 1)
    yield float(before.pts * tick_s), 0, before


def _all_packets(files: list[Path]) -> Iterator[Any]:
    av = _import_av()
    for file in files:
        with av.open(str(file)) as container:
            for packet in container.demux(video=0):
                if packet.size:
                    yield packet


class _Sound:
    """The sound tracks of a video file, moved so that the file begins at 0."""

    def __init__(self, open_files: ExitStack, path: Path | None) -> None:
        self._outs: dict[int, Any] = {}
        self._container: InputContainer | None = None
        if path is not None:
            self._container = open_files.enter_context(_import_av().open(str(path)))

    def declare(self, out_file: "OutputContainer") -> str:
        """Add the tracks to a file; return what becomes of them."""
        if self._container is None:
            return "none"
        told = "none"
        for track in self._container.streams.audio:
            if track.codec_context is None or not track.codec_context.sample_rate:
                continue
            copied = track.codec_context.name in _COPIED
            self._outs[track.index] = (
                out_file.add_stream_from_template(track) if copied else _aac(out_file, track)
            )
            told = "copied" if copied and told != "as AAC" else "as AAC"
        return told

    def packets(self) -> Iterator[tuple[float, int, Any]]:
        """Yield (time, 1, packet) in the file's order."""
        if self._container is None or not self._outs:
            return
        tracks = [t for t in self._container.streams.audio if t.index in self._outs]
        start_us = self._container.start_time or 0
        for packet in self._container.demux(tracks):
            out = self._outs[packet.stream.index]
            for moved in self._moved(packet, out, start_us):
                # Without a time: at the end, where an encoder gives what it still holds.
                time_s = float(moved.pts * moved.time_base) if moved.pts is not None else 1e12
                yield time_s, 1, moved

    def _moved(self, packet: Any, out: Any, start_us: int) -> Iterator[Any]:
        if packet.stream.codec_context.name in _COPIED:
            if packet.dts is None:
                return
            shift = round(Fraction(start_us, 1_000_000) / packet.time_base)
            packet.dts -= shift
            packet.pts = packet.dts if packet.pts is None else packet.pts - shift
            packet.stream = out
            yield packet
            return
        for frame in packet.decode():
            if frame.pts is not None:
                frame.pts -= round(Fraction(start_us, 1_000_000) / frame.time_base)
            yield from out.encode(frame)
        if packet.dts is None:
            yield from out.encode(None)


def _aac(out_file: "OutputContainer", track: "AudioStream") -> Any:
    """Add a track in AAC; PyAV converts samples, their rate and channels to it."""
    rate = track.codec_context.sample_rate
    out = out_file.add_stream("aac", rate=rate if rate in _AAC_RATES else 48000)
    # Files that count their channels without naming them have a layout no encoder takes.
    out.layout = _LAYOUTS.get(track.codec_context.layout.nb_channels, "stereo")
    return out


def _import_av() -> Any:
    try:
        import av
    except ImportError as error:
        raise DataError(
            f"writing an overlay needs PyAV: pip install av (import failed: {error})"
        ) from error
    return av
