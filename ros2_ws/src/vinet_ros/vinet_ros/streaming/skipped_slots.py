# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What stands in a window for slots that no prediction was made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from vinet_ros.streaming.frame_window import Slot

SKIPPED_SLOTS = ("encode", "auto", "repeat")


class SkippedSlots:
    """Fills windows so that no more of their frames are to be encoded than is affordable.

    The newest one always is; the slots before it repeat the encoded frame before, as if a slower
    camera had given them, and what a slot repeats stays with it in the next windows. Else a
    computer that falls behind would fall ever further behind: the longer a prediction takes, the
    more frames the next one would have to encode.

    Args:
        how: ``encode`` all; ``repeat``: the newest alone; ``auto``: one skipped since the last
            window too, unless some were skipped before that one as well. A second encoding each
            time would keep a computer behind that could follow with one.

    Raises:
        ValueError: If it is none of these.
    """

    def __init__(self, how: str) -> None:
        if how not in SKIPPED_SLOTS:
            raise ValueError(
                f"skipped_slots must be one of {', '.join(SKIPPED_SLOTS)}, got {how!r}"
            )
        self.how = how
        self._behind = False
        self._last_ns = -math.inf  # of the window before

    def filled(self, slots: Sequence[Slot]) -> Sequence[Slot]:
        """Return the window to predict on, of slots that are given oldest first."""
        if self.how == "encode":
            return slots
        *older, newest = slots
        last_ns = self._last_ns if self._last_ns <= newest.stamp_ns else -math.inf
        skipped = [s for s in older if s.kept is None and last_ns < s.stamp_ns < newest.stamp_ns]
        chosen = {id(skipped[-1])} if skipped and self._spends else set()
        self._behind, self._last_ns = bool(skipped), newest.stamp_ns
        return [*_repeated(older, chosen, newest), newest]

    @property
    def _spends(self) -> bool:
        return self.how == "auto" and not self._behind


def _repeated(older: Sequence[Slot], chosen: set[int], newest: Slot) -> list[Slot]:
    """Return slots of which only the chosen ones are still to be encoded."""
    for before, slot in pairwise(older):
        if slot.kept is None and before.kept is not None and id(slot) not in chosen:
            slot.kept, slot.frame = before.kept, before.frame
    # Before the first prediction after a pause there is nothing to repeat.
    seen = [slot.kept is not None or id(slot) in chosen for slot in older]
    first = older[seen.index(True)] if True in seen else newest
    return [slot if known else first for slot, known in zip(older, seen, strict=True)]
