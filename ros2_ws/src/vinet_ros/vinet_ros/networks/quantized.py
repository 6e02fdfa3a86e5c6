# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Networks as int8 graphs of OpenVINO: their files, and what a program must know of them.

Such a file is a safetensors file like one of weights, with the same card. In place of weights it
holds, as bytes, the graph of one frame (encoder, where the network has one) and that of a window
(decoder). Both are tables of layers and numbers; nothing in them is run as a program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from torch import Tensor, nn

from vinet_ros.errors import DeviceError, WeightsError
from vinet_ros.networks.catalog import create_model
from vinet_ros.networks.weights import WeightsCard, write_tensors
from vinet_ros.sound_forms import SoundForm

PARTS = ("encoder", "decoder")
"""What is run once a frame, and what is run once a window."""
_LAYERS, _NUMBERS = "openvino.{}.xml", "openvino.{}.bin"
_KEYS = {key.format(part) for part in PARTS for key in (_LAYERS, _NUMBERS)}


@dataclass(frozen=True, slots=True, repr=False)
class StoredGraph:
    """One graph in OpenVINO's format.

    Attributes:
        layers: Its layers, XML.
        numbers: Its numbers.
    """

    layers: bytes
    numbers: bytes


class QuantizedNetwork(nn.Module):
    """What is known of a network whose int8 graphs are there and whose weights are not.

    OpenVINO runs it (:class:`~vinet_ros.runtime.openvino_executor.OpenVINOExecutor`); PyTorch
    cannot.

    Args:
        card: Of its file.
        graphs: By the names of :data:`PARTS`; a network that keeps the frame itself has no
            encoder.

    Raises:
        ValueError: If the card's model or options do not exist.
        WeightsError: If there is no decoder, or a part that is not known.
    """

    def __init__(self, card: WeightsCard, graphs: Mapping[str, StoredGraph]) -> None:
        super().__init__()
        if "decoder" not in graphs or set(graphs) - set(PARTS):
            raise WeightsError(
                f"expected int8 graphs of a decoder and perhaps an encoder, got {sorted(graphs)}"
            )
        with torch.device("meta"):  # its shapes count, not its numbers
            network = create_model(card.model, **card.options)
        self.clip_length: int = card.clip_length
        self.input_size: tuple[int, int] = card.input_size
        self.rate_hz = card.rate_hz
        self.sound_form: SoundForm | None = getattr(network, "sound_form", None)
        self.motion_shape: tuple[int, ...] | None = getattr(network, "motion_shape", None)
        self.parameter_count = sum(parameter.numel() for parameter in network.parameters())
        self.card = card
        self.graphs = dict(graphs)

    def encode(self, frames: Tensor) -> tuple[Tensor, ...]:
        """Raise DeviceError: PyTorch has nothing to compute this with."""
        self._refuse()

    def decode(self, features: tuple[Tensor, ...]) -> Tensor:
        """Raise DeviceError: PyTorch has nothing to compute this with."""
        self._refuse()

    def forward(self, clip: Tensor) -> Tensor:
        """Raise DeviceError: PyTorch has nothing to compute this with."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        name = self.card.file or "this network"
        raise DeviceError(
            f"{name} holds int8 graphs, which only OpenVINO on the CPU runs; for all else give "
            "the weights that it was made from"
        )


def is_quantized(state: Mapping[str, Tensor]) -> bool:
    """Tell whether the tensors of a file are int8 graphs."""
    return bool(state) and set(state) <= _KEYS


def quantized_network(state: Mapping[str, Tensor], card: WeightsCard) -> QuantizedNetwork:
    """Return the network of a file of int8 graphs; inverse of :func:`save_quantized`.

    Raises:
        WeightsError: If a part of it lacks, or is not bytes.
        ValueError: If the card's model or options do not exist.
    """
    if any(value.dtype != torch.uint8 or value.dim() != 1 for value in state.values()):
        raise WeightsError("the int8 graphs are not stored as bytes; make the file again")
    graphs = {}
    for part in PARTS:
        keys = _LAYERS.format(part), _NUMBERS.format(part)
        found = [state[key].numpy().tobytes() for key in keys if key in state]
        if len(found) == 1:
            raise WeightsError(f"half of the {part} is missing; make the file again")
        if found:
            graphs[part] = StoredGraph(*found)
    return QuantizedNetwork(card, graphs)


def save_quantized(
    path: str | Path, graphs: Mapping[str, StoredGraph], card: WeightsCard
) -> WeightsCard:
    """Write int8 graphs as safetensors with a card inside, whole or not at all.

    Returns:
        The card with name and hash of the file.

    Raises:
        WeightsError: If the file cannot be written.
        ValueError: If the card does not say how they were made.
    """
    if not card.quantization:
        raise ValueError("expected a card that says how the graphs were quantized")
    stored = {}
    for part, graph in graphs.items():
        stored[_LAYERS.format(part)] = _bytes(graph.layers)
        stored[_NUMBERS.format(part)] = _bytes(graph.numbers)
    return write_tensors(path, stored, card)


def _bytes(data: bytes) -> Tensor:
    return torch.from_numpy(np.frombuffer(data, np.uint8).copy())
