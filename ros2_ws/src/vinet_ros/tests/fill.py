# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Deterministic weights and inputs, with which the reference outputs in golden/ were made.

Every tensor is drawn from a generator seeded by the CRC of its key, so two programs that agree on
keys and shapes agree on the weights, and no weight file needs to be carried.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vinet_ros.preprocess import IMAGENET_MEAN, IMAGENET_STD, STAVIS_PIXELS


def fill(model: nn.Module) -> None:
    """Replace a network's weights and statistics by the deterministic ones.

    Position codes stay as the network computed them.
    """
    state = model.state_dict()
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    filled = {
        key: value
        if key.endswith(".pe")
        else torch.from_numpy(_values(key, shapes)).to(value.dtype)
        for key, value in state.items()
    }
    model.load_state_dict(filled, strict=True)


def state_sha256(state: Mapping[str, Tensor]) -> str:
    """Return the hash of a state dict: keys and raw little-endian values in sorted order.

    Position codes are left out.
    """
    digest = hashlib.sha256()
    for key in sorted(key for key in state if not key.endswith(".pe")):
        digest.update(key.encode())
        digest.update(state[key].contiguous().numpy().tobytes())
    return digest.hexdigest()


def clip(seed: int, batch: int, frames: int, height: int, width: int, block: int) -> Tensor:
    """Return normalised random frames (B, 3, T, H, W), each value a block of pixels."""
    return _normalized(seed, (batch, frames, height, width), block, IMAGENET_MEAN, IMAGENET_STD)


def stavis_clip(
    seed: int, batch: int, frames: int, height: int, width: int, block: int, divisor: float
) -> Tensor:
    """Return such frames as STAViS wants them, divided: filled weights take no larger ones."""
    mean = tuple(shift / 255 for shift in STAVIS_PIXELS.shift)
    std = (divisor / 255,) * 3
    return _normalized(seed, (batch, frames, height, width), block, mean, std)


def _normalized(
    seed: int,
    size: tuple[int, int, int, int],
    block: int,
    mean: Sequence[float],
    std: Sequence[float],
) -> Tensor:
    batch, frames, height, width = size
    coarse = np.random.default_rng(seed).random(
        (batch, frames, 3, height // block, width // block)
    )
    rgb = coarse.repeat(block, axis=-2).repeat(block, axis=-1)  # (B, T, 3, H, W)
    mean, std = (np.reshape(v, (3, 1, 1)) for v in (mean, std))
    normalized = np.moveaxis((rgb - mean) / std, 1, 2).astype(np.float32)  # (B, 3, T, H, W)
    return torch.from_numpy(np.ascontiguousarray(normalized))


def drawn(kind: str, shape: Sequence[int], **args: float) -> Tensor:
    """Return the sound or feature that a golden file names.

    Args:
        kind: "wave" (noise in a Hann window, in the middle; `seed`, `L`, `n`, `amp`), "gauss"
            (`seed`) or "zeros".
        shape: Of the result.
    """
    rng = np.random.default_rng(int(args.get("seed", 0)))
    if kind == "zeros":
        values = np.zeros(shape)
    elif kind == "gauss":
        values = rng.standard_normal(shape)
    else:
        length, count, amp = int(args["L"]), int(args["n"]), args["amp"]
        begin = length // 2 - count // 2
        rows = np.zeros((shape[0], length))
        noise = rng.uniform(-amp, amp, (shape[0], count))
        rows[:, begin : begin + count] = np.hanning(count) * noise
        values = rows.reshape(shape)
    return torch.from_numpy(values.astype(np.float32))


def statistics(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return mean, population deviation, min, max, L2 norm and mean of absolutes."""
    v = values.astype(np.float64).ravel()
    return np.array(
        [v.mean(), v.std(), v.min(), v.max(), math.sqrt(float(v @ v)), np.abs(v).mean()]
    )


def samples(name: str, values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the first `count` of the 512 values of a tap that the reference keeps."""
    places = np.random.default_rng(zlib.crc32(name.encode())).integers(0, values.size, 512)
    return values.ravel()[places[:count]]


def _values(key: str, shapes: Mapping[str, tuple[int, ...]]) -> NDArray[np.float64]:
    shape = shapes[key]
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode())))
    prefix, _, leaf = key.rpartition(".")
    if leaf == "num_batches_tracked":
        return np.zeros(shape)
    if leaf == "running_mean":
        return 0.1 * rng.standard_normal(shape)
    if leaf == "running_var":
        return rng.uniform(0.5, 1.5, shape)
    if leaf.endswith("weight") and len(shape) >= 2:
        return rng.standard_normal(shape) * math.sqrt(2.0 / math.prod(shape[1:]))
    if leaf == "weight":
        return 1.0 + 0.1 * rng.standard_normal(shape)
    of_norm = len(shapes.get(f"{prefix}.weight", ())) == 1
    return (0.1 if of_norm else 0.01) * rng.standard_normal(shape)
