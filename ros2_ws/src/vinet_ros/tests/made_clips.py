# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Small video files made for tests."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 160, 120
MARKED_CORNER = (slice(0, HEIGHT // 4), slice(0, WIDTH // 4))


def picture(number: int) -> np.ndarray:
    """A grey that tells the frame's number, with the top left corner red."""
    pixels = np.full((HEIGHT, WIDTH, 3), grey_of(number), np.uint8)
    pixels[MARKED_CORNER] = (230, 20, 20)
    return pixels


def grey_of(number: int) -> int:
    return 40 + 3 * (number % 60)


def number_of(pixels: np.ndarray) -> int:
    """The number of a frame made by `picture`, from its lower right part, whatever its size."""
    height, width = pixels.shape[:2]
    part = pixels[height // 2 :, width // 2 :]
    return round((float(part.mean()) - 40) / 3)


def write_clip(
    path: Path,
    frames: int = 30,
    rate: int = 30,
    *,
    codec: str = "libx264",
    times_ms: list[int] | None = None,
    options: dict[str, str] | None = None,
    audio_s: float = 0.0,
    sound: np.ndarray | None = None,
) -> Path:
    """Write a clip; `sound` is (channels, N) float32 at 44100 Hz, kept without loss."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.bit_rate = 8_000_000
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if audio_s:
            silence = container.add_stream("aac", rate=16000)
        if sound is not None:
            track = container.add_stream("pcm_f32le", rate=44100, layout=_layout(sound))
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            if times_ms is not None:
                frame.pts, frame.time_base = times_ms[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if audio_s:
            container.mux(_silence(silence, audio_s))
        if sound is not None:
            container.mux(_encoded(track, sound))
    return path


def _layout(sound: np.ndarray) -> str:
    return "stereo" if len(sound) == 2 else "mono"


def _encoded(stream, sound: np.ndarray):
    packets = []
    for begin in range(0, sound.shape[1], 4410):
        part = sound[:, begin : begin + 4410]
        packed = np.ascontiguousarray(part.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=_layout(sound))
        frame.sample_rate, frame.pts, frame.time_base = 44100, begin, Fraction(1, 44100)
        packets += stream.encode(frame)
    return [*packets, *stream.encode()]


def _silence(stream, seconds: float):
    samples = np.zeros((1, int(16000 * seconds)), np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
    frame.sample_rate = 16000
    return [*stream.encode(frame), *stream.encode()]


def turn(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write the 2x2 part (a, b, c, d) of the display matrix of an MP4's only track."""
    content = bytearray(path.read_bytes())
    header = content.index(b"tkhd") + 4
    a, b, c, d = (value << 16 for value in matrix)
    # Version 0: 40 bytes of flags, times, track, duration, layer and volume before the matrix.
    struct.pack_into(">9i", content, header + 40, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path
