# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The paths that a benchmark compares, each behind the same two calls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from vinet_ros.errors import DeviceError
from vinet_ros.networks import create_model, load_model, model_spec
from vinet_ros.networks.shared_work import STRIDE, can_share
from vinet_ros.preprocess import normalize_frames, resize_frame, resize_rgb
from vinet_ros.runtime.base import Executor, Kept
from vinet_ros.runtime.openvino_executor import OpenVINOExecutor
from vinet_ros.runtime.openvino_graphs import openvino_installed
from vinet_ros.runtime.shared_work import SharedWorkExecutor
from vinet_ros.runtime.torch_executor import TorchExecutor
from vinet_ros.runtime.traits import traits_of

EAGER = "eager"
INT8 = "openvino-int8"
FEATURES = "features"
"""The plain forward of a network that gives features; no path to ask for."""
SHARED = ("shared", "shared-approximate")
"""Paths on which overlapping windows share their work, run by the fastest that is installed."""
PATHS = (EAGER, "torch", "openvino", INT8, *SHARED, "cuda-fp32", "cuda-fp16", "cuda-bf16")

CAMERA_SIZE = (480, 640)
"""Height and width of the frames that the paths are given."""

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Subject:
    """The network under test and its input; the same in every process.

    Attributes:
        model: Name in the catalog.
        options: Options of the network.
        weights: A weight file; None: the bundled weights.
        random: Seeded random weights instead.
        seed: Of the random weights and of the input.
        batch: Windows in one run, which go through the network together.
        int8: A file of its int8 graphs, for the path that runs them.
    """

    model: str
    options: dict[str, Any] = field(default_factory=dict)
    weights: str | None = None
    random: bool = False
    seed: int = 0
    batch: int = 1
    int8: str | None = None

    def make(self) -> nn.Module:
        """Build the network, in evaluation mode."""
        if not self.random:
            return load_model(self.model, self.weights, **self.options)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)  # biases keep what the constructor draws
            model = create_model(self.model, **self.options)
        return seed_weights(model, self.seed).eval()

    def frames(self, model: Any) -> Frames:
        """Return what a camera gives: (B, T, 480, 640, 3), smooth patches that drift."""
        return drifting_noise((self.batch, model.clip_length, *CAMERA_SIZE, 3), self.seed)


def seed_weights(model: nn.Module, seed: int) -> nn.Module:
    """Fill every matrix and kernel with seeded normal numbers that keep the signal's scale."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                deviation = math.sqrt(2 / parameter[0].numel())
                parameter.normal_(std=deviation, generator=generator)
    return model


def drifting_noise(size: tuple[int, int, int, int, int], seed: int) -> Frames:
    """Return seeded clips (B, T, H, W, 3) uint8 that look a little like film."""
    batch, length, height, width, _ = size
    generator = np.random.default_rng(seed)
    frames = np.empty(size, np.uint8)
    for b in range(batch):
        coarse = (-(-height // 16), -(-width // 16), 3)
        scene = generator.integers(0, 256, coarse, dtype=np.uint8)
        smooth = resize_rgb(scene, (height, width))
        for t in range(length):
            frames[b, t] = np.roll(smooth, 3 * t, axis=1)
    return frames


class Timed(Protocol):
    """Something that is timed."""

    device: str

    def run(self) -> None:
        """Do once what is timed."""


class Runner(Timed, Protocol):
    """One path, ready to run on the subject's input."""

    name: str
    measured: str

    def first(self) -> npt.NDArray[np.float32]:
        """Return the maps (B, h, w) of the subject's clips."""


class ForwardRunner:
    """The plain forward of a network that gives features, on seeded noise."""

    name = "torch fp32 eager"
    device = "cpu"
    measured = "clip"

    def __init__(self, model: Any, input_shape: tuple[int, ...], seed: int) -> None:
        self.model = model
        self.input = torch.randn(input_shape, generator=torch.Generator().manual_seed(seed))

    def run(self) -> None:
        """Forward the input."""
        with torch.inference_mode():
            self.model(self.input)


class EagerRunner:
    """The plain forward on whole clips: fp32, contiguous, no gradients."""

    name = "torch fp32 eager"
    device = "cpu"
    measured = "clip"

    def __init__(self, model: Any, frames: Frames) -> None:
        self.model = model
        clips = [np.stack([resize_frame(f, model.input_size) for f in clip]) for clip in frames]
        pixels = traits_of(model).pixel_scale
        self.clips = torch.from_numpy(np.stack([normalize_frames(c, pixels) for c in clips]))

    def first(self) -> npt.NDArray[np.float32]:
        """Return the maps (B, h, w) of the subject's clips."""
        with torch.inference_mode():
            values: npt.NDArray[np.float32] = self.model(self.clips).numpy()
        return values

    def run(self) -> None:
        """Forward the clips."""
        self.first()


