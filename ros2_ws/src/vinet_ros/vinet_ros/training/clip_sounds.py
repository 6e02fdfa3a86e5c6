# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What networks hear with the clips of videos: the clips' own sound, or what stands in for it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial

import numpy as np
import torch
from torch import Tensor

from vinet_ros.errors import DataError, SoundError
from vinet_ros.preprocess import SOUND_RATE_HZ
from vinet_ros.sound_forms import WAVEFORM, SoundForm
from vinet_ros.streaming.audio_regimes import ZERO, AudioRegimes, Recording
from vinet_ros.streaming.sound_excerpts import FrameBounds
from vinet_ros.training.datasets.sound_files import load_sound
from vinet_ros.training.datasets.video_records import VideoRecord

_KEPT = 4  # recordings in memory; validation asks for many clips of one video
_load = lru_cache(maxsize=_KEPT)(load_sound)


class ClipSounds:
    """Sound for clips, cut and faded as the authors' loader does.

    The same for the same seed, clip and draw; see :class:`AudioRegimes`.

    Args:
        regime: One of :data:`~vinet_ros.streaming.audio_regimes.REGIMES`.
        seed: Of all that is drawn.
        others: Videos whose sound is shuffled in; never a clip's own.
        normal_std: Deviation of normal noise, 1 is full scale; 0: that of the clip's sound.
        form: How the network takes sound.
    """

    def __init__(
        self,
        regime: str,
        seed: int,
        others: Iterable[VideoRecord],
        normal_std: float = 0.0,
        form: SoundForm = WAVEFORM,
    ) -> None:
        self.regime = regime
        self._form = form
        self._silent = regime == ZERO or normal_std > 0  # then no file is read
        heard = [recording_of(r, form.rate_hz) for r in others if r.audio is not None]
        self._regimes = AudioRegimes(seed, heard, normal_std or None)

    def of(self, record: VideoRecord, first: int, newest: int, draw: int = 0) -> Tensor:
        """Return the network's input for a clip; of SoundNet's form, (1, 70560, 1).

        Args:
            record: The video; one without a sound is silent.
            first: First frame of the clip.
            newest: Its last one.
            draw: Another one draws other noise and another recording.

        Raises:
            DataError: If a sound file cannot be read, or shuffled sound has no other recording
                to come from.
        """
        rate_hz = self._form.rate_hz
        own = silence_of(record, rate_hz) if self._silent else recording_of(record, rate_hz)
        whole = own.read()
        bounds = FrameBounds.of(len(record), record.fps, len(whole), rate_hz)
        real = bounds.excerpt(whole, first, newest - first + 1)
        try:
            heard = self._regimes.sound(self.regime, real, own, newest, draw)
        except SoundError as error:
            raise DataError(str(error)) from None
        return torch.from_numpy(self._form.make(heard))


def recording_of(record: VideoRecord, rate_hz: int = SOUND_RATE_HZ) -> Recording:
    """Return a video's sound at a rate; silence as long as the video where it has none."""
    if record.audio is None:
        return silence_of(record, rate_hz)
    return Recording(record.title, partial(_load, record.audio, rate_hz))


def silence_of(record: VideoRecord, rate_hz: int = SOUND_RATE_HZ) -> Recording:
    """Return silence as long as a video."""
    samples = round(len(record) / record.fps * rate_hz)
    return Recording(record.title, lambda: np.zeros(samples, np.float32))
