# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
from made_data import edit_npz, write_gaze_clip

from vinet_ros.errors import DataError
from vinet_ros.training.datasets import find_gaze_files, read_gaze_clip


def test_each_frame_has_its_own_gaze(gaze_path):
    clip = read_gaze_clip(gaze_path)
    assert (clip.name, len(clip), clip.fps) == ("walk", 24, 12.5)
    assert [len(f) for f in clip.fixations] == [3] * 24
    mean_x = [f.x.mean() for f in clip.fixations]
    assert mean_x[0] < 0.25 < 0.75 < mean_x[-1]
    assert clip.stamp_ns(25) == 2_000_000_000


def test_frames_are_rgb_and_gaze_lies_on_the_bright_square(gaze_path):
    clip = read_gaze_clip(gaze_path)
    frames = list(clip.read_frames())
    assert len(frames) == 24
    assert frames[0].shape == (64, 96, 3)
    for rgb, looked in zip(frames, clip.fixations, strict=True):
        x, y = int(looked.x.mean() * 96), int(looked.y.mean() * 64)
        assert rgb[y, x].mean() > 200


def test_frames_without_gaze_are_empty(gaze_path):
    with np.load(gaze_path) as file:
        keep = file["frame"] >= 5
        kept = {n: file[n][keep] for n in ("frame", "observer", "x", "y")}
    edit_npz(gaze_path, **kept)
    assert [len(f) for f in read_gaze_clip(gaze_path).fixations][:6] == [0, 0, 0, 0, 0, 3]


def test_folder_lists_its_gaze_files_by_name(gaze_path):
    second = write_gaze_clip(gaze_path.parent, "arrive", frames=2)
    assert find_gaze_files(gaze_path.parent) == [second, gaze_path]
    assert find_gaze_files(gaze_path.parent / "none") == []


def test_missing_and_unreadable_videos_are_named(gaze_path):
    video = gaze_path.with_name("walk.avi")
    video.write_bytes(b"no video")
    clip = read_gaze_clip(gaze_path)
    with pytest.raises(DataError, match=r"walk\.avi: not a readable video"):
        next(clip.read_frames())
    video.unlink()
    with pytest.raises(DataError, match=r"walk\.gaze\.npz: no video walk\.\* beside it"):
        read_gaze_clip(gaze_path)


def test_a_video_shorter_than_its_gaze_ends_early(gaze_path):
    edit_npz(gaze_path, frames=np.int32(30))
    clip = read_gaze_clip(gaze_path)
    assert len(clip) == 30
    assert len(list(clip.read_frames())) == 24


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": None}, "lacks the arrays x"),
        ({"fps": None}, "lacks the arrays fps"),
        ({"fps": np.float32(0)}, "must be positive"),
        ({"fps": np.float32(np.nan)}, "must be positive"),
        ({"fps": np.ones(3)}, "single numbers"),
        ({"frames": np.int32(5)}, "gaze at frame 23, the clip has 5 frames"),
        ({"y": np.zeros(2)}, "of one length"),
    ],
)
def test_gaze_that_contradicts_itself_is_refused(gaze_path, changes, message):
    edit_npz(gaze_path, **changes)
    with pytest.raises(DataError, match=message):
        read_gaze_clip(gaze_path)
