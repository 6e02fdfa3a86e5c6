# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""`vinet data check` and `vinet data pack` on video data sets."""

import json

import numpy as np
import pytest
from made_data import edit_npz
from made_videos import write_ave, write_dhf1k, write_list, write_mvva, write_sound_set
from scipy.io import wavfile

from vinet_ros.cli import main
from vinet_ros.errors import DataError
from vinet_ros.training.datasets.layouts import LAYOUTS, find_videos
from vinet_ros.training.datasets.packed_videos import (
    is_video_pack,
    pack_videos,
    read_video_pack,
)
from vinet_ros.training.datasets.video_check import check_split, require_files


def vinet(*arguments):
    with pytest.raises(SystemExit) as exit_info:
        main([str(a) for a in arguments])
    return exit_info.value.code or 0


def check(root, name, split="train", **options):
    return check_split(root, LAYOUTS[name], split, **options)


def test_whole_sets_have_no_problems(tmp_path, capsys):
    roots = [
        write_dhf1k(tmp_path / "dhf1k", test=1),
        write_sound_set(tmp_path / "sound", "AVAD"),
        write_mvva(tmp_path / "mvva"),
        write_ave(tmp_path / "ave"),
    ]
    assert vinet("data", "check", *roots) == 0
    shown = capsys.readouterr().out
    assert "nothing missing or unreadable" in shown
    assert all(
        text in shown for text in ("2 of 600", "1 of 300", "2 of 30", "1 of 239", "2 of 92")
    )
    found = check(roots[0], "dhf1k")
    assert found.found == {"frames": 24, "maps": 24, "fixations": 24, "sound": 0}
    assert check(roots[1], "avad", "test").found["sound"] == 1
    assert check(roots[0], "dhf1k", "test").found == {
        "frames": 12, "maps": 0, "fixations": 0, "sound": 0
    }  # fmt: skip


def test_every_fault_of_dhf1k_is_a_line(tmp_path):
    root = write_dhf1k(tmp_path, train=3)
    first, second, third = (root / "annotation" / f"000{i}" for i in (1, 2, 3))
    (first / "images/0004.png").unlink()
    (first / "maps/0007.png").unlink()
    (first / "maps/0008.png").unlink()
    (second / "fixation/maps/0001.mat").write_bytes(b"broken")
    (second / "maps/0012.png").write_bytes(b"")
    (third / "images/0003.png").write_bytes(b"broken")
    found = check(root, "dhf1k")
    assert (found.missing, found.unreadable) == (3, 2)
    text = "\n".join(found.problems)
    for words in (
        f"dhf1k train 0001: 1 frames missing: {first}/images/0004.png",
        f"dhf1k train 0001: 2 maps missing: {first}/maps/0007.png and 1 more",
        f"{second}/fixation/maps/0001.mat: not a readable .mat file",
        f"dhf1k train 0002: 1 maps empty: {second}/maps/0012.png",
    ):
        assert words in text
    assert "0003.png" not in text  # neither first, middle nor last
    assert f"{third}/images/0003.png: not a readable image" in "\n".join(
        check(root, "dhf1k", every_file=True).problems
    )


def test_every_fault_of_a_set_with_sound_is_a_line(tmp_path):
    root = write_sound_set(tmp_path, "AVAD")
    sound = root / "video_audio/AVAD"
    (sound / "clip_0/clip_0.wav").unlink()
    wavfile.write(sound / "clip_1/clip_1.wav", 22050, np.zeros((100, 2), np.int16))
    (sound / "clip_2/clip_2.wav").write_bytes(b"RIFF")
    write_list(
        root / "fold_lists/AVAD_list_train_1_fps.txt",
        [("clip_0", 20, 25), ("clip_1", 13, 25), ("clip_2", 12, 25), ("gone", 5, 25)],
    )
    found = check(root, "avad")
    text = "\n".join(found.problems)
    for words in (
        "avad train clip_0: 1 sound missing",
        "avad train clip_0: its list says 20 frames, its maps end at 12",
        "clip_1.wav: 2 channels, expected mono",
        "clip_2.wav: not a readable .wav file",
        "avad train gone: 5 frames missing",
        "avad train gone: 5 maps missing",
        "avad train gone: 5 fixations missing",
    ):
        assert words in text
    assert "clip_1: its list" not in text  # one frame is the rounding of a cut
    (root / "fold_lists/AVAD_list_test_1_fps.txt").unlink()
    assert check(root, "avad", "test").problems == (
        f"{root}/fold_lists/AVAD_list_test_1_fps.txt: no such file",
    )


