# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Excerpts equal those of the authors' data loader, cut from a file and from a stream."""

import json
from pathlib import Path

import numpy as np
import pytest
from fill import samples, statistics

from vinet_ros.preprocess import sound_input
from vinet_ros.streaming.audio_window import AudioWindow
from vinet_ros.streaming.sound_excerpts import FrameBounds

S = 1_000_000_000
FILE = Path(__file__).parents[1] / "golden" / "audio_window_vinet.npz"
with np.load(FILE) as loaded:
    GOLDEN = dict(loaded)
CASES = {f"{c['video']}_{c['start_idx']}": c for c in json.loads(str(GOLDEN["meta"]))["cases"]}


def recording(case):
    noise = np.random.default_rng(case["seed"]).integers(
        -32768, 32768, int(case["Fs"] * case["seconds"])
    )
    return (noise / 32768).astype(np.float32)


def assert_is_the_loaders(name, sound):
    values = sound_input(sound)
    assert values.shape == tuple(GOLDEN[f"{name}__shape"])
    nonzero = np.flatnonzero(values)
    assert [nonzero[0], nonzero[-1]] == GOLDEN[f"{name}__first_last_nonzero"].tolist()
    np.testing.assert_allclose(statistics(values), GOLDEN[f"{name}__stats"], atol=1e-4, rtol=1e-6)
    np.testing.assert_allclose(
        samples(name, values, 128), GOLDEN[f"{name}__samples"], rtol=0, atol=1e-4
    )


@pytest.mark.parametrize("name", CASES)
def test_a_recording_is_cut_as_by_the_authors(name):
    case = CASES[name]
    sound = recording(case)
    bounds = FrameBounds.of(case["n_frames"], case["fps"], len(sound), case["Fs"])
    np.testing.assert_array_equal(bounds.begins, GOLDEN[f"{case['video']}__starts"][1:])
    np.testing.assert_array_equal(bounds.ends, GOLDEN[f"{case['video']}__ends"][1:])
    assert_is_the_loaders(name, bounds.excerpt(sound, case["start_idx"], 32))


@pytest.mark.parametrize("name", [name for name in CASES if name != "v30k16_44"])
def test_a_stream_is_cut_the_same(name):
    """Left out: the clip whose first sample the loader's rounding takes from the one before."""
    case = CASES[name]
    sound, rate_hz, frame_rate_hz = recording(case), case["Fs"], case["fps"]
    window = AudioWindow(10.0, rate_hz)
    size = rate_hz // 20
    for k in range(0, len(sound), size):
        window.push(sound[k : k + size], rate_hz, round(k * S / rate_hz))
    window.finish()
    first = case["start_idx"]
    last = min(first + 32, case["n_frames"]) - 1
    stamps = (round(k * S / frame_rate_hz) for k in (first, last))
    excerpt = window.excerpt(*stamps, 1 / frame_rate_hz)
    assert excerpt.heard == 1.0
    assert_is_the_loaders(name, excerpt.samples)


def test_the_whole_input_is_the_loaders():
    case = CASES["v25_0"]
    sound = recording(case)
    bounds = FrameBounds.of(case["n_frames"], case["fps"], len(sound), case["Fs"])
    values = sound_input(bounds.excerpt(sound, 0, 32))[:, ::16]
    np.testing.assert_allclose(values, GOLDEN["v25_0__full_s16"], rtol=0, atol=1e-4)


def test_there_is_no_clip_outside_a_recording():
    bounds = FrameBounds.of(4, 25.0, 4000, 22050.0)
    for first, length in ((-1, 4), (4, 1), (0, 0)):
        with pytest.raises(ValueError, match="first frame of 0 to 3"):
            bounds.excerpt(np.zeros(4000, np.float32), first, length)


def test_silence_and_too_much_sound_are_inputs_too():
    assert not sound_input(np.zeros(0, np.float32)).any()
    long = np.arange(80_000, dtype=np.float32) / 80_000
    assert np.array_equal(sound_input(long), sound_input(long[-70_560:]))
    assert sound_input(long).dtype == np.float32
