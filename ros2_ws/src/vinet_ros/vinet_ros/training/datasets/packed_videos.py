# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Videos at network size in one file: small enough to carry to another machine."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vinet_ros.errors import DataError
from vinet_ros.preprocess import INPUT_SIZE, resize_rgb
from vinet_ros.training.datasets.npz import read_arrays, read_columns
from vinet_ros.training.datasets.video_records import PackedFrames, VideoRecord

VIDEO_COLUMNS = ("video", "set", "split", "category", "fps", "frames", "height", "width")
FRAME_COLUMNS = ("jpeg_end", "map_end", "looked_end")
MAP_QUALITY = 95


def pack_videos(
    records: Sequence[VideoRecord],
    path: Path,
    *,
    frames: int = 0,
    quality: int = 80,
    progress: Callable[[int], None] = lambda step: None,
) -> list[str]:
    """Write frames and maps as JPEG at network size, with the fixations, into one npz file.

    Fixations keep the original resolution. The sound is left out.

    Args:
        records: Videos with ground truth, of any sets and splits.
        path: The file, replaced if it exists.
        frames: Keep this many frames of the middle of each video; 0 keeps all.
        quality: Of the JPEG frames, 1 to 95.
        progress: Called after each video with 1.

    Returns:
        One line for each video that was left out because a file of it cannot be read.

    Raises:
        DataError: If no video can be read.
    """
    packed, left_out = [], []
    for record in records:
        try:
            packed.append((record, _pack_one(record, frames, quality)))
        except DataError as error:
            left_out.append(str(error))
        progress(1)
    if not packed:
        reason = f": {left_out[0]}" if left_out else ""
        raise DataError(f"none of the {len(records)} videos can be packed{reason}")
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **_columns(packed))  # type: ignore[arg-type]
    part.replace(path)  # whole or not at all
    return left_out


def is_video_pack(path: Path) -> bool:
    """Tell a file that :func:`pack_videos` made from others."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return "video" in file
    except Exception:  # numpy and zipfile raise many kinds on what is no npz
        return False


def read_video_pack(path: Path) -> list[VideoRecord]:
    """Read the videos of a packed file, in the order they were packed.

    Raises:
        DataError: If the file is damaged or no pack of videos.
    """
    videos = read_columns(path, VIDEO_COLUMNS)
    ends = read_columns(path, FRAME_COLUMNS)
    blobs = read_arrays(path, ("jpeg", "map_jpeg", "looked"))
    firsts = np.concatenate(([0], np.cumsum(videos["frames"])))
    if firsts[-1] != len(ends["jpeg_end"]) or (videos["frames"] < 1).any():
        raise DataError(f"{path}: holds {len(ends['jpeg_end'])} frames, expected {firsts[-1]}")
    jpeg = _slices(path, blobs["jpeg"].tobytes(), ends["jpeg_end"])
    maps = _slices(path, blobs["map_jpeg"].tobytes(), ends["map_end"])
    looked = _slices(path, blobs["looked"], ends["looked_end"])
    records = []
    for i, (start, stop) in enumerate(pairwise(firsts.tolist())):
        size = (int(videos["height"][i]), int(videos["width"][i]))
        points = looked[start:stop]
        if any(len(p) and ((p < 0).any() or (p.max(axis=0) >= size).any()) for p in points):
            raise DataError(f"{path}: {videos['video'][i]} has fixations outside its pictures")
        held = PackedFrames(jpeg[start:stop], maps[start:stop], points, size)
        records.append(_record(path, {n: c[i] for n, c in videos.items()}, held))
    return records


def _pack_one(record: VideoRecord, frames: int, quality: int) -> PackedFrames:
    if not record.has_truth:
        raise DataError(f"{record.title}: has no maps to learn from")
    length = len(record) if frames == 0 else min(frames, len(record))
    first = (len(record) - length) // 2
    jpeg, maps, looked = [], [], []
    size = record.load_map(first).shape
    for frame in range(first, first + length):
        jpeg.append(_jpeg(resize_rgb(record.load_rgb(frame), INPUT_SIZE), quality))
        saliency = cv2.resize(record.load_map(frame), INPUT_SIZE[::-1])
        maps.append(_jpeg(np.round(255 * saliency).astype(np.uint8), MAP_QUALITY))
        looked.append(_points(record, frame, size))
    return PackedFrames(jpeg, maps, looked, (size[0], size[1]))


def _points(record: VideoRecord, frame: int, size: tuple[int, ...]) -> NDArray[np.int32]:
    if not record.has_fixations:
        return np.zeros((0, 2), np.int32)
    looked = record.load_fixations(frame)
    if looked.shape != size:
        raise DataError(
            f"{record.fixations[frame]}: size {looked.shape} is not that of the maps, {size}"
        )
    return np.argwhere(looked).astype(np.int32)


def _jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def _columns(packed: Sequence[tuple[VideoRecord, PackedFrames]]) -> dict[str, NDArray[Any]]:
    records = [record for record, _ in packed]
    jpeg = [data for _, held in packed for data in held.frames]
    maps = [data for _, held in packed for data in held.maps]
    looked = [points for _, held in packed for points in held.fixations]
    return {
        "video": np.array([record.name for record in records]),
        "set": np.array([record.set_name for record in records]),
        "split": np.array([record.split for record in records]),
        "category": np.array([record.category for record in records]),
        "fps": np.array([record.fps for record in records]),
        "frames": np.array([len(held.frames) for _, held in packed]),
        "height": np.array([held.size[0] for _, held in packed]),
        "width": np.array([held.size[1] for _, held in packed]),
        "jpeg": np.frombuffer(b"".join(jpeg), np.uint8),
        "jpeg_end": np.cumsum([len(data) for data in jpeg]),
        "map_jpeg": np.frombuffer(b"".join(maps), np.uint8),
        "map_end": np.cumsum([len(data) for data in maps]),
        "looked": np.concatenate(looked),
        "looked_end": np.cumsum([len(points) for points in looked]),
    }


def _slices(path: Path, blob: Any, ends: NDArray[np.integer]) -> list[Any]:
    bounds = [0, *ends.tolist()]
    if sorted(bounds) != bounds or bounds[-1] != len(blob):
        raise DataError(f"{path}: the frames' bounds do not fit their {len(blob)} entries")
    return [blob[start:end] for start, end in pairwise(bounds)]


def _record(path: Path, row: dict[str, Any], held: PackedFrames) -> VideoRecord:
    names = [path / str(row["video"]) / f"{i:05d}" for i in range(len(held.frames))]
    looked = any(len(points) for points in held.fixations)
    return VideoRecord(
        name=str(row["video"]),
        set_name=str(row["set"]),
        split=str(row["split"]),
        frames=tuple(names),
        maps=tuple(names),
        fixations=tuple(names) if looked else (),
        fps=float(row["fps"]),
        category=str(row["category"]),
        packed=held,
    )
