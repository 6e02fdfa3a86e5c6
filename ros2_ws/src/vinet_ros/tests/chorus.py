# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A quick network that hears: it looks where it is bright, and more to one side the louder."""

import numpy as np
import torch
from made_videos import write_sound_set
from scipy.io import wavfile
from torch import Tensor, nn
from trail import Trail

from vinet_ros.preprocess import SOUND_RATE_HZ
from vinet_ros.runtime.two_step import TwoStepExecutor
from vinet_ros.sound_forms import WAVEFORM
from vinet_ros.streaming import Predictor
from vinet_ros.training.datasets.layouts import LAYOUTS, find_videos
from vinet_ros.training.datasets.video_records import VideoRecord


class Chorus(Trail):
    """Its parts are those of AViNet."""

    sound_form = WAVEFORM

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def see(self, clip: Tensor) -> tuple[Tensor, ...]:
        self.seen += 1
        weights = torch.arange(1.0, self.clip_length + 1).reshape(1, -1, 1, 1)
        bright = nn.functional.avg_pool2d(clip.mean(dim=1), 3, 1, 1)
        return ((weights * bright).mean(dim=1, keepdim=True), bright[:, -1:])

    def hear(self, audio: Tensor) -> Tensor:
        loud = audio.flatten(1).unflatten(1, (3, -1)).abs().mean(dim=2)
        return loud[:, None, :, None]  # (B, 1, 3, 1)

    def answer(self, seen: tuple[Tensor, ...], heard: Tensor) -> Tensor:
        deep, newest = seen
        side = torch.linspace(-1.0, 1.0, deep.shape[-1]) * heard.sum(dim=2, keepdim=True)
        return torch.sigmoid(deep + 0.1 * newest + 0.2 * side).squeeze(1)

    def decode(self, features: tuple[Tensor, ...], audio: Tensor) -> Tensor:
        return self.answer(self.see(features[0].transpose(1, 2)), self.hear(audio))

    def encode(self, frames: Tensor) -> tuple[Tensor, ...]:
        return (frames,)

    def forward(self, clip: Tensor, audio: Tensor) -> Tensor:
        return self.answer(self.see(clip), self.hear(audio))


def chorus_predictor(rate_hz: float = 0.0, network: Chorus | None = None) -> Predictor:
    network = network or Chorus()
    executor = TwoStepExecutor(network, path="torch")
    return Predictor(network, executor=executor, window_rate_hz=rate_hz)


def noise(seconds: float, seed: int) -> np.ndarray:
    """Noise that swells, (N,) at 22,050 Hz."""
    count = round(seconds * SOUND_RATE_HZ)
    swell = np.linspace(0.02, 0.4, count)
    return np.clip(swell * np.random.default_rng(seed).standard_normal(count), -1, 1)


def write_wav(path, samples: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    wavfile.write(path, SOUND_RATE_HZ, np.rint(samples * 32767).astype(np.int16))


def sounding_videos(folder, frames: int) -> tuple[VideoRecord, ...]:
    """Make three videos with a sound of their own each."""
    root = write_sound_set(folder, "AVAD", frames=frames)
    found = [r for s in ("train", "test") for r in find_videos(root, LAYOUTS["avad"], s)]
    for seed, record in enumerate(found):
        write_wav(record.audio, noise(frames / 25, seed))
    return tuple(found)
