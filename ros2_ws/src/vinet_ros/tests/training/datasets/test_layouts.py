# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Each public layout as a tiny tree on disk."""

import numpy as np
import pytest
from made_videos import (
    SIZE,
    fixated,
    picture,
    saliency,
    square_at,
    write_ave,
    write_dhf1k,
    write_hollywood2,
    write_list,
    write_mvva,
    write_sound_set,
    write_ucf_sports,
)

from vinet_ros.errors import DataError
from vinet_ros.training.datasets.layouts import LAYOUTS, choose_sets, detect_sets, find_videos
from vinet_ros.training.datasets.sound_sets import STAVIS_FOLDERS, read_fold_list


def names(root, found, split, fold="1"):
    return [record.name for record in find_videos(root, LAYOUTS[found], split, fold)]


def assert_reads(record, frames):
    """Every frame, map and fixation is what was written."""
    assert len(record) == frames and record.has_truth and record.has_fixations
    for i in (0, frames - 1):
        assert np.abs(record.load_map(i) - saliency(i, frames) / 255).max() < 0.03
        assert (record.load_fixations(i) == (fixated(i, frames) > 0)).all()
        row, column = square_at(i, frames)
        rgb = record.load_rgb(i)
        assert rgb.shape == (*SIZE, 3) and rgb[row - 2 : row + 2, column].min() > 220


def test_the_sets_are_those_of_the_papers():
    assert list(LAYOUTS) == [
        "dhf1k", "hollywood2", "ucf_sports", "diem", "coutrot1", "coutrot2", "avad", "etmd",
        "summe", "ave", "mvva",
    ]  # fmt: skip
    assert LAYOUTS["diem"].videos == {"train": 64, "test": 17}
    assert [LAYOUTS[n].stride for n in ("dhf1k", "hollywood2", "avad")] == [4, 1, 2]
    assert {n for n, found in LAYOUTS.items() if found.selection == "val"} == {"dhf1k", "ave"}


def test_dhf1k_goes_by_number_whatever_the_folder(tmp_path):
    root = write_dhf1k(tmp_path, test=1)
    (root / "val" / "0601").rename(root / "annotation" / "0601")
    assert [found.name for found in detect_sets(root)] == ["dhf1k"]
    assert names(root, "dhf1k", "train") == ["0001", "0002"]
    assert names(root, "dhf1k", "val") == ["0601"]
    (record,) = find_videos(root, LAYOUTS["dhf1k"], "val")
    assert_reads(record, 12)
    assert (record.load_rgb(3) == picture(3, 12, 100)).all()
    assert (record.fps, record.stamp_ns(3), record.set_name) == (30.0, 100_000_000, "dhf1k")
    (unseen,) = find_videos(root, LAYOUTS["dhf1k"], "test")
    assert len(unseen) == 12 and not unseen.has_truth and not unseen.has_fixations
    with pytest.raises(DataError, match="dhf1k test 0701: has no maps"):
        unseen.load_map(0)


def test_dhf1k_with_pictures_of_fixations_instead_of_matrices(tmp_path):
    root = write_dhf1k(tmp_path)
    for mat in root.glob("*/*/fixation/maps/*.mat"):
        mat.unlink()
    for folder in root.glob("*/*/fixation/maps"):
        folder.rmdir()
    assert_reads(find_videos(root, LAYOUTS["dhf1k"], "train")[0], 12)


def test_a_hole_in_dhf1k_is_known_by_its_number(tmp_path):
    root = write_dhf1k(tmp_path)
    (root / "annotation/0001/images/0004.png").unlink()
    record = find_videos(root, LAYOUTS["dhf1k"], "train")[0]
    assert len(record) == 12
    with pytest.raises(DataError, match=r"0001/images/0004\.png: no such file"):
        record.load_rgb(3)


def test_hollywood2_has_a_folder_a_shot(tmp_path):
    root = write_hollywood2(tmp_path)
    assert [found.name for found in detect_sets(root)] == ["hollywood2"]
    assert names(root, "hollywood2", "train") == [f"actioncliptrain00007_{i}" for i in (1, 2)]
    record = find_videos(root, LAYOUTS["hollywood2"], "test")[1]
    assert record.frames[0].name == "actioncliptest00003_00040.png"
    assert_reads(record, 6)


def test_ucf_sports_tells_the_action(tmp_path):
    root = write_ucf_sports(tmp_path)
    assert [found.name for found in detect_sets(root)] == ["ucf_sports"]
    records = find_videos(root, LAYOUTS["ucf_sports"], "train")
    assert [(r.name, r.category) for r in records] == [
        ("Diving-Side-001", "Diving-Side"),
        ("Run-Side-001", "Run-Side"),
    ]
    assert_reads(records[0], 6)
    with pytest.raises(ValueError, match="ucf_sports has no split 'val'; it has train, test"):
        find_videos(root, LAYOUTS["ucf_sports"], "val")


@pytest.mark.parametrize("name", STAVIS_FOLDERS)
def test_sets_with_sound_go_by_their_lists(tmp_path, name):
    root = write_sound_set(tmp_path, STAVIS_FOLDERS[name], folds=1 if name == "diem" else 3)
    assert [found.name for found in detect_sets(root)] == [name]
    assert names(root, name, "train") == ["clip_1", "clip_2"]
    assert names(root, name, "test") == ["clip_0"]
    (record,) = find_videos(root, LAYOUTS[name], "test")
    assert_reads(record, 12)
    assert record.audio.is_file() and record.fps == 25.0
    if name == "diem":
        return
    assert names(root, name, "test", "3") == ["clip_2"]
    with pytest.raises(ValueError, match=f"{name} has no fold '4'; it has 1, 2, 3"):
        names(root, name, "test", "4")


