# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What windows share is computed once, and their maps are those of the whole windows."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from vinet_ros.errors import DeviceError
from vinet_ros.networks import create_model
from vinet_ros.networks.avinet import AViNet
from vinet_ros.networks.vinet import ViNet
from vinet_ros.runtime import create_executor, share_choice
from vinet_ros.runtime.benchmark_paths import seed_weights
from vinet_ros.runtime.shared_work import SharedWorkExecutor
from vinet_ros.runtime.shared_work_count import clip_gmac, count_parts, step_gmac
from vinet_ros.runtime.torch_executor import TorchExecutor
from vinet_ros.streaming import Predictor

SIZE = (32, 64)
SLOT_NS = 33_333_333


class SmallViNet(ViNet):
    input_size = SIZE


class SmallAViNet(AViNet):
    input_size = SIZE


def small(clip_length=32, network=SmallViNet, **options):
    torch.manual_seed(3)
    if network is SmallViNet:
        options["clip_length"] = clip_length
    return seed_weights(network(**options), 3).eval()


def pictures(count, seed=0):
    """Pictures of which no two are alike, as if each were behind a cut."""
    generator = np.random.default_rng(seed)
    return [generator.integers(0, 256, (*SIZE, 3), dtype=np.uint8) for _ in range(count)]


def compared(executor, whole, moves):
    """Push pictures and yield (whole window's map, ours) wherever a move says so.

    Args:
        executor: Predicts every picture from the first move that says something on.
        whole: Computes whole windows, of the pictures that are compared alone.
        moves: Slots since the picture before, and whether to predict: no, quietly, or compared.
    """
    predictors = [Predictor("small", executor=e, window_rate_hz=30.0) for e in (whole, executor)]
    stamp_ns = 1_000_000_000
    for (slots, how), picture in zip(moves, pictures(len(moves), seed=1), strict=True):
        stamp_ns += abs(slots) * SLOT_NS
        if slots == RESET:
            for predictor in predictors:
                predictor.reset()
        for predictor in predictors:
            predictor.push_frame(picture, stamp_ns)
        if how != NO:
            ours = predictors[1].predict().values
        if how == YES:
            yield predictors[0].predict().values, ours


NO, QUIETLY, YES = range(3)
RESET = -1
# A full window; odd and even frames, for so long that the decoder's folds are known.
RUN = [(1, QUIETLY), (1, YES), (1, YES), (1, YES), *[(1, QUIETLY)] * 8, (1, YES), (1, YES)]
# A frame that comes twice, one, two and three slots that no frame reached, a gap, a reset.
FAULTS = [
    *[(0, YES), (1, YES), (0, NO), (1, QUIETLY), (2, YES), (1, YES), (3, QUIETLY), (1, YES)],
    *[(4, YES), (2, YES), (40, QUIETLY), (1, QUIETLY), (1, YES), (RESET, QUIETLY), (2, YES)],
]


@pytest.mark.parametrize(
    ("options", "moves", "whole_windows"),
    [
        ({}, RUN + FAULTS, 5),
        ({"clip_length": 48}, RUN[:4], 2),
        ({"clip_length": 16}, RUN[:4] + FAULTS, 5),
        ({"clip_length": 8}, RUN[:4], 4),
        ({"decoder_groups": True}, RUN[:4], 2),
        ({"concat": "channel"}, RUN[:4], 2),
        ({"hierarchies": 2}, RUN[:4], 2),
    ],
)
def test_maps_are_those_of_the_whole_windows(options, moves, whole_windows):
    model = small(**{"clip_length": 32, **options})
    shared, whole = SharedWorkExecutor(model, path="torch"), TorchExecutor(model)
    for expected, ours in compared(shared, whole, [*[(1, NO)] * model.clip_length, *moves]):
        assert np.abs(expected - ours).max() < 1e-4
        assert expected.std() > 0.01
    assert shared.whole_windows == whole_windows
    predictions = sum(how != NO for _, how in moves)
    assert shared.whole_windows + shared.shared_windows == predictions


def test_openvino_gives_the_same_maps():
    pytest.importorskip("openvino")
    model = small(16)
    executor = create_executor(model, "cpu", share="exact")
    assert executor.name == "openvino fp32, shared work"
    for expected, ours in compared(executor, TorchExecutor(model), [*[(1, NO)] * 16, *RUN[:6]]):
        assert np.abs(expected - ours).max() < 1e-4
    assert (executor.whole_windows, executor.shared_windows) == (2, 4)


