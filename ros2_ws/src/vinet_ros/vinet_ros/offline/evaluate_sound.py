# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a network hears with a set's videos in place of their own sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinet_ros.offline.evaluate_lots import VideoLot
from vinet_ros.preprocess import SOUND_RATE_HZ
from vinet_ros.streaming.audio_regimes import REAL, AudioRegimes, Recording
from vinet_ros.training.clip_sounds import recording_of


@dataclass(frozen=True, slots=True)
class SoundInstead:
    """Gives the sound for the windows of one video.

    Attributes:
        regimes: Where it comes from.
        regime: Which one.
        own: The video's own sound.
        fps: Frames a second of the video.
        rate_hz: Samples a second of all sounds.
    """

    regimes: AudioRegimes
    regime: str
    own: Recording
    fps: float
    rate_hz: int

    def __call__(self, frame: int, frames: int, real: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what is heard with a window.

        Args:
            frame: Its newest frame.
            frames: How many it shows.
            real: Its own sound (N,); empty of a video without sound.

        Raises:
            SoundError: If shuffled sound has no other recording to come from.
            DataError: If that recording cannot be read.
        """
        if not len(real):
            real = np.zeros(round(frames / self.fps * self.rate_hz), np.float32)
        return self.regimes.sound(self.regime, real, self.own, frame)


def sound_instead(lot: VideoLot, index: int, rate_hz: int = SOUND_RATE_HZ) -> SoundInstead | None:
    """Return what stands in for a video's sound; None where it is heard itself.

    Shuffled sound comes from the lot's other videos.

    Args:
        lot: The videos, and what they are to be scored with.
        index: Of the video.
        rate_hz: Of the sound that the network takes.
    """
    settings, record = lot.settings, lot.records[index]
    if settings.audio == REAL:
        return None
    others = [recording_of(r, rate_hz) for r in lot.records if r.audio is not None]
    regimes = AudioRegimes(settings.seed, others, settings.audio_std or None)
    own = recording_of(record, rate_hz)
    return SoundInstead(regimes, settings.audio, own, record.fps, rate_hz)
