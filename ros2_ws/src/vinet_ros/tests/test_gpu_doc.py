# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The commands of docs/gpu.md run as they stand there, made small by options that come after."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from made_data import write_stills

PACKAGE = Path(__file__).parent.parent
DOCS = PACKAGE.parents[2] / "docs" / "gpu.md"
CUDA = torch.cuda.is_available()

# The network of a command is exchanged for a small one; the last of an option given twice counts.
SMALLER = {
    "motion_width=48": "motion_width=8",
    "vinet": "vinet_lite",
    "decoder_groups=true": "clip_length=2",
    "width=96": "width=16",
}
ON_CPU = ["--precision", "32-true", "--accelerator", "cpu"]
TRAIN = ["--epochs", "1", "--batch", "2", "--workers", "0", "--threads", "1", "--minutes", "0"]
GPU = ["--option", "clip_length=2", "--size", "64x96", "--runs", "2", "--minutes", "0"]


def command(beginning):
    """Return the words of the one line of the document that begins so, without the first."""
    lines = re.findall(rf"^vinet {beginning}.*$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) == 1, lines
    return shlex.split(lines[0])[1:]


def run(words, folder):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-m", "vinet_ros.cli", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpu")
    write_stills(folder / "fixations", images=8)
    run(command("data pack"), folder)
    assert (folder / "fixations.npz").stat().st_size < 40e6
    return folder


def test_the_benchmark_fills_its_folder_row_by_row(packed):
    words = [SMALLER.get(word, word) for word in command("benchmark gpu")]
    words += GPU if CUDA else [*GPU, "--device", "cpu"]
    assert "rows are missing" in run(words, packed)
    rows = json.loads((packed / "results/gpu/rows.json").read_text())["rows"]
    assert [(row["way"], row["batch"], row["error"]) for row in rows] == [("eager", 1, "")]
    assert (packed / "results/gpu/rows.md").read_text().count("| eager | 1 | fp32 |") == 1


@pytest.mark.parametrize(
    ("beginning", "folder"),
    [("train .*--teacher", "vinet_grouped"), ("train .*--model vinet_lite", "lite_wide")],
)
def test_a_training_stops_in_time(packed, beginning, folder):
    """That it goes on when it is called again is in tests/training/test_teacher.py."""
    words = [SMALLER.get(word, word) for word in command(beginning)]
    words += [*TRAIN, *([] if CUDA else ON_CPU)]
    assert "the run is not done" in run(words, packed)
    out = packed / "results" / folder
    assert (out / "unfinished.safetensors").is_file()
    assert any(out.glob("*/done.pt"))


def test_the_nodes_command_is_understood():
    options = pytest.importorskip("vinet_ros.ros.benchmark.options")
    words = command("benchmark node")[2:]
    asked = options.read_options(words, "vinet benchmark node")
    assert asked.rate_hz == 60.0
    assert "device:=cuda:0" in asked.parameters
    assert asked.seconds < 9 * 60
