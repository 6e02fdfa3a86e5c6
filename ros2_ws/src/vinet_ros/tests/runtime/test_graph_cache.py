# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Graphs that are kept: the same network again, and nothing but the same."""

import numpy as np
import pytest
import torch

from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.weights import WeightsCard
from vinet_ros.runtime import graph_cache
from vinet_ros.runtime.graph_cache import MOST_GRAPHS, GraphCache, network_key
from vinet_ros.runtime.openvino_executor import OpenVINOExecutor

CARD = WeightsCard("vinet_lite", 2, (224, 384), 15.0, {"width": 16})


def small(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return create_model("vinet_lite", clip_length=2, width=16, motion_width=8).eval()


def test_a_graph_is_made_once_and_the_oldest_is_let_go() -> None:
    cache, made = GraphCache(), []

    def make() -> str:
        made.append("graph")
        return f"graph {len(made)}"

    assert cache.use("a", make, str.upper) == "GRAPH 1"
    assert cache.use("a", make, str.upper) == "GRAPH 1"
    assert cache.use(None, make, str.upper) == "GRAPH 2"
    for key in range(MOST_GRAPHS):
        cache.use(key, make, str.upper)
    assert len(cache) == MOST_GRAPHS
    assert cache.use("a", make, str.upper) == f"GRAPH {len(made)}"
    assert len(made) == 2 + MOST_GRAPHS + 1


def test_what_could_not_be_made_is_made_the_next_time() -> None:
    cache = GraphCache()
    with pytest.raises(KeyError):
        cache.use("a", {}.popitem, str)
    assert cache.use("a", lambda: "graph", str) == "graph"


def test_networks_are_the_same_by_weights_and_options() -> None:
    network, other = small(), small(1)
    assert network_key(network, CARD) == network_key(small(), CARD)
    assert network_key(network, CARD) != network_key(other, CARD)
    assert network_key(network, CARD) != network_key(
        network, WeightsCard("vinet_lite", 4, (224, 384), 15.0, {"width": 16})
    )
    assert network_key(network, None) is None
    before = network_key(network, CARD)
    with torch.no_grad():
        next(network.parameters()).mul_(2)
    assert network_key(network, CARD) != before


def test_a_network_from_a_file_is_traced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vinet_ros.runtime.openvino_graphs.GRAPHS", cache := GraphCache())
    traced, trace = [], torch.jit.trace

    def counted(*arguments: object, **options: object) -> object:
        traced.append(arguments)
        return trace(*arguments, **options)

    monkeypatch.setattr(torch.jit, "trace", counted)
    frame = np.random.default_rng(0).integers(0, 256, (224, 384, 3), dtype=np.uint8)
    maps = []
    for batches in (1, 1, 2):
        executor = OpenVINOExecutor(load_model("vinet_lite"), threads=1, batches=batches)
        maps.append(executor.predict([executor.encode(frame)] * executor.clip_length))
        executor.close()
    assert len(traced) == len(cache) == 2  # encoder and decoder
    assert np.array_equal(maps[0], maps[1])
    np.testing.assert_allclose(maps[0], maps[2], atol=1e-6)
    changed = load_model("vinet_lite")
    with torch.no_grad():
        for parameter in changed.parameters():
            parameter.mul_(0.9)
    executor = OpenVINOExecutor(changed, threads=1)
    assert len(traced) == 4
    assert not np.allclose(executor.predict([executor.encode(frame)] * 8), maps[0], atol=1e-4)
    assert len(graph_cache.GRAPHS) <= MOST_GRAPHS
