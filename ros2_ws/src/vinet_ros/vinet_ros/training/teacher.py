# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A trained network whose maps another one learns before, or beside, those of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vinet_ros.errors import WeightsError
from vinet_ros.networks import load_model, model_spec
from vinet_ros.networks.loading import identify, shapes_of
from vinet_ros.networks.weights import read_card, read_state_dict
from vinet_ros.training.samples import Sample

BUNDLED = "bundled"
"""Stands for the weights of vinet_lite that come with the package, where a file can be named."""


class Teacher:
    """A frozen network, or several, and the frames taken of a clip made for another one.

    It is no part of a module: it is not trained, and no checkpoint holds it.

    Args:
        model: A saliency network; it goes to the device of the clips.
        rate_hz: Frames a second that it was made for.
        clip_rate_hz: Those of the clips that it will see.
        others: More networks of its kind; the mean of all maps is taught.
    """

    def __init__(
        self,
        model: nn.Module,
        rate_hz: float,
        clip_rate_hz: float,
        others: Sequence[nn.Module] = (),
    ) -> None:
        self._networks: list[Any] = [m.eval().requires_grad_(False) for m in (model, *others)]
        self._step = max(1, round(clip_rate_hz / rate_hz))

    def teach(self, batch: Sample, share: float, maps: Tensor) -> Sample:
        """Return a batch whose ground truth is this teacher's to a share.

        Args:
            batch: What people did.
            share: 0 leaves it as it is; 1 leaves nothing of it.
            maps: (B, h, w), what :meth:`densities` gave of the batch's clips.
        """
        looked = batch["fixations"].float()
        looked = looked / looked.flatten(1).sum(dim=1).clamp_min(1)[:, None, None]
        return {
            **batch,
            "density": torch.lerp(batch["density"].float(), maps, share),
            # As shares of one look: people's fixations, and where the teacher would expect them.
            "fixations": torch.lerp(looked, maps, share),
        }

    def densities(self, clip: Tensor) -> Tensor:
        """Return maps (B, H, W), each summing to one, of normalised clips (B, 3, T, H, W)."""
        seen = clip[:, :, self.frames(clip.shape[2])]
        with torch.no_grad():
            answers = [_as_shares(network.to(clip.device)(seen)) for network in self._networks]
        return torch.stack(answers).mean(dim=0)

    def frames(self, length: int) -> list[int]:
        """Return which frames of a clip it sees, oldest first; the first one stands for earlier.

        >>> from vinet_ros.networks import create_model
        >>> Teacher(create_model("vinet_lite", clip_length=4), 15, 30).frames(5)
        [0, 0, 2, 4]
        """
        wanted = int(self._networks[0].clip_length)
        return [max(0, length - 1 - self._step * k) for k in range(wanted)][::-1]


def load_teacher(weights: str, student: str) -> Teacher:
    """Return the teacher of a weight file, or of several, for a network of the catalog.

    Args:
        weights: A file, or "bundled"; several of one network are joined by commas.
        student: Name of the network that learns.

    Raises:
        WeightsError: If a file cannot be read or says nothing of its network, or the files are
            of different networks.
    """
    files = weights.split(",")
    names = {_network_of(file) for file in files}
    if len(names) > 1:
        raise WeightsError(
            f"{weights}: teachers must be of one network, got {', '.join(sorted(names))}"
        )
    (name,) = names
    first, *others = (load_model(name, None if file == BUNDLED else file) for file in files)
    return Teacher(first, model_spec(name).rate_hz, model_spec(student).rate_hz, others)


def _network_of(weights: str) -> str:
    if weights == BUNDLED:
        return "vinet_lite"
    card = read_card(weights)
    name = card.model if card else identify(shapes_of(read_state_dict(weights)))
    if name is None:
        raise WeightsError(f"{weights} does not say which network it is for; take one with a card")
    return name


def _as_shares(maps: Tensor) -> Tensor:
    """Return maps (B, H, W), each summing to one."""
    maps = maps.float()
    return maps / maps.flatten(1).sum(dim=1).clamp_min(1e-12)[:, None, None]


def quicken_norms(model: nn.Module, momentum: float = 0.02) -> None:
    """Let batch norms follow their data within some fifty steps.

    S3D's own momentum of 0.001 was meant for weights that come trained. Without any, its means
    would be those of chance for thousands of steps, and with them every validation.
    """
    for module in model.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.momentum = momentum
