# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""VGG-Vox and AVID alone: the public code's numbers, and its files."""

import functools
import json

import numpy as np
import pytest
import torch
from fill import drawn, fill, samples, statistics

from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.inspection import convert_weights, inspect_weights
from vinet_ros.networks.weights import read_card


@functools.cache
def filled(name):
    model = create_model(name).eval()
    fill(model)
    return model


def close(wanted):
    return {"rtol": 1e-4, "atol": 1e-4 * wanted.std()}


def test_vggvox_equals_the_public_code(golden):
    with np.load(golden / "vggvox__512x300.npz") as expected, torch.inference_mode():
        meta = json.loads(str(expected["meta"]))
        feature = filled("vggvox")(drawn(**meta["audio"]))
        assert feature.shape == (1, 4096, 1, 1)
        np.testing.assert_allclose(feature, expected["feat"], **close(expected["feat"]))
        logits = filled("vggvox").classify(feature)
        np.testing.assert_allclose(logits, expected["logits"], **close(expected["logits"]))


@pytest.mark.parametrize("size", ["100x129", "200x257"])
def test_avid_equals_the_public_code(golden, size):
    model, taps = filled("avid"), {}
    handles = [
        model.get_submodule(f"audio_model.block{number}").register_forward_hook(
            lambda _, __, out, name=f"conv{number + 1}x": taps.update({name: out.numpy()})
        )
        for number in range(1, 5)
    ]
    with np.load(golden / f"avid__{size}.npz") as expected, torch.inference_mode():
        meta = json.loads(str(expected["meta"]))
        pool = model(drawn(**meta["audio"]))
        for handle in handles:
            handle.remove()
        assert pool.shape == (2, 512, 1, 1)
        np.testing.assert_allclose(pool, expected["pool"], **close(expected["pool"]))
        proj = model.project(pool)
        np.testing.assert_allclose(proj, expected["proj"], **close(expected["proj"]))
        for name, values in taps.items():
            stats, places = expected[f"{name}__stats"], expected[f"{name}__samples"]
            assert values.shape == tuple(expected[f"{name}__shape"]), name
            limits = {"rtol": 1e-4, "atol": 1e-4 * stats[1], "err_msg": name}
            np.testing.assert_allclose(statistics(values), stats, **limits)
            np.testing.assert_allclose(samples(name, values, len(places)), places, **limits)


def test_the_file_of_vggvox_loads(tmp_path):
    path = tmp_path / "VGGM300.pth"
    state = filled("vggvox").state_dict()
    torch.save(state, path)
    loaded = load_model("vggvox", path).state_dict()
    assert all(torch.equal(value, loaded[key]) for key, value in state.items())
    report = inspect_weights(path)
    assert (report.model, report.options, report.problems) == ("vggvox", {}, ())


def test_the_checkpoint_of_avid_loads_without_its_other_half(tmp_path):
    path, state = tmp_path / "AVID_checkpoint.pth.tar", filled("avid").state_dict()
    whole = {f"module.{key}": value for key, value in state.items()}
    whole["module.video_model.conv1.0.weight"] = torch.zeros(64, 3, 3, 7, 7)
    torch.save({"epoch": 3, "model": whole, "optimizer": {"lr": 0.1}}, path)
    loaded = load_model("avid", path).state_dict()
    assert loaded.keys() == state.keys()
    assert all(torch.equal(value, loaded[key]) for key, value in state.items())
    report = inspect_weights(path)
    assert (report.model, report.problems) == ("avid", ())
    convert_weights(path, tmp_path / "avid.safetensors")
    assert read_card(tmp_path / "avid.safetensors").model == "avid"


@pytest.mark.parametrize(
    ("name", "shape", "right"),
    [
        ("vggvox", (1, 1, 300, 512), r"\(B, 1, 512, T\) of at least 65 steps \(300 for AViNet"),
        ("vggvox", (1, 1, 512, 64), r"\(B, 1, 512, T\)"),
        ("avid", (1, 100, 129), r"\(B, 1, T, bands\), \(100, 129\) for AViNet"),
        ("avid", (1, 2, 100, 129), r"\(B, 1, T, bands\)"),
    ],
)
def test_a_wrong_sound_says_which_is_right(name, shape, right):
    with pytest.raises(ValueError, match=rf"expected a spectrogram {right}.*got") as caught:
        filled(name)(torch.zeros(shape))
    assert str(shape) in str(caught.value)


def test_the_shortest_sound_leaves_a_feature():
    with torch.inference_mode():
        assert filled("vggvox")(torch.zeros(1, 1, 512, 65)).shape == (1, 4096, 1, 1)
