# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Windows of a user's own videos, bags and folders, to quantize a network with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from vinet_ros.errors import DataError, VinetError
from vinet_ros.networks import load_model
from vinet_ros.networks.quantized import PARTS
from vinet_ros.networks.weights import WeightsCard
from vinet_ros.offline.clip_sound import ClipSound
from vinet_ros.offline.frames import FrameSource
from vinet_ros.offline.predict.stream import stamp_of
from vinet_ros.offline.sources import is_camera, open_source
from vinet_ros.runtime.base import Executor, Kept, TakeWindow, Window
from vinet_ros.runtime.quantize import (
    LEAST_CC,
    Progress,
    Quantized,
    check_nncf,
    quantize_network,
)
from vinet_ros.runtime.traits import NetworkTraits, Values, traits_of
from vinet_ros.streaming import Predictor

_UNKNOWN_STRIDE = 10  # of windows, where nobody knows how many frames there are


def quantize_weights(
    inputs: Sequence[str],
    out: str | Path,
    model: str = "vinet_lite",
    weights: str | Path | None = None,
    *,
    windows: int = 64,
    parts: Sequence[str] = (),
    least_cc: float = LEAST_CC,
    topic: str = "",
    progress: Progress = lambda _what: None,
) -> tuple[Quantized, WeightsCard]:
    """Quantize a network to int8, calibrated on frames as its camera gives them.

    Args:
        inputs: Videos, bags and folders of pictures.
        out: The file to write, whole or not at all; an existing one is replaced.
        model: A name of the catalog.
        weights: A weight file; None: the bundled weights.
        windows: Windows to take of all inputs together, evenly; a quarter is for checking.
        parts: Which graphs become int8; the others stay fp32. Without any, both where that
            agrees enough, else the decoder alone, else the encoder alone.
        least_cc: Nothing is written where the maps agree less with those of the weights, in the
            mean, with or without the clip's mean map.
        topic: Of a bag's images; empty takes the only one.
        progress: Called with what is done next.

    Returns:
        What came of it, and the card of the file.

    Raises:
        ValueError: If an argument is out of its range.
        DataError: If an input cannot be played or has too few frames.
        WeightsError: If there are no weights, they do not fit, or the file cannot be written.
        DeviceError: If OpenVINO or NNCF is not installed, or cannot run the network.
        VinetError: If the maps agree less than they must.
    """
    if windows < 2:
        raise ValueError(f"windows must be at least 2, got {windows}")
    check_nncf()
    network = load_model(model, weights)
    traits = traits_of(network)
    share = -(-windows // len(inputs))
    clips = []
    for path in inputs:
        progress(f"reading {Path(path).name}")
        clips.append(collect_windows(path, model, traits, share, topic))
    choices = [parts] if parts else [PARTS, *((part,) for part in reversed(PARTS))]
    for choice in choices:
        quantized = quantize_network(network, clips, choice, progress)
        if quantized.agreement.worst_mean >= least_cc:  # NaN, of constant maps, is not
            return quantized, quantized.save(out, [Path(path).name for path in inputs])
        if len(quantized.network.graphs) == 1:
            break
    _refuse(quantized, least_cc)


def collect_windows(
    path: str, model: str, traits: NetworkTraits, most: int, topic: str = ""
) -> list[Window]:
    """Return windows of one input as a stream would see them, evenly over its length.

    Args:
        path: A video, a bag or a folder of pictures.
        model: The network's name in the catalog, which tells its frame rate.
        traits: The network's.
        most: Windows to return at most.
        topic: Of a bag's images; empty takes the only one.

    Raises:
        DataError: If it cannot be played.
    """
    if is_camera(path):
        raise DataError(f"expected a video, bag or folder, got camera {path}; record it first")
    taker = _WindowTaker(traits)
    predictor = Predictor(model, executor=taker)
    with open_source(path, topic=topic) as source:
        sound = ClipSound(source, predictor)
        stride = _stride(source, most)
        for frame in source.frames(decode=True):
            predictor.push_frame(frame.rgb(), stamp_of(frame))
            sound.feed(frame.time_ns)
            if frame.index % stride == stride - 1 and len(taker.windows) < most:
                predictor.predict()
    return taker.windows


class _WindowTaker(Executor):
    """Takes a predictor's windows, with their sound and motion, and predicts nothing."""

    def __init__(self, traits: NetworkTraits) -> None:
        super().__init__(traits, "none", "cpu", "windows are collected")
        self.windows: list[Window] = []

    def predict_newest(self, take: TakeWindow) -> None:
        """Keep the window."""
        window = take()
        if window is not None:
            self.windows.append(window)

    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Raise: nothing is computed here."""
        self._refuse()

    def predict(
        self, slots: Sequence[Kept], sound: Values | None = None, motion: Values | None = None
    ) -> Values:
        """Raise: nothing is computed here."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise VinetError("windows are collected here, not predicted")


def _stride(source: FrameSource, most: int) -> int:
    count = source.info.frame_count
    return max(1, count // most) if count else _UNKNOWN_STRIDE


def _refuse(quantized: Quantized, least_cc: float) -> NoReturn:
    agreement = quantized.agreement
    raise VinetError(
        f"expected maps that agree with the weights' to CC {least_cc:g}, got "
        f"{agreement.worst_mean:.4f} over {agreement.maps}; give more of your own frames, or "
        "lower --min-cc"
    )
