# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What the runtime asks of a network before it executes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from torch import nn

from vinet_ros.networks.weights import WeightsCard, card_of
from vinet_ros.preprocess import IMAGENET_PIXELS, PixelScale
from vinet_ros.sound_forms import SoundForm

Values: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NetworkTraits:
    """What is known of a network without its weights.

    Attributes:
        clip_length: Frames of a window.
        input_size: Height and width of a frame.
        card: Of the file that it was loaded from, if it was.
        sound_form: How a window's sound is taken; None where the network takes none.
        motion_shape: Of the camera's motion in a window, (T - 1, 2, 3); None where the network
            takes none.
        pixel_scale: How it wants its pixels.
        map_frame: Frame of the window that a map was learnt for, from 0; None: the newest.
    """

    clip_length: int
    input_size: tuple[int, int]
    card: WeightsCard | None = None
    sound_form: SoundForm | None = None
    motion_shape: tuple[int, ...] | None = None
    pixel_scale: PixelScale = IMAGENET_PIXELS
    map_frame: int | None = None

    @property
    def audio_shape(self) -> tuple[int, ...] | None:
        """Of a window's sound; None where the network takes none."""
        return None if self.sound_form is None else self.sound_form.shape

    def asides(self, sound: Values | None, motion: Values | None) -> list[Values]:
        """Return what the network takes beside the frames, in its order.

        None stands for silence and for a camera that stood.

        Raises:
            ValueError: If the network takes none of a kind, or one of another shape.
        """
        taken = [
            _aside("sound", sound, self.audio_shape, _silence),
            _aside("motion", motion, self.motion_shape, _standing),
        ]
        return [values for values in taken if values is not None]


def traits_of(model: nn.Module) -> NetworkTraits:
    """Return what is known of a network.

    Raises:
        ValueError: If it is no saliency network.
    """
    check_saliency_network(model)
    network: Any = model
    height, width = network.input_size
    return NetworkTraits(
        int(network.clip_length),
        (int(height), int(width)),
        card_of(model),
        getattr(model, "sound_form", None),
        getattr(model, "motion_shape", None),
        getattr(model, "pixel_scale", IMAGENET_PIXELS),
        getattr(model, "map_frame", None),
    )


def check_saliency_network(model: nn.Module) -> None:
    """Raise ValueError unless a network gives maps, a frame at a time."""
    needed = ("clip_length", "input_size", "encode", "decode")
    missing = [name for name in needed if not hasattr(model, name)]
    if missing:
        raise ValueError(
            f"{type(model).__name__} has no {', '.join(missing)}; give a saliency network, "
            "e.g. vinet or vinet_lite"
        )


def _aside(
    what: str,
    given: Values | None,
    shape: tuple[int, ...] | None,
    default: Callable[[tuple[int, ...]], Values],
) -> Values | None:
    if given is None:
        return None if shape is None else default(shape)
    if given.shape != shape:
        taken = "none" if shape is None else f"one of {shape}"
        raise ValueError(f"got a {what} of {given.shape}, the network takes {taken}")
    return given


def _silence(shape: tuple[int, ...]) -> Values:
    return np.zeros(shape, np.float32)


def _standing(shape: tuple[int, ...]) -> Values:
    """Return the motion (P, 2, 3) of a camera that stood."""
    return np.broadcast_to(np.eye(2, 3, dtype=np.float32), shape)
