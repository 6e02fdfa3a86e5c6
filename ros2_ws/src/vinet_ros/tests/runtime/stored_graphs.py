# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A file of stored graphs without NNCF: they are as they were traced, in fp32."""

from pathlib import Path

import torch

from vinet_ros.networks import create_model
from vinet_ros.networks.quantized import StoredGraph, save_quantized
from vinet_ros.networks.weights import WeightsCard
from vinet_ros.runtime.openvino_executor import OpenVINOExecutor
from vinet_ros.runtime.openvino_graphs import import_openvino, network_parts
from vinet_ros.runtime.traits import traits_of

OPTIONS = {"clip_length": 2, "width": 16, "motion_width": 8}
CARD = WeightsCard(
    "vinet_lite", 2, (224, 384), 15.0, options=OPTIONS, quantization={"parts": ["decoder"]}
)


def small_network():
    torch.manual_seed(3)
    return create_model("vinet_lite", **OPTIONS).eval()


def stored_graphs(model, folder: Path) -> dict[str, StoredGraph]:
    asides = OpenVINOExecutor(model).traits.asides(None, None)
    graphs = {}
    parts = zip(
        ("encoder", "decoder"), network_parts(model, traits_of(model), asides), strict=True
    )
    for name, part in parts:
        graph = part.make()
        graph.reshape(dict(zip(graph.inputs, map(list, part.shapes), strict=True)))
        xml, numbers = folder / f"{name}.xml", folder / f"{name}.bin"
        import_openvino().serialize(graph, str(xml), str(numbers))
        graphs[name] = StoredGraph(xml.read_bytes(), numbers.read_bytes())
    return graphs


def graph_file(folder: Path) -> tuple[Path, torch.nn.Module]:
    """Return the file, and the network that it is of."""
    model = small_network()
    file = folder / "lite.int8.safetensors"
    save_quantized(file, stored_graphs(model, folder), CARD)
    return file, model
