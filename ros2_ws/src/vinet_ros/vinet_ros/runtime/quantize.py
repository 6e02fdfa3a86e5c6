# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Post-training quantization: a network's OpenVINO graphs in int8, by NNCF.

Only who quantizes needs NNCF; what comes of it runs on OpenVINO alone.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from torch import nn

from vinet_ros.errors import DataError, DeviceError, WeightsError
from vinet_ros.networks.quantized import PARTS, QuantizedNetwork, StoredGraph, save_quantized
from vinet_ros.networks.weights import WeightsCard
from vinet_ros.preprocess import normalize_frames
from vinet_ros.runtime.base import FullWindow, Window
from vinet_ros.runtime.measure import step_seconds
from vinet_ros.runtime.openvino_executor import OpenVINOExecutor
from vinet_ros.runtime.openvino_graphs import Part, check_openvino, import_openvino, network_parts
from vinet_ros.runtime.quantize_check import Agreement, compare_maps, fresh
from vinet_ros.runtime.traits import NetworkTraits, Values, traits_of

Clips: TypeAlias = Sequence[Sequence[Window]]
"""Windows of each clip."""
Progress: TypeAlias = Callable[[str], None]

LEAST_CC = 0.99
"""What the maps of an int8 network must agree to with those of its weights."""
_CHECKED = 4  # every fourth window is kept back to check with
_CONVOLUTIONS = ("Convolution", "GroupConvolution", "ConvolutionBackpropData")


@dataclass(frozen=True, slots=True)
class Quantized:
    """What came of a quantization.

    Attributes:
        network: The int8 graphs.
        agreement: Of its maps with those of the weights, on windows that it was not made from.
        windows: Windows that it was made from.
        times_fp32: How many times as fast a step is as with OpenVINO in fp32, here and now.
    """

    network: QuantizedNetwork
    agreement: Agreement
    windows: int
    times_fp32: float

    def save(self, path: str | Path, frames_from: Sequence[str] = ()) -> WeightsCard:
        """Write the graphs and their card.

        Args:
            path: The file, safetensors; an existing one is replaced in one step.
            frames_from: Names of what the windows came from, for the card.

        Raises:
            WeightsError: If the file cannot be written.
        """
        made = {"frames_from": list(frames_from), "agreement": asdict(self.agreement)}
        card = self.network.card
        card = replace(card, quantization={**card.quantization, **made})
        return save_quantized(path, self.network.graphs, card)


def check_nncf() -> None:
    """Raise DeviceError unless OpenVINO and NNCF are installed."""
    check_openvino()
    if importlib.util.find_spec("nncf") is None:
        raise DeviceError(
            "quantizing needs NNCF, which is not installed; pip install 'vinet_ros[int8]', or "
            "pip install nncf"
        )


def quantize_network(
    model: nn.Module,
    clips: Clips,
    parts: Sequence[str] = PARTS,
    progress: Progress = lambda _what: None,
) -> Quantized:
    """Quantize a network's graphs to int8, calibrated on windows as it will see them.

    Every fourth window is kept back, and the int8 maps of these are compared with the fp32 ones.
    Weights are stored as int8. They use only half of its range, so that sums of two products
    cannot overflow on processors without VNNI instructions; what the file computes is the same
    on all. Matrix products (the enlarging of the map, a camera's motion) and the last convolution
    stay fp32: they cost nothing, and the map's fineness hangs on them.

    Args:
        model: A saliency network with weights of a file.
        clips: Windows of each clip; at least two in all.
        parts: Which graphs become int8; the others stay fp32.
        progress: Called with what is done next.

    Raises:
        ValueError: If `parts` names no part of the network, or it is no saliency network.
        DataError: If there are too few windows.
        WeightsError: If the network has no card: it was made, not loaded.
        DeviceError: If OpenVINO or NNCF is not installed, or cannot run the network.
    """
    check_nncf()
    traits = traits_of(model)
    card = _card(model, traits)
    used, kept_back = _split(clips)
    progress("running the fp32 network")
    plain = OpenVINOExecutor(model)
    for window in used:
        _encode(plain, window)
    expected = [[plain.predict_windows([window])[0] for window in clip] for clip in kept_back]
    graphs = _quantized_graphs(plain, model, used, parts, progress)
    network = QuantizedNetwork(_labelled(card, parts, graphs, len(used)), graphs)
    progress("comparing the maps")
    small = OpenVINOExecutor(network)
    found = [[small.predict_windows([fresh(w)])[0] for w in clip] for clip in kept_back]
    agreement = compare_maps(expected, found)
    ratio = step_seconds(plain) / step_seconds(small)
    return Quantized(network, agreement, len(used), ratio)


def _card(model: nn.Module, traits: NetworkTraits) -> WeightsCard:
    if isinstance(model, QuantizedNetwork):
        raise WeightsError("the weights are int8 graphs already; give those they were made from")
    if traits.card is None:
        raise WeightsError("expected a network whose weights come from a file, got none")
    return traits.card


def _split(clips: Clips) -> tuple[list[Window], list[list[Window]]]:
    """Return the windows to calibrate with, and those to check with, of each clip."""
    used: list[Window] = []
    kept_back: list[list[Window]] = []
    for clip in clips:
        kept_back.append(list(clip[1::_CHECKED]))
        used += [window for k, window in enumerate(clip) if k % _CHECKED != 1]
    if not any(kept_back):
        raise DataError(f"expected at least 2 windows of one clip, got {len(used)}; give more")
    return used, [clip for clip in kept_back if clip]


