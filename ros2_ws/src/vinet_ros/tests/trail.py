# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A quick network whose map depends on every frame of its window, and a run of it by itself."""

import sys
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from vinet_ros.offline.predict.request import NetworkChoice, PredictRequest
from vinet_ros.offline.predict.run import Summary, predict_source
from vinet_ros.streaming import Predictor

ALL = ("overlay", "maps", "npz", "csv", "json", "heatmap", "sheet", "bag")


class Trail(nn.Module):
    """Where it is bright, newer frames counting more."""

    clip_length = 5
    input_size = (18, 32)
    rate_hz = 15.0

    def encode(self, frames: Tensor) -> tuple[Tensor, ...]:
        return (nn.functional.avg_pool2d(frames.mean(dim=1, keepdim=True), 3, 1, 1),)

    def decode(self, features: tuple[Tensor, ...]) -> Tensor:
        weights = torch.arange(1.0, self.clip_length + 1).reshape(1, -1, 1, 1, 1)
        return torch.sigmoid((weights * features[0]).mean(dim=1).squeeze(1))

    def forward(self, clip: Tensor) -> Tensor:
        frames = clip.transpose(1, 2)  # (B, T, 3, H, W)
        (features,) = self.encode(frames.flatten(0, 1))
        return self.decode((features.unflatten(0, frames.shape[:2]),))


class WideTrail(Trail):
    """Trail at the size of real networks."""

    input_size = (224, 384)


def trail_predictor(
    choice: NetworkChoice | None = None, path: str = "torch", network: type[Trail] = Trail
) -> Predictor:
    choice = choice or NetworkChoice()
    return Predictor(
        network(),
        path="torch",
        window_rate_hz=choice.window_rate_hz,
        max_gap_s=choice.max_gap_s,
        threads=1,
    )


def run_trail(
    path, out, *, progress=lambda *_: None, window_rate_hz=0.0, network=Trail, **options
) -> Summary:
    choice = NetworkChoice(path="torch", window_rate_hz=window_rate_hz)
    options = {"write": ALL, "piece_frames": 10, **options}
    request = PredictRequest(out=Path(out), network=choice, **options)
    name = Path(path).name.partition(".")[0]
    predictors = partial(trail_predictor, network=network)
    return predict_source(request, str(path), name, predictors, progress)


def resident_kib() -> int:
    with Path("/proc/self/status").open(encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def main() -> None:
    """Run over INPUT into OUT in pieces of N frames; tell frames and memory on the way."""
    torch.set_num_threads(1)

    def tell(_: str, done: int, total: int) -> None:
        print(done, resident_kib(), flush=True)

    run_trail(sys.argv[1], sys.argv[2], piece_frames=int(sys.argv[3]), progress=tell)


if __name__ == "__main__":
    main()
