"""The one interface through which a network is executed."""

from __future__ import annotations

import ctypes
import gc
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from torch import nn

# What an executor keeps of one frame: opaque outside of the executor that made it.
Kept: TypeAlias = tuple[Any, ...]


class Executor(ABC):
    """A network bound to a device and a way to run it.

    A window is predicted in two steps, so that a stream pays for each frame once: :meth:`encode`
    when a frame is first needed, :meth:`predict` on the kept parts of the last frames. Both may
    be called from any thread, but from one at a time.

    Args:
        model: A saliency network; its ``clip_length`` and ``input_size`` are taken over.
        name: The path for people, e.g. ``openvino fp32``.
        device: ``cpu`` or ``cuda:n``.
        reason: Why this path was chosen.

    Raises:
        ValueError: If the network is no saliency network.
    """

    def __init__(self, model: nn.Module, name: str, device: str, reason: str) -> None:
        self.name = name
        self.device = device
        self.reason = reason
        check_saliency_network(model)
        network: Any = model
        self.clip_length = int(network.clip_length)
        self.input_size = (int(network.input_size[0]), int(network.input_size[1]))

    @abstractmethod
    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return what is kept of one frame.

        Args:
            frame: (h, w, 3) RGB uint8 at ``input_size``.
        """

    @abstractmethod
    def predict(self, slots: Sequence[Kept]) -> npt.NDArray[np.float32]:
        """Return the saliency map (h, w), 0 to 1, of the newest frame.

        Args:
            slots: ``clip_length`` kept frames, oldest first; one may stand in several places.

        Raises:
            ValueError: If the number of slots is not ``clip_length``.
        """

    def close(self) -> None:  # noqa: B027 - not every path holds something to give back
        """Give back what the executor holds; it cannot be used afterwards."""

    def check_length(self, slots: Sequence[Kept]) -> None:
        """Raise ValueError unless the window has ``clip_length`` slots."""
        if len(slots) != self.clip_length:
            raise ValueError(f"expected {self.clip_length} slots, got {len(slots)}")


def trim_memory() -> None:
    """Give freed memory back to the system, where its allocator can; building leaves a lot."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)


def check_saliency_network(model: nn.Module) -> None:
    """Raise ValueError unless a network gives maps, a frame at a time."""
    needed = ("clip_length", "input_size", "encode", "decode")
    missing = [name for name in needed if not hasattr(model, name)]
    if missing:
        raise ValueError(
            f"{type(model).__name__} has no {', '.join(missing)}; give a saliency network, "
            "e.g. vinet or vinet_lite"
        )
