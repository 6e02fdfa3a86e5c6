# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from made_data import edit_npz, write_gaze_clip, write_stills

from vinet_ros.cli import main
from vinet_ros.errors import DataError
from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.offline.evaluate import EvaluationRequest, run_evaluation
from vinet_ros.offline.evaluate_markdown import to_markdown
from vinet_ros.offline.evaluate_report import write_report
from vinet_ros.training.score_table import METRICS


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    write_stills(root / "stills")
    write_gaze_clip(root / "clips", frames=10)
    return root


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    model = create_model("vinet_lite", clip_length=2)
    path = tmp_path_factory.mktemp("weights") / "lite.safetensors"
    card = WeightsCard("vinet_lite", 2, (224, 384), 15.0, options={"clip_length": 2})
    save_weights(path, model, card)
    return path


@pytest.fixture
def damaged(data, tmp_path):
    """Stills and clips with every fault that a folder may have."""
    root = shutil.copytree(data, tmp_path / "damaged")
    stills, clips = root / "stills", root / "clips"
    (stills / "images" / "scene_2.png").unlink()
    (stills / "images" / "scene_5.png").write_bytes(b"broken")
    write_gaze_clip(clips, "unreadable", frames=3)
    (clips / "unreadable.avi").write_bytes(b"broken")
    write_gaze_clip(clips, "gone", frames=3)
    (clips / "gone.avi").unlink()
    write_gaze_clip(clips, "cut", frames=3).write_bytes(b"PK")
    silent = write_gaze_clip(clips, "nobody", frames=3)
    edit_npz(silent, **{n: np.zeros(0, np.float32) for n in ("frame", "observer", "x", "y")})
    (root / "empty").mkdir()
    maps = root / "maps"
    maps.mkdir()
    cv2.imwrite(str(maps / "scene_2.png"), np.full((40, 60), 7, np.uint8))
    return root


def vinet(*arguments):
    with pytest.raises(SystemExit) as exit_info:
        main([str(a) for a in arguments])
    return exit_info.value.code or 0


def test_command_writes_all_files(data, weights, tmp_path, capsys):
    out = tmp_path / "scores"
    code = vinet(
        "evaluate", data / "stills", data / "clips", "--weights", weights, "--out", out,
        "--device", "cpu", "--smoothing-tau-s", 0.3, "--samples", 2,
    )  # fmt: skip
    assert code == 0
    printed = capsys.readouterr().out
    assert "| vinet_lite | 2 |" in printed
    assert "smoothed 0.3 s" in printed
    names = {path.name for path in out.iterdir()}
    assert names == {
        *("report.md", "report.json", "scores.csv", "items.csv"),
        *("stills_stills_val.png", "samples_stills_val.png", "clip_walk.png"),
    }
    for picture in out.glob("*.png"):
        assert cv2.imread(str(picture)).std() > 10
    assert (out / "report.md").read_text() in printed.replace("\r", "")


def test_report_files_agree(data, weights, tmp_path):
    request = EvaluationRequest((data / "stills",), weights=weights, device="cpu")
    evaluation = run_evaluation(request)
    write_report(evaluation, tmp_path)
    table = evaluation.stills[0].rows[0]
    report = json.loads((tmp_path / "report.json").read_text())
    means = report["stills"][0]["rows"][0]["means"]
    assert list(means) == list(METRICS)
    with (tmp_path / "scores.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["row"] == "vinet_lite" and not r["set"]]
    with (tmp_path / "items.csv").open() as file:
        items = [r for r in csv.DictReader(file) if r["row"] == "vinet_lite"]
    assert [r["metric"] for r in rows] == list(METRICS)
    for row in rows:
        metric = row["metric"]
        assert float(row["mean"]) == pytest.approx(means[metric], abs=1e-6)
        assert np.mean([float(i[metric]) for i in items]) == pytest.approx(means[metric], abs=1e-5)
        assert table.mean(metric) == means[metric]
    assert "sha256" in report["facts"]["weights"]


def test_damaged_data_end_with_tables_and_a_list(damaged, weights, tmp_path, capsys):
    out = tmp_path / "scores"
    code = vinet(
        "evaluate", damaged / "stills", damaged / "clips", damaged / "empty", "--out", out,
        "--weights", weights, "--device", "cpu", "--maps", damaged / "maps",
    )  # fmt: skip
    assert code == 0
    text = (out / "report.md").read_text()
    left_out = text[text.index("## Left out") :]
    for words in (
        "scene_2.png: no such file",
        "scene_5.png: not a readable image",
        "unreadable.avi: not a readable video",
        "gone.gaze.npz: no video gone.* beside it",
        "cut.gaze.npz: not a readable npz",
        "frame 0, frame 1, frame 2: no fixations",
        "empty/index.csv: no such file",
        "maps of maps: scene_2.png: constant map",
        "scene_5.*: no such map",
    ):
        assert words in left_out, words
    report = json.loads((out / "report.json").read_text())
    lite, saved = report["stills"][0]["rows"][:2]
    assert set(lite["means"].values()) == {None}
    assert saved["means"]["CC"] is None
    assert "| vinet_lite | 0 |" in text
    assert "Traceback" not in capsys.readouterr().err


def test_nothing_to_score_is_one_line(damaged, tmp_path, capsys):
    code = vinet("evaluate", damaged / "empty", tmp_path / "none", "--out", tmp_path / "scores")
    assert code == 1
    error = capsys.readouterr().err
    assert error.startswith("vinet: ")
    assert "empty/index.csv: no such file" in error
    assert "none/index.csv: no such file" in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "vinnet"), "vinnet"),
        (("--model", "s3d"), "s3d gives features"),
        (("--weights", "missing.pt"), "missing.pt"),
        (("--split", "test"), "no image in split 'test'; splits: train, val"),
        (("--device", "gpu", "--weights", "lite"), "gpu"),
    ],
)
def test_wrong_arguments_are_one_line(data, weights, tmp_path, capsys, arguments, message):
    arguments = [weights if a == "lite" else a for a in arguments]
    assert vinet("evaluate", data / "stills", "--out", tmp_path, *arguments) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_baselines_alone_need_no_weights(data):
    evaluation = run_evaluation(EvaluationRequest((data / "stills",), model="none"))
    assert [row.name for row in evaluation.stills[0].rows] == [
        *("spectral residual", "MEP", "centre Gaussian"),
        *("HI, half against half", "HI, leave one out"),
    ]
    assert evaluation.stills[0].left_out == ()
    assert "MEP" in to_markdown(evaluation)


def test_mean_map_may_come_from_other_stills(data):
    gaze_file = data / "clips" / "walk.gaze.npz"
    alone = run_evaluation(EvaluationRequest((gaze_file,), model="none"))
    assert "MEP" in {o.row for o in alone.clips[0].left_out}
    request = EvaluationRequest((gaze_file,), model="none", mean_map_from=data / "stills")
    assert "MEP" in {row.name for row in run_evaluation(request).clips[0].rows}
    broken = EvaluationRequest((gaze_file,), model="none", mean_map_from=data)
    assert "index.csv: no such file" in run_evaluation(broken).left_out[0].reason


def test_a_request_must_name_data():
    with pytest.raises(ValueError, match="at least one folder"):
        EvaluationRequest(())
    with pytest.raises(DataError, match="no such file"):
        run_evaluation(EvaluationRequest((Path("nowhere"),)))
