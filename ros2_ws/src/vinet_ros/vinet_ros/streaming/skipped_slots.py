# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What stands in a window for slots that no prediction was made of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from vinet_ros.streaming.frame_window import Slot

_MOST_ENCODINGS = {"encode": None, "auto": 2, "repeat": 1}
SKIPPED_SLOTS = tuple(_MOST_ENCODINGS)


def check_skipped_slots(how: str) -> str:
    """Return `how`, or raise ValueError unless it is one of SKIPPED_SLOTS."""
    if how not in SKIPPED_SLOTS:
        raise ValueError(f"skipped_slots must be one of {', '.join(SKIPPED_SLOTS)}, got {how!r}")
    return how


def without_skipped(slots: Sequence[Slot], how: str) -> Sequence[Slot]:
    """Return a window with no more frames to be encoded than `how` allows.

    The newest ones are; the slots before them repeat the encoded frame before, as if a slower
    camera had given them, and what a slot repeats stays with it in the next windows. Else a
    computer that falls behind would fall ever further behind: the longer a prediction takes, the
    more frames the next one would have to encode.

    Args:
        slots: Oldest first.
        how: ``encode`` all; ``auto``: the newest frame and one more; ``repeat``: the newest alone.
    """
    most = _MOST_ENCODINGS[how]
    if most is None:
        return slots
    *older, newest = slots
    unknown = list({id(slot): slot for slot in older if slot.kept is None}.values())
    chosen = {id(slot) for slot in unknown[len(unknown) - (most - 1) :]}
    for before, slot in pairwise(older):
        if slot.kept is None and before.kept is not None and id(slot) not in chosen:
            slot.kept, slot.frame = before.kept, before.frame
    # Before the first prediction after a pause there is nothing to repeat.
    seen = [slot.kept is not None or id(slot) in chosen for slot in older]
    first = older[seen.index(True)] if True in seen else newest
    return [*(slot if known else first for slot, known in zip(older, seen, strict=True)), newest]
