# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Folders of pictures, and the choice between the kinds of source."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_bags import raw, write_bag
from made_clips import number_of, picture, write_clip

from vinet_ros.errors import DataError
from vinet_ros.offline.bags import Bag
from vinet_ros.offline.image_folder import ImageFolder, natural_key
from vinet_ros.offline.sources import is_bag, is_camera, open_source
from vinet_ros.offline.video import Video


def write_pictures(folder, names, first=0):
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names, first):
        cv2.imwrite(str(folder / name), cv2.cvtColor(picture(number), cv2.COLOR_RGB2BGR))
    return folder


def test_pictures_come_by_their_numbers_at_a_steady_rate(tmp_path):
    names = ["f1.png", "f2.jpg", "f9.JPEG", "f10.png", "f100.PNG"]
    folder = write_pictures(tmp_path / "a", names)
    (folder / "notes.txt").write_text("not a picture")
    (folder / "._f3.png").write_text("left by another system")
    source = ImageFolder(folder, rate_hz=25)
    frames = list(source.frames())
    assert [number_of(f.rgb()) for f in frames] == list(range(5))
    assert [f.time_ns for f in frames] == [40_000_000 * k for k in range(5)]
    assert [f.index for f in frames] == list(range(5))
    assert {f.stamp_ns for f in frames} == {None}
    np.testing.assert_array_equal(frames[0].rgb(), picture(0))
    info = source.info
    assert (info.frame_count, info.rate_hz, info.duration_ns) == (5, 25, 200_000_000)
    assert (info.height, info.width) == picture(0).shape[:2]


def test_pictures_can_be_scaled_and_resumed(tmp_path):
    source = ImageFolder(write_pictures(tmp_path / "a", [f"{k}.png" for k in range(12)]))
    rest = list(source.frames(start=9, size=(60, 80)))
    assert [(f.index, number_of(f.rgb()), f.rgb().shape) for f in rest] == [
        (k, k, (60, 80, 3)) for k in (9, 10, 11)
    ]
    assert [f.time_ns for f in rest] == [round(k * 1e9 / 30) for k in (9, 10, 11)]


def test_a_bad_picture_costs_its_own_frame(tmp_path):
    folder = write_pictures(tmp_path / "a", [f"{k}.png" for k in range(4)])
    (folder / "0.png").write_bytes(b"")
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:100])
    bad = []
    frames = list(ImageFolder(folder).frames(on_bad=bad.append))
    assert [f.index for f in frames] == [1, 3]
    assert [(b.index, b.reason[:6]) for b in bad] == [(0, "0.png:"), (2, "2.png:")]
    with pytest.raises(DataError, match=r"frame 0 of .*a: 0\.png: "):
        list(ImageFolder(folder).frames())


def test_folders_without_a_usable_picture_are_refused(tmp_path):
    with pytest.raises(DataError, match="has no picture"):
        ImageFolder(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        ImageFolder(tmp_path / "missing")
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(DataError, match=r"no picture in folder .* can be read: a\.png: "):
        ImageFolder(tmp_path)
    with pytest.raises(ValueError, match="rate_hz must be positive"):
        ImageFolder(tmp_path, rate_hz=0)


@given(st.lists(st.integers(0, 10**30), min_size=1))
def test_natural_order_is_that_of_the_numbers(numbers):
    names = [f"frame_{number}.png" for number in numbers]
    ordered = sorted(names, key=natural_key)
    assert ordered == [f"frame_{number}.png" for number in sorted(numbers)]


@given(st.lists(st.text(max_size=8)))
def test_any_names_have_an_order(names):
    ordered = sorted(names, key=natural_key)
    assert sorted(reversed(ordered), key=natural_key) == ordered


def test_what_a_user_names_decides_the_kind(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 3)
    folder = write_pictures(tmp_path / "a", ["1.png"])
    bag = write_bag(tmp_path / "bag", [raw(0)])
    for path, kind in ((clip, Video), (folder, ImageFolder), (bag, Bag), (str(bag), Bag)):
        with open_source(path) as source:
            assert type(source) is kind
            assert len(list(source.frames())) == source.info.frame_count
    assert is_camera("0") and is_camera("/dev/video2") and not is_camera("clip0.mp4")
    assert is_bag("x.mcap") and is_bag("x.db3") and not is_bag(folder)


def test_a_folder_of_neither_kind_is_refused(tmp_path):
    with pytest.raises(DataError, match="neither a bag"):
        open_source(tmp_path)


def test_a_topic_is_for_bags(tmp_path):
    with pytest.raises(DataError, match="only a bag has topics"):
        open_source(write_clip(tmp_path / "a.mp4", 3), topic="/image")


def test_every_kind_resumes_alike(tmp_path):
    paths = [
        write_clip(tmp_path / "a.mp4", 8),
        write_pictures(tmp_path / "a", [f"{k}.png" for k in range(8)]),
        write_bag(tmp_path / "bag", [raw(k) for k in range(8)]),
    ]
    for path in paths:
        with open_source(path) as source:
            whole, rest = list(source.frames()), list(source.frames(start=5))
        assert [(f.index, f.time_ns) for f in rest] == [(f.index, f.time_ns) for f in whole[5:]]
        for frame, other in zip(rest, whole[5:], strict=True):
            np.testing.assert_array_equal(frame.rgb(), other.rgb())
