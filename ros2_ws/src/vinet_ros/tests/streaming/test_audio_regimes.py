# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What stands in for a clip's sound: its distribution, where it comes from, and its seed."""

import numpy as np
import pytest
from scipy.stats import ks_2samp, kstest

from vinet_ros.errors import SoundError
from vinet_ros.streaming.audio_regimes import (
    NORMAL,
    REAL,
    REGIMES,
    SHUFFLED,
    WOLFRAM,
    ZERO,
    AudioRegimes,
    Recording,
    cut_sound,
)
from vinet_ros.streaming.rule30 import rule30_values, step

EXCERPT = 23_520  # of 32 frames at 30 Hz


def speech(count, seed):
    """Bursts with pauses: most samples are near zero, a few are loud."""
    rng = np.random.default_rng(seed)
    loudness = np.repeat(rng.exponential(0.1, count // 1000 + 1), 1000)[:count]
    return np.clip(rng.laplace(0, 1, count) * loudness, -1, 1).astype(np.float32)


def recording(name, samples):
    return Recording(name, lambda: samples)


CLIPS = [recording(f"clip {k}", speech(4 * EXCERPT, k)) for k in range(4)]


def sounds(seed=0, others=CLIPS, **options):
    return AudioRegimes(seed, others, **options)


def drawn(regime, moment=7, own=CLIPS[0], seed=0, **options):
    return sounds(seed).sound(regime, own.read()[1000 : 1000 + EXCERPT], own, moment, **options)


@pytest.mark.parametrize("length", [400, EXCERPT, 70_560])
def test_wolfram_has_the_clips_own_amplitudes(length):
    real = speech(length, 9)
    made = sounds().sound(WOLFRAM, real, CLIPS[0], 3)
    assert ks_2samp(real, made).statistic < 0.02
    # ... and nothing of its course.
    assert abs(np.corrcoef(real, made)[0, 1]) < 4 / np.sqrt(length)


def test_rule_30_is_even_and_forgets():
    values = rule30_values(70_560, 3) / 65_535
    assert kstest(values, "uniform").statistic < 0.01
    centred = values - values.mean()
    for lag in (1, 2, 16, 255, 256, 257, 512):
        assert abs(np.mean(centred[lag:] * centred[:-lag])) < 0.03 * centred.var()
    # The rule itself: from one cell, the first rows that Wolfram printed.
    cells = 1 << 4
    rows = [cells := step(cells, 9) for _ in range(3)]
    assert [f"{row:09b}"[::-1] for row in rows] == ["000111000", "001100100", "011011110"]


def test_shuffled_never_comes_from_its_own_clip():
    own = CLIPS[0].read()
    again = recording("the same clip under another name", own.copy())
    kept = {clip.name: clip.read() for clip in CLIPS[1:]}
    came_from = set()
    for draw in range(40):
        there = sounds(others=[CLIPS[0], again, *CLIPS[1:]])
        other, _ = there.other_of(CLIPS[0], draw)
        came_from.add(other.name)
        cut = there.sound(SHUFFLED, own[:500], CLIPS[0], draw, draw)
        starts = np.flatnonzero(kept[other.name] == cut[0])
        assert any(np.array_equal(kept[other.name][k : k + 500], cut) for k in starts)
    assert came_from == set(kept)
    for lone in ([], [CLIPS[0]], [CLIPS[0], again], [recording("mute", own[:0])]):
        with pytest.raises(SoundError, match="give more clips"):
            sounds(others=lone).sound(SHUFFLED, own[:500], CLIPS[0], 0)


@pytest.mark.parametrize("regime", REGIMES)
def test_a_sound_depends_on_seed_clip_moment_and_draw_alone(regime):
    first = drawn(regime)
    drawn(WOLFRAM, moment=1)  # what else is asked for changes nothing
    np.testing.assert_array_equal(first, drawn(regime))
    assert first.dtype == np.float32 and first.shape == (EXCERPT,)
    if regime in (REAL, ZERO):
        return
    changed = ({"seed": 1}, {"moment": 8}, {"draw": 1}, {"own": CLIPS[1]})
    for change in changed:
        assert not np.array_equal(first, drawn(regime, **change)), change


def test_normal_is_as_loud_as_the_clip_or_as_asked():
    real = CLIPS[0].read()[1000 : 1000 + EXCERPT]
    assert drawn(NORMAL).std() == pytest.approx(real.std(), rel=0.02)
    loud = sounds(normal_std=0.25).sound(NORMAL, real, CLIPS[0], 0)
    assert loud.std() == pytest.approx(0.25, rel=0.02)
    assert kstest(loud / 0.25, "norm").statistic < 0.02
    assert not drawn(ZERO).any() and np.array_equal(drawn(REAL), real)


def test_no_sound_and_short_ones():
    nothing = np.zeros(0, np.float32)
    for regime in REGIMES:
        assert sounds().sound(regime, nothing, CLIPS[0], 0).shape == (0,)
    np.testing.assert_array_equal(
        cut_sound(np.array([1, 2, 3], np.float32), 7, 0), [1, 2, 3, 1, 2, 3, 1]
    )


def test_what_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="there are real, zero, normal, wolfram, shuffled"):
        drawn("pink")
    for wrong in ({"seed": -1}, {"normal_std": 0.0}, {"normal_std": float("nan")}):
        with pytest.raises(ValueError, match="must be"):
            sounds(**wrong)
