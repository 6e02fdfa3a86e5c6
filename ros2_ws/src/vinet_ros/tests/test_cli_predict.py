# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""`vinet predict` and `vinet compare` with the bundled network, as a user starts them."""

import json
import subprocess
import sys

import pytest
from made_clips import write_clip

from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, save_weights


def vinet(*arguments):
    command = [sys.executable, "-m", "vinet_ros.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=250)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for name in ("one.mp4", "two.mp4"):
        write_clip(folder / name, 4)
    (folder / "text.mp4").write_text("no video\n" * 100)
    return folder


def test_jobs_do_inputs_side_by_side_and_a_bad_one_does_not_stop_the_others(folder, tmp_path):
    done = vinet(
        *("predict", folder / "one.mp4", folder / "text.mp4", folder / "two.mp4"),
        *("--out", tmp_path, "--jobs", 2, "--path", "torch", "--write", "csv,overlay", "--json"),
    )
    assert done.returncode == 1, done.stderr
    one, text, two = json.loads(done.stdout)
    assert "text.mp4" in text["error"]
    for result in (one, two):
        assert result["error"] is None
        assert result["frames"] == 4
        assert result["outputs"] == {"overlay": "overlay.mp4", "csv": "gaze.csv"}
    assert {f.name for f in tmp_path.iterdir()} == {"one", "two"}
    assert (tmp_path / "one" / "gaze.csv").read_text().count("\n") == 5


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--write", "film"), 2, "nothing known to write in film"),
        (("--num-peaks", "0"), 2, "num_peaks must be in 1..16"),
        (("--option", "clip_length"), 2, "key=value"),
        (("--weights", "missing.safetensors"), 1, "missing.safetensors"),
        (("--out", "/proc/results"), 3, "cannot be written"),
    ],
)
def test_exit_codes_tell_what_was_wrong(folder, tmp_path, arguments, code, says):
    done = vinet("predict", folder / "one.mp4", "--out", tmp_path / "out", *arguments)
    assert done.returncode == code
    assert says in " ".join(done.stderr.replace("│", "").split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_network_that_cannot_stabilize_is_refused_with_it(folder, tmp_path):
    file = tmp_path / "vinet.safetensors"
    options = {"clip_length": 8}
    card = WeightsCard("vinet", 8, (224, 384), 15.0, options)
    save_weights(file, create_model("vinet", **options), card)
    asked = "--model", "vinet", "--weights", file, "--path", "torch", "--stabilize"
    done = vinet("predict", folder / "one.mp4", "--out", tmp_path / "out", *asked)
    assert done.returncode == 1
    assert "stabilize is set, which vinet cannot use" in " ".join(done.stderr.split())


def test_two_inputs_of_one_name_are_refused(folder, tmp_path):
    done = vinet("predict", folder / "one.mp4", "one.avi", "--out", tmp_path)
    assert done.returncode == 1
    assert "two inputs would be written to 'one'" in done.stderr


def test_compare_tells_how_alike_two_settings_are(folder, tmp_path):
    done = vinet(
        *("compare", "vinet_lite,path=torch", "vinet_lite,path=torch,window_rate_hz=-1"),
        *(folder / "one.mp4", "--out", tmp_path / "out", "--json"),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["frames"] == 4
    assert 0.5 < told["cc_mean"] <= 1
    assert {f.name for f in (tmp_path / "out").iterdir()} == {
        *("compare.mp4", "compare.csv", "compare.json")
    }
