# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The sound files of the sets with sound, as networks that hear take them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError, SoundError
from vinet_ros.preprocess import SOUND_RATE_HZ
from vinet_ros.streaming.audio_chunk import to_mono
from vinet_ros.streaming.sound_track import SoundResampler


def read_sound_file(path: str | Path) -> NDArray[np.float32]:
    """Return a .wav file, mono at 22,050 Hz (N,), -1..1.

    Raises:
        DataError: If the file is missing, empty or no .wav; the message names it.
    """
    from scipy.io import wavfile  # here: it takes long to import, and few need it

    try:
        with warnings.catch_warnings():  # of chunks that hold no sound
            warnings.simplefilter("ignore")
            rate_hz, samples = wavfile.read(str(path))
        mono, _ = to_mono(_scaled(samples), rate_hz)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except SoundError as error:
        raise DataError(f"{path}: its sound cannot be used: {error}") from None
    except Exception:  # scipy raises many kinds on a damaged file
        raise DataError(f"{path}: not a readable .wav file; get it again") from None
    resampler = SoundResampler(rate_hz, SOUND_RATE_HZ)
    return np.asarray(np.concatenate((resampler.push(mono), resampler.finish())), np.float32)


def _scaled(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Return samples of any of the formats as -1..1."""
    if samples.dtype == np.uint8:  # the one that is not signed
        return np.asarray((samples.astype(np.float32) - 128) / 128, np.float32)
    if samples.dtype.kind == "i":
        return np.asarray(samples / -float(np.iinfo(samples.dtype).min), np.float32)
    return samples.astype(np.float32)
