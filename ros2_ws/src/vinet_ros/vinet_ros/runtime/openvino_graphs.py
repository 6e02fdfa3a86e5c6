# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Networks as OpenVINO graphs: traced from PyTorch or read from a file, and compiled."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor, nn

from vinet_ros.errors import DeviceError
from vinet_ros.networks.quantized import QuantizedNetwork, StoredGraph
from vinet_ros.preprocess import PixelScale
from vinet_ros.runtime.graph_cache import GRAPHS, network_key
from vinet_ros.runtime.steps import DecodeStep, EncodeStep
from vinet_ros.runtime.traits import NetworkTraits, Values

_Shape: TypeAlias = tuple[int, ...]


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
    name, advice = type(model).__name__, "use path torch"
    if isinstance(model, QuantizedNetwork):
        name, advice = model.card.file, "make the file again with `vinet weights quantize`"
    return DeviceError(
        f"OpenVINO cannot run {name} ({type(error).__name__}: {first_line}); {advice}"
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One graph of a network, ready to be compiled.

    Attributes:
        shapes: Of its inputs, with a batch of 1.
        make: Makes the graph.
        key: What makes two graphs the same; None: nobody knows.
    """

    shapes: tuple[_Shape, ...]
    make: Callable[[], Any]
    key: Hashable | None = None

    def compile(self, threads: int | None, sizes: Sequence[int]) -> list[Any]:
        """Return an inference request for each size: batches of 1, or of 1 up to that size."""

        def compiled(graph: Any) -> list[Any]:
            return [_request(graph, self.shapes, threads, size) for size in sizes]

        return list(GRAPHS.use(self.key, self.make, compiled))

    def of_pixels(self, scale: PixelScale) -> Part:
        """Return the same graph with a first input of bytes, RGB 0..255, in place of its floats.

        They are a quarter of the memory, in the window and on their way into the graph.

        Args:
            scale: How the network wants its pixels.
        """
        key = None if self.key is None else ("pixels", scale, self.key)
        return Part(self.shapes, lambda: _of_pixels(self.make(), scale), key)


def network_parts(
    model: nn.Module, traits: NetworkTraits, asides: Sequence[Values]
) -> tuple[Part | None, Part]:
    """Return a network's encoder, None where it keeps the frame itself, and its decoder.

    Args:
        model: In evaluation mode, float32, on the CPU; or int8 graphs.
        traits: Its own.
        asides: What it takes beside the frames, without a batch.

    Raises:
        ValueError: If int8 graphs are not those of such a network.
    """
    if isinstance(model, QuantizedNetwork):
        return _stored_parts(model, traits, asides)
    network: Any = model
    frame = torch.zeros(1, 3, *traits.input_size)
    with torch.inference_mode():
        kept = tuple(network.encode(frame))
    key = network_key(network, traits.card)
    window = tuple(torch.stack([k] * traits.clip_length, dim=1) for k in kept)
    beside = tuple(torch.from_numpy(values[None].copy()) for values in asides)
    decoder = _traced(DecodeStep(network, len(window)), window + beside, key)
    if len(kept) == 1 and kept[0] is frame:
        return None, decoder
    return _traced(EncodeStep(network), (frame,), key), decoder


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
    return _traced(module, example, network).compile(threads, sizes)


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


def _traced(module: nn.Module, example: tuple[Tensor, ...], network: Hashable | None) -> Part:
    key = None if network is None else (type(module), network)
    shapes = tuple(tuple(tensor.shape) for tensor in example)
    return Part(shapes, lambda: _trace(module, example), key)


def _trace(module: nn.Module, example: tuple[Tensor, ...]) -> Any:
    with warnings.catch_warnings(), torch.inference_mode():
        # Tracing warns of every shape that becomes a constant; here all shapes are constant.
        warnings.simplefilter("ignore")
        # OpenVINO's own tracing would check the trace by running the network three times.
        traced = torch.jit.trace(  # type: ignore[no-untyped-call]
            module.eval(), example, strict=False, check_trace=False
        )
        return import_openvino().convert_model(traced)


def _stored_parts(
    model: QuantizedNetwork, traits: NetworkTraits, asides: Sequence[Values]
) -> tuple[Part | None, Part]:
    """Read the graphs, which may be anybody's, and hold them against what is asked of them."""
    graphs = {name: _read(stored) for name, stored in model.graphs.items()}
    frame: _Shape = (1, 3, *traits.input_size)
    kept = [frame]
    if "encoder" in graphs:
        _check("encoder takes", _shapes(graphs["encoder"].inputs), [frame])
        kept = _shapes(graphs["encoder"].outputs)
    window: list[_Shape] = [(1, traits.clip_length, *shape[1:]) for shape in kept]
    window += [(1, *values.shape) for values in asides]
    decoder = graphs["decoder"]
    _check("decoder takes", _shapes(decoder.inputs), window)
    _check("decoder gives", _shapes(decoder.outputs), [(1, *traits.input_size)])
    encoder = graphs.get("encoder")
    return (
        None if encoder is None else Part((frame,), lambda: encoder),
        Part(tuple(window), lambda: decoder),
    )


def _read(stored: StoredGraph) -> Any:
    ov = import_openvino()
    numbers = ov.Tensor(ov.Type.u8, ov.Shape([len(stored.numbers)]))
    numbers.data[:] = memoryview(stored.numbers)
    return ov.Core().read_model(stored.layers, numbers)


def _of_pixels(graph: Any, scale: PixelScale) -> Any:
    """Let a graph scale its first input, a window (B, T, 3, H, W), itself."""
    ov = import_openvino()
    steps = ov.preprocess.PrePostProcessor(graph)
    window = steps.input(0)
    window.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NDCHW"))
    window.model().set_layout(ov.Layout("NDCHW"))
    # scale * pixel - shift, in OpenVINO's terms: the mean off, and then divided.
    mean = [shift / factor for factor, shift in zip(scale.scale, scale.shift, strict=True)]
    deviation = [1 / factor for factor in scale.scale]
    window.preprocess().convert_element_type(ov.Type.f32).mean(mean).scale(deviation)
    return steps.build()


def _shapes(ports: Any) -> list[_Shape]:
    return [tuple(int(size) for size in port.get_shape()) for port in ports]


def _check(what: str, found: list[_Shape], expected: list[_Shape]) -> None:
    if found != expected:
        raise ValueError(f"expected that the {what} {expected}, got {found}")


def _request(graph: Any, inputs: Sequence[tuple[int, ...]], threads: int | None, size: int) -> Any:
    ov = import_openvino()
    batch = ov.Dimension(1, size)  # (1, 1) is static
    shapes = [ov.PartialShape([batch, *shape[1:]]) for shape in inputs]
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
