# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The ways to run a network on a CUDA device, and which of them ``auto`` tries."""

from __future__ import annotations

import copy
from typing import Any, Protocol

import torch
from torch import nn

from vinet_ros.errors import DeviceError
from vinet_ros.runtime.base import Executor
from vinet_ros.runtime.candidates import Candidate, fastest_of
from vinet_ros.runtime.cuda_executor import CudaExecutor, CudaPlan
from vinet_ros.runtime.tensorrt import check_tensorrt
from vinet_ros.runtime.torch_executor import TorchExecutor

AUTO_BUDGET_S = 30.0
"""Seconds after which ``auto`` begins no further trial; a node that configures cannot wait long.

Compiling takes minutes, so torch.compile and TensorRT are for those who ask for them.
"""
PLANS = {
    "graph": CudaPlan(),
    "compiled": CudaPlan(compiler="inductor"),
    "tensorrt": CudaPlan(compiler="tensorrt", graph=False),
}


class CudaPlace(Protocol):
    """Where to run: a device ``cuda:n`` and a precision, or ``auto`` for it."""

    @property
    def device(self) -> str:
        """``cuda:n``."""

    @property
    def precision(self) -> str:
        """``auto``, ``fp32``, ``fp16`` or ``bf16``."""


def cuda_executor(
    model: nn.Module, place: CudaPlace, path: str, build: dict[str, Any]
) -> Executor:
    """Bind a network to a CUDA device.

    Args:
        model: A saliency network, on the CPU.
        place: The device and the precision.
        path: ``torch`` (eager), ``graph``, ``compiled``, ``tensorrt``, or ``auto``.
        build: ``threads`` and ``batches`` for the executor.

    Raises:
        DeviceError: If the device cannot do what is asked for.
    """
    precision = "fp32" if place.precision == "auto" else place.precision
    if path == "auto":
        return fastest_of(cuda_candidates(model, place, build["batches"]), AUTO_BUDGET_S)
    if path == "torch":
        return TorchExecutor(model, place.device, precision, reason="", **build)
    if path == "tensorrt":
        check_tensorrt()
    if path not in PLANS:
        raise DeviceError(f"path {path} does not run on {place.device}; use path auto or graph")
    return _planned(model, place.device, path, precision, build["batches"])


def cuda_candidates(model: nn.Module, place: CudaPlace, batches: int) -> list[Candidate]:
    """Return what ``auto`` tries: eager first, whose map the others must agree with.

    With precision ``auto`` the eager map is fp32, and half precisions are tried too.
    """
    auto = place.precision == "auto"
    first = "fp32" if auto else place.precision

    def eager() -> Executor:
        return TorchExecutor(copy.deepcopy(model), place.device, first, "", None, batches)

    def graph(precision: str) -> Candidate:
        def build() -> Executor:
            return _planned(copy.deepcopy(model), place.device, "graph", precision, batches)

        return Candidate(f"{precision} graph", build)

    precisions = _precisions(first) if auto else [first]
    return [Candidate(f"{first} eager", eager), *(graph(name) for name in precisions)]


def _precisions(first: str) -> list[str]:
    bf16 = ["bf16"] if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else []
    return [first, "fp16", *bf16]


def _planned(model: nn.Module, device: str, path: str, precision: str, batches: int) -> Executor:
    plan = PLANS[path]
    plan = CudaPlan(precision, plan.graph, plan.compiler)
    return CudaExecutor(model, device, plan, "asked for", batches)
