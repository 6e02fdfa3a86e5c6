# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Video files in: frames with their presentation times, and their sound.

Needs PyAV (the extra ``video``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError
from vinet_ros.offline.frames import (
    NS_PER_S,
    Frame,
    FrameSource,
    OnBad,
    Size,
    SoundChunk,
    SourceInfo,
)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_MISSING_SHARE = 0.05  # of the announced duration, before a Matroska file counts as cut off
# FFmpeg shows text files as animated terminals, and pictures (`png_pipe`) as videos.
_TEXT_FORMATS = ("tty", "bin", "xbin", "adf", "idf")
_PROMISE = "give an MP4, AVI, MKV or WebM file with a video track"


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a video file says of itself.

    Args:
        width: Columns of a frame as it is to be shown.
        height: Rows.
        rate_hz: Mean frame rate.
        rotation_deg: By how much, counter-clockwise, the stored frames are turned for showing.
        duration_ns: 0 where the file does not say.
        frame_count: Announced frames, 0 where the file does not say.
    """

    width: int
    height: int
    rate_hz: float
    rotation_deg: int
    duration_ns: int
    frame_count: int


class Video(FrameSource):
    """A video file; no frame of it is bad by itself, a damaged file ends with an error.

    Args:
        path: The file.

    Raises:
        DataError: If there is no such file, it is no video, or has no frame.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = path
        info = probe_video(path)
        self.info = SourceInfo(
            name=str(path),
            height=info.height,
            width=info.width,
            rate_hz=info.rate_hz,
            duration_ns=info.duration_ns,
            frame_count=info.frame_count,
        )

    def frames(
        self,
        start: int = 0,
        *,
        size: Size | None = None,
        decode: bool = False,
        on_bad: OnBad | None = None,
    ) -> Iterator[Frame]:
        """Yield the frames; see :meth:`FrameSource.frames`. They are always decoded."""
        return read_video(self._path, size=size, start=start)

    def sound(self) -> Iterator[SoundChunk]:
        """Yield the first sound track; see :meth:`FrameSource.sound`."""
        return read_sound(self._path)


def probe_video(path: str | Path) -> VideoInfo:
    """Return size, rate and length of a video, from its header and first frame.

    Raises:
        DataError: If there is no such file, it is no video, or has no frame.
    """
    with _opened(path) as container:
        stream = container.streams.video[0]
        first = next(_decoded(container, stream, Path(path)), None)
        if first is None:
            raise _no_frames(path)
        turns = _quarter_turns(first)
        width, height = first.width, first.height
        rate = stream.average_rate or stream.guessed_rate or Fraction(30)
        return VideoInfo(
            width=height if turns % 2 else width,
            height=width if turns % 2 else height,
            rate_hz=float(rate),
            rotation_deg=90 * turns,
            duration_ns=_announced_ns(container, stream),
            frame_count=stream.frames,
        )


def read_video(path: str | Path, *, size: Size | None = None, start: int = 0) -> Iterator[Frame]:
    """Yield a video's frames from the first to the last.

    Variable frame rates keep their times; a rotation in the file is applied. A damaged file gives
    the frames that can be decoded, then the error.

    Args:
        path: The file.
        size: (height, width) to scale frames to; None keeps theirs.
        start: Index of the first frame to give; those before are decoded and dropped, which
            costs less than half of giving them.

    Raises:
        DataError: If there is no such file, it is no video, has no frame, or is cut off or
            damaged.
    """
    with _opened(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        start_ns: int | None = None
        last_ns = -1
        period_ns = round(NS_PER_S / float(stream.average_rate or 30))
        for index, frame in enumerate(_decoded(container, stream, Path(path))):
            time_ns = _time_ns(frame, last_ns + period_ns)
            if start_ns is None:
                start_ns = _start_ns(container, time_ns)
                last_ns = start_ns - 1
            time_ns = max(time_ns, last_ns + 1)  # files with doubled or disordered times
            last_ns = time_ns
            if index >= start:
                yield Frame(index, time_ns - start_ns, _pixels(frame, size))
        if start_ns is None:
            raise _no_frames(path)


def read_sound(path: str | Path, *, of_video: bool = True) -> Iterator[SoundChunk]:
    """Yield a video's first sound track, on the clock of its frames; nothing where it has none.

    Args:
        path: The file.
        of_video: Whether a file without a video track is refused; else sound files do too.

    Raises:
        DataError: If there is no such file, it is no video, or the track is cut off or damaged,
            after all that could be decoded.
    """
    import av

    with _opened(path, of_video) as container:
        if not container.streams.audio:
            return
        start_ns = end_ns = _start_ns(container, 0)
        try:
            for frame in container.decode(container.streams.audio[0]):
                time_ns = _time_ns(frame, end_ns)
                samples = _samples(frame)
                end_ns = time_ns + len(samples) * NS_PER_S // frame.sample_rate
                if len(samples):
                    yield SoundChunk(samples, frame.sample_rate, time_ns - start_ns)
        except av.error.FFmpegError as error:
            raise DataError(
                f"the sound of {str(path)!r} is cut off or damaged ({_reason(error)})"
            ) from error


def _opened(path: str | Path, of_video: bool = True) -> "InputContainer":
    """Return the open container of a file that has a video track, if it must have one."""
    try:
        import av
    except ImportError as error:
        raise DataError(
            f"reading video files needs PyAV: pip install av (import failed: {error})"
        ) from error
    if not Path(path).is_file():
        raise DataError(f"no video file at {str(path)!r}; {_PROMISE}")
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise DataError(
            f"{str(path)!r} is not a video file or is cut off ({_reason(error)}); {_PROMISE}"
        ) from error
    name = container.format.name
    seen = container.streams.video and name not in _TEXT_FORMATS and not name.endswith("_pipe")
    if of_video and not seen:
        container.close()
        raise DataError(f"{str(path)!r} has no video track (read as {name}); {_PROMISE}")
    return container


def _decoded(container: "InputContainer", stream: "VideoStream", path: Path) -> Iterator[Any]:
    """Yield the stream's decodable frames; DataError at the end if any part was missing."""
    import av

    problem = ""
    frames = 0
    end_ns = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
            if packet.is_corrupt:
                problem = problem or "a cut-off packet"
            for frame in packet.decode():
                frames += 1
                end_ns = _time_ns(frame, end_ns)
                yield frame
        except StopIteration:
            break
        except av.error.FFmpegError as error:
            problem = problem or _reason(error)
    problem = problem or _missing_end(container, stream, path, end_ns)
    if problem:
        raise DataError(
            f"{str(path)!r} is cut off or damaged: {frames} frames could be read ({problem}); "
            "copy or record it again"
        )


def _missing_end(
    container: "InputContainer", stream: "VideoStream", path: Path, end_ns: int
) -> str:
    """Return what shows that the file ends too early; empty when nothing does."""
    # PyAV before 17 shows no index: there a cut between two packets passes.
    ends = [entry.pos + entry.size for entry in getattr(stream, "index_entries", ())]
    if ends and container.format.name.startswith("mov") and max(ends) > path.stat().st_size:
        return "the index names more data than the file has"
    # Other containers' announced durations are not those of the video track alone.
    if container.format.name.startswith("matroska") and len(container.streams) == 1:
        announced_ns = _announced_ns(container, stream)
        start_ns = _start_ns(container, end_ns)
        if end_ns - start_ns < (1 - _MISSING_SHARE) * announced_ns - NS_PER_S // 2:
            return f"{announced_ns / NS_PER_S:.2f} s announced"
    return ""


def _time_ns(frame: Any, otherwise_ns: int) -> int:
    """Return a frame's presentation time on the file's clock."""
    if frame.pts is None or frame.time_base is None:
        return otherwise_ns
    return int(frame.pts * frame.time_base * NS_PER_S)


def _start_ns(container: "InputContainer", otherwise_ns: int) -> int:
    """Return the file's start on its clock: that of all its tracks, so they share one time."""
    start_us = container.start_time
    return otherwise_ns if start_us is None else min(start_us * 1000, otherwise_ns)


def _announced_ns(container: "InputContainer", stream: "VideoStream") -> int:
    if stream.duration is not None and stream.time_base is not None:
        return int(stream.duration * stream.time_base * NS_PER_S)
    return int(container.duration or 0) * 1000


def _quarter_turns(frame: Any) -> int:
    """Return how many quarter turns, counter-clockwise, show the frame upright."""
    return int(round(frame.rotation / 90) % 4)


def _pixels(frame: Any, size: Size | None) -> NDArray[np.uint8]:
    turns = _quarter_turns(frame)
    if size is not None:
        height, width = size if turns % 2 == 0 else size[::-1]
        # In one step with the conversion, swscale makes every pixel darker by one or two.
        frame = frame.reformat(width=width, height=height)
    pixels: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def _samples(frame: Any) -> NDArray[np.float32]:
    """Return an audio frame as (N, channels), -1..1."""
    values = frame.to_ndarray()
    table = values.T if frame.format.is_planar else values.reshape(-1, frame.layout.nb_channels)
    if table.dtype.kind == "f":
        return np.asarray(table, np.float32)
    full_scale = 2.0 ** (8 * table.dtype.itemsize - 1)
    zero = full_scale if table.dtype.kind == "u" else 0.0
    samples: NDArray[np.float32] = ((table - zero) / full_scale).astype(np.float32)
    return samples


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _no_frames(path: str | Path) -> DataError:
    return DataError(f"{str(path)!r} has a video track without a frame; {_PROMISE}")
