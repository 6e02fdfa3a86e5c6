# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What STAViS starts its training from: a 3D-ResNet of Kinetics, and SoundNet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from vinet_ros.errors import WeightsError
from vinet_ros.networks.loading import fill, first_keys
from vinet_ros.networks.stavis import STAViS
from vinet_ros.networks.weights import read_state_dict

_SOUNDNET = ("soundnet8.",)
_TRUNK = ("conv1.", "bn1.", "layer1.", "layer2.", "layer3.")
_PLACES = (0, 4, 8, 11, 14, 18, 21)  # of SoundNet's convolutions among STAViS' layers; norms next


def load_stavis_part(model: STAViS, path: str | Path) -> None:
    """Fill the part of a STAViS that a file is for, strictly.

    Args:
        model: The network; the rest of it stays as it is.
        path: ``resnet-50-kinetics.pth`` (what is deeper than STAViS goes is left out), SoundNet
            under ViNet's names or under those of STAViS' ``soundnet8.pth``.

    Raises:
        WeightsError: If the file is damaged, hostile, or none of these.
    """
    state = read_state_dict(path)
    prefixes, found = _part_of(state)
    if not found:
        raise WeightsError(
            f"{path} is neither a 3D-ResNet-50 nor a SoundNet: its keys start with "
            f"{first_keys(state)}; give resnet-50-kinetics.pth or soundnet8.pth"
        )
    kept = {
        key: value
        for key, value in model.state_dict().items()
        if not key.startswith(prefixes) or key.endswith("num_batches_tracked")  # old files: none
    }
    fill(model, {**kept, **found}, source=str(path))


def _part_of(state: Mapping[str, Tensor]) -> tuple[tuple[str, ...], dict[str, Tensor]]:
    """Return which part a file is for, and its tensors under the names they have there."""
    deep = state.get("layer3.0.conv2.weight")
    if deep is not None and deep.ndim == 5:
        return _TRUNK, {k: v for k, v in state.items() if k.startswith(_TRUNK)}
    if "batchnorm1.weight" in state:
        return _SOUNDNET, _from_vinets_soundnet(state)
    bare = {key.removeprefix("soundnet8."): value for key, value in state.items()}
    if "0.weight" in bare and "22.weight" in bare:
        return _SOUNDNET, {f"soundnet8.{k}": v for k, v in bare.items() if _is_kept(k)}
    return (), {}


def _from_vinets_soundnet(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename what ViNet's SoundNet has; there, time lies on the height axis."""
    renamed = {}
    for number, place in enumerate(_PLACES, start=1):
        for name, at in ((f"conv{number}.", place), (f"batchnorm{number}.", place + 1)):
            for key, value in state.items():
                if key.startswith(name):
                    turned = value.transpose(2, 3).contiguous() if value.ndim == 4 else value
                    renamed[f"soundnet8.{at}.{key.removeprefix(name)}"] = turned
    return renamed


def _is_kept(key: str) -> bool:
    place = key.partition(".")[0]
    return place.isdecimal() and int(place) <= _PLACES[-1] + 1
