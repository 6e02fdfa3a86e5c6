# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The ways in which ``vinet benchmark gpu`` runs a network, each as one call to be timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from vinet_ros.preprocess import normalize_frames, resize_frame
from vinet_ros.runtime.cuda_buffers import MapDownload
from vinet_ros.runtime.cuda_executor import CudaExecutor, CudaPlan, new_stream
from vinet_ros.runtime.cuda_step import StaticStep
from vinet_ros.runtime.folding import fold_norms
from vinet_ros.runtime.torch_executor import DTYPES, lay_channels_last

WAYS = ("eager", "channels-last", "graph", "step", "compiled", "compiled-graph")
"""All but `step` run the clip, which lies on the device, to maps in the host's memory.

``eager``: the network as it is. ``channels-last``: folded, laid out channels-last. ``graph``: the
same, replayed. ``compiled``: the same through torch.compile. ``step``: the executor of path graph
on a new 8-bit VGA frame of each camera, upload, resize and normalisation included.
"""
NEEDS_GRAPH = ("graph", "compiled-graph")

Frames = npt.NDArray[np.uint8]
Maps = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Way:
    """A network bound to a way.

    Attributes:
        run: Computes the maps (B, h, w) of the clips once, or of the clips' next step.
        close: Gives its memory back.
    """

    run: Callable[[], Maps]
    close: Callable[[], None]


def bind(way: str, model: nn.Module, frames: Frames, device: str, precision: str) -> Way:
    """Bind a network to a way.

    Args:
        way: One of WAYS.
        model: A saliency network, which is taken over.
        frames: Camera frames (B, T, H, W, 3).
        device: ``cuda:n`` or ``cpu``; there without graphs.
        precision: ``fp32``, ``fp16`` or ``bf16``.

    Raises:
        ValueError: If there is no such way.
    """
    if way not in WAYS:
        raise ValueError(f"way must be one of {', '.join(WAYS)}, got {way!r}")
    if way == "step":
        return _step(model, frames, device, precision)
    return _forward(way, model, frames, torch.device(device), precision)


def _forward(way: str, model: Any, frames: Frames, device: torch.device, precision: str) -> Way:
    size = model.input_size
    clips = np.stack([normalize_frames(_resized(clip, size)) for clip in frames])
    memory = torch.from_numpy(clips).to(device, DTYPES[precision])  # (B, 3, T, H, W)
    network: Any = model.eval()
    if way != "eager":
        network = fold_norms(network)
    network = network.to(device, DTYPES[precision])
    if way != "eager":
        network = lay_channels_last(network)
        memory = memory.contiguous(memory_format=torch.channels_last_3d)
    function = torch.compile(network, dynamic=False) if "compiled" in way else network
    stream = new_stream(device)
    with torch.inference_mode(), torch.cuda.stream(stream):
        step = StaticStep(lambda clip: (function(clip),), (memory,), way in NEEDS_GRAPH)
    download = MapDownload(device)

    def run() -> Maps:
        with torch.inference_mode(), torch.cuda.stream(stream):
            return download.fetch(step.run()[0])

    return Way(run, lambda: _forget(step))


def _forget(step: StaticStep) -> None:
    step.inputs = ()


def _step(model: nn.Module, frames: Frames, device: str, precision: str) -> Way:
    plan = CudaPlan(precision, graph=device != "cpu")
    executor = CudaExecutor(model, device, plan, batches=len(frames))
    windows = [executor.encode_batch(list(clip)) for clip in frames]

    def run() -> Maps:
        # The clip's newest frame comes anew each time, so the maps are those of the clip.
        newest = executor.encode_batch([clip[-1] for clip in frames])
        for window, kept in zip(windows, newest, strict=True):
            window[-1] = kept
        return np.stack(executor.predict_batch(windows))

    return Way(run, executor.close)


def _resized(clip: Sequence[Frames], size: tuple[int, int]) -> Frames:
    return np.stack([resize_frame(frame, size) for frame in clip])
