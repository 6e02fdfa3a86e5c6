"""Video files in: frames with their presentation times.

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

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

NS_PER_S = 1_000_000_000
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


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One frame of a video.

    Args:
        pixels: uint8 (H, W, 3), RGB unless BGR was asked for, turned upright.
        time_ns: Presentation time since the file's start; it grows from frame to frame.
    """

    pixels: NDArray[np.uint8]
    time_ns: int


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


def read_video(
    path: str | Path, *, size: tuple[int, int] | None = None, bgr: bool = False
) -> Iterator[VideoFrame]:
    """Yield a video's frames from the first to the last.

    Variable frame rates keep their times; a rotation in the file is applied. A damaged file gives
    the frames that can be decoded, then the error.

    Args:
        path: The file.
        size: (height, width) to scale frames to; None keeps theirs.
        bgr: BGR instead of RGB.

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
        for frame in _decoded(container, stream, Path(path)):
            time_ns = _time_ns(frame, last_ns + period_ns)
            if start_ns is None:
                start_ns = _start_ns(container, time_ns)
                last_ns = start_ns - 1
            time_ns = max(time_ns, last_ns + 1)  # files with doubled or disordered times
            last_ns = time_ns
            yield VideoFrame(_pixels(frame, size, "bgr24" if bgr else "rgb24"), time_ns - start_ns)
        if start_ns is None:
            raise _no_frames(path)


def _opened(path: str | Path) -> "InputContainer":
    """Return the open container of a file that has a video track."""
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
    if not container.streams.video or name in _TEXT_FORMATS or name.endswith("_pipe"):
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


def _pixels(frame: Any, size: tuple[int, int] | None, pixel_format: str) -> NDArray[np.uint8]:
    turns = _quarter_turns(frame)
    if size is not None:
        height, width = size if turns % 2 == 0 else size[::-1]
        frame = frame.reformat(width=width, height=height, format=pixel_format)
    pixels: NDArray[np.uint8] = frame.to_ndarray(format=pixel_format)
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _no_frames(path: str | Path) -> DataError:
    return DataError(f"{str(path)!r} has a video track without a frame; {_PROMISE}")
