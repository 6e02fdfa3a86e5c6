# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""STAViS behind the window: its own pixels, clip length, rate, and sound."""

import numpy as np
import pytest
import torch
from chorus import noise
from made_stavis import made_stavis, write_stavis

from vinet_ros.errors import VinetError
from vinet_ros.networks import load_model
from vinet_ros.preprocess import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    SOUND_RATE_HZ,
    STAVIS_PIXELS,
    normalize_frames,
    resize_rgb,
    sound_input,
)
from vinet_ros.runtime.benchmark_paths import EagerRunner, drifting_noise
from vinet_ros.runtime.graph_cache import network_key
from vinet_ros.runtime.two_step import TwoStepExecutor, hears_in_steps
from vinet_ros.small_maps import scored_small_map
from vinet_ros.streaming import Predictor
from vinet_ros.streaming.sound_excerpts import FrameBounds

S = 1_000_000_000
SIZE = (32, 48)
COUNT, RATE_HZ = 20, 25.0


@pytest.fixture(scope="module")
def stavis():
    model = made_stavis()
    model.input_size = SIZE
    return model


@pytest.fixture(scope="module")
def frames():
    return drifting_noise((1, COUNT, 96, 128, 3), seed=5)[0]


@pytest.fixture(scope="module")
def expected(stavis, frames):
    """The maps of some frames from whole clips and the sound that belongs to them."""
    recording = noise(COUNT / RATE_HZ + 0.1, seed=1).astype(np.float32)
    bounds = FrameBounds.of(COUNT, RATE_HZ, len(recording), SOUND_RATE_HZ)
    resized = np.stack([resize_rgb(frame, SIZE) for frame in frames])
    maps = {}
    for k in (3, 15, 19):
        first = max(k - 15, 0)
        clip = normalize_frames(resized[[max(k - 15 + t, 0) for t in range(16)]], STAVIS_PIXELS)
        excerpt = bounds.excerpt(recording, first, k - first + 1)
        sound = sound_input(excerpt, (1, 1, 35280))
        with torch.inference_mode():
            maps[k] = stavis(torch.from_numpy(clip)[None], torch.from_numpy(sound)[None])[0]
            silent = stavis(torch.from_numpy(clip)[None])[0]
        assert (maps[k] - silent).abs().max() > 1e-4  # else sound would not show
        assert maps[k].std() > 0.01
    return recording, maps


def follow(predictor, frames, recording, wanted):
    found, size, pushed = {}, 700, 0
    for k, frame in enumerate(frames):
        stamp_ns = round(k * S / RATE_HZ)
        predictor.push_frame(frame, stamp_ns)
        while pushed < min((k + 1) / RATE_HZ * SOUND_RATE_HZ, len(recording)):
            chunk = recording[pushed : pushed + size]
            predictor.push_audio(chunk, SOUND_RATE_HZ, round(pushed * S / SOUND_RATE_HZ))
            pushed += size
        if k in wanted:
            found[k] = predictor.predict()
            assert found[k].stamp_ns == stamp_ns
    return found


@pytest.mark.parametrize("path", ["torch", "openvino", "two steps"])
def test_a_stream_with_sound_equals_the_clip(stavis, frames, expected, path):
    recording, maps = expected
    if path == "two steps":
        predictor = Predictor(
            "stavis", executor=TwoStepExecutor(stavis, path="torch"), window_rate_hz=RATE_HZ
        )
    else:
        predictor = Predictor(stavis, path=path, window_rate_hz=RATE_HZ, threads=1)
    for k, saliency in follow(predictor, frames, recording, maps).items():
        np.testing.assert_allclose(saliency.values, maps[k], rtol=0, atol=1e-4)
    assert predictor.hearing.counters.heard == len(maps)
    again = predictor.predict_again(predictor.newest_excerpt)
    np.testing.assert_allclose(again.values, saliency.values, rtol=0, atol=1e-5)


def test_without_hearing_it_takes_no_sound(frames):
    model = made_stavis(variant="st")
    model.input_size = SIZE
    assert not hears_in_steps(model)
    predictor = Predictor(model, path="openvino", threads=1)
    assert predictor.hearing is None and predictor.window_rate_hz == 30.0
    with pytest.raises(VinetError, match="takes no audio"):
        predictor.push_audio(np.zeros(10, np.float32), SOUND_RATE_HZ, 0)
    for k, frame in enumerate(frames[:2]):
        predictor.push_frame(frame, round(k * S / 30))
    clip = np.stack([resize_rgb(frames[int(t == 15)], SIZE) for t in range(16)])
    with torch.inference_mode():
        wanted = model(torch.from_numpy(normalize_frames(clip, STAVIS_PIXELS))[None])[0]
    np.testing.assert_allclose(predictor.predict().values, wanted, rtol=0, atol=1e-4)


def test_one_file_is_two_networks_to_the_graph_cache(tmp_path):
    path = write_stavis(tmp_path / "stavis.safetensors")
    both = [load_model("stavis", path, variant=variant) for variant in ("sta", "st")]
    assert both[0].card.options["variant"] == "sta"
    assert network_key(both[0], both[0].card) != network_key(both[1], both[1].card)


def test_the_plain_forward_of_the_benchmark_takes_its_pixels(stavis, frames):
    runner = EagerRunner(stavis, frames[None, :16])
    predictor = Predictor(stavis, path="torch", window_rate_hz=-1, threads=1)
    for k in range(16):
        predictor.push_frame(frames[k], round(k * S / RATE_HZ))
    np.testing.assert_allclose(runner.first()[0], predictor.predict().values, atol=1e-4)


def test_pixels_are_scaled_as_each_network_wants_them():
    rgb = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    plain = np.moveaxis(rgb.astype(np.float64), 2, 0)
    mean, std = (np.reshape(v, (3, 1, 1)) for v in (IMAGENET_MEAN, IMAGENET_STD))
    np.testing.assert_allclose(normalize_frames(rgb), (plain / 255 - mean) / std, atol=1e-5)
    shift = np.reshape((114.7748, 107.7354, 99.4750), (3, 1, 1))
    np.testing.assert_allclose(normalize_frames(rgb, STAVIS_PIXELS), plain - shift, atol=1e-4)


def test_the_map_that_is_scored_is_stretched_and_blurred():
    values = np.full((112, 112), 0.2, np.float32)
    assert not scored_small_map(values).any()
    values[50, 60] = 0.4
    scored = scored_small_map(values)
    assert scored.argmax() == 50 * 112 + 60
    assert scored.sum() == pytest.approx(1.0, rel=1e-3)  # one bright pixel, spread
    assert scored.max() == pytest.approx(1 / (2 * np.pi * 4), rel=0.02)  # sigma 2
