"""OpenVINO in fp32 on the CPU."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vinet_ros.errors import DeviceError
from vinet_ros.preprocess import normalize_frames
from vinet_ros.runtime.base import Executor, Kept, trim_memory


def openvino_installed() -> bool:
    """Tell whether OpenVINO can be imported, without importing it."""
    return importlib.util.find_spec("openvino") is not None


class OpenVINOExecutor(Executor):
    """Two compiled graphs, one a frame (encode) and one a window (decode), of static shapes.

    A network that keeps the frame itself (ViNet) needs only the second. OpenVINO keeps the
    weights beside its own layout of them, so let go of ``model``, and it costs twice their size.

    Args:
        model: A saliency network.
        reason: Why this path was chosen.
        threads: Threads of the inference; None: as many as OpenVINO finds right.

    Raises:
        DeviceError: If OpenVINO is not installed, or cannot convert or compile the network.
    """

    def __init__(
        self, model: nn.Module, reason: str = "asked for", threads: int | None = None
    ) -> None:
        super().__init__(model, "openvino fp32", "cpu", reason)
        if not openvino_installed():
            raise DeviceError("OpenVINO is not installed; pip install openvino, or use path torch")
        model = model.eval().to("cpu", torch.float32)
        network: Any = model
        frame = torch.zeros(1, 3, *self.input_size)
        try:
            with torch.inference_mode():
                kept = tuple(network.encode(frame))
            identity = len(kept) == 1 and kept[0] is frame
            self._encoder = None if identity else _compile(_Encode(network), (frame,), threads)
            window = tuple(torch.stack([k] * self.clip_length, dim=1) for k in kept)
            self._decoder: Any = _compile(_Decode(network), window, threads)
        except Exception as error:
            first_line = str(error).strip().partition("\n")[0]
            raise DeviceError(
                f"OpenVINO cannot run {type(model).__name__} ({type(error).__name__}: "
                f"{first_line}); use path torch"
            ) from error
        # Views of the request's own input memory: what is written there needs no further copy.
        self._inputs = [self._decoder.get_input_tensor(i).data for i in range(len(window))]
        trim_memory()

    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return the features (1, C, h, w) of one frame (h, w, 3)."""
        pixels = normalize_frames(frame)  # (3, H, W)
        if self._encoder is None:
            return (pixels[None],)
        self._encoder.get_input_tensor(0).data[0] = pixels
        self._encoder.infer()
        outputs = len(self._encoder.model_outputs)
        return tuple(self._encoder.get_output_tensor(i).data.copy() for i in range(outputs))

    def predict(self, slots: Sequence[Kept]) -> npt.NDArray[np.float32]:
        """Return the map (h, w) of ``clip_length`` kept frames, oldest first."""
        self.check_length(slots)
        for level, window in enumerate(self._inputs):
            for k, kept in enumerate(slots):
                window[0, k] = kept[level][0]
        self._decoder.infer()
        values = self._decoder.get_output_tensor(0).data[0].copy()
        return cast("npt.NDArray[np.float32]", values)

    def close(self) -> None:
        """Drop the compiled graphs."""
        self._inputs = []
        self._encoder = self._decoder = None


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
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, *features: Tensor) -> Tensor:
        return cast("Tensor", self.network.decode(features))


def _compile(module: nn.Module, example: tuple[Tensor, ...], threads: int | None) -> Any:
    """Return an inference request for the module at exactly the example's shapes."""
    ov = import_openvino()
    with warnings.catch_warnings(), torch.inference_mode():
        # Tracing warns of every shape that becomes a constant; here all shapes are constant.
        warnings.simplefilter("ignore")
        # OpenVINO's own tracing would check the trace by running the network three times.
        traced = torch.jit.trace(  # type: ignore[no-untyped-call]
            module.eval(), example, strict=False, check_trace=False
        )
        graph = ov.convert_model(traced)
    graph.reshape({port: list(t.shape) for port, t in zip(graph.inputs, example, strict=True)})
    config: dict[str, Any] = {
        # Without it OpenVINO computes in bf16 where the processor can.
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        # The cores are shared with the rest of the robot; let the scheduler place the threads.
        "ENABLE_CPU_PINNING": False,
    }
    if threads is not None:
        config["INFERENCE_NUM_THREADS"] = threads
    return ov.Core().compile_model(graph, "CPU", config).create_infer_request()
