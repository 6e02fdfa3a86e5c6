# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Folders of pictures in: frames at a steady rate, in the order of the numbers in their names."""

import re
from collections.abc import Iterator
from pathlib import Path

from vinet_ros.encodings import compressed_size, decode_compressed
from vinet_ros.errors import DataError, FrameError
from vinet_ros.offline.frames import (
    NS_PER_S,
    Frame,
    FrameSource,
    OnBad,
    Size,
    SourceInfo,
    scaled,
)

SUFFIXES = (".png", ".jpg", ".jpeg")


class ImageFolder(FrameSource):
    """The PNG and JPEG files of a folder; others in it are left alone.

    ``frame2.png`` comes before ``frame10.png``. Pictures are shown as they are stored: a turn
    that a JPEG asks for is not applied, since a camera's calibration belongs to the stored rows.

    Args:
        path: The folder.
        rate_hz: Frames a second.

    Raises:
        DataError: If there is no such folder, or no picture in it that can be read.
        ValueError: If the rate is not positive.
    """

    def __init__(self, path: str | Path, rate_hz: float = 30.0) -> None:
        if not rate_hz > 0:
            raise ValueError(f"rate_hz must be positive, got {rate_hz}")
        self._files = picture_files(path)
        if not self._files:
            raise DataError(
                f"folder {str(path)!r} has no picture; put {', '.join(SUFFIXES)} files there, or "
                "give another folder"
            )
        self._rate_hz = rate_hz
        height, width = self._first_size(path)
        self.info = SourceInfo(
            name=str(path),
            height=height,
            width=width,
            rate_hz=rate_hz,
            duration_ns=round(len(self._files) * NS_PER_S / rate_hz),
            frame_count=len(self._files),
        )

    def frames(
        self,
        start: int = 0,
        *,
        size: Size | None = None,
        decode: bool = False,
        on_bad: OnBad | None = None,
    ) -> Iterator[Frame]:
        """Yield the pictures; see :meth:`FrameSource.frames`. They are always decoded."""
        for index, file in enumerate(self._files[start:], start):
            try:
                rgb = decode_compressed(file.read_bytes())
            except (FrameError, OSError) as error:
                self._leave_out(index, _named(file, error), on_bad)
                continue
            yield Frame(index, round(index * NS_PER_S / self._rate_hz), scaled(rgb, size))

    def _first_size(self, path: str | Path) -> Size:
        """Return the (height, width) of the first picture that has a sound header."""
        first: Exception | None = None
        for file in self._files:
            try:
                width, height = compressed_size(file.read_bytes())
                return height, width
            except (FrameError, OSError) as error:
                first = first or _named(file, error)
        raise DataError(f"no picture in folder {str(path)!r} can be read: {first}")


def picture_files(path: str | Path) -> list[Path]:
    """Return the PNG and JPEG files of a folder, ordered by the numbers in their names.

    Raises:
        DataError: If it is not a folder that can be read.
    """
    try:
        files = [
            file
            for file in Path(path).iterdir()
            if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
        ]
    except OSError as error:
        raise DataError(f"folder {str(path)!r} cannot be read ({error.strerror})") from error
    return sorted(files, key=lambda file: natural_key(file.name))


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key by which "a2" comes before "a10"; equal numbers go by their text."""
    parts = re.split(r"([0-9]+)", name.casefold())
    numbered = tuple((int(part) if k % 2 else 0, part) for k, part in enumerate(parts))
    return (*numbered, (0, name))


def _named(file: Path, error: Exception) -> FrameError:
    reason = error.strerror if isinstance(error, OSError) else error
    return FrameError(f"{file.name}: {reason}")