def test_a_network_that_hears_shares_what_it_sees():
    model = small(network=SmallAViNet, fusion="concat")
    shared, whole = SharedWorkExecutor(model, path="torch"), TorchExecutor(model)
    frames = pictures(34)
    ours, theirs = ([e.encode(frame) for frame in frames] for e in (shared, whole))
    sound = np.random.default_rng(5).normal(0, 20, shared.traits.audio_shape).astype(np.float32)
    maps = []
    for start, heard in ((0, sound), (2, sound), (2, -sound)):
        maps.append(shared.predict(ours[start : start + 32], heard))
        expected = whole.predict(theirs[start : start + 32], heard)
        assert np.abs(maps[-1] - expected).max() < 1e-4
    assert np.abs(maps[1] - maps[2]).max() > 1e-4
    assert (shared.runs["whole"], shared.runs["step"], shared.runs["rest"]) == (1, 1, 3)


def test_a_later_start_gives_the_same_bits():
    """A run that goes on after a break computes the last window's frames anew, no more."""
    shared = [SharedWorkExecutor(small(16), path="torch") for _ in range(2)]
    frames = pictures(44)
    last = []
    for executor, begin in zip(shared, (0, 10), strict=True):
        kept = [executor.encode(frame) for frame in frames]
        for start in range(begin, len(frames) - 15):
            last.append(executor.predict(kept[start : start + 16]))
    assert np.array_equal(last[28], last[-1])


def test_approximate_says_so_and_differs():
    exact, rough = (SharedWorkExecutor(small(16), rough, "torch") for rough in (False, True))
    frames = pictures(24)
    maps = []
    for executor in (exact, rough):
        kept = [executor.encode(frame) for frame in frames]
        maps.append([executor.predict(kept[k : k + 16]) for k in range(9)])
    differences = [float(np.abs(a - b).max()) for a, b in zip(*maps, strict=True)]
    assert max(differences[:2]) < 1e-5  # of whole windows
    assert min(differences[2:]) > 1e-4
    assert "approximate" in rough.name and "approximate" not in exact.name


def test_multiplications_are_counted_from_the_layers():
    model = small()
    counts = count_parts(model)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, 32, *SIZE))
    # Eleven places of y3 and seven of y2 leave the decoder's folds, in fives.
    parts = 11 / 5 * counts["y3"] + 7 / 5 * counts["y2"]
    whole = 32 * counts["spatial"] + counts["whole"] + parts + counts["rest"]
    assert whole == pytest.approx(counter.get_total_flops() / 2e9)
    assert clip_gmac(model) == pytest.approx(whole)
    # The full size; nothing is computed.
    full = create_model("vinet")
    assert step_gmac(full) < 0.66 * 114.7
    assert step_gmac(full, approximate=True) < 0.54 * 114.7
    assert step_gmac(create_model("vinet", decoder_groups=True)) < 0.485 * 69.4


def test_what_cannot_be_shared_is_refused(monkeypatch):
    lite = create_model("vinet_lite")
    assert share_choice.choose_share("auto", lite, "cpu", "fp32", "auto").share == "off"
    with pytest.raises(ValueError, match="share off"):
        create_executor(lite, "cpu", share="exact")
    with pytest.raises(ValueError, match="share must be one of"):
        create_executor(lite, "cpu", share="all")
    with pytest.raises(DeviceError, match="fp32"):
        share_choice.choose_share("exact", small(8), "cuda:0", "fp16", "auto")
    with pytest.raises(ValueError, match="got path graph; use one of them, or share off"):
        share_choice.choose_share("exact", small(8), "cuda:0", "fp32", "graph")

    def choose(model):
        return share_choice.choose_share("auto", model, "cpu", "fp32", "auto").share

    assert choose(small(8)) == "off"  # nothing but the first convolution would be shared
    monkeypatch.setattr(share_choice, "NEEDED_MIB", 0)
    assert choose(small()) == "exact"
    monkeypatch.setattr(share_choice, "NEEDED_MIB", float("inf"))
    assert choose(small()) == "off"
