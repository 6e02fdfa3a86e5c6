# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Whole sound tracks of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from vinet_ros.errors import DataError, SoundError
from vinet_ros.offline.video import read_sound
from vinet_ros.preprocess import SOUND_RATE_HZ
from vinet_ros.streaming.audio_chunk import to_mono
from vinet_ros.streaming.sound_track import SoundResampler


def read_recording(path: Path) -> npt.NDArray[np.float32]:
    """Return the first sound track of a video or sound file, mono at 22,050 Hz (N,), -1..1.

    Raises:
        DataError: If there is no such file, it cannot be decoded to its end, or has no sound.
    """
    pieces: list[npt.NDArray[np.float32]] = []
    resampler: SoundResampler | None = None
    for chunk in read_sound(path, of_video=False):
        try:
            mono, _ = to_mono(chunk.samples, chunk.rate_hz)
        except SoundError as error:
            raise DataError(f"the sound of {str(path)!r} cannot be used: {error}") from error
        if resampler is None or resampler.from_hz != chunk.rate_hz:
            pieces += [] if resampler is None else [resampler.finish()]
            resampler = SoundResampler(chunk.rate_hz, SOUND_RATE_HZ)
        pieces.append(resampler.push(mono))
    if resampler is None:
        raise DataError(f"{str(path)!r} has no sound; give a clip that has a sound track")
    return np.concatenate([*pieces, resampler.finish()])
