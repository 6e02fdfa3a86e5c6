# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Small data sets on disk, made for a test, in the layouts of the real ones."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from vinet_ros.training.datasets import Stills


def write_stills(root: Path, images: int = 6, observers: int = 6, seed: int = 0) -> Path:
    """A small tree in the layout of stills; people look around one bright spot an image."""
    draw = np.random.default_rng(seed)
    (root / "images").mkdir(parents=True)
    columns = {name: [] for name in ("image", "observer", "order", "x", "y", "duration_ms")}
    rows = []
    for image in range(images):
        spot = draw.uniform(0.25, 0.75, 2)
        pixels = draw.integers(0, 60, (60, 80, 3), dtype=np.uint8)
        x, y = int(spot[0] * 80), int(spot[1] * 60)
        pixels[max(y - 5, 0) : y + 5, max(x - 5, 0) : x + 5] = 255
        name = f"scene_{image}.png"
        Image.fromarray(pixels).save(root / "images" / name)
        split = "val" if image % 3 == 2 else "train"
        rows.append([name, "made", split, 80, 60, observers, 4 * observers])
        for observer in range(observers):
            for order in range(4):
                point = np.clip(draw.normal(spot, 0.06), 0, 0.999)
                values = (image, observer, order, *point, 200.0)
                for column, value in zip(columns.values(), values, strict=True):
                    column.append(value)
    with (root / "index.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "set", "split", "width", "height", "observers", "fixations"])
        writer.writerows(rows)
    kinds = {"image": np.int32, "observer": np.int16, "order": np.int16}
    arrays = {n: np.array(v, kinds.get(n, np.float32)) for n, v in columns.items()}
    np.savez(root / "fixations.npz", **arrays)
    return root


def write_gaze_clip(
    root: Path, name: str = "walk", frames: int = 24, observers: int = 3, fps: float = 12.5
) -> Path:
    """A video of a bright square that crosses a dim scene, and gaze that follows it."""
    root.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(0)
    scene = draw.integers(0, 90, (64, 96, 3), dtype=np.uint8)
    video = cv2.VideoWriter(
        str(root / f"{name}.avi"), cv2.VideoWriter_fourcc(*"MJPG"), fps, (96, 64)
    )
    samples = []
    for frame in range(frames):
        x = 0.15 + 0.7 * frame / max(frames - 1, 1)
        picture = scene.copy()
        column = int(x * 96)
        picture[26:38, column - 6 : column + 6] = 255
        video.write(picture)
        for observer in range(observers):
            samples.append((frame, observer, *draw.normal((x, 0.5), 0.02)))
    video.release()
    columns = np.array(samples).T
    path = root / f"{name}.gaze.npz"
    np.savez(
        path,
        frame=columns[0].astype(np.int32),
        observer=columns[1].astype(np.int16),
        x=columns[2].astype(np.float32),
        y=columns[3].astype(np.float32),
        fps=np.float32(fps),
        frames=np.int32(frames),
    )
    return path


def edit_npz(path: Path, **changes) -> None:
    """Replace arrays of an npz file; None takes one out."""
    with np.load(path) as file:
        arrays = dict(file) | changes
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})


@pytest.fixture
def gaze_path(tmp_path) -> Path:
    return write_gaze_clip(tmp_path / "clips")


@pytest.fixture
def stills_root(tmp_path) -> Path:
    return write_stills(tmp_path / "stills")


@pytest.fixture
def stills(stills_root) -> Stills:
    return Stills(stills_root, split=None)
