# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A network that computes once what two overlapping windows share."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from vinet_ros.networks.shared_decoder import Rest
from vinet_ros.networks.shared_work import (
    KEPT_LEVELS,
    STRIDE,
    Span,
    StepFront,
    can_share,
    spans_of,
)
from vinet_ros.preprocess import normalize_frames
from vinet_ros.runtime.base import Executor, Kept, trim_memory
from vinet_ros.runtime.shared_work_parts import compiled_parts, eager_parts
from vinet_ros.runtime.traits import Values, traits_of

SHARES = ("off", "exact", "approximate")
"""What is shared between windows that overlap; the first is no sharing at all."""

# Of a stream: the two windows before the newest, and one more for a newest frame that is replaced.
_WINDOWS_OF_A_STREAM = 4

# Frames to a window whose work is shared at most: two steps cost less than a window as a whole.
_FARTHEST = 2 * STRIDE


_Parts = dict[str, dict[int, Any]]


class SharedWorkExecutor(Executor):
    """Keeps what the next windows can use of a window: for streams of which every frame counts.

    Work is shared with a window whose frames from the third on (or fifth, at a slot that no frame
    reached) are the new window's first ones. A window without such a predecessor (after a start,
    a gap or a reset) is computed as a whole. That is all there is to cuts, gaps, repeats and
    resets: a value is used again only where the frames beneath it are the same.

    Args:
        model: ViNet or AViNet.
        approximate: Take everything from the window before but the newest place: cheaper, and
            not the network's own map. Say so wherever its maps are shown.
        path: ``openvino`` or ``torch``; PyTorch is the reference.
        device: ``cpu``; with PyTorch also ``cuda:n``.
        reason: Why this path was chosen.
        threads: Threads on the CPU; None leaves the choice to the path.
        streams: How many streams take turns, each with windows of its own.

    Attributes:
        whole_windows: Windows that were computed as a whole so far.
        shared_windows: Windows that shared the work of one before.
        runs: How often each part ran so far, by the names of
            :func:`vinet_ros.runtime.shared_work_count.count_parts`.

    Raises:
        ValueError: If the network has nothing to share.
        DeviceError: If OpenVINO is asked for and not installed, or cannot run the network.
    """

    def __init__(
        self,
        model: nn.Module,
        approximate: bool = False,
        path: str = "openvino",
        device: str = "cpu",
        reason: str = "asked for",
        threads: int | None = None,
        streams: int = 1,
    ) -> None:
        if not can_share(model):
            raise ValueError(
                f"{type(model).__name__} has no work to share between windows; use vinet or "
                "avinet, or share off"
            )
        kind = "approximate: all work shared" if approximate else "shared work"
        super().__init__(traits_of(model), f"{path} fp32, {kind}", device, reason)
        self._spans = spans_of(self.clip_length, approximate)
        model = model.eval().to(device, torch.float32)
        step, rest = StepFront(model, self._spans), Rest(model, self._spans)
        make = compiled_parts if path == "openvino" else eager_parts
        self._parts = make(model, self, self._spans, threads)
        self._frames, self._wanted = step.frames, step.wanted
        self._y3_places, self._folds = rest.y3_places, rest.folds
        self._windows: deque[_Window] = deque(maxlen=_WINDOWS_OF_A_STREAM * streams)
        self.whole_windows = self.shared_windows = 0
        self.runs: Counter[str] = Counter()

    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return the first convolution (1, 64, h/2, w/2) of one frame (h, w, 3)."""
        return tuple(self._run("spatial", [normalize_frames(frame)[None]]))

    def predict(
        self,
        slots: Sequence[Kept],
        sound: Values | None = None,
        motion: Values | None = None,
    ) -> Values:
        """Return the map (h, w) of ``clip_length`` kept frames, oldest first."""
        self.check_length(slots)
        asides = [values[None] for values in self.traits.asides(sound, motion)]
        window = self._window(tuple(slots))
        sums = [x for parts in window.parts.values() for x in parts.values()]
        y3 = [window.rows["y3"][i] for i in self._y3_places]
        (maps,) = self._run("rest", [*window.rows["y2"], *y3, *sums, *asides])
        values: Values = maps[0].cpu().numpy() if isinstance(maps, torch.Tensor) else maps[0]
        return values

    def close(self) -> None:
        """Drop the network and what is kept of windows."""
        self._windows.clear()
        self._parts = {}
        trim_memory()

    def _run(self, name: str, inputs: Sequence[Any]) -> list[Any]:
        self.runs[name] += 1
        return self._parts[name](inputs)

    def _window(self, slots: tuple[Kept, ...]) -> _Window:
        """Return the levels of a window; it is the newest of those that are kept."""
        newest = self._windows[-1] if self._windows else None
        if newest is not None and _are_same(slots, newest.slots):  # with another sound
            return newest
        before, moved = self._before(slots)
        window = self._whole(slots) if before is None else self._moved(slots, before, moved)
        if before is not None:  # it may be needed again: a newest frame can be replaced
            self._windows.remove(before)
            self._windows.append(before)
        if newest is not None:
            newest.thin(self._spans)
        self._windows.append(window)
        return window

    def _before(self, slots: tuple[Kept, ...]) -> tuple[_Window | None, int]:
        """Return a kept window that shares its work with a new one, and how far it moved."""
        if self._spans["early"].known:
            for moved in range(STRIDE, _FARTHEST + 1, STRIDE):
                before = self._found(slots, moved)
                if before is not None:
                    return before, moved
        return None, 0

    def _moved(self, slots: tuple[Kept, ...], before: _Window, moved: int) -> _Window:
        """Return a new window by way of those between, as where a camera left out a slot."""
        self.shared_windows += 1
        between = (*before.slots, *slots[-moved:])
        for start in range(STRIDE, moved + 1, STRIDE):
            before = self._next(between[start : start + self.clip_length], before)
        return before

    def _found(self, slots: tuple[Kept, ...], moved: int) -> _Window | None:
        stay = slots[: len(slots) - moved]
        for window in self._windows:
            if _are_same(stay, window.slots[moved:]):
                return window
        return None

    def _whole(self, slots: tuple[Kept, ...]) -> _Window:
        self.whole_windows += 1
        n = self.clip_length // STRIDE
        made = self._run("whole", [kept[0] for kept in slots])
        rows = {"y3": made[:n], "y2": made[n : 2 * n]}
        values = iter(made[2 * n :])
        levels = {
            level: {i: next(values) for i in self._spans[level].kept} for level in KEPT_LEVELS
        }
        return self._folded(_Window(slots, rows, levels))

    def _next(self, slots: tuple[Kept, ...], before: _Window) -> _Window:
        # Where the window before has a value, this one has it a place earlier.
        known = [before.levels[level][i + 1] for level in KEPT_LEVELS for i in self._wanted[level]]
        made = iter(self._run("step", [*(slots[k][0] for k in self._frames), *known]))
        rows = {
            level: _joined(self._spans[level], before.rows[level], made) for level in ("y3", "y2")
        }
        levels = {}
        for level in KEPT_LEVELS:
            kept, old = self._spans[level].kept, before.levels[level]
            levels[level] = {i: old[i + 1] for i in kept[:-1]}
            if kept:
                levels[level][kept[-1]] = next(made)
        return self._folded(_Window(slots, rows, levels), before)

    def _folded(self, window: _Window, before: _Window | None = None) -> _Window:
        """Give a window its parts of the decoder's folds, as far back as they are known."""
        past = () if before is None else (before.parts, *before.past)
        for level, fold in self._folds.items():
            row = window.rows[level]
            parts: dict[int, Any] = {}
            known = past[fold.kernel - 1][level] if len(past) >= fold.kernel else None
            start = fold.fresh.start
            while start + fold.kernel > fold.span.first:
                # Beyond the first place any other will do: its part is not looked at.
                block = range(start, start + fold.kernel)
                made = self._run(level, [row[max(i, 0)] for i in block])
                parts.update(zip(block, made, strict=True))
                start = start - fold.kernel if known is None else -fold.kernel
            if known is not None:
                parts.update({i: known[i + fold.kernel] for i in fold.reused})
            window.parts[level] = {i: parts[i] for i in fold.span.kept}
        window.past = past[: max((fold.kernel for fold in self._folds.values()), default=0)]
        return window


