# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""PyTorch on the CPU or on a CUDA device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vinet_ros.errors import DeviceError
from vinet_ros.preprocess import normalize_frames
from vinet_ros.runtime.base import Executor, Kept
from vinet_ros.runtime.traits import Values, traits_of

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


class TorchExecutor(Executor):
    """Eager PyTorch with channels-last weights, in inference mode.

    The executor takes the model over: it is moved to the device, its weights are laid out
    channels-last and cast in place.

    Args:
        model: A saliency network.
        device: ``cpu`` or ``cuda:n``.
        precision: ``fp32``; on CUDA also ``fp16`` and ``bf16``.
        reason: Why this path was chosen.
        threads: Threads of PyTorch, for the whole process; None leaves them as they are.
        batches: Frames or windows that may go through the network together.

    Raises:
        DeviceError: If the device does not have the precision.
    """

    def __init__(
        self,
        model: nn.Module,
        device: str = "cpu",
        precision: str = "fp32",
        reason: str = "asked for",
        threads: int | None = None,
        batches: int = 1,
    ) -> None:
        name = f"torch {precision} channels-last"
        super().__init__(traits_of(model), name, device, reason, batches)
        _check_precision(device, precision)
        if threads is not None:
            torch.set_num_threads(threads)
        self._device = torch.device(device)
        self._dtype = DTYPES[precision]
        self._model: Any = lay_channels_last(model.eval().to(self._device, self._dtype))

    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return the features (1, C, h, w) of one frame (h, w, 3), on the device."""
        return self._encode(normalize_frames(frame, self.traits.pixel_scale)[None])

    def encode_together(self, frames: Sequence[npt.NDArray[np.uint8]]) -> list[Kept]:
        """Return the features of several frames, encoded as one batch."""
        pixels = self.traits.pixel_scale
        kept = self._encode(np.stack([normalize_frames(frame, pixels) for frame in frames]))
        # Copies: a slice would keep the whole batch alive for as long as one frame is needed.
        return [tuple(level[k : k + 1].clone() for level in kept) for k in range(len(frames))]

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
        for slots in windows:
            self.check_length(slots)
        none = [None] * len(windows)
        asides = [
            self.traits.asides(*one) for one in zip(sounds or none, motions or none, strict=True)
        ]
        with torch.inference_mode():
            stacked = [
                [torch.stack(level, dim=1) for level in zip(*slots, strict=True)]
                for slots in windows
            ]
            features = tuple(torch.cat(level) for level in zip(*stacked, strict=True))
            beside = [self._tensor(np.stack(kind)) for kind in zip(*asides, strict=True)]
            maps = cast("Tensor", self._model.decode(features, *beside))  # (B, h, w)
            return list(maps.float().cpu().numpy())

    def _tensor(self, values: npt.NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(values).to(self._device, self._dtype)

    def _encode(self, pixels: npt.NDArray[np.float32]) -> Kept:
        """Return the features (B, C, h, w) of normalised frames (B, 3, H, W)."""
        with torch.inference_mode():
            return tuple(self._model.encode(self._tensor(pixels)))

    def close(self) -> None:
        """Drop the model."""
        self._model = None


def _check_precision(device: str, precision: str) -> None:
    if precision not in DTYPES:
        raise ValueError(f"precision must be one of {', '.join(DTYPES)}, got {precision!r}")
    if device == "cpu" and precision != "fp32":
        raise DeviceError(f"the CPU runs fp32 only, got precision {precision}; use auto or fp32")
    if device != "cpu" and precision == "bf16" and not torch.cuda.is_bf16_supported():
        raise DeviceError(f"{device} has no bf16; use precision fp16 or fp32")


def lay_channels_last(model: nn.Module) -> nn.Module:
    """Lay out the convolutions' weights channels-last; PyTorch's convolutions then follow."""
    for parameter in model.parameters():
        if parameter.dim() == 5:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)
        elif parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return model