def test_problems_end_with_one_and_json_lists_them(tmp_path, capsys):
    root = write_dhf1k(tmp_path)
    (root / "val/0601/maps/0002.png").unlink()
    assert vinet("data", "check", root, "--json") == 1
    streams = capsys.readouterr()
    told = json.loads(streams.out)
    assert told["problems"] == 1 and streams.err.strip() == "vinet: 1 problems"
    rows = {(row["set_name"], row["split"]): row for row in told["data"]}
    assert rows["dhf1k", "val"]["missing"] == 1 and rows["dhf1k", "train"]["problems"] == []
    assert vinet("data", "check", root) == 1
    assert "problem: dhf1k val 0601: 1 maps missing" in capsys.readouterr().out


def test_a_layout_can_be_asked_for(tmp_path, capsys):
    root = write_sound_set(write_sound_set(tmp_path, "AVAD"), "SumMe")
    assert vinet("data", "check", root, "--layout", "summe", "--fold", "2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["set_name"] for row in told["data"]} == {"summe"}
    assert vinet("data", "check", root, "--layout", "diem") == 1
    assert "DIEM_list_train_fps.txt: no such file" in capsys.readouterr().out
    for command in (("check", root), ("pack", root, tmp_path / "pack.npz")):
        assert vinet("data", *command, "--layout", "dhf2k") == 1
        assert "no data set dhf2k; there are dhf1k" in capsys.readouterr().err
        assert vinet("data", *command, "--layout", "summe", "--fold", "9") == 1
        assert "summe has no fold '9'; it has 1, 2, 3" in capsys.readouterr().err


def test_training_needs_every_file(tmp_path):
    root = write_dhf1k(tmp_path, test=1)
    records = find_videos(root, LAYOUTS["dhf1k"], "train")
    require_files(records, fixations=True)
    records[1].fixations[3].unlink()
    records[1].fixations[5].write_bytes(b"")
    require_files(records, fixations=False)
    with pytest.raises(DataError, match=r"0002/fixation/maps/0004\.mat: missing .*1 more files"):
        require_files(records, fixations=True)
    with pytest.raises(DataError, match="dhf1k test 0701: has no maps to learn from"):
        require_files(find_videos(root, LAYOUTS["dhf1k"], "test"), fixations=False)


def test_a_pack_holds_the_same_videos(tmp_path):
    root = write_dhf1k(tmp_path / "dhf1k")
    records = find_videos(root, LAYOUTS["dhf1k"], "train")
    path = tmp_path / "pack.npz"
    assert pack_videos(records, path) == [] and is_video_pack(path)
    packed = read_video_pack(path)
    require_files(packed, fixations=True)
    for record, original in zip(packed, records, strict=True):
        assert (record.title, len(record), record.fps) == (original.title, 12, 30.0)
        assert record.load_rgb(0).shape == (224, 384, 3)
        assert (record.load_fixations(7) == original.load_fixations(7)).all()
        saliency, expected = record.load_map(7), original.load_map(7)
        assert saliency.shape == (224, 384)
        found = np.unravel_index(saliency.argmax(), saliency.shape)
        wanted = np.unravel_index(expected.argmax(), expected.shape)
        assert (
            np.abs(np.array(found) / (224, 384) - np.array(wanted) / expected.shape).max() < 0.03
        )


def test_pack_command(tmp_path, capsys):
    root, out = write_dhf1k(tmp_path / "dhf1k", test=1), tmp_path / "pack.npz"
    (root / "annotation/0002/maps/0006.png").write_bytes(b"broken")
    assert vinet("data", "pack", root, out, "--frames", 4) == 0
    shown = capsys.readouterr().out
    assert "left out: " in shown and "0002/maps/0006.png: not a readable image" in shown
    assert "pack.npz: 2 videos" in shown
    assert [(r.split, len(r)) for r in read_video_pack(out)] == [("train", 4), ("val", 4)]
    assert vinet("data", "check", out) == 0
    assert "1 of 1" in capsys.readouterr().out
    assert vinet("data", "pack", root, out, "--force", "--split", "train,vel") == 1
    assert "no split train,vel; there are test, train, val" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": None}, "lacks the arrays fps"),
        ({"frames": np.array([12, 13])}, "holds 24 frames, expected 25"),
        ({"map_end": np.arange(24)}, "bounds do not fit"),
        ({"width": np.array([4, 4])}, "0001 has fixations outside its pictures"),
    ],
)
def test_a_damaged_pack_is_refused(tmp_path, change, message):
    root, path = write_dhf1k(tmp_path / "dhf1k"), tmp_path / "pack.npz"
    pack_videos(find_videos(root, LAYOUTS["dhf1k"], "train"), path)
    edit_npz(path, **change)
    with pytest.raises(DataError, match=message):
        read_video_pack(path)
