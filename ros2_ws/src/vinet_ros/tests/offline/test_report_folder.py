# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import json

import pytest
from made_clips import write_clip

from vinet_ros.errors import DataError
from vinet_ros.offline.report import write_report
from vinet_ros.offline.report_folder import is_predict_folder, read_folder

SUMMARY = {
    "format": "vinet predict 1",
    "source": {"path": "a.mp4", "kind": "video", "name": "a.mp4", "width": 160, "height": 120},
    "frames": 30,
    "left_out": [{"frame": 7, "reason": "cut off"}],
    "no_gaze": 1,
    "camera": "assumed to be 60 degrees wide: the input has no calibration",
    "model": {"name": "vinet_lite", "executor": "torch fp32", "card": {"licence": "Apache-2.0"}},
    "settings": {"num_peaks": 3},
    "damaged": "",
}


def frame(number):
    """A frame's gaze; the first has none."""
    if not number:
        best = dict.fromkeys(("u", "v", "pan_rad", "tilt_rad", "saliency"))
        return {"frame": 0, "time_s": 0.0, "stamp_ns": None, **best, "candidates": []}
    best = {"u": 80.0 + number, "v": 60.0, "pan_rad": 0.1, "tilt_rad": -0.2, "saliency": 0.5}
    return {
        "frame": number,
        "time_s": number / 30,
        "stamp_ns": None,
        **best,
        "candidates": [best],
    }


def write_folder(folder, overlay=True, gaze=True, **change):
    folder.mkdir(parents=True)
    (folder / "predict.json").write_text(json.dumps({**SUMMARY, **change}))
    if gaze:
        frames = [frame(number) for number in range(30)]
        (folder / "gaze.json").write_text(json.dumps({"source": {}, "frames": frames}))
    if overlay:
        write_clip(folder / "overlay.mp4")
    return folder


def test_results_are_told_whole(tmp_path):
    data = read_folder(write_folder(tmp_path / "a"))
    columns = data.gaze.columns
    assert data.gaze.time_s[-1] == pytest.approx(29 / 30)
    assert data.duration_s == pytest.approx(1.0)
    assert columns["pan_deg"][1] == pytest.approx(5.72958)
    assert columns["tilt_deg"][1] == pytest.approx(-11.45916)
    assert columns["u"][0] != columns["u"][0]  # NaN: nothing was found there
    assert data.gaze.candidates[0] == () and data.gaze.candidates[3] == ((83.0, 60.0, 0.5),)
    assert set(data.missing) == {"latency", "diagnostics"}
    rows = {key: value for card in data.cards for key, value in card.rows}
    assert rows["executor"] == "torch fp32" and rows["num peaks"] == "3"
    assert rows["licence"] == "Apache-2.0" and rows["no gaze"] == "1"
    assert rows["camera"].startswith("assumed to be 60 degrees wide")
    assert rows["left out"] == "1" and len(data.gaze.known_s) == 29


def test_page_shows_the_overlay_there_is(tmp_path):
    folder = write_folder(tmp_path / "out" / "a")
    inside = write_report(tmp_path / "out", tmp_path / "a.html")
    assert inside.video is None and "null" in inside.page.read_text(encoding="utf-8")
    beside = write_report(folder, folder / "report.html", max_inline_mib=0.0)
    assert beside.video == folder / "overlay.mp4"
    assert 'src="overlay.mp4"' in beside.page.read_text(encoding="utf-8")
    apart = write_report(folder, tmp_path / "b.html", max_inline_mib=0.0)
    assert apart.video == tmp_path / "b.mp4"
    assert apart.video.read_bytes() == (folder / "overlay.mp4").read_bytes()


def test_what_was_not_written_is_said(tmp_path):
    data = read_folder(write_folder(tmp_path / "a", overlay=False, gaze=False, damaged="cut off"))
    assert "--write overlay,json" in data.missing["video"]
    assert "--write overlay,json" in data.missing["gaze"]
    assert data.notes == ("The input is damaged: cut off",)


def test_folders_are_recognised(tmp_path):
    write_folder(tmp_path / "out" / "a", overlay=False)
    assert is_predict_folder(tmp_path / "out") and is_predict_folder(tmp_path / "out" / "a")
    assert not is_predict_folder(tmp_path) and not is_predict_folder(tmp_path / "nowhere")
    write_folder(tmp_path / "out" / "b", overlay=False)
    with pytest.raises(DataError, match=r"2 inputs; give one: .*out/a, .*out/b"):
        read_folder(tmp_path / "out")


@pytest.mark.parametrize("content", ["", "[1]", '{"frames": [{"time_s": 1}]}', '{"frames": 3}'])
def test_damaged_results_are_refused(tmp_path, content):
    folder = write_folder(tmp_path / "a", overlay=False)
    (folder / "gaze.json").write_text(content)
    with pytest.raises(DataError, match=r"gaze\.json.*anew"):
        read_folder(folder)
