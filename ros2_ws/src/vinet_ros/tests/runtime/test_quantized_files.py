# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Files of int8 graphs: loaded strictly, run by OpenVINO alone. NNCF is not needed here."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from stored_graphs import CARD, graph_file

from vinet_ros.errors import DeviceError, WeightsError
from vinet_ros.networks import load_model
from vinet_ros.networks.inspection import convert_weights, inspect_weights
from vinet_ros.networks.quantized import QuantizedNetwork, StoredGraph, save_quantized
from vinet_ros.networks.weights import read_card, sha256_of
from vinet_ros.runtime import create_executor
from vinet_ros.runtime.openvino_executor import OpenVINOExecutor
from vinet_ros.runtime.select import Place, find_place
from vinet_ros.runtime.traits import traits_of
from vinet_ros.sound_forms import VGGVOX_SPECTROGRAM
from vinet_ros.streaming import Predictor


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return graph_file(tmp_path_factory.mktemp("int8"))


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(2).integers(0, 256, (3, 224, 384, 3), dtype=np.uint8)


@pytest.mark.parametrize("precision", ["int8", "auto"])
def test_a_file_runs_as_its_graphs_say(made, frames, precision):
    file, model = made
    predictor = Predictor("vinet_lite", file, "cpu", precision=precision, window_rate_hz=-1)
    assert predictor.executor.name == "openvino int8"
    assert predictor.card.sha256 == sha256_of(file)
    plain = OpenVINOExecutor(model)
    for k, frame in enumerate(frames[:2]):
        predictor.push_frame(frame, k)
    expected = plain.predict([plain.encode(frame) for frame in frames[:2]])
    np.testing.assert_allclose(predictor.predict().values, expected, atol=1e-6)


def test_a_network_that_hears_says_how():
    card = replace(CARD, model="avinet", options={"audio": "vggvox"})
    graphs = QuantizedNetwork(card, {"decoder": StoredGraph(b"", b"")})
    assert traits_of(graphs).sound_form == VGGVOX_SPECTROGRAM


def test_windows_go_together(made, frames):
    executor = create_executor(load_model("vinet_lite", made[0]), "cpu", "int8", batches=2)
    kept = executor.encode_batch(list(frames))
    alone = [executor.predict(kept[:2]), executor.predict(kept[1:])]
    together = executor.predict_batch([kept[:2], kept[1:]])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_int8_has_a_place_on_the_cpu_only():
    assert find_place("auto", "int8") == Place("cpu", "int8", "", free=False)
    with pytest.raises(ValueError, match="int8 runs on the CPU, got device cuda"):
        find_place("cuda", "int8")
    with pytest.raises(ValueError, match="got path torch"):
        find_place("cpu", "int8", path="torch")


def test_weights_and_graphs_are_not_mistaken_for_each_other(made):
    file, model = made
    with pytest.raises(DeviceError, match="vinet weights quantize"):
        create_executor(model, "cpu", "int8")
    graphs = load_model("vinet_lite", file)
    with pytest.raises(DeviceError, match="got fp32 on cpu"):
        create_executor(graphs, "cpu", "fp32")
    with pytest.raises(DeviceError, match="got path torch"):
        create_executor(graphs, "cpu", path="torch")
    with pytest.raises(DeviceError, match="only OpenVINO on the CPU"):
        graphs(torch.zeros(1, 3, 2, 224, 384))
    with pytest.raises(WeightsError, match="no weights; give the weights"):
        convert_weights(file, file.with_name("out"))
    with pytest.raises(WeightsError, match="cannot be changed to"):
        load_model("vinet_lite", file, clip_length=4)
    with pytest.raises(WeightsError, match="not the expected file"):
        load_model("vinet_lite", file, sha256="0" * 64)


def test_inspection_tells_what_it_is(made):
    report = inspect_weights(made[0])
    assert (report.model, report.options, report.problems) == ("vinet_lite", CARD.options, ())
    assert report.card["quantization"] == {"parts": ["decoder"]}
    assert read_card(made[0]).quantization == {"parts": ["decoder"]}


def test_damaged_graphs_end_with_a_message(made, tmp_path):
    graphs = load_model("vinet_lite", made[0]).graphs
    decoder = graphs["decoder"]
    hurt = {
        "layers": replace(decoder, layers=decoder.layers[: len(decoder.layers) // 2]),
        "numbers": replace(decoder, numbers=decoder.numbers[:-64]),
        "another": graphs["encoder"],
        "empty": StoredGraph(b"", b""),
    }
    for name, graph in hurt.items():
        file = tmp_path / name
        save_quantized(file, {**graphs, "decoder": graph}, CARD)
        with pytest.raises(DeviceError, match=f"OpenVINO cannot run {name} .*make the file again"):
            OpenVINOExecutor(load_model("vinet_lite", file))
    save_quantized(tmp_path / "lacking", {"encoder": graphs["encoder"]}, CARD)
    with pytest.raises(WeightsError, match="expected int8 graphs of a decoder"):
        load_model("vinet_lite", tmp_path / "lacking")


def test_the_card_must_say_how_it_was_made(tmp_path):
    with pytest.raises(ValueError, match="how the graphs were quantized"):
        save_quantized(tmp_path / "x", {}, replace(CARD, quantization={}))
    with pytest.raises(ValueError, match="no option depth"):
        QuantizedNetwork(replace(CARD, options={"depth": 1}), {"decoder": StoredGraph(b"", b"")})