def _encode(executor: OpenVINOExecutor, window: Window) -> None:
    for moment in window:
        if moment.kept is None:
            moment.kept = executor.encode(moment.frame)


def _quantized_graphs(
    plain: OpenVINOExecutor,
    model: nn.Module,
    windows: Sequence[Window],
    parts: Sequence[str],
    progress: Progress,
) -> dict[str, StoredGraph]:
    encoder, decoder = network_parts(model, plain.traits, plain.traits.asides(None, None))
    there = {"decoder": decoder} if encoder is None else {"encoder": encoder, "decoder": decoder}
    chosen = [name for name in PARTS if name in parts and name in there]
    if not chosen or set(parts) - set(PARTS):
        raise ValueError(f"expected parts of {', '.join(there)}, got {', '.join(parts) or 'none'}")
    pixels = plain.traits.pixel_scale
    inputs: dict[str, Callable[[Window], list[Values]]] = {
        "encoder": lambda window: [normalize_frames(window[-1].frame, pixels)[None]],
        "decoder": lambda window: _decoder_inputs(plain, window, scaled=encoder is None),
    }
    graphs = {}
    for name, part in there.items():
        graph = _static(part)
        if name in chosen:
            progress(f"quantizing the {name}")
            graph = _quantize(graph, windows, inputs[name])
        graphs[name] = _stored(graph)
    return graphs


def _decoder_inputs(executor: OpenVINOExecutor, window: Window, *, scaled: bool) -> list[Values]:
    """Return a window as the decoder takes it: what is kept, or the `scaled` frames themselves."""
    full = window if isinstance(window, FullWindow) else FullWindow(window)
    if scaled:
        pixels = executor.traits.pixel_scale
        frames = [np.stack([normalize_frames(m.frame, pixels)[None] for m in window], axis=1)]
    else:
        levels = range(len(window[0].kept))
        frames = [np.stack([moment.kept[k] for moment in window], axis=1) for k in levels]
    return frames + [v[None].copy() for v in executor.traits.asides(full.sound, full.motion)]


def _static(part: Part) -> Any:
    graph = part.make()
    graph.reshape(dict(zip(graph.inputs, map(list, part.shapes), strict=True)))
    return graph


def _quantize(
    graph: Any, windows: Sequence[Window], inputs: Callable[[Window], list[Values]]
) -> Any:
    nncf = _import_nncf()
    # Its bars belong where progress is shown; the standard output may be somebody's JSON.
    with warnings.catch_warnings(), redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")  # of its own libraries' futures
        return nncf.quantize(
            graph,
            nncf.Dataset(windows, inputs),
            preset=nncf.QuantizationPreset.MIXED,
            target_device=nncf.TargetDevice.CPU,
            subset_size=len(windows),
            ignored_scope=nncf.IgnoredScope(names=_kept_fine(graph), validate=False),
            advanced_parameters=_advanced(nncf),
        )


def _advanced(nncf: Any) -> Any:
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    return nncf.AdvancedQuantizationParameters(
        overflow_fix=nncf.OverflowFix.ENABLE,
        # By least squared error: a few outliers would spread least and greatest over everything.
        # vinet_lite's decoder has CC 0.999 this way instead of 0.989, the mean map taken off.
        activations_range_estimator_params=RangeEstimatorParametersSet.HISTOGRAM,
    )


def _kept_fine(graph: Any) -> list[str]:
    """Return the layers that stay fp32: matrix products, and the last convolution to a map."""
    layers = graph.get_ordered_ops()
    names = [layer.get_friendly_name() for layer in layers if layer.get_type_name() == "MatMul"]
    last = [layer for layer in layers if layer.get_type_name() in _CONVOLUTIONS][-1:]
    return names + [layer.get_friendly_name() for layer in last if len(graph.outputs) == 1]


def _import_nncf() -> Any:
    """Import NNCF without its usage reports, as :func:`import_openvino` does."""
    import_openvino()
    if "nncf" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", cast("Any", None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import nncf

        nncf.set_log_level(40)  # errors: where histograms cannot be, it takes the range, and warns
    return nncf


def _stored(graph: Any) -> StoredGraph:
    with tempfile.TemporaryDirectory(prefix="vinet-int8-") as folder:
        layers, numbers = Path(folder) / "graph.xml", Path(folder) / "graph.bin"
        import_openvino().serialize(graph, str(layers), str(numbers))
        return StoredGraph(layers.read_bytes(), numbers.read_bytes())


def _labelled(
    card: WeightsCard, parts: Sequence[str], graphs: dict[str, StoredGraph], windows: int
) -> WeightsCard:
    now = datetime.now(timezone.utc)
    quantization = {
        "from_sha256": card.sha256,
        "parts": [name for name in PARTS if name in parts and name in graphs],
        "nncf": metadata.version("nncf"),
        "openvino": metadata.version("openvino"),
        "date": now.strftime("%Y-%m-%d"),
        "windows": windows,
    }
    # Scores are those of the weights, and the maps differ a little.
    return replace(card, file="", sha256="", scores={}, quantization=quantization)
