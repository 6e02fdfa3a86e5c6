# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Video sets scored with another sound than the videos' own."""

from pathlib import Path

import numpy as np
import pytest
from chorus import chorus_predictor, sounding_videos
from made_videos import write_dhf1k

from vinet_ros.offline.evaluate import EvaluationRequest
from vinet_ros.offline.evaluate_facts import head_of
from vinet_ros.offline.evaluate_lots import VideoLot, VideoSettings
from vinet_ros.offline.evaluate_sound import sound_instead
from vinet_ros.offline.evaluate_videos import score_video
from vinet_ros.offline.evaluate_windows import predict_video
from vinet_ros.training.datasets.layouts import LAYOUTS, find_videos

FRAMES = 6


@pytest.fixture
def records(tmp_path):
    return sounding_videos(tmp_path, FRAMES)


def maps(records, audio, std=0.0, seed=0, predictor=None):
    lot = VideoLot(
        "", records, VideoSettings(seed=seed, audio=audio, audio_std=std), False, None, ""
    )
    predictor = predictor or chorus_predictor(-1)
    instead = sound_instead(lot, 0)
    found = list(predict_video(records[0], predictor, range(FRAMES), instead=instead))
    assert not any(p.reason for p in found), found[0].reason
    return np.stack([p.values for p in found])


def test_each_regime_is_heard_and_repeats_by_seed(records):
    real = maps(records, "real")
    for audio in ("zero", "normal", "wolfram", "shuffled"):
        heard = maps(records, audio)
        assert np.abs(heard - real).max() > 1e-4, audio
        np.testing.assert_array_equal(maps(records, audio), heard)
        if audio != "zero":
            assert (maps(records, audio, seed=1) != heard).any(), audio
    records[0].audio.unlink()
    np.testing.assert_allclose(maps(records, "real"), maps(records, "zero"), atol=1e-6)


def test_the_next_video_hears_its_own_sound_again(records):
    predictor = chorus_predictor(-1)
    maps(records, "zero", predictor=predictor)
    again = maps(records, "real", predictor=predictor)
    np.testing.assert_array_equal(again, maps(records, "real"))


def test_silent_videos_hear_noise_of_a_chosen_strength(tmp_path):
    silent = tuple(find_videos(write_dhf1k(tmp_path, frames=FRAMES), LAYOUTS["dhf1k"], "train"))
    heard, quiet = maps(silent, "normal", std=0.3), maps(silent, "normal")
    assert np.abs(heard - quiet).max() > 1e-3
    np.testing.assert_array_equal(quiet, maps(silent, "zero"))


def test_nothing_to_shuffle_in_leaves_the_frames_out(records):
    lot = VideoLot("", records[:1], VideoSettings(audio="shuffled"), False, None, "avinet")
    row = next(r for r in score_video(lot, 0, chorus_predictor(-1)).rows if r.name == "avinet")
    assert row.count("CC") == 0
    assert {o.reason[:34] for o in row.left_out} == {"no sound to shuffle in for avad tra"[:34]}


def test_what_is_heard_is_told_and_wrong_wishes_are_refused():
    request = EvaluationRequest((Path("x"),), "avinet", audio="normal", audio_std=0.1, seed=3)
    assert head_of(request, True)["sound"] == "normal, deviation 0.1, seed 3"
    for options, message in (
        ({"audio": "zero"}, "vinet_lite takes no sound; --audio goes with avinet"),
        ({"audio": "loud", "model": "avinet"}, "no audio regime 'loud'; there are real"),
        ({"audio_std": 1.0, "model": "avinet"}, "deviation of 'normal' sound"),
    ):
        with pytest.raises(ValueError, match=message):
            EvaluationRequest((Path("x"),), **options)
