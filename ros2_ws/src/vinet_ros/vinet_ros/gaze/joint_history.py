# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Where the head was at an image's stamp."""

import math
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass

from vinet_ros.errors import FrameError
from vinet_ros.gaze.geometry import PanTilt

NS_PER_S = 1_000_000_000
JUMP_BACK_NS = NS_PER_S
"""A stamp older than the newest by more than this is a clock that was set; by less, one late."""
_STILL = PanTilt(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class JointSample:
    """Where the head is at a time, and how fast it turns.

    Args:
        stamp_ns: The time.
        position: Radians.
        velocity: Radians a second.
    """

    stamp_ns: int
    position: PanTilt
    velocity: PanTilt


@dataclass(frozen=True, slots=True)
class _Measured:
    stamp_ns: int
    position: PanTilt
    velocity: PanTilt | None


class JointHistory:
    """The joint positions of the last seconds, to be asked at any stamp among them.

    Between two measurements the position is interpolated on a line. A stamp shortly after the
    newest one is extrapolated with its velocity, as joint states may come a little after the
    image that they belong to.

    Args:
        length_s: How long positions are kept, > 0.
        max_gap_s: Measurements further apart say nothing of what was between them, > 0.
        max_ahead_s: How far after the newest measurement a stamp may be, >= 0.

    Raises:
        ValueError: If a length is out of range.
    """

    def __init__(
        self, length_s: float = 2.0, *, max_gap_s: float = 0.5, max_ahead_s: float = 0.05
    ) -> None:
        if not (length_s > 0 and max_gap_s > 0 and max_ahead_s >= 0):
            raise ValueError(
                "length_s and max_gap_s must be positive and max_ahead_s not negative, got "
                f"{length_s}, {max_gap_s}, {max_ahead_s}"
            )
        self._length_ns = round(length_s * NS_PER_S)
        self._max_gap_ns = round(max_gap_s * NS_PER_S)
        self._max_ahead_ns = round(max_ahead_s * NS_PER_S)
        self._samples: deque[_Measured] = deque()
        self.restarts = 0

    @property
    def newest(self) -> JointSample | None:
        """The newest measurement; None before the first."""
        if not self._samples:
            return None
        last = self._samples[-1]
        return JointSample(last.stamp_ns, last.position, self._velocity(len(self._samples) - 1))

    def reset(self) -> None:
        """Forget all positions."""
        self._samples.clear()

    def push(self, stamp_ns: int, position: PanTilt, velocity: PanTilt | None = None) -> None:
        """Take a measurement, in the order of the stamps.

        A stamp that jumps back by more than a second is a clock that was set: the history
        starts anew with it.

        Args:
            stamp_ns: When the head was there.
            position: Radians.
            velocity: Radians a second; None where it is not measured.

        Raises:
            FrameError: If a number is not finite, there is no stamp, or it is not newer than
                the last one.
        """
        numbers = (*position, *(velocity or _STILL))
        if not all(math.isfinite(number) for number in numbers):
            raise FrameError(f"a joint state must be finite, got {numbers}; look at the driver")
        if stamp_ns <= 0:
            raise FrameError("a joint state has no stamp; let the driver stamp its joint states")
        if self._samples:
            self._look_back(stamp_ns)
        self._samples.append(_Measured(stamp_ns, position, velocity))
        while stamp_ns - self._samples[0].stamp_ns > self._length_ns:
            self._samples.popleft()

    def at(self, stamp_ns: int) -> JointSample:
        """Return where the head was at a stamp.

        Raises:
            FrameError: If nothing is known of that time, saying by how much it is missed.
        """
        if not self._samples:
            raise FrameError("no joint state has arrived; is the head's driver running?")
        oldest, newest = self._samples[0], self._samples[-1]
        if stamp_ns < oldest.stamp_ns:
            raise FrameError(
                f"the stamp is {_seconds(oldest.stamp_ns - stamp_ns)} older than the oldest joint "
                "state; are image and joint states stamped by the same clock?"
            )
        if stamp_ns > newest.stamp_ns + self._max_ahead_ns:
            raise FrameError(
                f"the stamp is {_seconds(stamp_ns - newest.stamp_ns)} newer than the newest joint "
                f"state, at most {_seconds(self._max_ahead_ns)} is bridged; do joint states "
                "arrive, and are they stamped by the image's clock?"
            )
        if stamp_ns >= newest.stamp_ns:
            return self._ahead(stamp_ns)
        return self._between(stamp_ns)

    def _look_back(self, stamp_ns: int) -> None:
        behind_ns = self._samples[-1].stamp_ns - stamp_ns
        if behind_ns > JUMP_BACK_NS:
            self._samples.clear()
            self.restarts += 1
        elif behind_ns >= 0:
            raise FrameError(
                f"a joint state is {_seconds(behind_ns)} older than the last"
                if behind_ns
                else "two joint states have the same stamp; is there a second publisher?"
            )

    def _ahead(self, stamp_ns: int) -> JointSample:
        last, velocity = self._samples[-1], self._velocity(len(self._samples) - 1)
        ahead_s = (stamp_ns - last.stamp_ns) / NS_PER_S
        pan, tilt = (p + v * ahead_s for p, v in zip(last.position, velocity, strict=True))
        return JointSample(stamp_ns, PanTilt(pan, tilt), velocity)

    def _between(self, stamp_ns: int) -> JointSample:
        right = bisect_left(self._samples, stamp_ns, key=lambda sample: sample.stamp_ns)
        after = self._samples[right]
        if after.stamp_ns == stamp_ns:
            return JointSample(stamp_ns, after.position, self._velocity(right))
        before = self._samples[right - 1]
        gap_ns = after.stamp_ns - before.stamp_ns
        if gap_ns > self._max_gap_ns:
            raise FrameError(
                f"the stamp is in a gap of {_seconds(gap_ns)} between two joint states, at most "
                f"{_seconds(self._max_gap_ns)} is bridged; look at the head's driver"
            )
        share = (stamp_ns - before.stamp_ns) / gap_ns
        return JointSample(
            stamp_ns,
            _mixed(before.position, after.position, share),
            _mixed(self._velocity(right - 1), self._velocity(right), share),
        )

    def _velocity(self, index: int) -> PanTilt:
        """Return the measured velocity of a sample, else that of the way around it."""
        sample = self._samples[index]
        if sample.velocity is not None:
            return sample.velocity
        low, high = max(index - 1, 0), min(index + 1, len(self._samples) - 1)
        before, after = self._samples[low], self._samples[high]
        gap_ns = after.stamp_ns - before.stamp_ns
        if gap_ns == 0 or gap_ns > 2 * self._max_gap_ns:
            return _STILL
        pan, tilt = (
            (b - a) * NS_PER_S / gap_ns
            for a, b in zip(before.position, after.position, strict=True)
        )
        return PanTilt(pan, tilt)


def _mixed(before: PanTilt, after: PanTilt, share: float) -> PanTilt:
    pan, tilt = (a + (b - a) * share for a, b in zip(before, after, strict=True))
    return PanTilt(pan, tilt)


def _seconds(duration_ns: int) -> str:
    return f"{duration_ns / NS_PER_S:.3f} s"
