# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
import torch

from vinet_ros.networks import create_model
from vinet_ros.preprocess import normalize_frames
from vinet_ros.training.datasets import Stills
from vinet_ros.training.groundtruth import density_map
from vinet_ros.training.score_table import METRICS, score_maps, truth_of_stills
from vinet_ros.training.scoring import area_average, score_stills, static_predict


def brightness(images):
    return images.mean(axis=3).astype(np.float32) ** 2


def test_a_map_of_the_bright_spot_people_looked_at_scores_high(stills):
    table = score_stills(brightness, stills, columns=list(METRICS), batch_size=4)
    assert table.items == tuple(f"scene_{i}.png" for i in range(6))
    assert table.left_out == ()
    assert table.mean("NSS") > 2
    assert table.mean("AUC-J") > 0.8
    inverted = score_stills(lambda images: -brightness(images), stills)
    assert inverted.mean("CC") == pytest.approx(-table.mean("CC"))


def test_the_ground_truth_itself_is_perfect(stills):
    truth = truth_of_stills(stills)
    table = score_maps("truth", truth.density, truth)
    assert table.means()["CC"] == pytest.approx(1)
    assert table.means()["SIM"] == pytest.approx(1)
    assert table.means()["KLDiv"] == pytest.approx(0, abs=1e-3)


def test_batches_and_images_in_memory_change_nothing(stills):
    one = score_stills(brightness, stills, batch_size=1)
    four = score_stills(brightness, stills, batch_size=4)
    seen = []

    def remember(images):
        seen.append(images)
        return brightness(images)

    score_stills(remember, stills)
    held = score_stills(brightness, stills, images=np.concatenate(seen))
    for metric, scores in one.scores.items():
        np.testing.assert_array_equal(scores, four.scores[metric])
        np.testing.assert_array_equal(scores, held.scores[metric])


def test_unreadable_image_is_left_out_with_its_reason(stills_root):
    (stills_root / "images" / "scene_1.png").unlink()
    (stills_root / "images" / "scene_4.png").write_bytes(b"broken")
    stills = Stills(stills_root, None, require_images=False)
    table = score_stills(brightness, stills, name="bright", columns=list(METRICS))
    assert [(o.row, o.item, o.metrics) for o in table.left_out] == [
        ("bright", "scene_1.png", ()),
        ("bright", "scene_4.png", ()),
    ]
    assert "no such file" in table.left_out[0].reason
    assert "not a readable image" in table.left_out[1].reason
    for metric in METRICS:
        assert table.count(metric) == 4
        assert np.isfinite(table.mean(metric))


def test_image_without_fixations_is_left_out(stills_root):
    with np.load(stills_root / "fixations.npz") as file:
        keep = file["image"] != 0
        arrays = {name: file[name][keep] for name in file}
    np.savez(stills_root / "fixations.npz", **arrays)
    table = score_stills(brightness, Stills(stills_root, None), columns=list(METRICS))
    assert [(o.item, o.reason) for o in table.left_out] == [("scene_0.png", "no fixations")]
    assert all(table.count(m) == 5 for m in METRICS)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(0.0, "constant map"), (0.3, "constant map"), (np.nan, "map with NaN or infinity")],
)
def test_useless_maps_are_left_out_never_scored_as_zero(stills, value, reason):
    def predict(images):
        maps = brightness(images)
        maps[0] = value
        return maps

    table = score_stills(predict, stills, batch_size=6, columns=list(METRICS))
    assert [(o.item, o.reason, o.metrics) for o in table.left_out] == [("scene_0.png", reason, ())]
    for metric in METRICS:
        assert np.isnan(table.scores[metric][0])
        assert table.count(metric) == 5


def test_nothing_left_to_average_is_nan(stills):
    table = score_stills(lambda images: np.zeros((len(images), 56, 96), np.float32), stills)
    assert np.isnan(table.mean("CC"))
    assert table.count("CC") == 0
    assert len(table.left_out) == len(stills)


def test_mean_of_one_group(stills_root):
    index = stills_root / "index.csv"
    index.write_text(index.read_text().replace("scene_0.png,made", "scene_0.png,other"))
    table = score_stills(brightness, Stills(stills_root, None))
    assert table.mean("CC", "other") == table.scores["CC"][0]
    assert table.mean("CC", "made") == pytest.approx(table.scores["CC"][1:].mean())


def test_repeated_fixations_of_a_pixel_count_in_the_reference_columns_only(stills):
    truth = truth_of_stills(stills)
    peaks = np.zeros(truth.counts.shape)
    busiest = truth.counts == truth.counts.max((1, 2), keepdims=True)
    peaks[busiest] = 1
    table = score_maps("busiest pixel", peaks, truth, ("NSS", "NSS-MIT"))
    assert table.mean("NSS") > table.mean("NSS-MIT")


def test_unknown_metric_and_wrong_size_are_refused(stills):
    truth = truth_of_stills(stills)
    with pytest.raises(ValueError, match=r"unknown metrics \['cc'\]; there are CC, NSS"):
        score_maps("x", truth.density, truth, ["cc"])
    with pytest.raises(ValueError, match=r"expected maps \(6, 56, 96\), got \(6, 28, 48\)"):
        score_maps("x", truth.density[:, ::2, ::2], truth)


def test_area_average():
    maps = np.arange(2 * 8 * 8, dtype=np.float32).reshape(2, 8, 8)
    expected = maps.reshape(2, 2, 4, 2, 4).mean((2, 4))
    np.testing.assert_allclose(area_average(maps, (2, 2)), expected)
    assert area_average(maps, (16, 8)).shape == (2, 16, 8)
    for size in ((3, 5), (16, 16)):
        assert np.ptp(area_average(np.full((1, 8, 8), 0.3), size)) == 0


def test_static_prediction_equals_the_clip_of_repeated_frames():
    torch.manual_seed(0)
    model = create_model("vinet_lite", clip_length=3).eval()
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3), dtype=np.uint8)
    maps = static_predict(model)(images)
    with torch.inference_mode():
        for image, values in zip(images, maps, strict=True):
            clip = torch.from_numpy(normalize_frames(np.stack([image] * 3)))[None]
            np.testing.assert_allclose(model(clip)[0], values, atol=1e-6)
    assert maps.dtype == np.float32


def test_density_of_the_truth_is_the_density_map(stills):
    truth = truth_of_stills(stills)
    points = stills[3].fixations
    np.testing.assert_allclose(truth.density[3], density_map(points.x, points.y), atol=1e-7)
    assert not (truth.others[3] & (truth.counts.sum(0) == 0)).any()
