# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import json

import numpy as np
import pytest
import torch
from fill import drawn, fill

from vinet_ros.errors import WeightsError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.inspection import inspect_weights


@pytest.fixture(scope="module")
def soundnet():
    model = create_model("soundnet").eval()
    fill(model)
    return model


@pytest.mark.parametrize("fixture", ["soundnet__70560", "soundnet__amp256"])
def test_features_equal_the_public_code(golden, soundnet, fixture):
    with np.load(golden / f"{fixture}.npz") as expected, torch.inference_mode():
        meta = json.loads(str(expected["meta"]))
        features = soundnet(drawn(**meta["audio"])).numpy()
        assert features.shape[1:] == (1024, 3, 1)
        wanted = expected["feat"]
        close = {"rtol": 1e-4, "atol": 1e-4 * wanted.std()}
        np.testing.assert_allclose(features[:, :: int(expected["step"])], wanted, **close)


@pytest.mark.parametrize("form", ["plain", "module."])
def test_the_public_file_loads(tmp_path, soundnet, form):
    prefix = "" if form == "plain" else form
    path = tmp_path / "soundnet8_final.pth"
    torch.save({prefix + key: value for key, value in soundnet.state_dict().items()}, path)
    loaded = load_model("soundnet", path)
    assert all(torch.equal(v, loaded.state_dict()[k]) for k, v in soundnet.state_dict().items())
    report = inspect_weights(path)
    assert (report.model, report.options, report.problems) == ("soundnet", {}, ())
    with pytest.raises(WeightsError, match="looks like 'soundnet'"):
        load_model("avinet", path)


@pytest.mark.parametrize(
    "shape", [(70560,), (1, 70560, 1), (1, 2, 70560, 1), (1, 1, 1, 70560), (1, 1, 4573, 1)]
)
def test_a_wrong_sound_says_which_is_right(soundnet, shape):
    with pytest.raises(ValueError, match=r"\(B, 1, L, 1\) of at least 4574 .*got") as caught:
        soundnet(torch.zeros(shape))
    assert str(shape) in str(caught.value)


def test_the_shortest_sound_leaves_one_step(soundnet):
    with torch.inference_mode():
        assert soundnet(torch.zeros(2, 1, 4574, 1)).shape == (2, 1024, 1, 1)
