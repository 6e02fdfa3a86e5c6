# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Still images at network size in one file: small enough to carry to another machine."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from vinet_ros.errors import DataError
from vinet_ros.preprocess import INPUT_SIZE, resize_rgb
from vinet_ros.training.datasets.npz import read_arrays, read_columns
from vinet_ros.training.datasets.records import Still, group_fixations

QUALITY = 90
"""Of the JPEG images: about 24 KB each, 2 grey levels off on average."""

IMAGE_COLUMNS = ("name", "set", "split", "width", "height", "jpeg_end")
FIXATION_COLUMNS = ("image", "observer", "x", "y")


def pack_stills(
    stills: Sequence[Still],
    path: Path,
    quality: int = QUALITY,
    progress: Callable[[int], None] = lambda step: None,
) -> list[str]:
    """Write images as JPEG at network size, with their fixations, into one npz file.

    ``Stills(path, split)`` reads it. The originals' names, sets, splits and sizes are kept.

    Args:
        stills: The images, of any splits.
        path: The file, replaced if it exists.
        quality: Of the JPEG images, 1 to 95.
        progress: Called after each image with 1.

    Returns:
        One line for each image that was left out because it cannot be read.

    Raises:
        DataError: If no image can be read.
    """
    encoded, packed, left_out = [], [], []
    for still in stills:
        try:
            encoded.append(_encode(still, quality))
            packed.append(still)
        except DataError as error:
            left_out.append(str(error))
        progress(1)
    if not packed:
        raise DataError(f"none of the {len(stills)} images can be read: {left_out[0]}")
    counts = [len(s.fixations) for s in packed]
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez_compressed(
            file,
            jpeg=np.frombuffer(b"".join(encoded), np.uint8),
            jpeg_end=np.cumsum([len(e) for e in encoded]),
            name=np.array([s.name for s in packed]),
            set=np.array([s.set_name for s in packed]),
            split=np.array([s.split for s in packed]),
            width=np.array([s.width for s in packed]),
            height=np.array([s.height for s in packed]),
            image=np.repeat(np.arange(len(packed)), counts).astype(np.int32),
            observer=np.concatenate([s.fixations.observer for s in packed]),
            x=np.concatenate([s.fixations.x for s in packed]),
            y=np.concatenate([s.fixations.y for s in packed]),
        )
    part.replace(path)  # whole or not at all
    return left_out


def read_pack(path: Path) -> list[Still]:
    """Read the images of a packed file, in the order they were packed.

    Raises:
        DataError: If the file is damaged or no pack of stills.
    """
    columns = read_columns(path, IMAGE_COLUMNS)
    looked = read_columns(path, FIXATION_COLUMNS)
    jpeg = read_arrays(path, ("jpeg",))["jpeg"].tobytes()
    ends = [0, *columns["jpeg_end"].tolist()]
    if sorted(ends) != ends or ends[-1] != len(jpeg):
        raise DataError(f"{path}: the images' bounds do not fit their {len(jpeg)} bytes")
    image, images = looked["image"], len(columns["name"])
    if len(image) and not 0 <= image.min() <= image.max() < images:
        raise DataError(f"{path}: refers to image {image.max()}, there are {images}")
    fixations = group_fixations(image, looked["x"], looked["y"], looked["observer"], images)
    return [
        Still(
            name=str(columns["name"][i]),
            set_name=str(columns["set"][i]),
            split=str(columns["split"][i]),
            image_path=path / str(columns["name"][i]),
            width=int(columns["width"][i]),
            height=int(columns["height"][i]),
            fixations=fixations[i],
            encoded=jpeg[start:end],
        )
        for i, (start, end) in enumerate(pairwise(ends))
    ]


def _encode(still: Still, quality: int) -> bytes:
    buffer = io.BytesIO()
    rgb = resize_rgb(still.load_rgb(), INPUT_SIZE)
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()
