# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""`--json`: one document on the standard output, nothing else there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_data import write_stills

from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, read_card, save_weights
from vinet_ros.training.config import Stage, TrainConfig
from vinet_ros.training.samples import ClipMaking

SMALL = {"clip_length": 2, "width": 16, "motion_width": 8}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_stills(tmp_path_factory.mktemp("data") / "stills", images=15)


def vinet(*arguments, code=0):
    """Run the tool; return what it printed, its messages apart."""
    command = [sys.executable, "-W", "ignore", "-m", "vinet_ros.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_train_tells_its_weights_and_last_scores(data, tmp_path):
    stages = (Stage("stills", 2, 2e-3), Stage("motion", 1, 1e-3, making=ClipMaking(2)))
    fixed = {"options": SMALL, "batch": 4, "workers": 0, "threads": 1, "precision": "32-true"}
    TrainConfig(str(data), str(tmp_path / "run"), stages=stages, **fixed).save(tmp_path / "c.yaml")
    told = vinet("train", "--config", tmp_path / "c.yaml", "--no-progress", "--json")
    assert Path(told["weights"]) == tmp_path / "run" / "weights.safetensors"
    assert read_card(told["weights"]).model == "vinet_lite"
    assert list(told["scores"]) == ["stills", "motion"]
    for scores, epoch in zip(told["scores"].values(), (1, 0), strict=True):
        assert scores["epoch"] == epoch
        assert -1 <= scores["val_cc"] <= 1 and scores["val_kldiv"] > 0


def test_evaluate_tells_the_report_and_its_files(data, tmp_path):
    told = vinet(
        *("evaluate", data, "--model", "none", "--only", "stills"),
        *("--out", tmp_path / "scores", "--json"),
    )
    report = json.loads((tmp_path / "scores" / "report.json").read_text())
    assert all(Path(file).exists() for file in told.pop("files"))
    assert told == report and report["stills"]


def test_data_commands_tell_what_they_found_and_packed(data, tmp_path):
    told = vinet("data", "pack", data, tmp_path / "stills.npz", "--json")
    size = (tmp_path / "stills.npz").stat().st_size
    file = str(tmp_path / "stills.npz")
    assert told == {
        **{"file": file, "what": "images", "packed": 15, "bytes": size, "left_out": []}
    }
    assert vinet("data", "check", data, tmp_path / "stills.npz", "--json")["problems"] == 0


def test_weight_commands_tell_the_card(tmp_path):
    file = tmp_path / "lite.safetensors"
    card = WeightsCard("vinet_lite", 2, (224, 384), 15.0, options=SMALL)
    save_weights(file, create_model("vinet_lite", **SMALL), card)
    for command in ("convert", "label"):
        out = tmp_path / f"{command}.safetensors"
        told = vinet("weights", command, file, out, "--licence", "MIT", "--json")
        assert told["file"] == str(out)
        assert told["card"]["licence"] == "MIT"
        assert told["card"]["sha256"] == read_card(out).sha256


def test_benchmark_prints_the_report_for_a_dash():
    told = vinet(
        *("benchmark", "vinet_lite", "--random", "--path", "torch", "--runs", "1"),
        *("--warmup", "0", "--no-memory", "--option", "clip_length=2", "--json", "-"),
    )
    assert [row["path"] for row in told["rows"]] == ["eager", "torch"]


@pytest.mark.skipif(os.geteuid() != 0, reason="/proc refuses everybody, but in other words")
@pytest.mark.parametrize(
    "arguments",
    [
        ("data", "pack", "{data}", "/proc/nothing/stills.npz"),
        ("evaluate", "{data}", "--model", "none", "--only", "stills", "--out", "/proc/nothing"),
        ("train", "--data", "{data}", "--out", "/proc/nothing"),
        ("watch", "--layout", "/proc/nothing/layout.json"),
        ("benchmark", "vinet_lite", "--random", "--path", "torch", "--runs", "1", "--warmup", "0",
         "--no-memory", "--option", "clip_length=2", "--json", "/proc/nothing/report.json"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_what_cannot_be_written_is_one_line(data, arguments):
    words = [word.format(data=data) for word in arguments]
    command = [sys.executable, "-W", "ignore", "-m", "vinet_ros.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 3, done.stderr
    (line,) = (said for said in done.stderr.splitlines() if said != "vinet benchmark: round")
    assert line.startswith("vinet")
    assert "/proc/nothing" in done.stderr
