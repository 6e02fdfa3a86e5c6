# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""ViNet and AViNet in saliency_node and in `vinet predict`; the others have tests of their own."""

import numpy as np
import pytest
from geometry_msgs.msg import PointStamped
from node_bench import spot
from predict_clip import predict_clip
from sensor_msgs.msg import Image

from vinet_ros.networks import create_model
from vinet_ros.networks.catalog import list_models, model_spec
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.runtime.benchmark_paths import seed_weights

OPTIONS = {"vinet": {"clip_length": 8}, "avinet": {}}  # AViNet is all of ViNet, and sound


@pytest.fixture(scope="module", params=OPTIONS)
def network(request, tmp_path_factory):
    """Name and weight file."""
    name = request.param
    options = OPTIONS[name]
    model = seed_weights(create_model(name, **options), seed=1)
    file = tmp_path_factory.mktemp("weights") / f"{name}.safetensors"
    card = WeightsCard(name, model.clip_length, model.input_size, 30.0, options, source="a test")
    save_weights(file, model, card)
    return name, file


def test_every_network_has_such_a_test():
    saliency = {name for name in list_models() if model_spec(name).saliency}
    assert saliency == {*OPTIONS, "vinet_lite", "stavis"}


def test_the_node_runs_it(bench, network):
    name, file = network
    bench.active("real", model=name, weights=str(file), device="cpu")
    maps = bench.listen(Image, "saliency/image")
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: maps and pixels, spot(480, 120))
    assert (maps[-1].height, maps[-1].width) == (224, 384)
    values = np.frombuffer(maps[-1].data, np.float32)
    assert np.isfinite(values).all() and 0 <= values.min() < values.max() <= 1
    assert 0 <= pixels[-1].point.x < 640
    assert bench.value("model", "model") == name


def test_the_command_predicts_with_it(network, tmp_path, capsys):
    name, file = network
    result, maps = predict_clip(name, file, tmp_path, capsys, frames=2)
    assert ("heard its own sound" in result["hearing"]) == (name == "avinet")
    assert maps.shape == (2, 224, 384)
