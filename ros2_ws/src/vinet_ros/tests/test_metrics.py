# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import mannwhitneyu

from vinet_ros import metrics
from vinet_ros.metrics import (
    auc_borji,
    auc_judd,
    auc_per_fixation,
    cc,
    information_gain,
    kldiv,
    nss,
    resize_maps,
    sauc,
    sim,
)

GOLDEN = np.load(Path(__file__).parent / "golden" / "metrics.npz")
CASES = json.loads(str(GOLDEN["cases"]))
STRUCTURED = "00_structured_48x64"


def case(name):
    arrays = {n: GOLDEN[key] for n, key in CASES[name].items() if n != "expected"}
    return arrays, CASES[name]["expected"]


def scores(a):
    """Every metric by its name in the golden file.

    With everything fixated the file has no draws, and the benchmark's AUC-Borji depends on them.
    """
    result = {
        "mit_CC": cc(a["pred"], a["gt"]),
        "mit_SIM": sim(a["pred"], a["gt"]),
        "mit_NSS": nss(a["pred"], a["fix"]),
        "mit_KLdiv": kldiv(a["pred"], a["gt"]),
        "mit_AUC_Judd_nojitter": auc_judd(a["pred"], a["fix"], ties="mit"),
        "mit_InfoGain": information_gain(a["pred"], a["fix"], a["base"]),
    }
    if len(a["borji_idx"]) or a["fix"].sum() <= 1:
        result["mit_AUC_Borji"] = auc_borji(a["pred"], a["fix"], drawn(a["borji_idx"]))
    # Where all others are drawn there is no chance in it.
    result["mit_AUC_shuffled"] = sauc(a["pred"], a["fix"], a["oth"], drawn(a["shuf_idx"]))
    return result


def drawn(indices):
    return indices if len(indices) else None


def test_all_cases_and_scores_of_the_benchmark_are_here():
    assert len(CASES) == 23
    every = {(name, m) for name in CASES for m in case(name)[1]}
    met = {(name, m) for name in CASES for m in scores(case(name)[0])}
    assert len(every) == 23 * 8
    assert every - met == {("15_all_fixated", "mit_AUC_Borji")}


@pytest.mark.parametrize("name", CASES)
def test_benchmark_values(name):
    arrays, expected = case(name)
    for metric, value in scores(arrays).items():
        if (name, metric) == ("06_affine_pred", "mit_KLdiv"):
            continue  # negative values: the reference's result is not a real number
        wanted = math.nan if expected[metric] is None else expected[metric]
        assert value == pytest.approx(wanted, abs=1e-9, nan_ok=True), metric


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_batch_equals_single_maps(kind):
    names = [n for n in CASES if case(n)[0]["pred"].shape == (48, 64)]
    arrays = [case(n)[0] for n in names]
    stack = {n: np.stack([a[n] for a in arrays]) for n in ("pred", "gt", "fix", "oth", "base")}
    if kind == "torch":
        stack = {n: torch.tensor(a) for n, a in stack.items()}
    whole = scores(stack | {"borji_idx": [], "shuf_idx": []})
    have = [n for n, a in enumerate(arrays) if len(a["borji_idx"]) and len(a["shuf_idx"])]
    p, f, o = (stack[n][have] for n in ("pred", "fix", "oth"))
    borji = auc_borji(p, f, [arrays[n]["borji_idx"] for n in have])
    shuffled = sauc(p, f, o, [arrays[n]["shuf_idx"] for n in have])
    for index, a in enumerate(arrays):
        single = scores(a)
        for metric in ("mit_CC", "mit_SIM", "mit_NSS", "mit_KLdiv", "mit_AUC_Judd_nojitter"):
            np.testing.assert_allclose(whole[metric][index], single[metric], atol=1e-12)
        if index in have:
            np.testing.assert_allclose(borji[have.index(index)], single["mit_AUC_Borji"])
            np.testing.assert_allclose(shuffled[have.index(index)], single["mit_AUC_shuffled"])
    assert isinstance(whole["mit_CC"], np.ndarray if kind == "numpy" else torch.Tensor)


def test_single_maps_give_scalars_in_double():
    a, _ = case(STRUCTURED)
    value = cc(a["pred"].astype(np.float32), a["gt"].astype(np.float32))
    assert isinstance(value, np.float64)
    assert value == pytest.approx(cc(a["pred"], a["gt"]), abs=1e-6)
    tensor = nss(torch.tensor(a["pred"]).float(), torch.tensor(a["fix"]))
    assert tensor.shape == ()
    assert tensor.dtype == torch.float64


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
def test_views_score_as_their_copies(kind):
    a, _ = case(STRUCTURED)
    p, f = kind(a["pred"]), kind(a["fix"])
    views = [np.broadcast_to(a["pred"], (2, 48, 64)), np.stack([a["fix"]] * 2)]
    if kind is torch.tensor:
        views = [p.expand(2, -1, -1), f.expand(2, -1, -1)]
    for ties in ("exact", "mit"):
        expected = float(auc_judd(p, f, ties=ties))
        np.testing.assert_allclose(auc_judd(*views, ties=ties), expected)
        np.testing.assert_allclose(auc_judd(p.T, f.T, ties=ties), expected)
    np.testing.assert_allclose(auc_per_fixation(*views), float(auc_per_fixation(p, f)))


