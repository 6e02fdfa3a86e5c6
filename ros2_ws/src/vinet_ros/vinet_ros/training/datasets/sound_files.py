# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The sound files that lie beside the videos of the public sets."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from vinet_ros.errors import DataError, SoundError
from vinet_ros.preprocess import SOUND_RATE_HZ
from vinet_ros.streaming.audio_chunk import to_mono


def load_sound(path: Path, rate_hz: int = SOUND_RATE_HZ) -> NDArray[np.float32]:
    """Read a .wav file as mono (N,), -1..1.

    Args:
        path: The file.
        rate_hz: Samples a second that are wanted.

    Raises:
        DataError: If it is missing or cannot be read; the message names it.
    """
    file_hz, values = _read(path)
    try:
        mono, _ = to_mono(_scaled(values), file_hz)
    except SoundError as error:
        raise DataError(f"{path}: {error}") from None
    if file_hz == rate_hz:
        return mono
    return np.asarray(soxr.resample(mono, file_hz, rate_hz, quality="HQ"), np.float32)


def _read(path: Path) -> tuple[int, NDArray[Any]]:
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of notes in the file that are no sound
            rate_hz, values = wavfile.read(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except Exception:  # scipy raises many kinds on a damaged file
        raise DataError(f"{path}: not a readable .wav file; get it again") from None
    return int(rate_hz), np.asarray(values)


def _scaled(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return samples of any .wav format in -1..1."""
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    full_scale = 2.0 ** (8 * values.dtype.itemsize - 1)
    zero = full_scale if values.dtype.kind == "u" else 0.0
    return ((values - zero) / full_scale).astype(np.float32)
