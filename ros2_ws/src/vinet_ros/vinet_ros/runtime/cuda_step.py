# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A computation with inputs and outputs of its own, recorded once and replayed as one piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

Outputs: TypeAlias = tuple[Tensor, ...]

_WARM_RUNS = 3


class StaticStep:
    """A function of tensors that never move: fill :attr:`inputs`, run, read the outputs.

    With a graph, CUDA records the function's kernels once and starts all of them with one call:
    no Python and no PyTorch between two kernels. What the function does must not depend on the
    inputs' values. Without a graph it is called each time; on the CPU there is nothing else.

    Args:
        function: Takes the inputs, gives the outputs.
        inputs: Memory of the step's own, on the device.
        graph: Record it; needs CUDA and a current stream that is not the default one.
        pool: Memory that steps share which never run at once; None: memory of its own.
    """

    def __init__(
        self,
        function: Callable[..., Outputs],
        inputs: tuple[Tensor, ...],
        graph: bool,
        pool: Any = None,
    ) -> None:
        self.inputs = inputs
        self._function = function
        self._graph: torch.cuda.CUDAGraph | None = None
        self._outputs: Outputs = ()
        if graph:
            self._record(pool)

    @property
    def recorded(self) -> bool:
        """Whether there is a graph."""
        return self._graph is not None

    def run(self) -> Outputs:
        """Compute the outputs of what the inputs hold; the next run writes over them."""
        if self._graph is None:
            self._outputs = self._function(*self.inputs)
        else:
            self._graph.replay()
        return self._outputs

    def _record(self, pool: Any) -> None:
        # Libraries get their workspaces and choose their kernels in the first runs: no graph
        # can hold that.
        for _ in range(_WARM_RUNS):
            self._function(*self.inputs)
        stream = torch.cuda.current_stream()
        stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        # Of this thread alone: other threads may use the device meanwhile.
        with torch.cuda.graph(graph, pool, stream, capture_error_mode="thread_local"):
            self._outputs = self._function(*self.inputs)
        self._graph = graph
