# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The sound of a video, of a file or of a public set, for frames in their order or reversed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vinet_ros.offline.frames import SoundChunk
from vinet_ros.offline.recordings import read_recording
from vinet_ros.offline.video import read_sound
from vinet_ros.preprocess import SOUND_RATE_HZ
from vinet_ros.training.datasets.video_records import VideoRecord


class FileSound:
    """The sound in a video file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def sound(self) -> Iterator[SoundChunk]:
        """Yield the sound; nothing where there is none.

        Raises:
            DataError: If it cannot be read.
        """
        yield from read_sound(self._path)


class VideoSound:
    """The sound that lies beside a video's frames.

    Args:
        record: The video.
        reversed_from: Frame that a reversed stream begins with, at time 0; None: frames come in
            their order.
    """

    def __init__(self, record: VideoRecord, reversed_from: int | None = None) -> None:
        self._record, self._last = record, reversed_from

    def sound(self) -> Iterator[SoundChunk]:
        """Yield the sound; nothing where there is none.

        Raises:
            DataError: If it cannot be read.
        """
        path = self._record.audio
        if path is None:
            return
        if self._last is None:
            yield from read_sound(path, of_video=False)
            return
        # The authors reverse the samples with the frames.
        end = round((self._last + 1) * SOUND_RATE_HZ / self._record.fps)
        samples = np.ascontiguousarray(read_recording(path)[:end][::-1])
        yield SoundChunk(samples[:, None], SOUND_RATE_HZ, 0)
