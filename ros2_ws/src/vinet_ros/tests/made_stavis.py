# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A STAViS with the golden files' weights, made to take pixels as they come."""

from pathlib import Path

import torch
from fill import fill

from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, save_weights


def made_stavis(**options):
    model = create_model("stavis", **options).eval()
    fill(model)
    with torch.no_grad():
        model.conv1.weight /= 128.0  # else deep logits are huge, and maps black and white
        for name, parameter in model.named_parameters():
            if name.endswith("bn3.weight"):
                parameter *= 0.25
    return model


def write_stavis(path: Path, **options) -> Path:
    card = WeightsCard("stavis", 16, (112, 112), 30.0, options=options, source="made for a test")
    save_weights(path, made_stavis(**options), card)
    return path
