# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Names of the networks: what each one needs, and how to make one."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinet_ros.preprocess import INPUT_SIZE, SOUND_SAMPLES, STAVIS_SIZE
from vinet_ros.sound_forms import AVID_SIZE, VGGVOX_SIZE

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What a caller must know of a network before it exists.

    Attributes:
        name: Name in the catalog.
        where: Module and class, imported when the network is asked for: listing the models must
            not build any.
        summary: One line for people.
        clip_length: Frames in a clip by default; the module's own `clip_length` counts.
        input_size: Height and width of a frame in pixels; of a sound alone, samples and 1, or
            the two sides of its spectrogram.
        rate_hz: Frames a second that the network was made for.
        streaming: Whether `encode` does the expensive part once a frame, so that a step costs
            one frame; else every prediction costs the whole clip.
        audio: Whether `forward` takes sound beside the clip.
        saliency: Whether the output is a saliency map (else features).
    """

    name: str
    where: str
    summary: str
    clip_length: int = 32
    input_size: tuple[int, int] = INPUT_SIZE
    rate_hz: float = 30.0
    streaming: bool = False
    audio: bool = False
    saliency: bool = True


_SPECS = {
    spec.name: spec
    for spec in (
        ModelSpec(
            name="vinet",
            where="vinet_ros.networks.vinet:ViNet",
            clip_length=32,
            input_size=INPUT_SIZE,
            rate_hz=30.0,
            streaming=False,
            audio=False,
            saliency=True,
            summary="ViNet (IROS 2021): S3D encoder, decoder with skips; about a second of video",
        ),
        ModelSpec(
            name="vinet_lite",
            where="vinet_ros.networks.vinet_lite:ViNetLite",
            clip_length=8,
            input_size=INPUT_SIZE,
            rate_hz=15.0,
            streaming=True,
            audio=False,
            saliency=True,
            summary="our small causal network: features of each frame computed once and kept",
        ),
        ModelSpec(
            name="s3d",
            where="vinet_ros.networks.s3d:S3D",
            clip_length=32,
            input_size=INPUT_SIZE,
            rate_hz=30.0,
            streaming=False,
            audio=False,
            saliency=False,
            summary="ViNet's S3D encoder alone; forward gives its four feature levels",
        ),
        ModelSpec(
            name="avinet",
            where="vinet_ros.networks.avinet:AViNet",
            clip_length=32,
            input_size=INPUT_SIZE,
            rate_hz=30.0,
            streaming=False,
            audio=True,
            saliency=True,
            summary="AViNet (IROS 2021): ViNet that also hears the clip's sound",
        ),
        ModelSpec(
            name="stavis",
            where="vinet_ros.networks.stavis:STAViS",
            clip_length=16,
            input_size=STAVIS_SIZE,
            rate_hz=30.0,
            streaming=False,
            audio=True,
            saliency=True,
            summary="STAViS (CVPR 2020): 3D-ResNet with attention; finds the sound in the picture",
        ),
        ModelSpec(
            name="soundnet",
            where="vinet_ros.networks.soundnet:SoundNet",
            clip_length=32,
            input_size=(SOUND_SAMPLES, 1),
            rate_hz=30.0,
            streaming=False,
            audio=True,
            saliency=False,
            summary="AViNet's sound encoder alone; forward gives its features of a waveform",
        ),
        ModelSpec(
            name="vggvox",
            where="vinet_ros.networks.vggvox:VGGVox",
            input_size=VGGVOX_SIZE,
            audio=True,
            saliency=False,
            summary="VGG-Vox alone, another sound encoder of AViNet; features of a spectrogram",
        ),
        ModelSpec(
            name="avid",
            where="vinet_ros.networks.avid:AVID",
            input_size=AVID_SIZE,
            audio=True,
            saliency=False,
            summary="AVID's sound encoder alone, a third of AViNet; features of a log spectrogram",
        ),
    )
}


def list_models() -> list[str]:
    """Return the names that :func:`create_model` knows."""
    return list(_SPECS)


def model_spec(name: str) -> ModelSpec:
    """Return the catalog's entry of one network.

    Raises:
        ValueError: If there is no network of that name.
    """
    if name not in _SPECS:
        raise ValueError(f"no model is named {name!r}; there are {', '.join(_SPECS)}")
    return _SPECS[name]


def model_class(name: str) -> type[nn.Module]:
    """Return the class behind a name.

    Raises:
        ValueError: If there is no network of that name.
    """
    from torch import nn

    module_name, _, class_name = model_spec(name).where.partition(":")
    found = getattr(importlib.import_module(module_name), class_name)
    assert isinstance(found, type) and issubclass(found, nn.Module)
    return found


def create_model(name: str, **options: object) -> nn.Module:
    """Build a network with fresh (untrained) weights, in training mode.

    A saliency network's `forward` takes a normalised clip (B, 3, T, H, W) and gives maps
    (B, H, W) in (0, 1).

    Args:
        name: A name of :func:`list_models`.
        **options: The network's own options, e.g. ``clip_length=16`` for `vinet`.

    Raises:
        ValueError: If the name, an option, or a combination of options does not exist; the
            message names those there are.
    """
    constructor = model_class(name)
    known = list(inspect.signature(constructor).parameters)
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(
            f"{name} has no option {', '.join(unknown)}; there are {', '.join(known) or 'none'}"
        )
    return constructor(**options)