class StepRunner:
    """An executor on a stream: each run takes a camera's new frame and predicts its window."""

    measured = "step"

    def __init__(self, executor: Executor, frames: Frames) -> None:
        self.name, self.device = executor.name, executor.device
        self.executor = executor
        self.frames = frames
        self.windows = [self._encode(clip) for clip in frames]
        self.count = 0

    def first(self) -> npt.NDArray[np.float32]:
        """Return the maps (B, h, w) of the subject's clips."""
        return np.stack(self.executor.predict_batch(self.windows))

    def run(self) -> None:
        """Take one frame into each window (the clip starts over) and predict them together."""
        k = self.count % self.executor.clip_length
        self.count += 1
        for new, window in zip(self._encode(self.frames[:, k]), self.windows, strict=True):
            window.append(new)
            del window[0]
        self.executor.predict_batch(self.windows)

    def _encode(self, frames: Frames) -> list[Kept]:
        size = self.executor.input_size
        return self.executor.encode_batch([resize_frame(frame, size) for frame in frames])


def check_paths(paths: Sequence[str]) -> None:
    """Raise ValueError if a path does not exist, DeviceError if it cannot run here."""
    for path in paths:
        if path not in PATHS:
            raise ValueError(f"path must be one of {', '.join(PATHS)}, got {path!r}")
        if path in ("openvino", INT8) and not openvino_installed():
            raise DeviceError(f"path {path} needs OpenVINO; pip install openvino")
        if path.startswith("cuda") and not torch.cuda.is_available():
            raise DeviceError(f"path {path} needs a CUDA device, and there is none")


def default_paths(int8: bool = False, model: nn.Module | None = None) -> list[str]:
    """Return the paths that can run here, eager first.

    Args:
        int8: Whether int8 graphs are there.
        model: With those that suit it, where it is given.
    """
    paths = [EAGER, "torch"]
    if openvino_installed():
        paths += ["openvino", INT8] if int8 else ["openvino"]
    if model is not None and can_share(model):
        paths += SHARED
    if torch.cuda.is_available():
        paths += ["cuda-fp32", "cuda-fp16"]
    return paths


def chosen_paths(
    paths: Sequence[str] | None,
    precisions: Sequence[str] | None,
    int8: bool,
    model: nn.Module | None = None,
) -> list[str]:
    """Return the paths to measure, eager first.

    Args:
        paths: Those asked for; None: all that can run here.
        precisions: Number formats to keep; None: all. ``int8`` asks for its path too.
        int8: Whether int8 graphs are there.
        model: With the paths that suit it, where it is given.

    Raises:
        ValueError: If no path is of one of the precisions.
    """
    known = {precision_of(path) for path in PATHS}
    for precision in precisions or []:
        if precision not in known:
            raise ValueError(f"precision must be one of {', '.join(known)}, got {precision!r}")
    int8_asked = "int8" in (precisions or [])
    there = list(paths or default_paths(int8 or int8_asked, model))
    if int8_asked and "openvino" in there and INT8 not in there:
        there.append(INT8)
    kept = [path for path in there if precisions is None or precision_of(path) in precisions]
    if precisions and not set(kept) - {EAGER}:
        raise ValueError(f"none of {', '.join(there)} runs in {', '.join(precisions)}")
    return [EAGER, *(path for path in kept if path != EAGER)]


def precision_of(path: str) -> str:
    """Return the number format of a path."""
    last = path.rpartition("-")[2]
    return last if last in ("fp16", "bf16", "int8") else "fp32"


def runner_for(subject: Subject, path: str, threads: int | None) -> Runner:
    """Build the subject's network and bind it to one path, which alone keeps it.

    Raises:
        ValueError: If there is no such path.
        VinetError: If the weights are not there, or the path cannot run here.
    """
    check_paths([path])
    model = subject.make() if path != INT8 else load_model(subject.model, subject.int8)
    frames = subject.frames(model)
    if path == EAGER:
        if threads is not None:
            torch.set_num_threads(threads)
        return EagerRunner(model, frames)
    runner = SharedRunner if path in SHARED else StepRunner
    return runner(_executor(path, model, threads, subject.batch), frames)


class SharedRunner(StepRunner):
    """A stream's steps on which windows share their work."""

    def first(self) -> npt.NDArray[np.float32]:
        """Return the maps of the subject's clips, each with the work of a window before it."""
        for window in self.windows:
            self.executor.predict([*window[-STRIDE:], *window[:-STRIDE]])
        return super().first()


def features_runner(subject: Subject, threads: int | None) -> ForwardRunner:
    """Build a network that gives features, with an input of its kind.

    Raises:
        VinetError: If the weights are not there.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    model: Any = subject.make()
    spec = model_spec(subject.model)
    clip = (3, spec.clip_length, *spec.input_size)
    form = getattr(model, "sound_form", None)
    shape = clip if form is None else form.shape
    return ForwardRunner(model, (subject.batch, *shape), subject.seed)


def _executor(path: str, model: nn.Module, threads: int | None, batches: int) -> Executor:
    if path in SHARED:
        how = "openvino" if openvino_installed() else "torch"
        approximate = path == "shared-approximate"
        return SharedWorkExecutor(model, approximate, how, threads=threads, streams=batches)
    if path in ("openvino", INT8):
        return OpenVINOExecutor(model, threads=threads, batches=batches)
    if path == "torch":
        return TorchExecutor(model, threads=threads, batches=batches)
    precision = precision_of(path)
    return TorchExecutor(model, "cuda:0", precision, threads=threads, batches=batches)
