# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""PyTorch on a CUDA device with nothing left to decide while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vinet_ros.errors import DeviceError
from vinet_ros.runtime.base import Executor, Kept
from vinet_ros.runtime.cuda_buffers import FrameUpload, MapDownload, Normalize
from vinet_ros.runtime.cuda_step import StaticStep
from vinet_ros.runtime.folding import fold_norms
from vinet_ros.runtime.tensorrt import compile_tensorrt
from vinet_ros.runtime.torch_executor import DTYPES, lay_channels_last
from vinet_ros.runtime.traits import Values, traits_of

COMPILERS = ("none", "inductor", "tensorrt")


@dataclass(frozen=True, slots=True)
class CudaPlan:
    """How a network is prepared for a CUDA device.

    Batch norms are always folded, and everything is laid out channels-last.

    Attributes:
        precision: ``fp32``, ``fp16`` or ``bf16``; with fp32 PyTorch's convolutions use TF32 where
            there is such.
        graph: Record the kernels once and replay them.
        compiler: ``none``; ``inductor`` (torch.compile); ``tensorrt`` (Torch-TensorRT).
    """

    precision: str = "fp32"
    graph: bool = True
    compiler: str = "none"

    def __post_init__(self) -> None:
        for what, value, known in (
            ("precision", self.precision, tuple(DTYPES)),
            ("compiler", self.compiler, COMPILERS),
        ):
            if value not in known:
                raise ValueError(f"{what} must be one of {', '.join(known)}, got {value!r}")

    @property
    def name(self) -> str:
        """The plan for people, e.g. ``torch fp16 folded graph``."""
        compiler = "" if self.compiler == "none" else self.compiler
        parts = ("torch", self.precision, "folded", compiler, "graph" if self.graph else "")
        return " ".join(part for part in parts if part)


class CudaExecutor(Executor):
    """Frames are resized and normalised on the device; the network runs on static buffers.

    What is kept of a frame lies on the device, channels last. A window is gathered into the
    buffer that the decoder reads, one copy a level, and both steps are replayed as CUDA graphs.
    There is a step for 1, 2, 4 ... windows, made when that many first go together; of a larger
    one the rest is computed for nothing.

    On the CPU it runs without graphs, which is there to prove it: the other paths are faster.

    Args:
        model: A saliency network; it is taken over, folded and laid out anew.
        device: ``cuda:n``, or ``cpu`` for a plan without graph.
        plan: How to prepare it.
        reason: Why this path was chosen.
        batches: Frames or windows that may go through the network together.

    Raises:
        DeviceError: If the device lacks what the plan needs, or Torch-TensorRT is not installed.
    """

    def __init__(
        self,
        model: nn.Module,
        device: str = "cuda:0",
        plan: CudaPlan | None = None,
        reason: str = "asked for",
        batches: int = 1,
    ) -> None:
        plan = plan or CudaPlan()
        super().__init__(traits_of(model), plan.name, device, reason, batches)
        self._device = torch.device(device)
        _check_plan(self._device, plan)
        self._plan = plan
        self._dtype = DTYPES[plan.precision]
        self._cuda = self._device.type == "cuda"
        self._stream: Any = new_stream(self._device)
        self._pool = torch.cuda.graph_pool_handle() if plan.graph else None
        self._building = threading.Lock()
        self._encoders: dict[int, StaticStep] = {}
        self._decoders: dict[int, StaticStep] = {}
        self._network: Any = _prepared(model, self._device, plan)
        if self._cuda:
            # Shapes never change here, so the fastest kernels are looked for once.
            torch.backends.cudnn.benchmark = True
            torch.cuda.synchronize(self._device)  # the weights came on another stream
        with self._at_work():
            self._normalize = Normalize(self.input_size, self._dtype).to(self._device)
            self._upload = FrameUpload(self._device)
            self._download = MapDownload(self._device)
            self._levels, self._keeps_frame = self._what_is_kept()
            if not self._keeps_frame:
                self._encoder(1)
            self._decoder(1)

    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return what is kept of one frame (H, W, 3): levels (h, w, C), on the device.

        It may have any size; it is resized on the device.
        """
        return self.encode_together([frame])[0]

    def encode_together(self, frames: Sequence[npt.NDArray[np.uint8]]) -> list[Kept]:
        """Return what is kept of several frames of one size, encoded as one batch."""
        count = len(frames)
        with self._at_work():
            pixels = self._normalize(self._upload.send(frames))  # (B, h, w, 3)
            if self._keeps_frame:
                # Copies: a slice would keep the whole batch alive.
                return [(one if count == 1 else one.clone(),) for one in pixels.unbind()]
            step = self._encoder(count)
            step.inputs[0][:count].copy_(pixels)
            # Copies: the next run writes over the step's outputs.
            levels = [level[:count].clone() for level in step.run()]
            return [tuple(level[k] for level in levels) for k in range(count)]

    def predict(
        self,
        slots: Sequence[Kept],
        sound: Values | None = None,
        motion: Values | None = None,
    ) -> Values:
        """Return the map (h, w) of ``clip_length`` kept frames, oldest first."""
        return self.predict_together([slots], [sound], [motion])[0]

    def predict_together(
        self,
        windows: Sequence[Sequence[Kept]],
        sounds: Sequence[Values | None] = (),
        motions: Sequence[Values | None] = (),
    ) -> list[Values]:
        """Return the maps of several windows, decoded as one batch."""
        none = [None] * len(windows)
        asides = [
            self.traits.asides(*one) for one in zip(sounds or none, motions or none, strict=True)
        ]
        for slots in windows:
            self.check_length(slots)
        with self._at_work():
            step = self._decoder(len(windows))
            for k, slots in enumerate(windows):
                self._gather(step, k, slots, asides[k])
            maps = step.run()[0][: len(windows)]
            return list(self._download.fetch(maps))

    def drop_batches(self) -> None:
        """Let frames and windows go one by one from now on; drop the steps for batches."""
        super().drop_batches()
        self._encoders = {k: step for k, step in self._encoders.items() if k == 1}
        self._decoders = {k: step for k, step in self._decoders.items() if k == 1}

    def close(self) -> None:
        """Drop the network, the graphs and their memory."""
        self._encoders, self._decoders = {}, {}
        self._network = None
        if self._cuda:
            torch.cuda.empty_cache()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Work on this executor's device and stream, whichever thread this is."""
        place = torch.cuda.stream(self._stream) if self._cuda else nullcontext()
        with torch.inference_mode(), place:
            yield

    def _what_is_kept(self) -> tuple[list[tuple[int, ...]], bool]:
        """Return the shape (h, w, C), or less, of each level, and whether it is the frame."""
        frame = torch.zeros(1, *self.input_size, 3, dtype=self._dtype, device=self._device)
        levels = self._encode(frame)
        same = len(levels) == 1 and levels[0].data_ptr() == frame.data_ptr()
        return [tuple(level.shape[1:]) for level in levels], same

    def _encoder(self, count: int) -> StaticStep:
        """Return the step for so many frames or the next larger one."""
        frame = (*self.input_size, 3)
        return self._step(self._encoders, count, self._encode, lambda size: [(size, *frame)])

    def _decoder(self, count: int) -> StaticStep:
        """Return the step for so many windows or the next larger one."""
        beside = [values.shape for values in self.traits.asides(None, None)]

        def shapes(size: int) -> list[tuple[int, ...]]:
            levels = [(size, self.clip_length, *level) for level in self._levels]
            return levels + [(size, *shape) for shape in beside]

        return self._step(self._decoders, count, self._decode, shapes)

    def _step(
        self,
        steps: dict[int, StaticStep],
        count: int,
        function: Callable[..., tuple[Tensor, ...]],
        shapes: Callable[[int], list[tuple[int, ...]]],
    ) -> StaticStep:
        size = 1 << (count - 1).bit_length()
        with self._building:
            if size not in steps:
                memory = tuple(
                    torch.zeros(shape, dtype=self._dtype, device=self._device)
                    for shape in shapes(size)
                )
                steps[size] = StaticStep(function, memory, self._plan.graph, self._pool)
            return steps[size]

    def _encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return the levels (B, h, w, C) of normalised frames (B, H, W, 3)."""
        levels = self._network.encode(pixels.permute(0, 3, 1, 2))
        return tuple(_channels_to_end(level).contiguous() for level in levels)

    def _decode(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return the maps (B, h, w) of levels (B, T, h, w, C), and of what is beside them."""
        levels = tuple(_channels_to_front(x) for x in inputs[: len(self._levels)])
        maps: Tensor = self._network.decode(levels, *inputs[len(self._levels) :])
        return (maps,)

    def _gather(
        self, step: StaticStep, k: int, slots: Sequence[Kept], asides: Sequence[Values]
    ) -> None:
        """Copy a window into place ``k`` of the decoder's buffers."""
        for memory, level in zip(step.inputs, zip(*slots, strict=True), strict=False):
            torch.stack(level, out=memory[k])
        for memory, values in zip(step.inputs[len(self._levels) :], asides, strict=True):
            memory[k].copy_(torch.from_numpy(np.array(values)))


