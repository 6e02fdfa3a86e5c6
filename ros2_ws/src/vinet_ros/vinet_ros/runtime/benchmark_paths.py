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
from vinet_ros.networks import create_model, load_model
from vinet_ros.preprocess import normalize_frames, resize_frame, resize_rgb
from vinet_ros.runtime.base import Executor, Kept
from vinet_ros.runtime.openvino_executor import OpenVINOExecutor, openvino_installed
from vinet_ros.runtime.torch_executor import TorchExecutor
from vinet_ros.runtime.traits import traits_of

EAGER = "eager"
PATHS = (EAGER, "torch", "openvino", "cuda-fp32", "cuda-fp16", "cuda-bf16")

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
        batch: Windows in one run.
    """

    model: str
    options: dict[str, Any] = field(default_factory=dict)
    weights: str | None = None
    random: bool = False
    seed: int = 0
    batch: int = 1

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


class Runner(Protocol):
    """One path, ready to run on the subject's input."""

    name: str
    device: str
    measured: str

    def first(self) -> npt.NDArray[np.float32]:
        """Return the maps (B, h, w) of the subject's clips."""

    def run(self) -> None:
        """Do once what is timed."""


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
        self.windows = [[self._encode(frame) for frame in clip] for clip in frames]
        self.count = 0

    def first(self) -> npt.NDArray[np.float32]:
        """Return the maps (B, h, w) of the subject's clips."""
        return np.stack([self.executor.predict(window) for window in self.windows])

    def run(self) -> None:
        """Take one frame into each window (the clip starts over) and predict."""
        k = self.count % self.executor.clip_length
        self.count += 1
        for clip, window in zip(self.frames, self.windows, strict=True):
            window.append(self._encode(clip[k]))
            del window[0]
            self.executor.predict(window)

    def _encode(self, frame: Frames) -> Kept:
        return self.executor.encode(resize_frame(frame, self.executor.input_size))


def check_paths(paths: Sequence[str]) -> None:
    """Raise ValueError if a path does not exist, DeviceError if it cannot run here."""
    for path in paths:
        if path not in PATHS:
            raise ValueError(f"path must be one of {', '.join(PATHS)}, got {path!r}")
        if path == "openvino" and not openvino_installed():
            raise DeviceError("path openvino needs OpenVINO; pip install openvino")
        if path.startswith("cuda") and not torch.cuda.is_available():
            raise DeviceError(f"path {path} needs a CUDA device, and there is none")


def default_paths() -> list[str]:
    """Return the paths that can run here, eager first."""
    paths = [EAGER, "torch"]
    if openvino_installed():
        paths.append("openvino")
    if torch.cuda.is_available():
        paths += ["cuda-fp32", "cuda-fp16"]
    return paths


def runner_for(subject: Subject, path: str, threads: int | None) -> Runner:
    """Build the subject's network and bind it to one path, which alone keeps it.

    Raises:
        ValueError: If there is no such path.
        VinetError: If the weights are not there, or the path cannot run here.
    """
    check_paths([path])
    model = subject.make()
    frames = subject.frames(model)
    if path == EAGER:
        if threads is not None:
            torch.set_num_threads(threads)
        return EagerRunner(model, frames)
    return StepRunner(_executor(path, model, threads), frames)


def _executor(path: str, model: nn.Module, threads: int | None) -> Executor:
    if path == "openvino":
        return OpenVINOExecutor(model, threads=threads)
    if path == "torch":
        return TorchExecutor(model, threads=threads)
    return TorchExecutor(model, "cuda:0", path.removeprefix("cuda-"), threads=threads)