def test_six_sets_live_in_one_root(tmp_path):
    for folder in ("AVAD", "ETMD_av"):
        write_sound_set(tmp_path, folder)
    write_sound_set(tmp_path, "DIEM", folds=1)
    assert [found.name for found in choose_sets(tmp_path)] == ["diem", "avad", "etmd"]
    assert [found.name for found in choose_sets(tmp_path, ["etmd"])] == ["etmd"]


def test_a_video_ends_with_its_maps_or_its_list(tmp_path):
    root = write_sound_set(tmp_path, "AVAD")
    (root / "annotations/AVAD/clip_0/maps/eyeMap_00012.jpg").unlink()
    assert len(find_videos(root, LAYOUTS["avad"], "test")[0]) == 11
    write_list(root / "fold_lists/AVAD_list_test_1_fps.txt", [("clip_0", 10, 25)])
    assert len(find_videos(root, LAYOUTS["avad"], "test")[0]) == 10
    write_list(root / "fold_lists/AVAD_list_test_1_fps.txt", [("gone", 10, 25)])
    (gone,) = find_videos(root, LAYOUTS["avad"], "test")
    with pytest.raises(DataError, match=r"AVAD/gone/img_00001\.jpg: no such file"):
        gone.load_rgb(0)


def test_mvva_frames_are_forced_and_its_points_drawn(tmp_path):
    root = write_mvva(tmp_path)
    assert [found.name for found in detect_sets(root)] == ["mvva"]
    (record,) = find_videos(root, LAYOUTS["mvva"], "test")
    assert record.name == "video_001" and record.load_rgb(0).shape == (720, 1280, 3)
    looked = record.load_fixations(5)
    row, column = square_at(5, 6)
    assert looked.shape == (720, 1280) and looked.sum() == 2
    assert looked[row * 20, column * 20] and looked[row * 20, column * 20 + 5]
    assert names(root, "mvva", "train", "c2") == names(root, "mvva", "train", "random1")
    with pytest.raises(DataError, match=r"mvva_list_train_3_fps\.txt: no such file"):
        names(root, "mvva", "train", "c3")


def test_ave_lies_in_the_folders_of_others(tmp_path):
    root = write_ave(tmp_path)
    assert [found.name for found in detect_sets(root)] == ["ave"]
    records = find_videos(root, LAYOUTS["ave"], "train")
    assert [(r.name, r.category, r.fps) for r in records] == [
        ("a", "Nature", 30.0),
        ("k", "Social Events", 25.0),
    ]
    for record in records:
        assert_reads(record, 6)
    assert names(root, "ave", "val") == ["b"] and names(root, "ave", "test") == ["c", "l"]


FAULTS = [
    ("clip_0 12\n", r"AVAD_list_test_1_fps\.txt: line 1 is not .*'clip_0 12'"),
    ("clip_0 12 25\nclip_1 many 25", r"line 2 is not .*'clip_1 many 25'"),
    ("clip_0 0 25", "line 1: frames and fps must be positive"),
    ("\n \n", "names no video"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_a_damaged_list_is_named(tmp_path, text, message):
    path = tmp_path / "AVAD_list_test_1_fps.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_fold_list(path)


def test_a_missing_list_is_named(tmp_path):
    root = write_sound_set(tmp_path, "AVAD")
    (root / "fold_lists/AVAD_list_test_2_fps.txt").unlink()
    with pytest.raises(DataError, match=r"AVAD_list_test_2_fps\.txt: no such file"):
        names(root, "avad", "test", "2")


def test_broken_files_are_named(tmp_path):
    root = write_dhf1k(tmp_path)
    record = find_videos(root, LAYOUTS["dhf1k"], "train")[0]
    record.maps[0].write_bytes(b"")
    record.maps[1].write_bytes(record.maps[2].read_bytes()[:-40])
    record.fixations[0].write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    record.fixations[1].unlink()
    for read, frame, message in (
        (record.load_map, 0, r"maps/0001\.png: not a readable image"),
        (record.load_map, 1, r"maps/0002\.png: not a readable image"),
        (record.load_fixations, 0, r"0001\.mat: (not a readable .mat file|holds no matrix)"),
        (record.load_fixations, 1, r"0002\.mat: no such file"),
    ):
        with pytest.raises(DataError, match=message):
            read(frame)


def test_an_unknown_folder_or_name_says_what_there_is(tmp_path):
    with pytest.raises(DataError, match="holds none of the known layouts: dhf1k, hollywood2"):
        choose_sets(tmp_path)
    with pytest.raises(ValueError, match="no data set dhf2k; there are dhf1k"):
        choose_sets(tmp_path, ["dhf2k"])


def test_a_broken_category_table_is_named(tmp_path):
    root = write_ave(tmp_path)
    (root / "categories.csv").write_text("name,kind\na,Nature\n")
    with pytest.raises(DataError, match=r"categories\.csv: every row needs the columns"):
        find_videos(root, LAYOUTS["ave"], "train")
