# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Sight and sound apart give the maps of the whole network, and sight is computed once."""

import numpy as np
import pytest
import torch
from chorus import Chorus, chorus_predictor
from fill import fill
from trail import Trail

from vinet_ros.errors import VinetError
from vinet_ros.networks import create_model
from vinet_ros.preprocess import SOUND_SAMPLES, normalize_frames, sound_input
from vinet_ros.runtime.two_step import TwoStepExecutor
from vinet_ros.streaming import Predictor

DRAW = np.random.default_rng(0)
SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def avinet():
    model = create_model("avinet", fusion="concat").eval()
    fill(model)
    model.input_size = (32, 64)  # this fusion takes any
    return model


@pytest.mark.parametrize("path", ["torch", "openvino"])
def test_maps_and_features_are_the_networks(avinet, path):
    executor = TwoStepExecutor(avinet, path=path)
    frames = DRAW.integers(0, 256, (32, 32, 64, 3), dtype=np.uint8)
    kept = [executor.encode(frame) for frame in frames]
    clip = torch.from_numpy(normalize_frames(frames))[None]
    for loud in (0.0, 0.1, 0.5):
        sound = sound_input((loud * DRAW.standard_normal(20_000)).astype(np.float32))
        audio = torch.from_numpy(sound)[None]
        with torch.inference_mode():
            expected, heard = avinet(clip, audio)[0], avinet.audionet(audio)
            seen = avinet.visual_model.backbone(clip)[0]
        np.testing.assert_allclose(executor.predict(kept, sound), expected, atol=2e-5)
        np.testing.assert_allclose(executor.heard, heard, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(executor.seen, seen, rtol=1e-3, atol=1e-3)
    executor.close()


def test_a_window_is_seen_once_and_predicted_again_with_other_sounds():
    network = Chorus().eval()
    predictor = chorus_predictor(network=network)
    assert predictor.predict_again(np.zeros(0, np.float32)) is None
    for k in range(7):
        picture = DRAW.integers(0, 256, (18, 32, 3), dtype=np.uint8)
        predictor.push_frame(picture, k * SECOND // 15)
    whole = DRAW.uniform(-0.3, 0.3, 22_050).astype(np.float32)
    predictor.push_audio(whole, 22_050, 0)
    real = predictor.predict()
    heard = predictor.newest_excerpt
    again = predictor.predict_again(heard)
    silent = predictor.predict_again(np.zeros(0, np.float32))
    assert network.seen == 1 and silent.stamp_ns == real.stamp_ns
    np.testing.assert_array_equal(real.values, again.values)
    assert np.abs(real.values - silent.values).max() > 0.05
    # The window that comes next is another one, and the executor of every day says the same.
    plain = Predictor(network, path="torch", threads=1)
    predictor.push_frame(np.full((18, 32, 3), 250, np.uint8), 7 * SECOND // 15)
    for k in range(7, 12):
        picture = DRAW.integers(0, 256, (18, 32, 3), dtype=np.uint8)
        for either in (predictor, plain):
            either.push_frame(picture, (k + 1) * SECOND // 15)
    plain.push_audio(whole, 22_050, 0)
    maps = [either.predict().values for either in (predictor, plain)]
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-6)
    assert network.seen == 3
    other = (0.1 * DRAW.standard_normal(9_000)).astype(np.float32)
    maps = [either.predict_again(other).values for either in (predictor, plain)]
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-6)
    assert predictor.hearing.counters.heard == 2  # what stands in is not counted as heard


def test_who_does_not_hear_is_refused():
    with pytest.raises(ValueError, match="Trail cannot see and hear in steps; use avinet"):
        TwoStepExecutor(Trail())
    with pytest.raises(VinetError, match="takes no audio"):
        Predictor(Trail(), path="torch").predict_again(np.zeros(SOUND_SAMPLES, np.float32))
