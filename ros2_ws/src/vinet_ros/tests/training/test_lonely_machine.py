# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Packing and training need neither ROS nor a network, nor the newest Python and torch."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from made_data import write_stills
from made_videos import write_dhf1k

import vinet_ros
from vinet_ros.networks.weights import read_card
from vinet_ros.training.config import TrainConfig
from vinet_ros.training.recipes import Wishes, fresh_config

HERE = Path(__file__).parent
TINY = {"clip_length": 2, "width": 16, "motion_width": 8}


def alone(*commands):
    told = json.dumps([[str(part) for part in command] for command in commands])
    program = [sys.executable, "-W", "ignore", str(HERE / "lonely_machine.py"), told]
    return subprocess.run(program, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        ("import rclpy", "No module named 'rclpy'"),
        ("import socket; socket.create_connection(('::1', 9))", "no network: socket."),
        ("import urllib.request as r; r.urlopen('http://127.0.0.1')", "no network: urllib"),
    ],
)
def test_the_machine_of_these_tests_is_alone(attempt, message):
    program = HERE / "lonely_machine.py"
    code = f"import sys; sys.argv = ['x', '[]']; exec(open({str(program)!r}).read()); {attempt}"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert message in ended.stderr


@pytest.mark.timeout(600)
def test_stills_are_packed_and_trained_alone(tmp_path):
    write_stills(tmp_path / "stills", images=9)
    wishes = Wishes(epochs=1, batch=2)
    config = fresh_config(
        str(tmp_path / "stills.npz"), str(tmp_path / "run"), "vinet_lite", TINY, wishes,
        folds=2, threads=1,
    )  # fmt: skip
    config.save(tmp_path / "config.yaml")
    ended = alone(
        ["data", "pack", tmp_path / "stills", tmp_path / "stills.npz"],
        ["data", "check", tmp_path / "stills.npz"],
        ["train", "--config", tmp_path / "config.yaml", "--accelerator", "cpu", "--no-progress"],
    )
    assert ended.returncode == 0, ended.stderr
    assert read_card(tmp_path / "run/weights.safetensors").model == "vinet_lite"
    assert len(TrainConfig.load(tmp_path / "run/config.yaml").stages) == 2


@pytest.mark.timeout(600)
def test_videos_are_packed_and_trained_alone(tmp_path):
    write_dhf1k(tmp_path / "dhf1k", train=2, val=1, frames=4)
    options = [f"--option={name}={value}" for name, value in TINY.items()]
    ended = alone(
        ["data", "pack", tmp_path / "dhf1k", tmp_path / "videos.npz"],
        ["train", "--data", tmp_path / "videos.npz", "--out", tmp_path / "run", *options,
         "--epochs", "1", "--batch", "2", "--size", "32x64", "--workers", "1", "--threads", "1",
         "--nss", "0.1", "--accelerator", "cpu", "--no-progress"],
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    card = read_card(tmp_path / "run/weights.safetensors")
    assert card.training["weights"]["nss"] == 0.1 and card.training["data"] == "videos.npz"


@pytest.mark.parametrize("version", [(3, 10), (3, 12)])
def test_the_source_is_that_of_older_pythons(version):
    sources = sorted(Path(vinet_ros.__file__).parent.rglob("*.py"))
    assert len(sources) > 50
    for source in sources:
        ast.parse(source.read_text(encoding="utf-8"), str(source), feature_version=version)
