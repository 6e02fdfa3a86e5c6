# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A video that every browser plays, from pictures with times. Needs PyAV (the extra ``video``)."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from vinet_ros.drawing import Rgb
from vinet_ros.errors import DataError

if TYPE_CHECKING:
    from av.container import OutputContainer

_CODECS = {
    "libx264": {"preset": "veryfast", "crf": "25"},
    "libopenh264": {},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "34", "b": "0"},
}
_TICKS = 10_000  # a second
_LARGEST = 960  # pixels of the longer side
_KEY_FRAME_EVERY = 15  # so that dragging the cursor shows a picture at once


def write_browser_video(path: Path, pictures: Iterable[tuple[float, Rgb]]) -> tuple[float, int]:
    """Write an MP4 whose frames keep their times; return (time of the first, frames).

    Pictures are shrunk to 960 pixels. Those that are not later than the one before are left out;
    those of another size are scaled to the first one's.

    Args:
        path: The file.
        pictures: (time in seconds, uint8 (H, W, 3)).

    Raises:
        DataError: If there is no picture or no encoder; if PyAV is missing.
    """
    try:
        import av
    except ImportError as error:
        raise DataError(f"videos need PyAV: pip install av (import failed: {error})") from error
    options = {"movflags": "faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        encoder: _Encoder | None = None
        for time_s, rgb in pictures:
            encoder = encoder or _Encoder(container, rgb, time_s)
            encoder.add(time_s, rgb)
        if encoder is None:
            raise DataError("no picture to make a video of; record saliency/overlay/compressed")
        encoder.close()
    return encoder.start_s, encoder.frames


class _Encoder:
    """Makes a stream of the size of the first picture, and fills it."""

    def __init__(self, container: "OutputContainer", first: Rgb, start_s: float) -> None:
        from av import codecs_available

        name = next((name for name in _CODECS if name in codecs_available), "")
        if not name:
            raise DataError(f"this PyAV has none of the encoders {', '.join(_CODECS)}")
        scale = min(1.0, _LARGEST / max(first.shape[:2]))
        # The colours of yuv420p have half the size: sides must be even.
        self._size = tuple(max(2, round(side * scale / 2) * 2) for side in first.shape[1::-1])
        stream: Any = container.add_stream(name, rate=30)
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        stream.codec_context.gop_size = _KEY_FRAME_EVERY
        stream.options = _CODECS[name]
        self._container, self._stream = container, stream
        self._last = -1
        self.start_s, self.frames = start_s, 0

    def add(self, time_s: float, rgb: Rgb) -> None:
        import av

        tick = round((time_s - self.start_s) * _TICKS)
        if tick <= self._last:
            return
        if rgb.shape[1::-1] != self._size:
            rgb = np.asarray(cv2.resize(rgb, self._size, interpolation=cv2.INTER_AREA), np.uint8)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
        frame.pts, frame.time_base = tick, Fraction(1, _TICKS)
        self._container.mux(self._stream.encode(frame))
        self._last, self.frames = tick, self.frames + 1

    def close(self) -> None:
        self._container.mux(self._stream.encode())