def new_stream(device: torch.device) -> Any:
    """Return a stream of its own on a CUDA device; None on the CPU."""
    stream: Any = torch.cuda.Stream
    return stream(device) if device.type == "cuda" else None


def _check_plan(device: torch.device, plan: CudaPlan) -> None:
    if device.type != "cuda":
        if plan.graph or plan.compiler == "tensorrt":
            raise DeviceError(f"{plan.name} needs a CUDA device, got {device}; use path torch")
        return
    if plan.precision == "bf16" and not torch.cuda.is_bf16_supported():
        raise DeviceError(f"{device} has no bf16; use precision fp16 or fp32")


def _prepared(model: nn.Module, device: torch.device, plan: CudaPlan) -> Any:
    """Return what has the network's ``encode`` and ``decode``, as the plan wants it."""
    model = fold_norms(model.eval()).to(device, DTYPES[plan.precision])
    model = lay_channels_last(model)
    if plan.compiler == "none":
        return model
    compiler = _inductor if plan.compiler == "inductor" else compile_tensorrt
    return _Compiled(model, compiler)


def _inductor(function: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any] = torch.compile(function, dynamic=False)
    return compiled


class _Compiled:
    """A network whose two parts went through a compiler."""

    def __init__(
        self, network: Any, compiler: Callable[[Callable[..., Any]], Callable[..., Any]]
    ) -> None:
        self.encode = compiler(network.encode)
        self.decode = compiler(network.decode)


def _channels_to_end(level: Tensor) -> Tensor:
    """Return (B, h, w, C) of (B, C, h, w); a level of another rank as it is."""
    return level.permute(0, 2, 3, 1) if level.dim() == 4 else level


def _channels_to_front(levels: Tensor) -> Tensor:
    """Return (B, T, C, h, w) of (B, T, h, w, C), where it lies; see :func:`_channels_to_end`."""
    return levels.permute(0, 1, 4, 2, 3) if levels.dim() == 5 else levels
