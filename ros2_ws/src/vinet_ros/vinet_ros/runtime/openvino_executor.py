# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""OpenVINO in fp32 on the CPU."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Hashable, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vinet_ros.errors import DeviceError
from vinet_ros.preprocess import normalize_frames
from vinet_ros.runtime.base import Executor, Kept, trim_memory
from vinet_ros.runtime.graph_cache import GRAPHS, network_key
from vinet_ros.runtime.traits import Values, traits_of


def openvino_installed() -> bool:
    """Tell whether OpenVINO can be imported, without importing it."""
    return importlib.util.find_spec("openvino") is not None


def check_openvino() -> None:
    """Raise DeviceError unless OpenVINO is installed."""
    if not openvino_installed():
        raise DeviceError("OpenVINO is not installed; pip install openvino, or use path torch")


def cannot_run(model: nn.Module, error: Exception) -> DeviceError:
    """Return the error of a network that OpenVINO can neither convert nor compile."""
    first_line = str(error).strip().partition("\n")[0]
    return DeviceError(
        f"OpenVINO cannot run {type(model).__name__} ({type(error).__name__}: {first_line}); use "
        "path torch"
    )


class OpenVINOExecutor(Executor):
    """Two compiled graphs, one a frame (encode) and one a window (decode), of static shapes.

    A network that keeps the frame itself (ViNet) needs only the second. Where batches are asked
    for, there is one more of each whose batch may vary; a single frame or window goes through
    the static one, which is faster. OpenVINO keeps the weights beside its own layout of them, so
    let go of ``model``, and it costs twice their size.

    Args:
        model: A saliency network.
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
        super().__init__(traits_of(model), "openvino fp32", "cpu", reason, batches)
        check_openvino()
        model = model.eval().to("cpu", torch.float32)
        network: Any = model
        frame = torch.zeros(1, 3, *self.input_size)
        try:
            with torch.inference_mode():
                kept = tuple(network.encode(frame))
            identity = len(kept) == 1 and kept[0] is frame
            sizes = [1, batches] if batches > 1 else [1]
            how = (threads, sizes, network_key(network, self.traits.card))
            encoders = [] if identity else compile_requests(_Encode(network), (frame,), *how)
            window = tuple(torch.stack([k] * self.clip_length, dim=1) for k in kept)
            beside = tuple(
                torch.from_numpy(a[None].copy()) for a in self.traits.asides(None, None)
            )
            decoders = compile_requests(_Decode(network, len(window)), window + beside, *how)
        except Exception as error:
            raise cannot_run(model, error) from error
        self._encoder: Any = encoders[0] if encoders else None
        self._batch_encoder: Any = encoders[-1] if encoders else None
        self._decoder: Any = decoders[0]
        self._batch_decoder: Any = decoders[-1]
        # Views of the request's own input memory: what is written there needs no further copy.
        # What the network takes beside the frames is behind their levels.
        inputs = len(window) + len(beside)
        self._inputs = [self._decoder.get_input_tensor(i).data for i in range(inputs)]
        many = batches if batches > 1 else 0
        self._batch_inputs = [np.empty((many, *i.shape[1:]), i.dtype) for i in self._inputs]
        trim_memory()

    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return the features (1, C, h, w) of one frame (h, w, 3)."""
        pixels = normalize_frames(frame, self.traits.pixel_scale)  # (3, H, W)
        if self._encoder is None:
            return (pixels[None],)
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


def import_openvino() -> Any:
    """Import OpenVINO without its usage reports.

    Importing it sends an event over the network unless the user has opted out. A robot's
    software does not call out unasked, so the reporting module is kept from loading; OpenVINO
    then uses its own empty stand-in.
    """
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", cast("Any", None))
    import openvino

    return openvino


class _Encode(nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network.encode(frame))


class _Decode(nn.Module):
    """Takes the levels of the frames, and after them what the network takes beside them."""

    def __init__(self, network: Any, levels: int) -> None:
        super().__init__()
        self.network = network
        self.levels = levels

    def forward(self, *inputs: Tensor) -> Tensor:
        features, beside = inputs[: self.levels], inputs[self.levels :]
        return cast("Tensor", self.network.decode(features, *beside))


def _infer(request: Any, inputs: list[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
    """Run a request; the outputs are overwritten by its next run."""
    request.infer(inputs, share_inputs=True)
    return [request.get_output_tensor(i).data for i in range(len(request.model_outputs))]


def compile_requests(
    module: nn.Module,
    example: tuple[Tensor, ...],
    threads: int | None,
    sizes: Sequence[int],
    network: Hashable | None,
) -> list[Any]:
    """Return an inference request for each size: batches of 1, or of 1 up to that size.

    Everything but the batch has exactly the example's shape. What was traced before is not
    traced again, if it is known which network it is.
    """
    key = None if network is None else (type(module), network)

    def compiled(graph: Any) -> list[Any]:
        return [_request(graph, example, threads, size) for size in sizes]

    return list(GRAPHS.use(key, lambda: _graph(module, example), compiled))


def _graph(module: nn.Module, example: tuple[Tensor, ...]) -> Any:
    with warnings.catch_warnings(), torch.inference_mode():
        # Tracing warns of every shape that becomes a constant; here all shapes are constant.
        warnings.simplefilter("ignore")
        # OpenVINO's own tracing would check the trace by running the network three times.
        traced = torch.jit.trace(  # type: ignore[no-untyped-call]
            module.eval(), example, strict=False, check_trace=False
        )
        return import_openvino().convert_model(traced)


def _request(graph: Any, example: tuple[Tensor, ...], threads: int | None, size: int) -> Any:
    ov = import_openvino()
    batch = ov.Dimension(1, size)  # (1, 1) is static
    shapes = [ov.PartialShape([batch, *tensor.shape[1:]]) for tensor in example]
    graph.reshape(dict(zip(graph.inputs, shapes, strict=True)))
    return ov.Core().compile_model(graph, "CPU", _settings(threads)).create_infer_request()


def _settings(threads: int | None) -> dict[str, Any]:
    settings: dict[str, Any] = {
        # Without it OpenVINO computes in bf16 where the processor can.
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        # The cores are shared with the rest of the robot; let the scheduler place the threads.
        "ENABLE_CPU_PINNING": False,
    }
    if threads is not None:
        settings["INFERENCE_NUM_THREADS"] = threads
    return settings
