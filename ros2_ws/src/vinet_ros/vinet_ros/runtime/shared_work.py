# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A network that computes once what two overlapping windows share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from vinet_ros.networks.shared_work import (
    KEPT_LEVELS,
    STRIDE,
    Rest,
    Span,
    Spatial,
    StepFront,
    WholeFront,
    can_share,
    spans_of,
)
from vinet_ros.preprocess import normalize_frames
from vinet_ros.runtime.base import Executor, Kept, Values, traits_of, trim_memory
from vinet_ros.runtime.graph_cache import network_key
from vinet_ros.runtime.openvino_executor import cannot_run, check_openvino, compile_requests

SHARES = ("off", "exact", "approximate")
"""What is shared between windows that overlap; the first is no sharing at all."""

# Of a stream: the two windows before the newest, and one more for a newest frame that is replaced.
_WINDOWS_OF_A_STREAM = 4

_Part = Callable[[Sequence[Any]], list[Any]]


class SharedWorkExecutor(Executor):
    """Keeps what the next windows can use of a window: for streams of which every frame counts.

    Work is shared with a window whose frames from the third on are the new window's first ones.
    A window without such a predecessor (after a start, a gap, a reset; twice each time, for odd
    and even frames) is computed as a whole. That is all there is to cuts, gaps, repeats and
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
        self._step = StepFront(model, self._spans)
        model = model.eval().to(device, torch.float32)
        make = _compiled if path == "openvino" else _eager
        self._parts = make(model, self, self._spans, threads)
        self._windows: deque[_Window] = deque(maxlen=_WINDOWS_OF_A_STREAM * streams)
        self.whole_windows = self.shared_windows = 0

    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return the first convolution (1, 64, h/2, w/2) of one frame (h, w, 3)."""
        return tuple(self._parts.spatial([normalize_frames(frame)[None]]))

    def predict(
        self,
        slots: Sequence[Kept],
        sound: Values | None = None,
        motion: Values | None = None,
    ) -> Values:
        """Return the map (h, w) of ``clip_length`` kept frames, oldest first."""
        self.check_length(slots)
        asides = [values[None] for values in self.asides(sound, motion)]
        window = self._window(tuple(slots))
        (maps,) = self._parts.rest([*window.y3, *window.y2, *asides])
        values: Values = np.array(maps[0].cpu() if isinstance(maps, torch.Tensor) else maps[0])
        return values

    def close(self) -> None:
        """Drop the network and what is kept of windows."""
        self._windows.clear()
        self._parts = _Parts(*[_closed] * 4)
        trim_memory()

    def _window(self, slots: tuple[Kept, ...]) -> _Window:
        """Return the levels of a window; it is the newest of those that are kept."""
        same = self._found(slots, 0)
        if same is not None:  # the same frames with another sound
            self._windows.remove(same)
            self._windows.append(same)
            return same
        before = self._found(slots, STRIDE) if self._spans["early"].known else None
        window = self._whole(slots) if before is None else self._next(slots, before)
        if before is not None:  # it may be needed again: a newest frame can be replaced
            self._windows.remove(before)
            self._windows.append(before)
        self._windows.append(window)
        return window

    def _found(self, slots: tuple[Kept, ...], moved: int) -> _Window | None:
        stay = slots[: len(slots) - moved]
        for window in self._windows:
            if all(one is other for one, other in zip(stay, window.slots[moved:], strict=True)):
                return window
        return None

    def _whole(self, slots: tuple[Kept, ...]) -> _Window:
        self.whole_windows += 1
        n = self.clip_length // STRIDE
        made = self._parts.whole([kept[0] for kept in slots])
        rows, rest = [made[:n], made[n : 2 * n]], iter(made[2 * n :])
        levels = {level: {i: next(rest) for i in self._spans[level].kept} for level in KEPT_LEVELS}
        return _Window(slots, rows[0], rows[1], levels)

    def _next(self, slots: tuple[Kept, ...], before: _Window) -> _Window:
        self.shared_windows += 1
        step = self._step
        # Where the window before has a value, this one has it a place earlier.
        known = [before.levels[level][i + 1] for level in KEPT_LEVELS for i in step.wanted[level]]
        made = iter(self._parts.step([*(slots[k][0] for k in step.frames), *known]))
        y3 = _joined(self._spans["y3"], before.y3, made)
        y2 = _joined(self._spans["y2"], before.y2, made)
        levels = {}
        for level in KEPT_LEVELS:
            kept, old = self._spans[level].kept, before.levels[level]
            levels[level] = {i: old[i + 1] for i in kept[:-1]}
            if kept:
                levels[level][kept[-1]] = next(made)
        return _Window(slots, y3, y2, levels)


