# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A network whose answer is known: it looks where the newest frame is bright."""

import threading
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vinet_ros.ros.model_setup import LoadedModel
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.runtime.base import Executor, Kept
from vinet_ros.runtime.torch_executor import TorchExecutor
from vinet_ros.streaming import Predictor


class BrightSpot(nn.Module):
    """Mean of the channels of the newest frame, smoothed and squashed into (0, 1)."""

    clip_length = 4
    input_size = (56, 96)
    rate_hz = 30.0

    def encode(self, frames: Tensor) -> tuple[Tensor, ...]:
        return (frames,)

    def decode(self, features: tuple[Tensor, ...]) -> Tensor:
        newest = features[0][:, -1].mean(dim=1, keepdim=True)  # (B, 1, H, W)
        smooth = nn.functional.avg_pool2d(newest, 5, stride=1, padding=2)
        return torch.sigmoid(smooth).squeeze(1)

    def forward(self, clip: Tensor) -> Tensor:
        return self.decode((clip.transpose(1, 2),))


class Gated(BrightSpot):
    """Predicts once for each ``go_on.release()``; counts how often it has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = 0, threading.Semaphore(0)
        self.patience_s = 30.0

    def decode(self, features: tuple[Tensor, ...]) -> Tensor:
        self.begun += 1
        assert self.go_on.acquire(timeout=self.patience_s)
        return super().decode(features)


class Failing(BrightSpot):
    """Raises, or gives NaN, at its first predictions."""

    def __init__(self, error: Exception | None, times: int) -> None:
        super().__init__()
        self.error, self.times = error, times

    def decode(self, features: tuple[Tensor, ...]) -> Tensor:
        values = super().decode(features)
        if self.times <= 0:
            return values
        self.times -= 1
        if self.error is not None:
            raise self.error
        return values * float("nan")


class FullDevice(TorchExecutor):
    """A device that has no room: it raises what PyTorch raises, at its first predictions."""

    def __init__(self, times: int = 1_000_000) -> None:
        super().__init__(BrightSpot())
        self.device = "cuda:0"
        self.times = times
        self.closed = False

    def predict(
        self,
        slots: Sequence[Kept],
        sound: NDArray[np.float32] | None = None,
        motion: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        if self.times > 0:
            self.times -= 1
            raise torch.cuda.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 2.00 GiB (simulated).\nSee the manual."
            )
        return super().predict(slots, sound, motion)

    def close(self) -> None:
        self.closed = True
        super().close()


class Loader:
    """Gives saliency_node networks that are made in the test, and remembers what it asked."""

    def __init__(self, *networks: "nn.Module | Executor", trained: bool = True) -> None:
        self.networks = list(networks) or [BrightSpot()]
        self.trained = trained
        self.asked: list[tuple[SaliencyParameters, str]] = []

    def __call__(self, parameters: SaliencyParameters, device: str) -> LoadedModel:
        network = self.networks[min(len(self.asked), len(self.networks) - 1)]
        self.asked.append((parameters, device))
        ready = network if isinstance(network, Executor) else None
        predictor = Predictor(
            BrightSpot() if ready else network,
            executor=ready,
            path="torch",
            window_rate_hz=parameters.window_rate_hz,
            max_gap_s=parameters.max_gap_s,
            warmup=parameters.warmup,
            stabilize=parameters.stabilize,
        )
        return LoadedModel(predictor, "bright_spot", self.trained, "made for the test")