def mann_whitney(prediction, fixated):
    u = mannwhitneyu(prediction[fixated], prediction[~fixated]).statistic
    return u / (fixated.sum() * (~fixated).sum())


@pytest.mark.parametrize(
    "name",
    [
        *("04_uint8_quantised", "05_many_zeros_pred", "08_one_fixation", "07_few_others"),
        *("21_structured_45x33", "22_noise_45x33"),
    ],
)
def test_exact_auc_is_mann_whitney(name):
    a, _ = case(name)
    expected = mann_whitney(a["pred"], a["fix"].astype(bool))
    assert auc_judd(a["pred"], a["fix"]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["11_constant_pred", "10_no_fixations", "15_all_fixated"])
def test_exact_auc_is_nan_where_the_benchmark_is(name):
    a, _ = case(name)
    assert np.isnan(auc_judd(a["pred"], a["fix"]))


tied_maps = hnp.arrays(np.int8, (6, 8), elements=st.integers(0, 5)).map(np.float64)
fixated_maps = hnp.arrays(np.bool_, (6, 8))
smooth_maps = hnp.arrays(np.float64, (6, 8), elements=st.floats(1 / 64, 1, width=16))


def uneven(*maps):
    """Whether no map is constant, so that every metric is defined."""
    return all(m.min() < m.max() for m in maps)


@given(tied_maps, fixated_maps)
def test_exact_auc_is_mann_whitney_on_wild_maps(prediction, fixated):
    value = auc_judd(prediction, fixated)
    if uneven(prediction, fixated):
        assert value == pytest.approx(mann_whitney(prediction, fixated), abs=1e-12)
        assert auc_judd(-prediction, fixated) == pytest.approx(1 - value, abs=1e-12)
    else:
        assert np.isnan(value)


@given(tied_maps, hnp.arrays(np.int8, (6, 8), elements=st.integers(0, 3)))
def test_auc_per_fixation_counts_pairs(prediction, counts):
    value = auc_per_fixation(prediction, counts)
    if not uneven(prediction) or not counts.any():
        assert np.isnan(value)
        return
    repeated = np.repeat(prediction.ravel(), counts.ravel())[:, None]
    pairs = (repeated > prediction.ravel()) + 0.5 * (repeated == prediction.ravel())
    assert value == pytest.approx(pairs.mean(), abs=1e-12)


@given(tied_maps, fixated_maps)
def test_benchmark_curve_without_ties_differs_by_its_cut_corners(prediction, fixated):
    distinct = prediction + np.linspace(0, 0.5, prediction.size).reshape(prediction.shape)
    if uneven(fixated):
        difference = auc_judd(distinct, fixated, ties="mit") - auc_judd(distinct, fixated)
        assert -1e-12 <= difference <= 1 / (2 * fixated.sum()) + 1e-12


@settings(max_examples=50)
@given(smooth_maps, smooth_maps, fixated_maps, st.floats(0.1, 10), st.floats(-3, 3))
def test_scale_and_offset_change_nothing(prediction, truth, fixated, scale, offset):
    if not uneven(prediction, truth, fixated):
        return
    changed = scale * prediction + offset
    for before, after in (
        (cc(prediction, truth), cc(changed, truth)),
        (nss(prediction, fixated), nss(changed, fixated)),
        (sim(prediction, truth), sim(changed, truth)),
        (kldiv(prediction, truth), kldiv(scale * prediction, truth)),
        (auc_per_fixation(prediction, fixated), auc_per_fixation(scale * prediction, fixated)),
    ):
        assert after == pytest.approx(before, abs=1e-6)


@settings(max_examples=50)
@given(smooth_maps, smooth_maps, fixated_maps)
def test_bounds(prediction, truth, fixated):
    if not uneven(prediction, truth, fixated):
        return
    assert -1 - 1e-12 <= cc(prediction, truth) <= 1 + 1e-12
    assert 0 <= sim(prediction, truth) <= 1 + 1e-12
    assert 0 <= sim(prediction, truth, subtract_min=False) <= 1 + 1e-12
    assert kldiv(prediction, truth) >= -1e-9
    assert 0 <= auc_judd(prediction, fixated) <= 1
    assert cc(truth, truth) == pytest.approx(1)
    assert sim(truth, truth) == pytest.approx(1)
    assert kldiv(truth, truth) == pytest.approx(0, abs=1e-9)
    assert cc(prediction, truth) == pytest.approx(cc(truth, prediction))
    assert information_gain(prediction, fixated, prediction) == pytest.approx(0)


