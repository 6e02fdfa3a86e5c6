# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import subprocess
import sys

import pytest
import torch

from vinet_ros.networks import create_model, list_models, model_spec
from vinet_ros.runtime.traits import traits_of


def test_the_models_are_listed_and_described():
    assert {"vinet", "vinet_lite", "s3d"} <= set(list_models())
    for name in list_models():
        spec = model_spec(name)
        assert spec.name == name
        assert spec.summary
        with torch.device("meta"):
            model = create_model(name)
        assert model.training
        assert (model.clip_length, model.input_size) == (spec.clip_length, spec.input_size)
        if spec.saliency:
            assert {"forward", "encode", "decode"} <= set(dir(model))


def test_what_the_node_counts_on():
    vinet, lite = model_spec("vinet"), model_spec("vinet_lite")
    assert (vinet.clip_length, vinet.rate_hz, vinet.streaming) == (32, 30.0, False)
    assert (lite.clip_length, lite.rate_hz, lite.streaming) == (8, 15.0, True)
    assert vinet.input_size == lite.input_size == (224, 384)
    assert not vinet.audio
    assert not model_spec("s3d").saliency
    avinet, soundnet = model_spec("avinet"), model_spec("soundnet")
    assert (avinet.clip_length, avinet.rate_hz, avinet.streaming) == (32, 30.0, False)
    assert avinet.audio
    assert avinet.saliency
    assert not soundnet.saliency


@pytest.mark.parametrize("name", [n for n in list_models() if model_spec(n).saliency])
def test_who_keeps_the_frames_says_so(name):
    with torch.device("meta"):
        model = create_model(name).eval()
    frame = torch.zeros(1, 3, *model.input_size, device="meta")
    kept = model.encode(frame)[0] is frame
    assert traits_of(model).keeps_frames is kept
    assert model_spec(name).streaming is not kept


@pytest.mark.parametrize("call", [create_model, model_spec])
def test_an_unknown_name_lists_those_there_are(call):
    with pytest.raises(ValueError, match=r"'vinett'; there are vinet, vinet_lite, s3d"):
        call("vinett")


def test_an_unknown_option_lists_those_there_are():
    with pytest.raises(ValueError, match=r"no option depth, size; there are clip_length, hier"):
        create_model("vinet", size=3, depth=4)
    with pytest.raises(ValueError, match="there are none"):
        create_model("s3d", clip_length=8)


def test_the_networks_need_no_ros():
    code = "import sys, vinet_ros.networks; print('rclpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "False"
