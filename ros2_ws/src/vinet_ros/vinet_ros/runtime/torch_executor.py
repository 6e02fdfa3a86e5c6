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
    ) -> None:
        super().__init__(model, f"torch {precision} channels-last", device, reason)
        _check_precision(device, precision)
        if threads is not None:
            torch.set_num_threads(threads)
        self._device = torch.device(device)
        self._dtype = DTYPES[precision]
        self._model: Any = _channels_last(model.eval().to(self._device, self._dtype))

    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return the features (1, C, h, w) of one frame (h, w, 3), on the device."""
        pixels = torch.from_numpy(normalize_frames(frame))[None]  # (1, 3, H, W)
        with torch.inference_mode():
            return tuple(self._model.encode(pixels.to(self._device, self._dtype)))

    def predict(self, slots: Sequence[Kept]) -> npt.NDArray[np.float32]:
        """Return the map (h, w) of ``clip_length`` kept frames, oldest first."""
        self.check_length(slots)
        with torch.inference_mode():
            features = tuple(torch.stack(level, dim=1) for level in zip(*slots, strict=True))
            values = cast("Tensor", self._model.decode(features))  # (1, h, w)
            return cast("npt.NDArray[np.float32]", values[0].float().cpu().numpy())

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


def _channels_last(model: nn.Module) -> nn.Module:
    """Lay out the convolutions' weights channels-last; PyTorch's convolutions then follow."""
    for parameter in model.parameters():
        if parameter.dim() == 5:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)
        elif parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return model
