# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""TensorRT through Torch-TensorRT, where that is installed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import torch

from vinet_ros.errors import DeviceError


def tensorrt_installed() -> bool:
    """Tell whether Torch-TensorRT can be imported, without importing it."""
    return importlib.util.find_spec("torch_tensorrt") is not None


def check_tensorrt() -> None:
    """Raise DeviceError unless Torch-TensorRT is installed."""
    if not tensorrt_installed():
        raise DeviceError(
            "Torch-TensorRT is not installed; pip install torch-tensorrt, or use path graph"
        )


def compile_tensorrt(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose first call builds its TensorRT engine, for exactly those shapes.

    The numbers keep the format that weights and inputs have. What TensorRT does not know stays
    with PyTorch.

    Raises:
        DeviceError: If Torch-TensorRT is not installed.
    """
    check_tensorrt()
    importlib.import_module("torch_tensorrt")  # makes the compiler known to PyTorch
    options: dict[str, Any] = {
        "min_block_size": 1,
        "truncate_double": True,
    }
    compiled: Callable[..., Any] = torch.compile(
        function, backend="tensorrt", dynamic=False, options=options
    )
    return compiled
