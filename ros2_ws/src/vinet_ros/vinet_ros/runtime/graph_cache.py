# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""OpenVINO graphs of networks that came from a file, kept for when they are compiled again.

Tracing a network leaves megabytes behind that PyTorch never gives back (its issue 35600): 10 MiB
each time with vinet_lite. A node that is configured again and again would grow without end.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import nn

from vinet_ros.networks.weights import WeightsCard

MOST_GRAPHS = 4
"""Kept at a time: an encoder and a decoder each of two networks."""


class GraphCache:
    """Keeps the graphs that were used last; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._graphs: OrderedDict[Hashable, Any] = OrderedDict()

    def __len__(self) -> int:
        """Return how many graphs are kept."""
        return len(self._graphs)

    def use(self, key: Hashable | None, make: Callable[[], Any], use: Callable[[Any], Any]) -> Any:
        """Return what ``use`` makes of a graph; nobody else has the graph meanwhile.

        Args:
            key: What makes two graphs the same; None: nobody knows, so it is not kept.
            make: Makes the graph where there is none of the key.
            use: Takes the graph; it may give it other shapes.
        """
        if key is None:
            return use(make())
        with self._lock:
            graph = self._graphs.pop(key, None) or make()
            self._graphs[key] = graph
            while len(self._graphs) > MOST_GRAPHS:
                self._graphs.popitem(last=False)
            return use(graph)


def network_key(network: nn.Module, card: WeightsCard | None) -> Hashable | None:
    """Return what makes two networks compute the same, None where that is not known.

    Args:
        network: Its weights count as they are now: it may have learned since it was loaded.
        card: Of the file that it was loaded from; tells the options that weights do not show.
    """
    if card is None:
        return None
    digest = hashlib.blake2b()
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    options = tuple(sorted((name, repr(value)) for name, value in card.options.items()))
    return (card.model, options, card.clip_length, tuple(card.input_size), digest.hexdigest())


GRAPHS = GraphCache()
"""Those of this process."""
