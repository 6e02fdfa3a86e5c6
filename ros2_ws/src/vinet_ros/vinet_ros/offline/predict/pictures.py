# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Pictures of a whole clip: where the gaze went, and a sheet of its moments."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vinet_ros.drawing import Rgb, blend_heat, draw_overlay
from vinet_ros.errors import DataError
from vinet_ros.offline.predict.rows import Rows
from vinet_ros.offline.predict.work import numbered

COLUMNS, SHOWN = 4, 16
_KEPT = 2 * SHOWN
_THUMB_WIDTH, _FRAME_WIDTH = 480, 960
_GRID = 256  # columns of the heat map's raster
_SPREAD = 0.03  # of its width: about two degrees of a usual camera, what an eye sees sharply
_GAP, _PAPER = 8, 250


class Moments:
    """Keeps pictures of moments spread evenly over a clip whose length nobody knows yet.

    Of the first frames all are kept, then every second, every fourth and so on, so that there
    are always between 16 and 32. Which ones depends on the number of frames alone, so a run
    that goes on finds what the one before kept.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, number: int, rgb: Rgb, overlay: Rgb, caption: str) -> None:
        """Keep a moment, if it is one of those.

        Args:
            number: How many frames came before.
            rgb: The picture.
            overlay: The picture with heat and gaze.
            caption: What to write under it.
        """
        if number % _stride(number + 1):
            return
        _write_png(self._folder / f"{number:09d}.frame.png", _fitted(rgb, _FRAME_WIDTH))
        small = draw_caption(_fitted(overlay, _THUMB_WIDTH), caption)
        _write_png(self._folder / f"{number:09d}.thumb.png", small)

    def thin_out(self, count: int) -> None:
        """Delete those that are too many after so many frames."""
        for file in self._folder.glob("*.png"):
            if int(file.name.partition(".")[0]) % _stride(count):
                file.unlink()

    def middle(self, count: int) -> Rgb:
        """Return the picture nearest to the middle of a clip of so many frames."""
        return _read_png(self._chosen(count, ".frame.png", 3)[1])

    def sheet(self, count: int) -> list[Rgb]:
        """Return the overlays of up to 16 moments of a clip of so many frames."""
        return [_read_png(file) for file in self._chosen(count, ".thumb.png", SHOWN)]

    def _chosen(self, count: int, suffix: str, wanted: int) -> list[Path]:
        files = [
            file
            for file in numbered(self._folder, suffix)
            if (number := int(file.name.partition(".")[0])) < count
            and number % _stride(count) == 0
        ]
        places = np.linspace(0, len(files) - 1, wanted if wanted < len(files) else len(files))
        chosen = [files[round(float(place))] for place in places]
        return chosen if len(chosen) > 1 else chosen * 2


def contact_sheet(pictures: list[Rgb], count: int) -> Rgb:
    """Return pictures of one size in rows of four.

    Args:
        pictures: uint8 (h, w, 3) each; others are fitted to the first.
        count: Frames of the clip: one alone is shown once.
    """
    pictures = pictures[:count]
    height, width = pictures[0].shape[:2]
    columns = min(COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    size = (rows * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, 3)
    sheet = np.full(size, _PAPER, np.uint8)
    for place, picture in enumerate(pictures):
        top = _GAP + place // columns * (height + _GAP)
        left = _GAP + place % columns * (width + _GAP)
        if picture.shape != pictures[0].shape:
            picture = np.asarray(cv2.resize(picture, (width, height)), np.uint8)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def gaze_heat(rows: Iterable[dict[str, Any]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return where the gaze was for how long, as a map; zero everywhere without any gaze.

    Args:
        rows: Of all frames; a frame counts as long as it was shown.
    """
    heat: np.ndarray[Any, np.dtype[np.float32]] | None = None
    before: tuple[dict[str, Any], float] | None = None
    for row in rows:
        if heat is None:
            height, width = row["size"]
            heat = np.zeros((max(1, round(_GRID * height / width)), _GRID), np.float32)
        if before is not None:
            lasted = max(row["time_s"] - before[1], 0.0)
            _count(heat, before[0], lasted)
        before = row, row["time_s"]
    assert heat is not None and before is not None, "there is at least one row"
    _count(heat, before[0], 1e-3)
    return np.asarray(cv2.GaussianBlur(heat, (0, 0), _SPREAD * _GRID), np.float32)


def write_heatmap(rows: Rows, background: Rgb, path: Path) -> None:
    """Write the gaze of a whole clip as heat over one of its pictures."""
    _write_png(path, blend_heat(background, gaze_heat(rows)))


def write_sheet(moments: Moments, count: int, path: Path) -> None:
    """Write moments of a clip of so many frames side by side."""
    _write_png(path, contact_sheet(moments.sheet(count), count))


def draw_caption(rgb: Rgb, caption: str) -> Rgb:
    """Return a picture with a line of text at its lower edge."""
    return draw_overlay(rgb, np.zeros((1, 1), np.float32), caption=caption)


def encode_png(pixels: Rgb) -> bytes:
    """Return a picture (H, W) or RGB (H, W, 3) as the content of a PNG file."""
    stored = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    done, content = cv2.imencode(".png", stored, (cv2.IMWRITE_PNG_COMPRESSION, 3))
    if not done:
        raise DataError(f"a picture of shape {pixels.shape} could not be encoded as PNG")
    return bytes(content)


def _stride(count: int) -> int:
    """Return the power of two at which at most 32 of so many frames are kept."""
    stride = 1
    while count > stride * _KEPT:
        stride *= 2
    return stride


def _count(
    heat: np.ndarray[Any, np.dtype[np.float32]], row: dict[str, Any], lasted: float
) -> None:
    if row["u"] is None:
        return
    rows, columns = heat.shape
    height, width = row["size"]
    column = int((row["u"] + 0.5) / width * columns)
    line = int((row["v"] + 0.5) / height * rows)
    heat[min(max(line, 0), rows - 1), min(max(column, 0), columns - 1)] += np.float32(lasted)


def _fitted(rgb: Rgb, width: int) -> Rgb:
    """Return a picture made no wider than so many pixels."""
    if rgb.shape[1] <= width:
        return rgb
    height = max(1, round(rgb.shape[0] * width / rgb.shape[1]))
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _write_png(path: Path, pixels: Rgb) -> None:
    path.write_bytes(encode_png(pixels))


def _read_png(path: Path) -> Rgb:
    content = np.frombuffer(path.read_bytes(), np.uint8)
    pixels: Any = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
