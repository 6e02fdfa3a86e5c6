# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What an evaluation ran on, for the head of its report."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

import vinet_ros
from vinet_ros.networks import model_spec
from vinet_ros.networks.weights import bundled_weights, card_of, sha256_of
from vinet_ros.offline.evaluate_jobs import NO_MODEL, Bench
from vinet_ros.offline.evaluate_request import EvaluationRequest


def identify(model: str, weights: Path | None) -> str:
    """Return what tells a network with its weights from others."""
    path = weights or (None if model == NO_MODEL else bundled_weights(model))
    return f"{model} {sha256_of(path) if path is not None and path.is_file() else 'none'}"


def head_of(request: EvaluationRequest, videos: bool) -> dict[str, str]:
    """Return what is asked for, for the head of the report."""
    facts = {
        "vinet_ros": vinet_ros.__version__,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "data": ", ".join(path.name for path in request.data),
        "model": request.model,
    }
    if videos:
        settings = request.video_settings()
        rate_hz = settings.window_rate_hz
        window = {-1: "every frame is a slot", 0: "the network's own rate"}
        facts["videos"] = ", ".join(
            (
                f"first frames: {settings.first_frames}",
                f"window: {window.get(int(np.sign(rate_hz)), f'{rate_hz:g} Hz')}",
                "every frame" if settings.every == 1 else f"one frame of {settings.every}",
                "8-bit maps as the authors save" if settings.eight_bit else "maps as they are",
            )
        )
        if request.model != NO_MODEL and model_spec(request.model).audio:
            std = f", deviation {settings.audio_std:g}" if settings.audio_std else ""
            facts["sound"] = f"{settings.audio}{std}, seed {settings.seed}"
    return facts


def describe(bench: Bench, devices: Sequence[str], facts: dict[str, str]) -> None:
    """Add which network runs on what."""
    if bench.network is None:
        return
    card = card_of(bench.network)
    weights = "not recorded" if card is None else f"{card.file}, sha256 {card.sha256}"
    facts["weights"] = f"{facts['weights']}; {weights}" if "weights" in facts else weights
    facts["device"] = ", ".join(_device_name(device) for device in devices)
    facts["torch"] = torch.__version__


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device}, {torch.get_num_threads()} threads"
