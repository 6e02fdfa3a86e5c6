# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The sound of clips of a recording, cut to the sample as the authors' data loader cuts it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class FrameBounds:
    """Which samples of a recording belong to each of its frames.

    A stream finds the same ones from stamps, :meth:`AudioWindow.excerpt`, but where a frame
    begins at a whole sample: there the loader's arithmetic may be one sample short.

    Attributes:
        begins: First sample of each frame, (frames,).
        ends: Last one, which counts too and may be one behind the recording, (frames,).
    """

    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, frames: int, frame_rate_hz: float, samples: int, rate_hz: float) -> FrameBounds:
        """Return the bounds in a recording: half a frame to either side of each frame's time.

        Args:
            frames: How many there are.
            frame_rate_hz: Frames a second.
            samples: How many there are.
            rate_hz: Samples a second.
        """
        # In this order: another one rounds some bounds to the sample next to theirs.
        middle = np.arange(frames) * (1.0 / frame_rate_hz) * rate_hz
        half = rate_hz / frame_rate_hz / 2
        begins = np.maximum(0, middle - half).astype(np.int64)
        ends = np.minimum(samples, np.abs(middle + half)).astype(np.int64)
        return cls(begins, ends)

    def excerpt(
        self, recording: npt.NDArray[np.float32], first: int, length: int
    ) -> npt.NDArray[np.float32]:
        """Return the sound of a clip, for :func:`vinet_ros.preprocess.sound_input`.

        Args:
            recording: Mono (N,).
            first: The clip's first frame, from 0.
            length: Frames of the clip; where fewer are left, its sound ends with the last.

        Raises:
            ValueError: If there is no such frame.
        """
        frames = len(self.begins)
        if not (0 <= first < frames and length >= 1):
            raise ValueError(
                f"expected a first frame of 0 to {frames - 1} and a length of at least 1, got "
                f"{first} and {length}"
            )
        last = min(first + length, frames) - 1
        return recording[self.begins[first] : self.ends[last] + 1]
