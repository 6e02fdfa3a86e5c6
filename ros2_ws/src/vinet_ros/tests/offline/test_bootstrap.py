# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest

from vinet_ros.offline.bootstrap import block_interval, second_blocks


def test_blocks_are_whole_seconds():
    blocks = second_blocks(60, 25.0)
    assert [(blocks == b).sum() for b in range(3)] == [25, 25, 10]
    assert second_blocks(61, 29.97).max() == 2


def test_interval_holds_the_mean_and_narrows_with_more_seconds():
    draw = np.random.default_rng(0)
    long, short = draw.normal(1, 1, 2000), draw.normal(1, 1, 200)
    wide = block_interval(short, second_blocks(200, 10.0))
    narrow = block_interval(long, second_blocks(2000, 10.0))
    for interval, scores in ((wide, short), (narrow, long)):
        assert interval.low < interval.mean < interval.high
        assert interval.mean == pytest.approx(scores.mean())
    assert narrow.high - narrow.low < wide.high - wide.low
    assert (narrow.frames, narrow.blocks) == (2000, 200)


def test_frames_alike_within_a_second_widen_the_interval():
    draw = np.random.default_rng(1)
    seconds = np.repeat(draw.normal(0, 1, 40), 25)
    together = block_interval(seconds, second_blocks(1000, 25.0))
    as_if_independent = block_interval(seconds, np.arange(1000))
    ratio = (together.high - together.low) / (as_if_independent.high - as_if_independent.low)
    assert 3.5 < ratio < 6.5  # sqrt(25) in expectation


def test_coverage_is_near_its_level():
    draw = np.random.default_rng(2)
    blocks = second_blocks(400, 10.0)
    hits = 0
    for _ in range(150):
        scores = np.repeat(draw.normal(0, 1, 40), 10)
        interval = block_interval(scores, blocks)
        hits += interval.low <= 0 <= interval.high
    assert 0.88 <= hits / 150 <= 0.99


def test_missing_scores_are_left_out():
    scores = np.array([1.0, np.nan, 3.0, np.nan])
    interval = block_interval(scores, np.array([0, 0, 1, 2]))
    assert (interval.mean, interval.frames, interval.blocks) == (2.0, 2, 2)
    nothing = block_interval(np.full(4, np.nan), np.zeros(4, np.int64))
    assert np.isnan(nothing.mean)
    assert nothing.frames == 0