@dataclass(slots=True, eq=False)
class _Window:
    """A window's frames and what is known of it, a value for each place in time."""

    slots: tuple[Kept, ...]
    y3: list[Any]
    y2: list[Any]
    levels: dict[str, dict[int, Any]]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The network's parts, each from arrays to arrays of the path's own kind."""

    spatial: _Part
    whole: _Part
    step: _Part
    rest: _Part


def _joined(span: Span, before: Sequence[Any], made: Any) -> list[Any]:
    """Return the values of all places: known ones a place earlier, the others next in `made`."""
    row = [before[i + 1] if i in span.known else None for i in range(span.places)]
    for i in span.computed:
        row[i] = next(made)
    return row


def _eager(
    model: nn.Module, executor: Executor, spans: dict[str, Span], threads: int | None
) -> _Parts:
    if threads is not None:
        torch.set_num_threads(threads)
    device = torch.device(executor.device)

    def part(module: nn.Module) -> _Part:
        def run(inputs: Sequence[Any]) -> list[Any]:
            given = [x if isinstance(x, torch.Tensor) else torch.from_numpy(x) for x in inputs]
            with torch.inference_mode():
                made = module(*(x.to(device) for x in given))
                made = made if isinstance(made, tuple) else (made,)
                # A place by itself: a slice would keep the whole level alive.
                return [x.clone() for x in made]

        return run

    return _Parts(
        part(Spatial(model)),
        part(WholeFront(model, spans)),
        part(StepFront(model, spans)),
        part(Rest(model)),
    )


def _compiled(
    model: nn.Module, executor: Executor, spans: dict[str, Span], threads: int | None
) -> _Parts:
    check_openvino()
    modules = [Spatial(model), WholeFront(model, spans), Rest(model)]
    steps = [StepFront(model, spans)] if spans["early"].known else []  # else it is never asked
    frame = torch.zeros(1, 3, *executor.input_size)
    asides = [torch.from_numpy(a[None].copy()) for a in executor.asides(None, None)]
    key = network_key(model, executor.traits.card)
    try:
        with torch.inference_mode():
            frames = (modules[0](frame),) * executor.clip_length
            made = modules[1](*frames)
            rows = made[: executor.clip_length]  # y3 and y2, each of half as many places
            examples = [(frame,), frames, (*rows, *asides)]
            examples += [step.example(frames, made[len(rows) :]) for step in steps]
        requests = []
        for module, example in zip([*modules, *steps], examples, strict=True):
            how = None if key is None else (key, repr(spans))
            requests += compile_requests(module, example, threads, [1], how)
    except Exception as error:
        raise cannot_run(model, error) from error
    trim_memory()
    spatial, whole, rest, *step = (_requested(request) for request in requests)
    return _Parts(spatial, whole, step[0] if step else _closed, rest)


def _requested(request: Any) -> _Part:
    def run(inputs: Sequence[Any]) -> list[Any]:
        request.infer(list(inputs), share_inputs=True)
        outputs = len(request.model_outputs)
        return [request.get_output_tensor(i).data.copy() for i in range(outputs)]

    return run


def _closed(_inputs: Sequence[Any]) -> list[Any]:
    raise RuntimeError("the executor is closed")
