# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The closed loop in its own time: it brings what moves before a still scene to the middle."""

from dataclasses import fields, replace

import numpy as np
import pytest

from vinet_ros.gaze import PinholeCamera
from vinet_ros.ros.demo_options import default_clip
from vinet_ros.ros.gaze_parameters import GazeParameters
from vinet_ros.ros.head_benchmark.judge import judge
from vinet_ros.ros.head_benchmark.lockstep import Delays, Lockstep
from vinet_ros.ros.head_benchmark.options import PARTS, OptionError, Trial, read_options
from vinet_ros.ros.head_benchmark.trials import HFOV_DEG, VIEW_SIZE, limits_of
from vinet_ros.streaming import Predictor


@pytest.fixture(scope="module")
def predictor():
    yield from made(stabilize=True)


@pytest.fixture(scope="module")
def raw_predictor():
    yield from made(stabilize=False)


def made(stabilize):
    predictor = Predictor("vinet_lite", stabilize=stabilize)
    yield predictor
    predictor.close()


def run(predictor, name, seed, seconds=None):
    part = next(part for part in PARTS if part.name == name)
    part = replace(part, seconds=seconds or part.seconds)
    camera = PinholeCamera.from_hfov(VIEW_SIZE[1], VIEW_SIZE[0], HFOV_DEG)
    trial = Trial(part, seed)
    return Lockstep(trial, default_clip(), predictor, camera, Delays(), GazeParameters()).run()


def test_what_moves_is_followed_within_the_limits(predictor):
    verdict = judge(run(predictor, "mover", 0), limits_of())
    assert verdict.good, verdict
    assert not verdict.figures["limits_passed"], verdict


def test_what_appears_and_stands_is_looked_at_calmly(predictor):
    verdict = judge(run(predictor, "standing", 3), limits_of())
    assert verdict.good and verdict.figures["arrival_s"] < 1.5, verdict


def test_three_equals_are_visited_with_inhibition_of_return_and_one_without(predictor):
    visited = {
        part: judge(run(predictor, part, 0), limits_of()).figures["visited"]
        for part in ("return", "no return")
    }
    assert visited == {"return": 3, "no return": 1}


def test_the_heads_own_motion_makes_no_target(raw_predictor):
    false = {
        part: sum(
            judge(run(raw_predictor, part, seed), limits_of()).figures["false_saccades"]
            for seed in (2, 3)
        )
        for part in ("unsuppressed", "suppressed")
    }
    assert false["unsuppressed"] >= 5
    assert false["suppressed"] <= false["unsuppressed"] / 10


def test_delays_are_drawn_by_the_seed():
    assert Delays.drawn(3) == Delays.drawn(3) != Delays.drawn(4)
    assert 0.012 <= min(Delays.drawn(seed).predict_s for seed in range(50)) < 0.02


def test_it_is_the_same_again(predictor):
    first, again = (run(predictor, "standing", 1, 2.0) for _ in range(2))
    for field in fields(first):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(again, field.name))
    assert len(first.times_s) >= 60 and len(first.joints) >= 120 and first.targets > 15


def test_its_time_is_its_own():
    with pytest.raises(OptionError, match="lockstep"):
        read_options(["--lockstep", "--speed", "0.5"], "vinet benchmark head")
