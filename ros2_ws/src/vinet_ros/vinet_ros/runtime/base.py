# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The one interface through which a network is executed."""

from __future__ import annotations

import ctypes
import gc
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from vinet_ros.runtime.traits import NetworkTraits, Values

# What an executor keeps of one frame: opaque outside of the executor that made it.
Kept: TypeAlias = tuple[Any, ...]


class Moment(Protocol):
    """A frame of a window (h, w, 3), and what an executor keeps of it, None before it has."""

    frame: npt.NDArray[np.uint8]
    kept: Any


Window: TypeAlias = Sequence[Any]
"""``clip_length`` of :class:`Moment`, oldest first; one may stand in several places.

With sound, or before a moving camera, it is a :class:`FullWindow`.
"""
TakeWindow: TypeAlias = Callable[[], "Window | None"]


class FullWindow(tuple[Any, ...]):
    """A window and what goes with its frames, each as the network takes it.

    Attributes:
        sound: Of ``audio_shape``; None is silence.
        motion: The camera's, of ``motion_shape``; None: it stood.
    """

    sound: Values | None
    motion: Values | None

    def __new__(
        cls, moments: Sequence[Any], sound: Values | None = None, motion: Values | None = None
    ) -> FullWindow:
        """Join a window and what goes with it."""
        window = super().__new__(cls, moments)
        window.sound = sound
        window.motion = motion
        return window


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A window and its map (h, w), 0 to 1."""

    window: Window
    values: Values


@dataclass(frozen=True, slots=True)
class Sharing:
    """How several users get along with one network.

    Attributes:
        users: Their names.
        limit: Windows that go through the network together at most.
        reason: Why so many.
        mean_batch: Windows that went together, mean of the last hundred times; 0 before any.
        largest_batch: Most of them since the start.
        wait_p50_ms: Median time that this user waited for its turn, of the last hundred; or None.
    """

    users: tuple[str, ...]
    limit: int
    reason: str
    mean_batch: float
    largest_batch: int
    wait_p50_ms: float | None


class Executor(ABC):
    """A network bound to a device and a way to run it.

    A window is predicted in two steps, so that a stream pays for each frame once: :meth:`encode`
    when a frame is first needed, :meth:`predict` on the kept parts of the last frames. All of it
    may be called from any thread, but from one at a time.

    Args:
        traits: Those of the network.
        name: The path for people, e.g. ``openvino fp32``.
        device: ``cpu`` or ``cuda:n``.
        reason: Why this path was chosen.
        batches: Frames or windows that may go through the network together; it may be lowered
            at any time.

    Raises:
        ValueError: If `batches` is below 1.
    """

    def __init__(
        self, traits: NetworkTraits, name: str, device: str, reason: str, batches: int = 1
    ) -> None:
        if batches < 1:
            raise ValueError(f"batches must be at least 1, got {batches}")
        self.traits = traits
        self.name = name
        self.device = device
        self.reason = reason
        self.batches = batches
        self.batches_reason = "asked for"

    @property
    def clip_length(self) -> int:
        """Frames of a window."""
        return self.traits.clip_length

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of a frame."""
        return self.traits.input_size

    @property
    def sharing(self) -> Sharing | None:
        """How the network is shared with other users; None while it has but one."""
        return None

    @abstractmethod
    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return what is kept of one frame.

        Args:
            frame: (h, w, 3) RGB uint8 at ``input_size``.
        """

    @abstractmethod
    def predict(
        self,
        slots: Sequence[Kept],
        sound: Values | None = None,
        motion: Values | None = None,
    ) -> Values:
        """Return the saliency map (h, w), 0 to 1, of the newest frame.

        Args:
            slots: ``clip_length`` kept frames, oldest first; one may stand in several places.
            sound: Theirs, of ``audio_shape``; None is silence.
            motion: The camera's, of ``motion_shape``, from the newest frame to each earlier one;
                None: it stood.

        Raises:
            ValueError: If the number of slots is not ``clip_length``, or sound or motion do not
                fit.
        """

    def encode_together(self, frames: Sequence[npt.NDArray[np.uint8]]) -> list[Kept]:
        """Return what is kept of 2 to ``batches`` frames, computed in one go.

        It is the same as what :meth:`encode` gives of each, to rounding.
        """
        return [self.encode(frame) for frame in frames]

    def predict_together(
        self,
        windows: Sequence[Sequence[Kept]],
        sounds: Sequence[Values | None] = (),
        motions: Sequence[Values | None] = (),
    ) -> list[Values]:
        """Return the maps of 2 to ``batches`` windows, computed in one go.

        They are the same as what :meth:`predict` gives of each, to rounding.

        Args:
            windows: Kept frames of each.
            sounds: Of each; none at all is silence.
            motions: Of each one's camera; none at all: they stood.
        """
        return [self.predict(*one) for one in _joined(windows, sounds, motions)]

    def encode_batch(self, frames: Sequence[npt.NDArray[np.uint8]]) -> list[Kept]:
        """Return what is kept of any number of frames."""
        kept: list[Kept] = []
        for some in _parts(frames, self.batches):
            kept += [self.encode(some[0])] if len(some) == 1 else self.encode_together(some)
        return kept

    def predict_batch(
        self,
        windows: Sequence[Sequence[Kept]],
        sounds: Sequence[Values | None] = (),
        motions: Sequence[Values | None] = (),
    ) -> list[Values]:
        """Return the maps of any number of windows, as :meth:`predict_together` takes them."""
        maps: list[Values] = []
        for some in _parts(_joined(windows, sounds, motions), self.batches):
            if len(some) == 1:
                maps.append(self.predict(*some[0]))
            else:
                maps += self.predict_together(*zip(*some, strict=True))
        return maps

    def predict_windows(self, windows: Sequence[Window]) -> list[Values]:
        """Return the maps of several windows; each frame is encoded at most once in its life."""
        new = {id(moment): moment for w in windows for moment in w if moment.kept is None}
        moments = list(new.values())
        kept = self.encode_batch([moment.frame for moment in moments])
        for moment, value in zip(moments, kept, strict=True):
            moment.kept = value
        full = [w if isinstance(w, FullWindow) else FullWindow(w) for w in windows]
        return self.predict_batch(
            [[moment.kept for moment in w] for w in full],
            [w.sound for w in full],
            [w.motion for w in full],
        )

    def predict_newest(self, take: TakeWindow) -> Prediction | None:
        """Return the map of the window that there is when the network gets to it.

        Args:
            take: Called then, without arguments; None from it means that there is no window.
        """
        window = take()
        return None if window is None else Prediction(window, self.predict_windows([window])[0])

    def drop_batches(self) -> None:
        """Let frames and windows go one by one from now on, and give back what batches need."""
        self.batches = 1

    def close(self) -> None:  # noqa: B027 - not every path holds something to give back
        """Give back what the executor holds; it cannot be used afterwards."""

    def check_length(self, slots: Sequence[Kept]) -> None:
        """Raise ValueError unless the window has ``clip_length`` slots."""
        if len(slots) != self.clip_length:
            raise ValueError(f"expected {self.clip_length} slots, got {len(slots)}")


def _joined(
    windows: Sequence[Any], sounds: Sequence[Any], motions: Sequence[Any]
) -> list[tuple[Any, Any, Any]]:
    none = [None] * len(windows)
    return list(zip(windows, sounds or none, motions or none, strict=True))


def _parts(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[k : k + size] for k in range(0, len(items), size)]


def trim_memory() -> None:
    """Give freed memory back to the system, where its allocator can; building leaves a lot."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)
