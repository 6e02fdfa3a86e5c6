# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""From a video to an int8 file that runs without NNCF, as a user makes it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from made_clips import write_clip
from typer.testing import CliRunner

from vinet_ros.cli.weights import app
from vinet_ros.errors import DataError, DeviceError, VinetError, WeightsError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.weights import WeightsCard, read_card, save_weights, sha256_of
from vinet_ros.offline.quantize import collect_windows, quantize_weights
from vinet_ros.runtime import quantize
from vinet_ros.runtime.quantize_check import compare_maps
from vinet_ros.runtime.traits import NetworkTraits, traits_of
from vinet_ros.streaming import Predictor

OPTIONS = {"clip_length": 2, "width": 16, "motion_width": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("int8")
    write_clip(folder / "street.mp4", 8)
    card = WeightsCard("vinet_lite", 2, (224, 384), 15.0, options=OPTIONS)
    network = create_model("vinet_lite", **OPTIONS)
    network.encoder.load_state_dict(load_model("vinet_lite").encoder.state_dict())
    save_weights(folder / "small.safetensors", network, card)
    return folder


def test_windows_are_those_of_a_stream(folder):
    windows = collect_windows(
        folder / "street.mp4", "vinet_lite", NetworkTraits(2, (224, 384)), most=4
    )
    assert len(windows) == 4
    assert all(len(window) == 2 for window in windows)
    stamps = [window[-1].stamp_ns for window in windows]
    assert stamps == sorted(set(stamps))
    with pytest.raises(DataError, match="record it first"):
        collect_windows("0", "vinet_lite", NetworkTraits(2, (224, 384)), most=4)


def test_a_video_becomes_an_int8_file(folder):
    pytest.importorskip("nncf")
    out, weights = folder / "small.int8.safetensors", folder / "small.safetensors"
    arguments = ["quantize", folder / "street.mp4", "--out", out, "--weights", weights]
    arguments += ["--windows", 6, "--only", "decoder", "--min-cc", 0, "--json"]  # untrained
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    card = read_card(out)
    assert json.loads(result.stdout)["card"]["sha256"] == sha256_of(out) == card.sha256
    assert card.quantization["from_sha256"] == sha256_of(weights)
    assert card.quantization["parts"] == ["decoder"]
    assert card.quantization["frames_from"] == ["street.mp4"]
    assert card.quantization["agreement"]["maps"] == 2
    assert b"FakeQuantize" in load_model("vinet_lite", out).graphs["decoder"].layers
    maps = []
    for file, precision in ((weights, "fp32"), (out, "int8")):
        predictor = Predictor("vinet_lite", file, "cpu", precision=precision, path="openvino")
        for k, window in enumerate(_film(folder, traits_of(load_model("vinet_lite", file)))):
            predictor.push_frame(window[-1].frame, k * 66_000_000)
        maps.append(predictor.predict().values)
    agreement = compare_maps([maps[:1]], [maps[1:]])
    assert 0.5 < agreement.mean_cc < 1
    # The robot that runs it has no NNCF.
    code = (
        "import sys\n"
        "sys.modules['nncf'] = None\n"
        "from vinet_ros.streaming import Predictor\n"
        f"assert Predictor('vinet_lite', {str(out)!r}).executor.name == 'openvino int8'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    with pytest.raises(WeightsError, match="int8 graphs already"):
        quantize_weights([str(folder / "street.mp4")], out, "vinet_lite", out, windows=4)


def _film(folder, traits):
    return collect_windows(folder / "street.mp4", "vinet_lite", traits, most=12)


def test_maps_that_agree_too_little_are_not_written(folder):
    pytest.importorskip("nncf")
    out = folder / "never.safetensors"
    weights = folder / "small.safetensors"
    with pytest.raises(VinetError, match=r"expected maps that agree .* CC 1"):
        quantize_weights(
            [str(folder / "street.mp4")], out, weights=weights, windows=4, parts=["decoder"],
            least_cc=1.0,
        )  # fmt: skip
    assert not out.exists()


def test_without_nncf_it_says_what_to_install(folder, monkeypatch):
    monkeypatch.setattr(
        quantize.importlib.util, "find_spec", lambda name: name == "openvino" or None
    )
    with pytest.raises(DeviceError, match=r"pip install 'vinet_ros\[int8\]'"):
        quantize_weights([str(folder / "street.mp4")], folder / "x")


def test_agreement_is_the_correlation_with_and_without_the_mean_map():
    generator = np.random.default_rng(0)
    shared = 10 * generator.random((8, 12))
    first = [shared + generator.random((8, 12)) for _ in range(3)]
    second = [shared + generator.random((8, 12)) for _ in range(3)]
    assert compare_maps([first], [first]).worst_mean == pytest.approx(1)
    agreement = compare_maps([first, first[:1]], [second, second[:1]])
    assert agreement.maps == 4
    assert agreement.mean_cc > 0.98  # the scene that both share hides that they differ
    assert agreement.worst_mean == agreement.mean_cc_less_mean < 0.5
    assert agreement.largest_difference == pytest.approx(
        max(np.abs(a - b).max() for a, b in zip(first, second, strict=True))
    )
    assert compare_maps([first[:1]], [second[:1]]).mean_cc_less_mean is None
