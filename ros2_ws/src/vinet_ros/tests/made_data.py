"""Small data sets on disk, made for a test, in the layouts of the real ones."""

import csv
from pathlib import Path

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


@pytest.fixture
def stills_root(tmp_path) -> Path:
    return write_stills(tmp_path / "stills")


@pytest.fixture
def stills(stills_root) -> Stills:
    return Stills(stills_root, split=None)
