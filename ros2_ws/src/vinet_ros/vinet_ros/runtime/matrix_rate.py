# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How fast a device multiplies matrices: what a network's time is held against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from vinet_ros.runtime.torch_executor import DTYPES

_SIZES = {"cpu": 2048, "cuda": 8192}


class MatrixProduct:
    """The product of two square matrices, timed beside the paths, in the same rounds.

    Args:
        device: ``cpu`` or ``cuda:n``.
        precision: ``fp32``, ``fp16`` or ``bf16``.
    """

    def __init__(self, device: str, precision: str = "fp32") -> None:
        self.device = device
        self.size = _SIZES[device.partition(":")[0]]
        generator = torch.Generator().manual_seed(0)
        shape = (self.size, self.size)
        self._factors = [
            torch.randn(shape, generator=generator).to(device, DTYPES[precision]) for _ in range(2)
        ]
        self._product = torch.empty_like(self._factors[0])

    def run(self) -> None:
        """Multiply once."""
        torch.mm(*self._factors, out=self._product)
        if self.device != "cpu":
            torch.cuda.synchronize(self.device)

    def gmac_per_s(self, seconds: npt.NDArray[np.float64]) -> float:
        """Return billions of multiplications a second, by the median of some runs' times."""
        return self.size**3 / 1e9 / float(np.median(seconds))
