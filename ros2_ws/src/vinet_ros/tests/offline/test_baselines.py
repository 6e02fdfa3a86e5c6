# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import cv2
import numpy as np
import pytest

from vinet_ros.errors import DataError
from vinet_ros.offline import baselines
from vinet_ros.offline.baselines import (
    centre_gaussian,
    fine_grained,
    mean_fixation_map,
    score_human_halves,
    score_leave_one_out,
    score_saved_maps,
    spectral_residual,
)
from vinet_ros.training.datasets import Fixations, Stills
from vinet_ros.training.groundtruth import density_map
from vinet_ros.training.score_table import (
    METRICS,
    REFERENCE_METRICS,
    score_maps,
    truth_of_stills,
)


def looked(*points):
    """Fixations from (observer, x, y)."""
    observer, x, y = np.array(points, np.float64).reshape(-1, 3).T
    return Fixations(x.astype(np.float32), y.astype(np.float32), observer.astype(np.int16))


def test_mean_fixation_map_weighs_images_alike(stills):
    maps = [density_map(s.fixations.x, s.fixations.y) for s in stills]
    np.testing.assert_allclose(mean_fixation_map(stills), np.mean(maps, 0), atol=1e-9)


def test_mean_fixation_map_of_nobody_is_an_error():
    with pytest.raises(DataError, match="no image has fixations"):
        mean_fixation_map([])


def test_centre_gaussian_is_highest_in_the_middle_and_symmetric():
    values = centre_gaussian((56, 96))
    assert np.unravel_index(values.argmax(), values.shape) in {(27, 47), (28, 48)}
    np.testing.assert_allclose(values, values[::-1, ::-1])
    assert values[0, 48] == pytest.approx(np.exp(-0.5 * (27.5 / 56 / 0.2) ** 2), rel=1e-3)


def test_halves_are_even_against_odd_observers(stills):
    fixations = [s.fixations for s in stills]
    table = score_human_halves([s.name for s in stills], ["a"] * 6, fixations, REFERENCE_METRICS)
    assert table.left_out == ()
    assert table.mean("NSS") > 2
    everybody = truth_of_stills(stills)
    evens = [f.masked(f.observer % 2 == 0) for f in fixations]
    assert len(evens[0]) == 12
    by_hand = score_maps(
        "even",
        np.stack([density_map(f.x, f.y) for f in evens]),
        everybody,
        ["CC"],
    )
    # Against everybody, half of whom they are, the even ones do better than against the odd.
    assert by_hand.mean("CC") > table.mean("CC")


def test_images_with_too_few_people_are_left_out_of_the_human_rows():
    fixations = [
        looked((0, 0.4, 0.4), (1, 0.5, 0.5), (2, 0.6, 0.6)),
        looked((3, 0.5, 0.5), (3, 0.2, 0.2)),
        looked(),
    ]
    names = ["three", "one", "nobody"]
    halves = score_human_halves(names, names, fixations, ["CC"])
    assert [(o.item, o.reason) for o in halves.left_out] == [
        ("one", "needs observers with even and with odd ids"),
        ("nobody", "needs observers with even and with odd ids"),
    ]
    rest = score_leave_one_out(names, names, fixations, ["CC"])
    assert [(o.item, o.reason) for o in rest.left_out] == [
        ("one", "fewer than two observers"),
        ("nobody", "fewer than two observers"),
    ]
    assert rest.count("CC") == halves.count("CC") == 1


def test_leave_one_out_is_the_mean_over_observers(monkeypatch):
    monkeypatch.setattr(baselines, "_CHUNK", 2)
    points = [(0, 0.3, 0.4), (1, 0.35, 0.4), (2, 0.8, 0.7), (2, 0.7, 0.7)]
    table = score_leave_one_out(["image"], ["set"], [looked(*points)], list(METRICS))
    expected = []
    for observer in (0, 1, 2):
        one = looked(*(p for p in points if p[0] == observer))
        rest = looked(*(p for p in points if p[0] != observer))
        a, b = density_map(one.x, one.y), density_map(rest.x, rest.y)
        expected.append(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    assert table.mean("CC") == pytest.approx(np.mean(expected), abs=1e-5)
    assert "sAUC" not in table.scores


def test_saved_maps_are_read_by_the_images_names(stills_root, tmp_path):
    stills = Stills(stills_root, "val")
    folder = tmp_path / "other_program"
    folder.mkdir()
    truth = truth_of_stills(stills)
    picture = np.repeat(np.repeat(truth.density[0] / truth.density[0].max(), 4, 0), 4, 1)
    cv2.imwrite(str(folder / "scene_2.png"), np.rint(picture * 255).astype(np.uint8))
    table = score_saved_maps(folder, truth, REFERENCE_METRICS)
    assert table.name == "maps of other_program"
    assert table.scores["CC"][0] > 0.999
    assert [(o.item, o.reason) for o in table.left_out] == [
        ("scene_5.png", f"{folder}/scene_5.*: no such map")
    ]
    (folder / "scene_5.jpg").write_bytes(b"broken")
    table = score_saved_maps(folder, truth, REFERENCE_METRICS)
    assert "not a readable image" in table.left_out[0].reason


@pytest.mark.parametrize("method", [spectral_residual, fine_grained])
def test_what_opencv_has_finds_what_stands_out(method):
    images = np.full((1, 224, 384, 3), 90, np.uint8)
    images += np.random.default_rng(0).integers(0, 8, images.shape, dtype=np.uint8)
    images[0, 60:90, 100:140] = 250
    values = method()(images)[0]
    assert values[60:90, 100:140].mean() > 2 * values.mean()