def test_repeated_fixations_weigh_only_where_asked():
    prediction = np.array([[0.0, 1.0], [2.0, 3.0]])
    counts = np.array([[3, 0], [0, 1]])
    deviation = prediction.std(ddof=1)
    assert nss(prediction, counts) == pytest.approx(0)
    assert nss(prediction, counts, repeats=True) == pytest.approx(-0.75 / deviation)


def test_random_draws_stay_near_the_benchmark():
    a, expected = case(STRUCTURED)
    for seed in range(8):
        borji = auc_borji(a["pred"], a["fix"], seed=seed)
        shuffled = sauc(a["pred"], a["fix"], a["oth"], seed=seed)
        assert borji == pytest.approx(expected["mit_AUC_Borji"], abs=0.03)
        assert shuffled == pytest.approx(expected["mit_AUC_shuffled"], abs=0.03)
    assert auc_borji(a["pred"], a["fix"], seed=1) == auc_borji(a["pred"], a["fix"], seed=1)
    assert auc_borji(a["pred"], a["fix"], seed=1) != auc_borji(a["pred"], a["fix"], seed=2)


def test_shuffled_negatives_are_drawn_without_replacement_from_the_others():
    prediction = np.arange(12.0).reshape(3, 4)
    fixated = prediction >= 6
    others = prediction == 11  # the most salient pixel: every fixation is below or equal
    assert sauc(prediction, fixated, others) < 0.5
    assert sauc(prediction, prediction == 11, prediction < 6) == 1


def test_prediction_is_resized_to_the_ground_truth():
    a, _ = case(STRUCTURED)
    double = resize_maps(a["pred"], (96, 128))
    assert cc(double, a["gt"]) == pytest.approx(cc(a["pred"], a["gt"]), abs=1e-3)
    assert nss(double, a["fix"]) == pytest.approx(nss(a["pred"], a["fix"]), abs=0.02)


def test_resize_is_bicubic_with_mirrored_border():
    ramp = np.tile(np.arange(8.0), (4, 1))
    half = resize_maps(ramp, (4, 4))
    # Antialiased cubic of twice the width keeps a ramp; the mirrored border bends its ends.
    np.testing.assert_allclose(half[:, 1:3], [[2.5, 4.5]] * 4, atol=0.05)
    np.testing.assert_allclose(half[:, 0] + half[:, 3], 7)
    np.testing.assert_allclose(resize_maps(np.full((5, 7), 3.0), (9, 4)), 3)
    reference = np.random.default_rng(0).random((40, 60))
    expected = torch.nn.functional.interpolate(
        torch.tensor(reference)[None, None], size=(26, 90), mode="bicubic", antialias=True
    )[0, 0]
    inner = (slice(5, -5), slice(6, -6))
    np.testing.assert_allclose(resize_maps(reference, (26, 90))[inner], expected[inner])
    flat = resize_maps(np.full((2, 40, 60), 0.3), (56, 96))
    assert (flat == 0.3).all()
    assert np.isnan(cc(np.full((40, 60), 0.3), reference[:26]))
    assert resize_maps(torch.tensor(reference)[None], (26, 90)).shape == (1, 26, 90)


def test_wrong_arguments_are_named():
    square = np.ones((4, 4))
    with pytest.raises(ValueError, match="ties must be 'exact' or 'mit', got 'jitter'"):
        auc_judd(square, square, ties="jitter")
    with pytest.raises(ValueError, match=r"expected a map \(H, W\) or a batch"):
        cc(np.ones(4), np.ones(4))
    with pytest.raises(ValueError, match=r"one shape.*got \(2, 4, 4\), \(3, 4, 4\)"):
        cc(np.ones((2, 4, 4)), np.ones((3, 4, 4)))
    with pytest.raises(ValueError, match="one shape"):
        information_gain(square, square, np.ones((5, 4)))
    with pytest.raises(ValueError, match="each of the 2 maps, got 1"):
        auc_borji(np.ones((2, 4, 4)), np.ones((2, 4, 4)), [np.zeros((16, 1))])
    with pytest.raises(ValueError, match="expected indices"):
        auc_borji(np.eye(4), np.eye(4), np.zeros(16, int))


def test_public_names():
    assert set(metrics.__all__) >= {
        *("cc", "sim", "kldiv", "nss", "auc_judd", "auc_borji", "sauc", "information_gain")
    }
