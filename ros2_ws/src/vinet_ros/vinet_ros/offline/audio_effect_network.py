# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The network whose hearing is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from vinet_ros.errors import VinetError, WeightsError
from vinet_ros.networks import create_model, load_model, model_spec
from vinet_ros.networks.catalog import list_models
from vinet_ros.networks.weights import bundled_weights
from vinet_ros.offline.audio_effect_request import AudioEffectRequest
from vinet_ros.runtime.benchmark_paths import seed_weights
from vinet_ros.runtime.select import find_place
from vinet_ros.runtime.two_step import TwoStepExecutor
from vinet_ros.streaming import Predictor


def check_hears(model: str) -> None:
    """Raise VinetError unless a network hears, ValueError if there is none of that name."""
    if not model_spec(model).saliency or not model_spec(model).audio:
        specs = [model_spec(name) for name in list_models()]
        hearing = ", ".join(spec.name for spec in specs if spec.audio and spec.saliency)
        raise VinetError(
            f"{model} takes no sound beside pictures, so there is no effect to measure; choose a "
            f"network that does: {hearing}"
        )


def load_hearing(
    request: AudioEffectRequest, *, in_set: bool = False
) -> tuple[Predictor, bool, Mapping[str, object]]:
    """Return the network behind a window, whether it is trained, and its options.

    Args:
        request: What is asked for.
        in_set: Whether it is for a video set, in which every frame is a slot.

    Raises:
        WeightsError: If the weights are missing or do not fit.
        VinetError: If the network takes no sound, as STAViS' variant st.
        ValueError: If an option does not exist.
    """
    trained = request.weights is not None or bundled_weights(request.model) is not None
    if not (trained or request.allow_untrained):
        raise WeightsError(
            f"no weights for {request.model!r} come with the package; give --weights FILE, or "
            "--allow-untrained for random ones, whose numbers say nothing of trained ones"
        )
    options = dict(request.options)
    if trained:
        network = load_model(request.model, request.weights, **options)
    else:
        network = _untrained(request.model, options, request.seed)
    if getattr(network, "sound_form", None) is None:
        raise VinetError(
            f"this {request.model} takes no sound, so there is no effect to measure; give one "
            "that was trained with sound, of STAViS variant sta"
        )
    place = find_place(request.device, "fp32", True, request.path)
    executor = TwoStepExecutor(network, place.device, request.path)
    rate_hz = request.window_rate_hz
    if rate_hz is None:
        rate_hz = -1.0 if in_set else 0.0
    predictor = Predictor(request.model, executor=executor, window_rate_hz=rate_hz)
    return predictor, trained, options if predictor.card is None else predictor.card.options


def _untrained(model: str, options: Mapping[str, Any], seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # of the biases, which stay as they are made
        return seed_weights(create_model(model, **options), seed)
