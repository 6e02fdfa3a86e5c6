# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""OpenVINO on the CPU, in fp32 or int8."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from vinet_ros.networks.fast_convolution import with_fast_convolutions
from vinet_ros.networks.quantized import QuantizedNetwork
from vinet_ros.preprocess import normalize_frames
from vinet_ros.runtime.base import Executor, Kept, trim_memory
from vinet_ros.runtime.openvino_graphs import cannot_run, check_openvino, network_parts
from vinet_ros.runtime.traits import Values, traits_of


class OpenVINOExecutor(Executor):
    """Two compiled graphs, one a frame (encode) and one a window (decode), of static shapes.

    A network that keeps the frame itself (ViNet) needs only the second, and it takes and keeps
    bytes: a window of 32 frames is 8 MiB instead of 32. Where batches are asked
    for, there is one more of each whose batch may vary; a single frame or window goes through
    the static one, which is faster. OpenVINO keeps the weights beside its own layout of them, so
    let go of ``model``, and it costs twice their size.

    Args:
        model: A saliency network, or int8 graphs of one.
        reason: Why this path was chosen.
        threads: Threads of the inference; None: as many as OpenVINO finds right.
        batches: Frames or windows that may go through the network together.

    Raises:
        DeviceError: If OpenVINO is not installed, or cannot convert or compile the network.
    """

    def __init__(
        self,
        model: nn.Module,
        reason: str = "asked for",
        threads: int | None = None,
        batches: int = 1,
    ) -> None:
        precision = "int8" if isinstance(model, QuantizedNetwork) else "fp32"
        super().__init__(traits_of(model), f"openvino {precision}", "cpu", reason, batches)
        check_openvino()
        model = model.eval().to("cpu", torch.float32)
        if precision == "fp32":
            model = with_fast_convolutions(model)
        beside = self.traits.asides(None, None)
        sizes = [1, batches] if batches > 1 else [1]
        try:
            encoder, decoder = network_parts(model, self.traits, beside)
            if encoder is None:
                decoder = decoder.of_pixels(self.traits.pixel_scale)
            encoders = [] if encoder is None else encoder.compile(threads, sizes)
            decoders = decoder.compile(threads, sizes)
        except Exception as error:
            raise cannot_run(model, error) from error
        self._encoder: Any = encoders[0] if encoders else None
        self._batch_encoder: Any = encoders[-1] if encoders else None
        self._decoder: Any = decoders[0]
        self._batch_decoder: Any = decoders[-1]
        # Views of the request's own input memory: what is written there needs no further copy.
        # What the network takes beside the frames is behind their levels.
        inputs = range(len(decoder.shapes))
        self._inputs = [self._decoder.get_input_tensor(i).data for i in inputs]
        many = batches if batches > 1 else 0
        self._batch_inputs = [np.empty((many, *i.shape[1:]), i.dtype) for i in self._inputs]
        trim_memory()

    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return the features (1, C, h, w) of one frame (h, w, 3)."""
        if self._encoder is None:
            return (np.ascontiguousarray(frame.transpose(2, 0, 1)[None]),)  # (1, 3, H, W) bytes
        pixels = normalize_frames(frame, self.traits.pixel_scale)  # (3, H, W)
        self._encoder.get_input_tensor(0).data[0] = pixels
        self._encoder.infer()
        outputs = len(self._encoder.model_outputs)
        return tuple(self._encoder.get_output_tensor(i).data.copy() for i in range(outputs))

    def encode_together(self, frames: Sequence[npt.NDArray[np.uint8]]) -> list[Kept]:
        """Return the features of several frames, encoded as one batch."""
        if self._encoder is None:
            return [self.encode(frame) for frame in frames]
        scale = self.traits.pixel_scale
        pixels = np.stack([normalize_frames(f, scale) for f in frames])  # (B, 3, H, W)
        levels = _infer(self._batch_encoder, [pixels])
        # Copies: a slice would keep the whole batch alive for as long as one frame is needed.
        return [tuple(level[k : k + 1].copy() for level in levels) for k in range(len(frames))]

    def predict(
        self,
        slots: Sequence[Kept],
        sound: Values | None = None,
        motion: Values | None = None,
    ) -> Values:
        """Return the map (h, w) of ``clip_length`` kept frames, oldest first."""
        self._fill(self._inputs, 0, slots, self.traits.asides(sound, motion))
        self._decoder.infer()
        return cast("Values", self._decoder.get_output_tensor(0).data[0].copy())

    def predict_together(
        self,
        windows: Sequence[Sequence[Kept]],
        sounds: Sequence[Values | None] = (),
        motions: Sequence[Values | None] = (),
    ) -> list[Values]:
        """Return the maps of several windows, decoded as one batch."""
        none = [None] * len(windows)
        rows = zip(windows, sounds or none, motions or none, strict=True)
        for k, (slots, sound, motion) in enumerate(rows):
            self._fill(self._batch_inputs, k, slots, self.traits.asides(sound, motion))
        inputs = [level[: len(windows)] for level in self._batch_inputs]
        return [values.copy() for values in _infer(self._batch_decoder, inputs)[0]]

    def drop_batches(self) -> None:
        """Let frames and windows go one by one from now on; drop the graphs for batches."""
        super().drop_batches()
        self._batch_inputs = []
        self._batch_encoder = self._batch_decoder = None

    def close(self) -> None:
        """Drop the compiled graphs."""
        self._inputs = self._batch_inputs = []
        self._encoder = self._decoder = self._batch_encoder = self._batch_decoder = None

    def _fill(
        self, inputs: list[Any], k: int, slots: Sequence[Kept], asides: Sequence[Values]
    ) -> None:
        """Write a window into place ``k`` of the decoder's inputs: frames, then what is beside.

        The frames' levels are (B, T, C, h, w) each.
        """
        self.check_length(slots)
        levels = len(inputs) - len(asides)
        for level, memory in enumerate(inputs[:levels]):
            for t, kept in enumerate(slots):
                memory[k, t] = kept[level][0]
        for memory, values in zip(inputs[levels:], asides, strict=True):
            memory[k] = values


def _infer(request: Any, inputs: list[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
    """Run a request; the outputs are overwritten by its next run."""
    request.infer(inputs, share_inputs=True)
    return [request.get_output_tensor(i).data for i in range(len(request.model_outputs))]
