# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Fresh networks whose parts were trained before: encoders, and the visual part of AViNet."""

from __future__ import annotations

from torch import nn

from vinet_ros.errors import DataError
from vinet_ros.networks import load_model
from vinet_ros.networks.loading import fill, load_kinetics_s3d
from vinet_ros.networks.stavis import STAViS
from vinet_ros.networks.stavis_parts import load_stavis_part
from vinet_ros.training.config import TrainConfig

PART_FILES = ("encoder_weights", "visual_weights", "audio_weights")
"""Fields of a config that name a part's file."""

_DEFAULT_ENCODER = "soundnet"


def fill_parts(model: nn.Module, config: TrainConfig) -> None:
    """Fill those parts of a network that the config names files of.

    Of STAViS these are its 3D-ResNet and its SoundNet, whichever a file is.

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
    if config.encoder_weights:
        load_kinetics_s3d(model if sight is None else sight, config.encoder_weights)
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


def _fill_from(part: nn.Module | None, name: str, path: str) -> None:
    assert part is not None, "checked by the caller"
    fill(part, load_model(name, path).state_dict(), source=path)
