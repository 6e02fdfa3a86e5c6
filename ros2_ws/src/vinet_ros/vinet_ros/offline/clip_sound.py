# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A source's own sound for a network that hears."""

from collections.abc import Iterator
from typing import Protocol

from vinet_ros.errors import DataError, SoundError
from vinet_ros.offline.frames import NS_PER_S, SoundChunk
from vinet_ros.streaming import Predictor


class HasSound(Protocol):
    """A source of frames is one."""

    def sound(self) -> Iterator[SoundChunk]:
        """Yield the sound; nothing where there is none."""


_AHEAD_NS = NS_PER_S // 4  # a clip's sound ends half a frame after its newest frame


class ClipSound:
    """Gives a predictor the sound of a source as its frames need it.

    Args:
        source: Of the frames.
        predictor: What it has heard before is forgotten, and it hears the sound itself.

    Attributes:
        predictor: The one that it was made with.
        note: What is heard, for people; empty where the network takes no sound.
        silent: Whether some of it is silence, since the source has no sound or not all of it.
    """

    def __init__(self, source: HasSound, predictor: Predictor) -> None:
        self.note, self.silent = "", False
        self.predictor = predictor
        self._chunks: Iterator[SoundChunk] = iter(())
        self._next: SoundChunk | None = None
        if predictor.hearing is None:
            return
        predictor.hearing.reset()
        predictor.hearing.exchange = None
        self._chunks = source.sound()
        self._advance()
        if self._next is not None:
            rate_hz, channels = self._next.rate_hz, self._next.samples.shape[1]
            self.note = f"heard its own sound: {rate_hz} Hz, channels: {channels}"
        elif not self.note:
            self.note, self.silent = "no sound track: predicted with silence", True

    def feed(self, time_ns: int) -> None:
        """Give all that a prediction for a frame of this time needs."""
        while self._next is not None and self._next.time_ns <= time_ns + _AHEAD_NS:
            chunk = self._next
            try:
                self.predictor.push_audio(chunk.samples, chunk.rate_hz, chunk.time_ns)
            except SoundError as error:
                self._stop(error)
                return
            self._advance()

    def _advance(self) -> None:
        """Read one chunk ahead; at the end, excerpts end with the sound."""
        try:
            self._next = next(self._chunks, None)
        except DataError as error:
            self._stop(error)
        if self._next is None and self.predictor.hearing is not None:
            self.predictor.hearing.finish()

    def _stop(self, error: Exception) -> None:
        begin_s = self._next.time_ns / NS_PER_S if self._next is not None else 0.0
        self.note, self.silent = f"silence from {begin_s:.1f} s on: {error}", True
        self._next, self._chunks = None, iter(())
