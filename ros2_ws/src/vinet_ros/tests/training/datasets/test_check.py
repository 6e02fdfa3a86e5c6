# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
from made_data import edit_npz, write_gaze_clip

from vinet_ros.cli import main
from vinet_ros.training.datasets import Stills
from vinet_ros.training.datasets.check import check_data
from vinet_ros.training.datasets.packed import pack_stills


def vinet(*arguments):
    with pytest.raises(SystemExit) as exit_info:
        main([str(a) for a in arguments])
    return exit_info.value.code or 0


def test_whole_stills(stills_root, stills, tmp_path):
    pack_stills(stills, tmp_path / "pack.npz")
    for path in (stills_root, tmp_path / "pack.npz"):
        (found,) = check_data(path)
        assert found.problems == ()
        assert found.found == (
            "6 images, 144 fixations",
            "splits: train 4, val 2",
            "sets: made 6",
            "observers an image: 6 to 6",
        )


def test_every_fault_of_stills_is_a_line(stills_root):
    images = stills_root / "images"
    (images / "scene_0.png").unlink()
    (images / "scene_1.png").write_bytes(b"broken")
    (images / "stray.png").write_bytes(b"")
    index = stills_root / "index.csv"
    index.write_text(index.read_text().replace("scene_5.png", "scene_4.png"))
    with np.load(stills_root / "fixations.npz") as file:
        x = file["x"].copy()
        x[file["image"] == 3] = 1.5
        keep = file["image"] != 2
        arrays = {n: file[n] for n in file}
    arrays["x"] = x
    edit_npz(stills_root / "fixations.npz", **{n: a[keep] for n, a in arrays.items()})
    (found,) = check_data(stills_root)
    text = "\n".join(found.problems)
    for words in (
        "scene_0.png: no such file",
        "scene_1.png: not a readable image",
        "scene_4.png: 2 times in the index",
        "2 files not in the index: scene_5.png, stray.png",
        "scene_2.png: no fixations",
        "scene_3.png: 24 of 24 fixations outside the image",
    ):
        assert words in text
    assert len(found.problems) == 6


def test_every_fault_of_clips_is_a_line(gaze_path):
    folder = gaze_path.parent
    short = write_gaze_clip(folder, "short", frames=5)
    edit_npz(short, frames=np.int32(7))
    write_gaze_clip(folder, "broken", frames=3)
    (folder / "broken.avi").write_bytes(b"")
    outside = write_gaze_clip(folder, "outside", frames=3)
    edit_npz(outside, x=np.full(9, 1.2, np.float32))
    (found,) = check_data(folder)
    assert found.found[-1] == "walk.avi: 24 frames at 12.5 Hz, 24 with gaze, 3 observers"
    text = "\n".join(found.problems)
    for words in (
        "short.avi: 5 frames, its gaze has 7",
        "broken.avi: not a readable video",
        "outside.gaze.npz: gaze outside the picture",
    ):
        assert words in text
    assert len(found.problems) == 3


def test_commands(stills_root, gaze_path, tmp_path, capsys):
    assert vinet("data", "check", stills_root, gaze_path.parent) == 0
    assert "nothing missing or unreadable" in capsys.readouterr().out
    out = tmp_path / "stills.npz"
    assert vinet("data", "pack", stills_root, out) == 0
    assert "6 images" in capsys.readouterr().out
    assert len(Stills(out, "train")) == 4
    assert vinet("data", "pack", stills_root, out) == 1
    assert "--force" in capsys.readouterr().err
    assert vinet("data", "pack", stills_root, out, "--force", "--quality", 50) == 0
    assert vinet("data", "pack", stills_root, tmp_path / "no" / "folder.npz") == 3
    assert "cannot be written" in capsys.readouterr().err


def test_problems_end_with_one(stills_root, tmp_path, capsys):
    (stills_root / "images" / "scene_0.png").unlink()
    assert vinet("data", "check", stills_root, tmp_path / "nothing") == 1
    streams = capsys.readouterr()
    assert "problem: " in streams.out
    assert "scene_0.png: no such file" in streams.out
    assert "nothing/index.csv: no such file" in streams.out
    assert streams.err.strip() == "vinet: 2 problems"
