# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Predict images and score the maps against human fixations.

The training loop, cross-validation and ``vinet evaluate`` all score through this file, so their
numbers can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from vinet_ros import metrics
from vinet_ros.errors import DataError
from vinet_ros.preprocess import INPUT_SIZE, normalize_frames, resize_rgb
from vinet_ros.training.datasets.records import Still
from vinet_ros.training.score_table import (
    REFERENCE_METRICS,
    GroundTruth,
    Maps,
    ScoreTable,
    score_maps,
    truth_of_stills,
)

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Images (N, 224, 384, 3) RGB 0..255 to maps (N, h, w)."""


def score_stills(
    predict: Predict,
    stills: Sequence[Still],
    *,
    name: str = "model",
    truth: GroundTruth | None = None,
    columns: Sequence[str] = REFERENCE_METRICS,
    images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8] | None = None,
    batch_size: int = 8,
    progress: Callable[[int], None] | None = None,
) -> ScoreTable:
    """Predict the map of each image, average it to the ground truth's size and score it.

    Args:
        predict: Images (N, 224, 384, 3) to maps (N, h, w).
        stills: The images and their fixations.
        name: Of the predictor.
        truth: By default all fixations, at 56 x 96.
        columns: Names from `METRICS`.
        images: The stills' images (H, W, 3) where they are in memory, all of the size that
            `predict` shall see; None reads them.
        batch_size: Images given to `predict` at once.
        progress: Called with the number of images done, after each batch.

    Returns:
        One row an image; images that cannot be read have NaN and a reason.
    """
    truth = truth_of_stills(stills) if truth is None else truth
    maps, unreadable = predict_stills(
        predict, stills, truth.size, images=images, batch_size=batch_size, progress=progress
    )
    return score_maps(name, maps, truth, columns, unreadable)


def predict_stills(
    predict: Predict,
    stills: Sequence[Still],
    size: tuple[int, int],
    *,
    images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8] | None = None,
    batch_size: int = 8,
    progress: Callable[[int], None] | None = None,
) -> tuple[Maps, dict[int, str]]:
    """Predict the map of each image and average it to a size.

    Args:
        predict: Images (N, 224, 384, 3) to maps (N, h, w).
        stills: The images.
        size: Height and width of the maps.
        images: The stills' images (224, 384, 3) where they are in memory; None reads them.
        batch_size: Images given to `predict` at once.
        progress: Called with the number of images done, after each batch.

    Returns:
        Maps (N, h, w), NaN where the image cannot be read, and by index why it cannot.
    """
    maps = np.full((len(stills), *size), np.nan)
    unreadable: dict[int, str] = {}
    for start in range(0, len(stills), batch_size):
        indices = range(start, min(start + batch_size, len(stills)))
        batch = _load_batch(stills, indices, images, unreadable)
        if batch:
            predicted = predict(np.stack(list(batch.values())))
            maps[list(batch)] = area_average(predicted, size)
        if progress is not None:
            progress(len(indices))
    return maps, unreadable


def static_predict(model: nn.Module, device: str = "cpu") -> Predict:
    """Return a function that predicts stills with a video network.

    Each image is a clip in which nothing moves: it fills the whole window. Its features are
    computed once. The model is used in its present mode; call ``model.eval()`` before.

    Args:
        model: With `clip_length`, `encode` and `decode`.
        device: Where it and the images go.
    """
    model = model.to(device)

    def predict(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        frames = torch.from_numpy(normalize_frames(images).swapaxes(0, 1).copy()).to(device)
        with torch.inference_mode():
            features = model.encode(frames)  # type: ignore[operator]
            clip = tuple(f[:, None].expand(-1, model.clip_length, *f.shape[1:]) for f in features)
            maps = model.decode(clip)  # type: ignore[operator]  # (N, H, W)
        return np.asarray(maps.float().cpu().numpy())

    return predict


def area_average(maps: NDArray[Any], size: tuple[int, int]) -> Maps:
    """Shrink maps (N, h, w) to a size by the mean over each pixel's area; enlarge bicubically."""
    if maps.shape[1] < size[0] or maps.shape[2] < size[1]:
        return metrics.resize_maps(np.asarray(maps, np.float64), size)
    double = torch.tensor(np.asarray(maps, np.float64))
    averaged = nn.functional.adaptive_avg_pool2d(double, size)
    return np.asarray(metrics.keep_constant(double, averaged).numpy())


def _load_batch(
    stills: Sequence[Still],
    indices: Iterable[int],
    images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8] | None,
    unreadable: dict[int, str],
) -> dict[int, NDArray[np.uint8]]:
    batch = {}
    for index in indices:
        if images is not None:
            batch[index] = images[index]
            continue
        try:
            batch[index] = resize_rgb(stills[index].load_rgb(), INPUT_SIZE)
        except DataError as error:
            unreadable[index] = str(error)
    return batch
