# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Made samples: repeatable, normalised, and the moving piece is where the ground truth says."""

import numpy as np
import pytest
import torch

from vinet_ros.preprocess import IMAGENET_MEAN, IMAGENET_STD, resize_rgb
from vinet_ros.training.augment import Augmentation
from vinet_ros.training.movers import draw_path, draw_piece, lay, make_faint, match_contrast
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


@pytest.mark.parametrize(("size", "speed"), [((8.0, 9.0), (0.7, 0.8)), ((40.0, 56.0), (8.0, 9.0))])
def test_what_moves_has_the_size_and_speed_asked_for(stills, size, speed):
    making = ClipMaking(8, 1.0, mover_pixels=size, mover_speed=speed, augmentation=PLAIN)
    frames = pixels(MadeSamples(stills, making, seed=5)[(0, 0)])
    changed = np.abs(frames[:, 7] - frames[:, 0]).sum(axis=0) > 3  # (224, 384)
    across = max(np.ptp(axis) for axis in np.nonzero(changed))
    assert 0.3 * size[0] <= across <= 1.7 * size[1] + 7 * speed[1] + 6


def test_a_pursued_piece_stays_in_the_picture_and_the_scene_slides_past(stills):
    def change_at_the_piece(pursuit_share):
        """Return how much changes where people look, as a share of the change everywhere."""
        pieces = {"mover_pixels": (50.0, 56.0), "mover_weight": 1.0, "camera_share": 1.0}
        making = ClipMaking(8, 1.0, pursuit_share=pursuit_share, augmentation=PLAIN, **pieces)
        made = MadeSamples(stills, making, seed=7)
        noise = np.random.default_rng(1).integers(0, 256, (56, 96, 3), dtype=np.uint8)
        made.base.images = [resize_rgb(noise, (224, 384))] * len(stills)  # texture everywhere
        shares = []
        for index in range(4):
            sample = made[(0, index)]
            frames = pixels(sample)
            changed = np.abs(frames[:, 7] - frames[:, 5]).sum(axis=0)  # (224, 384)
            row, column = np.unravel_index(int(sample["density"].argmax()), (56, 96))
            top, left = max(row * 4 - 4, 0), max(column * 4 - 4, 0)
            shares.append(changed[top : top + 12, left : left + 12].mean() / changed.mean())
        return np.mean(shares)

    assert change_at_the_piece(1.0) < 0.5
    assert change_at_the_piece(0.0) > 0.7


def test_the_scene_shines_through_faint_pieces():
    rng = np.random.default_rng(0)
    piece = draw_piece(rng, np.full((50, 60, 3), 200, np.uint8), 20, np.array([[30.0, 25.0]]))
    scene = np.full((50, 60, 3), 100, np.uint8)
    (faint,) = make_faint([piece], 0.5)
    assert lay(scene, piece, 0).max() == 200
    assert lay(scene, faint, 0).max() == 150


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
