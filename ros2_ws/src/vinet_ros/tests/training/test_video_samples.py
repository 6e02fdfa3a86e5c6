# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Clips of videos: which frames, which target, and the same ones again."""

import numpy as np
import pytest
from made_videos import save_picture, write_dhf1k, write_hollywood2, write_sound_set

from vinet_ros.errors import DataError
from vinet_ros.training.datasets.layouts import LAYOUTS, find_videos
from vinet_ros.training.video_samples import (
    ClipSampling,
    ValidationClips,
    VideoClips,
    validation_frames,
)

SMALL = {"height": 32, "width": 64}


@pytest.fixture
def records(tmp_path):
    return find_videos(write_dhf1k(tmp_path / "dhf1k", frames=12), LAYOUTS["dhf1k"], "train")


def test_a_sample_is_a_clip_and_its_newest_map(records):
    sampling = ClipSampling(4, **SMALL)
    sample = VideoClips(records, sampling, seed=3, fixations=True)[(5, 1)]
    assert sample["clip"].shape == (3, 4, 32, 64)
    assert sample["density"].shape == sample["fixations"].shape == (32, 64)
    assert sample["density"].sum().item() == pytest.approx(1, abs=1e-5)
    # The square moves to the right: the brightest column of the newest frame is the map's.
    newest = sample["clip"][:, -1].mean(dim=(0, 1)).argmax().item()
    assert abs(sample["density"].sum(dim=0).argmax().item() - newest) <= 5
    assert sample["density"][sample["fixations"] > 0].min() > sample["density"].median()


def test_starts_are_drawn_again_each_epoch_and_repeat(records):
    samples = VideoClips(records, ClipSampling(4, **SMALL), seed=0)
    again = VideoClips(records, ClipSampling(4, **SMALL), seed=0)
    drawn = [samples[(epoch, 0)]["clip"] for epoch in range(6)]
    assert all((again[(i, 0)]["clip"] == clip).all() for i, clip in enumerate(drawn))
    assert len({clip.sum().item() for clip in drawn}) > 2
    assert not samples[(0, 0)]["fixations"].any()


def test_every_start_comes(records):
    sampling = ClipSampling(10, **SMALL)
    samples = VideoClips(records[:1], sampling, seed=0)
    sums = {samples[(epoch, 0)]["clip"].sum().item() for epoch in range(30)}
    assert len(sums) == 3  # newest frames 9, 10 and 11


def test_a_short_video_is_led_by_its_first_frame(tmp_path):
    (shot, _) = find_videos(write_hollywood2(tmp_path), LAYOUTS["hollywood2"], "train")
    sampling = ClipSampling(8, **SMALL)
    assert sampling.frame_indices(shot, 5) == [0, 0, 0, 1, 2, 3, 4, 5]
    assert list(validation_frames(shot, sampling, 1)) == [5]
    clip = VideoClips([shot], sampling, seed=0)[(0, 0)]["clip"]
    assert (clip[:, 0] == clip[:, 2]).all() and (clip[:, 2] != clip[:, 3]).any()


def test_a_rate_skips_frames(records):
    sampling = ClipSampling(4, rate_hz=15.0, **SMALL)
    assert sampling.frame_indices(records[0], 11) == [5, 7, 9, 11]
    assert ClipSampling(4).step(records[0]) == 1


def test_validation_strides_are_the_authors(tmp_path, records):
    sampling = ClipSampling(2, **SMALL)
    (video,) = find_videos(write_sound_set(tmp_path / "av", "AVAD"), LAYOUTS["avad"], "test")
    assert list(validation_frames(records[0], sampling, LAYOUTS["dhf1k"].stride)) == [1, 9]
    assert list(validation_frames(video, sampling, LAYOUTS["avad"].stride)) == [1, 5, 9]
    clips = ValidationClips([*records, video], sampling)
    assert len(clips) == 7 and clips[0]["density"].shape == (36, 64)  # the map's own size


def test_empty_maps_are_drawn_again(records):
    for path in records[0].maps[:-1]:
        save_picture(path, np.zeros((36, 64), np.uint8))
    samples = VideoClips(records[:1], ClipSampling(4, **SMALL), seed=0)
    assert len({samples[(epoch, 0)]["clip"].sum().item() for epoch in range(5)}) == 1
    save_picture(records[0].maps[-1], np.zeros((36, 64), np.uint8))
    with pytest.raises(DataError, match="dhf1k train 0001: every map is empty"):
        samples[(0, 0)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"frames": 0}, "frames must be positive"), ({"height": 100}, "multiples of 32.*100 x 384")],
)
def test_a_wrong_sampling_says_what_is_wrong(wrong, message):
    with pytest.raises(ValueError, match=message):
        ClipSampling(**wrong)