@dataclass(slots=True, eq=False)
class _Window:
    """A window's frames and what is known of it, a value for each place in time.

    Attributes:
        slots: The frames.
        rows: y3 and y2, whole.
        levels: What is kept of the levels for the next window.
        parts: Of the decoder's folds, of the kept places.
        past: The same of the windows before, the newest first.
    """

    slots: tuple[Kept, ...]
    rows: dict[str, list[Any]]
    levels: dict[str, dict[int, Any]]
    parts: _Parts = field(default_factory=dict)
    past: tuple[_Parts, ...] = ()

    def thin(self, spans: dict[str, Span]) -> None:
        """Drop the places of y3 and y2 that no other window can use."""
        for level, row in self.rows.items():
            kept = spans[level].kept
            self.rows[level] = [x if i in kept else None for i, x in enumerate(row)]


def _are_same(slots: Sequence[Kept], others: Sequence[Kept]) -> bool:
    return all(one is other for one, other in zip(slots, others, strict=True))


def _joined(span: Span, before: Sequence[Any], made: Any) -> list[Any]:
    """Return the values of all places: known ones a place earlier, the others next in `made`."""
    row = [before[i + 1] if i in span.known else None for i in range(span.places)]
    for i in span.computed:
        row[i] = next(made)
    return row
