# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
from made_data import edit_npz

from vinet_ros.errors import DataError
from vinet_ros.preprocess import resize_rgb
from vinet_ros.training.datasets import Stills
from vinet_ros.training.datasets.packed import pack_stills


@pytest.fixture
def pack(stills, tmp_path):
    path = tmp_path / "stills.npz"
    assert pack_stills(stills, path) == []
    return path


def test_pack_keeps_splits_names_and_fixations(stills_root, pack):
    for split in ("train", "val", None):
        for before, after in zip(Stills(stills_root, split), Stills(pack, split), strict=True):
            assert (before.name, before.set_name) == (after.name, after.set_name)
            assert (before.width, before.height) == (after.width, after.height)
            np.testing.assert_array_equal(before.fixations.x, after.fixations.x)
            np.testing.assert_array_equal(before.fixations.y, after.fixations.y)
            np.testing.assert_array_equal(before.fixations.observer, after.fixations.observer)


def test_images_are_at_network_size_and_nearly_the_same(stills, pack):
    for before, after in zip(stills, Stills(pack, None), strict=True):
        rgb = after.load_rgb()
        assert rgb.shape == (224, 384, 3)
        difference = rgb.astype(float) - resize_rgb(before.load_rgb())
        assert np.abs(difference).mean() < 6  # noise is the worst that a JPEG can meet


def test_unreadable_images_are_left_out_and_named(stills_root, tmp_path):
    (stills_root / "images" / "scene_2.png").write_bytes(b"broken")
    (stills_root / "images" / "scene_3.png").unlink()
    stills = Stills(stills_root, None, require_images=False)
    done = []
    left_out = pack_stills(stills, tmp_path / "some.npz", progress=done.append)
    assert ["scene_2.png: not a readable" in left_out[0], "scene_3.png" in left_out[1]] == [
        True
    ] * 2
    assert len(done) == 6
    packed = Stills(tmp_path / "some.npz", None)
    assert [s.name for s in packed] == [f"scene_{i}.png" for i in (0, 1, 4, 5)]
    expected = [len(s.fixations) for s in stills if s.name not in ("scene_2.png", "scene_3.png")]
    assert [len(s.fixations) for s in packed] == expected


def test_nothing_readable_is_an_error(stills_root, tmp_path):
    for image in (stills_root / "images").iterdir():
        image.unlink()
    stills = Stills(stills_root, None, require_images=False)
    with pytest.raises(DataError, match="none of the 6 images can be read"):
        pack_stills(stills, tmp_path / "none.npz")
    assert not (tmp_path / "none.npz").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"jpeg": None}, "lacks the arrays jpeg"),
        ({"jpeg_end": None}, "lacks the arrays jpeg_end"),
        ({"jpeg_end": np.arange(6)}, "bounds do not fit"),
        ({"name": np.array(["a"])}, "of one length"),
        ({"image": np.full(144, 6)}, "refers to image 6, there are 6"),
    ],
)
def test_damaged_packs_are_refused(pack, changes, message):
    edit_npz(pack, **changes)
    with pytest.raises(DataError, match=message):
        Stills(pack, None)


def test_damaged_image_in_a_pack_is_named(pack):
    with np.load(pack) as file:
        jpeg = file["jpeg"].copy()
        jpeg[: file["jpeg_end"][0]] = 0
    edit_npz(pack, jpeg=jpeg)
    with pytest.raises(DataError, match=r"stills\.npz/scene_0\.png: not a readable image"):
        Stills(pack, None)[0].load_rgb()
