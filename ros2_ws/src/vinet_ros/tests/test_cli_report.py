# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import json

import pytest
from made_bags import write_bag
from made_node_bags import outputs, write_run

from vinet_ros import cli


def run(capsys, *arguments):
    """Exit code, standard output and error of the tool."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return ended.value.code or 0, captured.out, captured.err


def test_report_tells_what_it_wrote(capsys, tmp_path):
    bag, page = write_run(tmp_path / "run"), tmp_path / "run.html"
    code, out, err = run(capsys, "report", bag, "--out", page)
    assert (code, err) == (0, "") and out == f"wrote {page}\n"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    code, out, _ = run(capsys, "report", bag, "-o", page, "--json", "--max-inline-mib", "0")
    told = json.loads(out)
    assert told["page"] == str(page) and told["video"] == str(page.with_suffix(".mp4"))
    assert (told["gazes"], told["video_frames"], told["missing"]) == (40, 40, {})


def test_report_says_what_is_missing_and_how_to_record_it(capsys, tmp_path):
    bag = write_bag(tmp_path / "run", outputs(3, ("gaze/target",)))
    code, _, err = run(capsys, "report", bag, "--out", tmp_path / "run.html", "--no-video")
    assert code == 0 and "diagnostics: " in err and "ros2 bag record /diagnostics" in err


def test_report_refuses_in_one_line(capsys, tmp_path):
    code, out, err = run(capsys, "report", tmp_path / "none", "--out", tmp_path / "a.html")
    assert (code, out) == (1, "") and err.startswith("vinet: no bag at") and err.count("\n") == 1


@pytest.mark.parametrize("command", ["report", "watch"])
def test_help_has_examples(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0 and f"vinet {command}" in out


def test_watch_writes_the_viewers_layout(capsys, tmp_path):
    code, out, _ = run(capsys, "watch", "--layout", tmp_path / "gaze.json")
    assert code == 0 and "import it in the viewer" in out
    layout = json.loads((tmp_path / "gaze.json").read_text(encoding="utf-8"))
    assert "Image!overlay" in layout["configById"]
    code, _, err = run(capsys, "watch", "--layout", tmp_path)
    assert code == 3 and "cannot write" in err
