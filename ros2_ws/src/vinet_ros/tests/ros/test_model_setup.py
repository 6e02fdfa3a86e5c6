# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Which network is run: files, hashes, devices."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vinet_ros.errors import DeviceError, WeightsError
from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, bundled_weights, save_weights
from vinet_ros.ros.model_setup import SharedLoader, choose_model, load_predictor
from vinet_ros.ros.saliency_parameters import SaliencyParameters

SMALL = {"clip_length": 2, "width": 16, "motion_width": 8}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, WeightsCard]:
    """A weights file of a small vinet_lite that has not learned, and its card."""
    torch.manual_seed(0)
    card = WeightsCard(
        model="vinet_lite", clip_length=2, input_size=(224, 384), rate_hz=12.0, options=SMALL
    )
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    return path, save_weights(path, create_model("vinet_lite", **SMALL), card)


def test_auto_takes_the_network_that_the_file_is_for(weights) -> None:
    path, card = weights
    loaded = load_predictor(SaliencyParameters(weights=str(path), weights_sha256=card.sha256))
    assert (loaded.name, loaded.trained) == ("vinet_lite", True)
    assert (loaded.weights, loaded.sha256) == (path.name, card.sha256)
    predictor = loaded.predictor
    assert predictor.window_rate_hz == 12.0  # the card's, not the catalog's
    predictor.push_frame(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8), 1)
    assert predictor.predict().values.shape == (224, 384)
    predictor.close()


def test_another_hash_is_refused(weights) -> None:
    parameters = SaliencyParameters(weights=str(weights[0]), weights_sha256="0" * 64)
    with pytest.raises(WeightsError, match=weights[1].sha256):
        load_predictor(parameters)


def test_a_file_with_another_hash_is_not_even_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "mystery.pt"
    path.write_bytes(b"no weights at all")
    parameters = SaliencyParameters(weights=str(path), weights_sha256="0" * 64)
    assert parameters.model == "auto"  # so that the file would have to tell the network
    with pytest.raises(WeightsError, match="is not the expected file"):
        choose_model(parameters)


def test_a_file_that_says_nothing_of_its_network_needs_the_name(tmp_path: Path) -> None:
    path = tmp_path / "mystery.pt"
    torch.save({"a": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match="set the parameter model"):
        choose_model(SaliencyParameters(weights=str(path)))


def test_auto_without_a_gpu_is_vinet_lite() -> None:
    assert choose_model(SaliencyParameters(device="cpu"))[0] == "vinet_lite"
    assert choose_model(SaliencyParameters(model="vinet")) == ("vinet", "asked for")


@pytest.mark.skipif(bundled_weights("vinet") is not None, reason="weights for vinet come along")
def test_a_network_without_weights_says_so() -> None:
    with pytest.raises(WeightsError, match="no weights for 'vinet'"):
        load_predictor(SaliencyParameters(model="vinet"))


@pytest.mark.skipif(bundled_weights("vinet") is not None, reason="weights for vinet come along")
def test_an_untrained_network_is_run_where_that_is_allowed() -> None:
    parameters = SaliencyParameters(
        model="vinet", model_options="clip_length=8", allow_untrained=True, window_rate_hz=-1.0
    )
    loaded = load_predictor(parameters)
    assert (loaded.trained, loaded.sha256, loaded.weights) == (False, "", "")
    assert loaded.predictor.executor.clip_length == 8
    assert loaded.predictor.window_rate_hz == -1.0
    loaded.predictor.close()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there(weights) -> None:
    path = str(weights[0])
    refused = SaliencyParameters(weights=path, device="cuda:7", allow_cpu_fallback=False)
    with pytest.raises(DeviceError, match="cuda:7"):
        load_predictor(refused)
    allowed = SaliencyParameters(weights=path, device="cuda:7", precision="fp16")
    loaded = load_predictor(allowed)
    assert loaded.predictor.executor.device == "cpu"
    assert "cuda:7 is not there" in loaded.predictor.executor.reason
    loaded.predictor.close()


def test_nodes_that_ask_for_the_same_share_it(weights) -> None:
    loader = SharedLoader(batches=1)
    path, card = weights
    same = SaliencyParameters(weights=str(path), warmup="wait", inference_threads=1)
    left = loader.for_user("/left")(same, "")
    right = loader.for_user("/right")(replace(same, weights_sha256=card.sha256.upper()), "cpu")
    assert left.predictor.executor.sharing.users == ("/left", "/right")
    assert len(loader.networks) == 1
    assert (left.name, left.trained, left.sha256) == ("vinet_lite", True, card.sha256)
    third = loader.for_user("/third")(replace(same, inference_threads=2), "")
    assert len(loader.networks) == 2
    with pytest.raises(WeightsError, match=card.sha256):
        loader.for_user("/fourth")(replace(same, weights_sha256="0" * 64), "")
    assert len(loader.networks) == 2
    for loaded in (left, right, third):
        loaded.predictor.close()
    assert len(loader.networks) == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_each_node_is_told_why_it_runs_where_it_does(weights) -> None:
    loader = SharedLoader(batches=1)
    missing = SaliencyParameters(weights=str(weights[0]), device="cuda:7")
    fallen_back = loader.for_user("/left")(missing, "")
    asked = loader.for_user("/right")(replace(missing, device="cpu"), "")
    assert "cuda:7 is not there" in fallen_back.predictor.executor.reason
    assert "cuda:7" not in asked.predictor.executor.reason
    assert len(loader.networks) == 1
    for loaded in (fallen_back, asked):
        loaded.predictor.close()
