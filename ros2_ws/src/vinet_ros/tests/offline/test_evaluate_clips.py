# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
import torch
from made_data import edit_npz

from vinet_ros.errors import DataError
from vinet_ros.networks import create_model
from vinet_ros.offline.evaluate_clips import score_clip, truth_of_clip
from vinet_ros.preprocess import resize_rgb
from vinet_ros.streaming import Predictor
from vinet_ros.training.datasets import read_gaze_clip
from vinet_ros.training.groundtruth import MAP_SIZE


@pytest.fixture(scope="module")
def predictor():
    torch.manual_seed(0)
    model = create_model("vinet_lite", clip_length=3)
    with torch.no_grad():  # motion adds nothing before training; here it shall
        for name, parameter in model.decoder.named_parameters():
            if not parameter.any() and parameter.ndim > 1:
                parameter.normal_(0, 0.5)
            assert parameter.any() or parameter.ndim == 1, name
    return Predictor(model.eval(), path="torch", threads=1, window_rate_hz=-1)


def test_rows_of_a_clip(gaze_path, predictor):
    clip = read_gaze_clip(gaze_path)
    x = np.concatenate([f.x for f in clip.fixations])
    mean_map = np.full(MAP_SIZE, 0.01)
    mean_map[:, int(x.min() * 96) : int(x.max() * 96)] = 1
    scores = score_clip(clip, predictor, "lite", mean_map, smoothing_tau_s=(0.15, 0.0))
    names = [row.name for row in scores.rows if row.name != "spectral residual"]
    assert names == [
        "lite",
        "lite, frame by frame",
        "lite, frame by frame, smoothed 0.15 s",
        "lite, frame by frame, smoothed 0 s",
        "lite, the camera's motion taken off",
        "MEP",
        "centre Gaussian",
        "HI, half against half",
        "HI, leave one out",
    ]
    stream, alone, smoothed, unsmoothed = (row.scores["CC"] for row in scores.rows[:4])
    assert stream[0] == pytest.approx(alone[0], abs=1e-9)  # the first window repeats one frame
    assert not np.allclose(stream[1:], alone[1:])
    assert not np.allclose(smoothed[1:], alone[1:])
    np.testing.assert_array_equal(unsmoothed, alone)
    people = scores.intervals["HI, leave one out"]["NSS"]
    assert people.mean > 5
    assert (people.frames, people.blocks) == (24, 2)
    difference = scores.differences["MEP"]["NSS"]
    assert difference.mean == pytest.approx(
        scores.intervals["lite"]["NSS"].mean - scores.intervals["MEP"]["NSS"].mean
    )


def test_one_observer_and_frames_without_gaze_are_said(gaze_path, predictor):
    with np.load(gaze_path) as file:
        keep = (file["frame"] >= 20) & (file["observer"] == 0)
        kept = {n: file[n][keep] for n in ("frame", "observer", "x", "y")}
    edit_npz(gaze_path, **kept)
    scores = score_clip(read_gaze_clip(gaze_path), predictor, "lite", None)
    assert {o.row: o.reason for o in scores.left_out if o.row != "spectral residual"} == {
        "MEP": "no training images with fixations to average",
        "HI": "the clip has one observer only",
    }
    for row in scores.rows:
        assert row.count("NSS") == 4
        assert [o.reason for o in row.left_out] == ["no fixations"] * 20


def test_a_video_that_ends_early_is_said(gaze_path, predictor):
    clip = read_gaze_clip(gaze_path)
    edit_npz(gaze_path, frames=np.int32(26), frame=np.r_[np.repeat(np.arange(24) + 2, 3)])
    longer = read_gaze_clip(gaze_path)
    scores = score_clip(longer, predictor, "lite", None)
    lite = scores.rows[0]
    reasons = {o.item: o.reason for o in lite.left_out}
    assert reasons == {
        "frame 0": "no fixations",
        "frame 1": "no fixations",
        "frame 24": "not in the video",
        "frame 25": "not in the video",
    }
    assert len(clip) == 24
    assert lite.count("CC") == 22


def test_baselines_alone_need_a_readable_video_too(gaze_path):
    gaze_path.with_name("walk.avi").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"walk\.avi: not a readable video"):
        score_clip(read_gaze_clip(gaze_path), None, "none", None)


def test_negatives_of_shuffled_auc_are_the_clips_other_frames(gaze_path):
    truth = truth_of_clip(read_gaze_clip(gaze_path))
    looked_anywhere = truth.counts.any(axis=0)
    for counts, others in zip(truth.counts, truth.others, strict=True):
        np.testing.assert_array_equal(others, looked_anywhere & (counts == 0))


def test_a_stream_of_one_standing_picture_equals_its_frames_alone(predictor):
    standing = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    predictor.reset()
    executor = predictor.executor
    for index in range(4):
        predictor.push_frame(standing, index * 40_000_000)
    streamed = predictor.predict().values
    kept = executor.encode(resize_rgb(standing, executor.input_size))
    alone = executor.predict([kept] * executor.clip_length)
    np.testing.assert_allclose(streamed, alone, atol=1e-6)
