"""Made samples: repeatable, normalised, and the moving piece is where the ground truth says."""

import numpy as np
import pytest
import torch

from vinet_ros.preprocess import IMAGENET_MEAN, IMAGENET_STD
from vinet_ros.training.augment import Augmentation
from vinet_ros.training.movers import draw_path, draw_piece, lay, match_contrast
from vinet_ros.training.samples import ClipMaking, EpochSampler, MadeSamples, StillSamples

PLAIN = Augmentation(zoom=0.0, jitter=0.0, flip=False)


def pixels(sample):
    mean, std = (torch.tensor(v).view(3, 1, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    return ((sample["clip"] * std + mean) * 255).numpy()


def test_a_still_is_a_clip_of_one_frame(stills):
    sample = StillSamples(stills)[0]
    assert sample["clip"].shape == (3, 1, 224, 384)
    assert sample["density"].sum() == pytest.approx(1, abs=1e-5)
    assert sample["fixations"].sum() == 24


def test_an_item_repeats_with_seed_and_epoch_and_changes_with_them(stills):
    made = MadeSamples(stills, ClipMaking(), seed=1)
    first, again, later = made[(0, 2)], made[(0, 2)], made[(1, 2)]
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not torch.equal(first["clip"], later["clip"])
    other = MadeSamples(stills, ClipMaking(), seed=2)[(0, 2)]
    assert not torch.equal(first["clip"], other["clip"])


def test_a_clip_without_camera_and_movers_stands_still(stills):
    clip = MadeSamples(stills, ClipMaking(frames=4), seed=0)[(0, 0)]["clip"]
    assert clip.shape == (3, 4, 224, 384)
    assert torch.equal(clip[:, 0], clip[:, 3])


def test_a_moving_camera_changes_every_frame(stills):
    making = ClipMaking(frames=4, camera_share=1.0, augmentation=PLAIN)
    clip = MadeSamples(stills, making, seed=0)[(0, 0)]["clip"]
    assert all(not torch.equal(clip[:, i], clip[:, 3]) for i in range(3))


@pytest.mark.parametrize("index", range(4))
def test_gaze_goes_where_something_moves(stills, index):
    making = ClipMaking(frames=8, mover_share=1.0, mover_weight=1.0, augmentation=PLAIN)
    sample = MadeSamples(stills, making, seed=5)[(0, index)]
    frames = pixels(sample)
    changed = np.abs(frames[:, 7] - frames[:, 6]).sum(axis=0)  # (224, 384)
    row, column = np.unravel_index(int(sample["density"].argmax()), (56, 96))
    near = changed[max(row * 4 - 40, 0) : row * 4 + 44, max(column * 4 - 60, 0) : column * 4 + 64]
    assert changed.sum() > 0
    assert near.sum() > 0.95 * changed.sum()


def test_a_mover_that_follows_the_camera_is_still_in_the_newest_frame(stills):
    making = ClipMaking(8, 1.0, 1.0, camera_share=1.0, augmentation=PLAIN)
    sample = MadeSamples(stills, making, seed=5)[(0, 1)]
    assert sample["density"].sum() == pytest.approx(1, abs=1e-5)
    assert sample["fixations"].sum() == 1


def test_a_piece_lies_where_its_path_says():
    rng = np.random.default_rng(0)
    donor = rng.integers(100, 255, (120, 160, 3), dtype=np.uint8)
    path = np.array([[40.0, 30.0], [80.5, 60.25]])
    piece = draw_piece(rng, donor, 24, path)
    scene = np.zeros((120, 160, 3), np.uint8)
    for frame, (x, y) in enumerate(path):
        covered = lay(scene, piece, frame)[..., 0] > 40
        rows, columns = np.nonzero(covered)
        assert (columns.mean(), rows.mean()) == pytest.approx((x, y), abs=2.5)


def test_a_piece_outside_the_scene_changes_nothing():
    rng = np.random.default_rng(0)
    donor = np.full((50, 60, 3), 200, np.uint8)
    piece = draw_piece(rng, donor, 20, np.array([[-100.0, 10.0]]))
    scene = np.zeros((50, 60, 3), np.uint8)
    np.testing.assert_array_equal(lay(scene, piece, 0), scene)


def test_paths_end_inside_and_keep_their_speed():
    path = draw_path(np.random.default_rng(0), (224, 384), 8, speed=5.0)
    assert 0 < path[-1, 0] < 384 and 0 < path[-1, 1] < 224
    np.testing.assert_allclose(np.linalg.norm(np.diff(path, axis=0), axis=1), 5.0)
    still = draw_path(np.random.default_rng(0), (224, 384), 8, speed=0.0)
    np.testing.assert_array_equal(still, np.broadcast_to(still[-1], still.shape))


def test_matched_pieces_differ_neither_in_level_nor_in_contrast():
    rng = np.random.default_rng(0)
    way = np.zeros((1, 2))
    donors = [rng.integers(0, high, (90, 90, 3), dtype=np.uint8) for high in (60, 250)]
    scene = np.full((90, 90, 3), 120, np.uint8)
    pieces = match_contrast([draw_piece(rng, d, 30, way) for d in donors], scene, 30.0)
    assert [p.rgb.mean() for p in pieces] == pytest.approx([120, 120], abs=2)
    assert [p.rgb.std() for p in pieces] == pytest.approx([30, 30], abs=3)


def test_the_order_belongs_to_the_epoch():
    sampler = EpochSampler(10, seed=0)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert sorted(i for _, i in first) == list(range(10))
    assert [e for e, _ in second] == [1] * 10
    assert [i for _, i in first] != [i for _, i in second]
    sampler.set_epoch(0)
    assert list(sampler) == first
