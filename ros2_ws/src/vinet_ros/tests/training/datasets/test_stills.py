# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
from made_data import edit_npz
from PIL import Image

from vinet_ros.errors import DataError
from vinet_ros.training.datasets import Stills


def test_splits_share_no_image_and_keep_the_index_order(stills_root):
    train, val = Stills(stills_root, "train"), Stills(stills_root, "val")
    assert [s.name for s in val] == ["scene_2.png", "scene_5.png"]
    assert len(train) == 4
    assert not {s.name for s in train} & {s.name for s in val}
    assert len(Stills(stills_root, None)) == 6


def test_each_still_has_its_own_fixations(stills_root):
    with np.load(stills_root / "fixations.npz") as file:
        x, image = file["x"], file["image"]
    still = Stills(stills_root, "val")[1]
    np.testing.assert_array_equal(still.fixations.x, x[image == 5])
    assert list(still.fixations.observers) == [0, 1, 2, 3, 4, 5]
    assert len(still.fixations.of([1, 4])) == 8


def test_rows_of_the_file_may_come_in_any_order(stills_root):
    path = stills_root / "fixations.npz"
    before = Stills(stills_root, "val")[0].fixations
    with np.load(path) as file:
        shuffled = np.random.default_rng(0).permutation(len(file["image"]))
        arrays = {name: file[name][shuffled] for name in file}
    edit_npz(path, **arrays)
    after = Stills(stills_root, "val")[0].fixations
    assert sorted(zip(after.x, after.y, strict=True)) == sorted(
        zip(before.x, before.y, strict=True)
    )


def test_images_are_read_as_rgb(stills_root):
    grey = stills_root / "images" / "scene_0.png"
    Image.fromarray(np.full((60, 80), 7, np.uint8)).save(grey)
    rgb = Stills(stills_root, "train")[0].load_rgb()
    assert rgb.shape == (60, 80, 3)
    assert (rgb == 7).all()


def test_missing_image_is_named_at_once_or_on_reading(stills_root):
    (stills_root / "images" / "scene_2.png").unlink()
    with pytest.raises(DataError, match=r"scene_2\.png: in the index, but no such file"):
        Stills(stills_root, "val")
    still = Stills(stills_root, "val", require_images=False)[0]
    with pytest.raises(DataError, match=r"scene_2\.png: no such file"):
        still.load_rgb()


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_damaged_image_is_named(stills_root, content):
    (stills_root / "images" / "scene_2.png").write_bytes(content)
    with pytest.raises(DataError, match=r"scene_2\.png: not a readable image"):
        Stills(stills_root, "val")[0].load_rgb()


def test_truncated_image_is_named(stills_root):
    path = stills_root / "images" / "scene_2.png"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"scene_2\.png"):
        Stills(stills_root, "val")[0].load_rgb()


def test_unknown_split_names_those_there_are(stills_root):
    with pytest.raises(DataError, match="no image in split 'test'; splits: train, val"):
        Stills(stills_root, "test")


@pytest.mark.parametrize("name", ["index.csv", "fixations.npz"])
def test_missing_file_is_named(stills_root, name):
    (stills_root / name).unlink()
    with pytest.raises(DataError, match=f"{name}: no such file"):
        Stills(stills_root)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"\x93NUMPY"])
def test_damaged_fixations_are_named(stills_root, content):
    (stills_root / "fixations.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"fixations\.npz: not a readable npz"):
        Stills(stills_root)


def test_fixations_must_fit_the_index(stills_root):
    path = stills_root / "fixations.npz"
    edit_npz(path, x=None)
    with pytest.raises(DataError, match="lacks the arrays x"):
        Stills(stills_root)
    edit_npz(path, x=np.zeros(3, np.float32))
    with pytest.raises(DataError, match="of one length"):
        Stills(stills_root)
    with np.load(path) as file:
        image = file["image"] + 1
    edit_npz(path, x=np.zeros(len(image), np.float32), image=image)
    with pytest.raises(DataError, match="refers to image 6, the index has 6 rows"):
        Stills(stills_root)


def test_index_lines_must_be_whole(stills_root):
    path = stills_root / "index.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], "scene_2.png,made,,80,60,6,24", *lines[4:]]))
    with pytest.raises(DataError, match="line 4 lacks split"):
        Stills(stills_root)
    path.write_text("\n".join([*lines[:3], "scene_2.png,made,val,wide,60,6,24", *lines[4:]]))
    with pytest.raises(DataError, match=r"'wide' x '60' of scene_2\.png"):
        Stills(stills_root)


def test_image_without_fixations_is_kept_with_none(stills_root):
    with np.load(stills_root / "fixations.npz") as file:
        keep = file["image"] != 2
        arrays = {name: file[name][keep] for name in file}
    edit_npz(stills_root / "fixations.npz", **arrays)
    assert [len(s.fixations) for s in Stills(stills_root, "val")] == [0, 24]
