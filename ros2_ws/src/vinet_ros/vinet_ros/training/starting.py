# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a run begins with: its network, and what trains that."""

from __future__ import annotations

import torch
from torch import nn

from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.stavis import STAViS
from vinet_ros.training.config import Stage, TrainConfig
from vinet_ros.training.module import SaliencyModule
from vinet_ros.training.parts import fill_parts
from vinet_ros.training.stavis_module import StavisModule
from vinet_ros.training.teacher import load_teacher


def starting_model(config: TrainConfig) -> nn.Module:
    """Return the network to train: from a weight file, or fresh with what is known of images.

    Fresh, vinet_lite's encoder comes from ImageNet or from `encoder_weights`, ViNet's from
    `encoder_weights` and AViNet's parts from `visual_weights` and `audio_weights`, if given.
    STAViS takes parts from `encoder_weights` and `audio_weights` even beside `init`: its
    SoundNet, beside "st".
    """
    if config.init:
        model = load_model(config.model, config.init, **config.options)
    else:
        model = create_model(config.model, **config.options)
    if not config.init or isinstance(model, STAViS):
        fill_parts(model, config)
    model.train()  # a loaded network comes ready to predict: its norms would not learn
    if all(parameter.ndim != 5 for parameter in model.parameters()):
        return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
    return model


def learning_module(
    model: nn.Module, stage: Stage, config: TrainConfig, steps: int
) -> SaliencyModule:
    """Return what trains a network in a stage of so many steps."""
    if isinstance(model, STAViS):
        return StavisModule(model, stage, config.weights, config.weight_decay, steps)
    teacher = load_teacher(config.teacher, config.model) if stage.teacher_share else None
    return SaliencyModule(model, stage, config.weights, config.weight_decay, steps, teacher)
