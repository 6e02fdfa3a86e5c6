# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""docs/systems.md, "Add a network": its very text, done with a copy of the package."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_clips import write_clip

import vinet_ros

PAGE = Path(__file__).resolve().parents[5] / "docs" / "systems.md"
ANCHOR = "for spec in (\n"


@pytest.fixture(scope="module")
def blocks():
    """The walk-through's code: the file, the line, the weights, the commands."""
    text = PAGE.read_text(encoding="utf-8").partition("\n## Add a network\n")[2]
    text = text.partition("\n## ")[0]
    assert "`vinet_ros/networks/change.py`" in text and f"behind `{ANCHOR.strip()}`" in text
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    assert [kind for kind, _ in found] == ["python", "python", "python", ""]
    return [code for _, code in found]


@pytest.fixture(scope="module")
def run(blocks, tmp_path_factory):
    """Runs Python in a folder whose package has the file and the line."""
    root = tmp_path_factory.mktemp("change")
    package = Path(vinet_ros.__file__).parent
    shutil.copytree(package, root / "vinet_ros", ignore=shutil.ignore_patterns("__pycache__"))
    file, line, *_ = blocks
    assert len(line.splitlines()) == 1
    (root / "vinet_ros/networks/change.py").write_text(file)
    catalog = root / "vinet_ros/networks/catalog.py"
    before = catalog.read_text()
    assert before.count(ANCHOR) == 1
    catalog.write_text(before.replace(ANCHOR, ANCHOR + line))

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.root = root
    return run


# Beside what the page shows: it streams as it sees clips, and the node offers it.
CHECK = """
import json, torch
from vinet_ros.networks import model_spec
from vinet_ros.ros.saliency_parameters import MODELS
model, clip = create_model("change").eval(), torch.rand(2, 3, 8, 64, 96)
with torch.inference_mode():
    kept = [model.encode(clip[:, :, t])[0] for t in range(8)]
    step = model.decode((torch.stack(kept, dim=1),)) - model(clip)
spec = model_spec("change")
print(json.dumps([MODELS, spec.clip_length, spec.rate_hz, spec.saliency, float(step.abs().max())]))
"""


def test_the_walk_through_adds_a_network(blocks, run):
    write_clip(run.root / "clip.mp4", 20)
    *_, weights, commands = blocks
    models, length, rate_hz, saliency, difference = json.loads(run("-c", weights + CHECK))
    assert "change" in models and "vinet" in models
    assert (length, rate_hz, saliency) == (8, 15.0, True)
    assert difference < 1e-6
    told = [
        run("-m", "vinet_ros.cli", *shlex.split(command)[1:]) for command in commands.splitlines()
    ]
    assert "change" in told[0] and len(told) == 2
    assert len(list((run.root / "out").rglob("*.png"))) == 20
    assert len(next((run.root / "out").rglob("*.csv")).read_text().splitlines()) > 20
