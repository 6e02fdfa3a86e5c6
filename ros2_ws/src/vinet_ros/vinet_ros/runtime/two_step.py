# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A network that sees a window once, and answers to each of several sounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vinet_ros.preprocess import normalize_frames
from vinet_ros.runtime.base import Executor, Kept, trim_memory
from vinet_ros.runtime.openvino_graphs import (
    cannot_run,
    check_openvino,
    compile_requests,
    openvino_installed,
)
from vinet_ros.runtime.traits import Values, traits_of

_PARTS = ("see", "hear", "answer")


def hears_in_steps(model: nn.Module) -> bool:
    """Tell whether a network has the parts that :class:`TwoStepExecutor` runs."""
    hears = getattr(model, "sound_form", None) is not None
    return hears and all(hasattr(model, part) for part in _PARTS)


class TwoStepExecutor(Executor):
    """Keeps what was seen of the newest window, for all sounds that it is predicted with.

    Of the time of an AViNet, more than half is the seeing: five sounds take half as long as five
    predictions. Runs OpenVINO on the CPU where that is installed, else PyTorch; the maps are
    those of the other executors to rounding.

    Args:
        model: A network with ``see``, ``hear`` and ``answer``.
        device: ``cpu`` or ``cuda:n``.
        path: ``auto``, ``torch`` or ``openvino``.

    Attributes:
        seen: The deepest visual feature of the newest prediction (1, C, t, h, w).
        heard: The features of its sound (1, C, t, 1).

    Raises:
        ValueError: If the network has no such parts.
        DeviceError: If OpenVINO is asked for and not installed, or cannot run the network.
    """

    def __init__(self, model: nn.Module, device: str = "cpu", path: str = "auto") -> None:
        if not hears_in_steps(model):
            raise ValueError(f"{type(model).__name__} cannot see and hear in steps; use avinet")
        compiled = path == "openvino" or (
            path == "auto" and device == "cpu" and openvino_installed()
        )
        name = f"{'openvino' if compiled else 'torch'} fp32, sight and sound apart"
        super().__init__(traits_of(model), name, device, "sight once for all sounds")
        self._model: Any = model.eval().to(device, torch.float32)
        self._device = torch.device(device)
        self._slots: tuple[Any, ...] = ()
        self._levels: tuple[Tensor, ...] = ()
        self.seen: Values | None = None
        self.heard: Values | None = None
        self._graphs = _graphs(self._model, self.traits.clip_length, self.input_size, compiled)

    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return the normalised frame (1, 3, h, w)."""
        return (torch.from_numpy(normalize_frames(frame, self.traits.pixel_scale)[None]),)

    def predict(
        self,
        slots: Sequence[Kept],
        sound: Values | None = None,
        motion: Values | None = None,
    ) -> Values:
        """Return the map (h, w) of ``clip_length`` kept frames, oldest first."""
        self.check_length(slots)
        (sound,) = self.traits.asides(sound, motion)
        with torch.inference_mode():
            if not self._are_seen(slots):
                clip = torch.stack([kept[0] for kept in slots], dim=2)  # (1, 3, T, h, w)
                self._slots, self._levels = tuple(slots), self._see(clip.to(self._device))
                self.seen = self._levels[0].cpu().numpy()
            heard = self._model.hear(torch.from_numpy(sound[None]).to(self._device))
            self.heard = heard.cpu().numpy()
            return cast("Values", self._answer(heard)[0].cpu().numpy())

    def close(self) -> None:
        """Drop the model and its graphs."""
        self._model, self._graphs, self._slots, self._levels = None, (), (), ()
        trim_memory()

    def _are_seen(self, slots: Sequence[Kept]) -> bool:
        return len(slots) == len(self._slots) and all(
            one is other for one, other in zip(slots, self._slots, strict=True)
        )

    def _see(self, clip: Tensor) -> tuple[Tensor, ...]:
        if not self._graphs:
            return tuple(self._model.see(clip))
        return tuple(torch.from_numpy(level) for level in _run(self._graphs[0], [clip]))

    def _answer(self, heard: Tensor) -> Tensor:
        if not self._graphs:
            return cast("Tensor", self._model.answer(self._levels, heard))
        (values,) = _run(self._graphs[1], [*self._levels, heard])
        return torch.from_numpy(values)


class _See(nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, clip: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network.see(clip))


class _Answer(nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, *features: Tensor) -> Tensor:
        return cast("Tensor", self.network.answer(features[:-1], features[-1]))


def _graphs(model: Any, length: int, size: tuple[int, int], compiled: bool) -> tuple[Any, ...]:
    if not compiled:
        return ()
    check_openvino()
    clip, sound = torch.zeros(1, 3, length, *size), torch.zeros(1, *model.sound_form.shape)
    try:
        with torch.inference_mode():
            levels, heard = tuple(model.see(clip)), model.hear(sound)
        (see,) = compile_requests(_See(model), (clip,), None, [1], None)
        (answer,) = compile_requests(_Answer(model), (*levels, heard), None, [1], None)
    except Exception as error:
        raise cannot_run(model, error) from error
    trim_memory()
    return see, answer


def _run(request: Any, inputs: Sequence[Tensor]) -> list[npt.NDArray[np.float32]]:
    """Run a compiled graph; the outputs are copies."""
    request.infer([tensor.numpy() for tensor in inputs], share_inputs=True)
    outputs = len(request.model_outputs)
    return [request.get_output_tensor(i).data.copy() for i in range(outputs)]
