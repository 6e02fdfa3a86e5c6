# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The benchmark of several cameras measures what it says."""

import json

import pytest
from typer.testing import CliRunner

from vinet_ros.cli.benchmark import app
from vinet_ros.runtime.benchmark_paths import Subject
from vinet_ros.streaming.camera_benchmark import benchmark_cameras

LITE = Subject("vinet_lite", {"clip_length": 1, "width": 16, "motion_width": 8}, random=True)


def test_each_way_gets_its_row():
    told = []
    report = benchmark_cameras(
        LITE, (3, 1), path="torch", threads=1, stretches=2, seconds=0.3,
        progress=lambda *what: told.append(what),
    )  # fmt: skip
    assert [(row.cameras, row.mode) for row in report.rows] == [
        (1, "own"),
        (3, "own"),
        (3, "one by one"),
        (3, "together"),
    ]
    for row in report.rows:
        assert row.rate_hz > 0 and row.cpu_ms > 0
        assert 0 < row.fair_share <= 1
        assert 0 < row.p50_ms <= row.p95_ms
    batches = {row.mode: row.mean_batch for row in report.rows if row.cameras == 3}
    assert batches["own"] == batches["one by one"] == 1
    assert 1 < batches["together"] <= 2  # while one goes, the other two come
    assert 0 <= report.max_difference < 1e-5
    assert len(told) == 2 * len(report.rows)
    stored = json.loads(report.to_json())
    assert stored["rows"][3]["mode"] == "together"
    lines = report.to_markdown().splitlines()
    assert len([line for line in lines if line.startswith("| ")]) == 1 + len(report.rows)


@pytest.mark.parametrize("wrong", [{"cameras": ()}, {"cameras": (0,)}, {"stretches": 0}])
def test_wrong_arguments_are_named(wrong):
    with pytest.raises(ValueError, match="must be at least 1"):
        benchmark_cameras(LITE, **{"cameras": (1,), **wrong})


def test_the_command_writes_its_report(tmp_path):
    words = "cameras --random --count 1 --stretches 1 --seconds 0.1 --threads 1 --path torch"
    done = CliRunner().invoke(app, [*words.split(), "--json", str(tmp_path / "report.json")])
    assert done.exit_code == 0, done.output
    assert "| 1 | own |" in done.output
    assert json.loads((tmp_path / "report.json").read_text())["model"] == "vinet_lite"
    refused = CliRunner().invoke(app, ["cameras", "--model", "no_such"])
    assert refused.exit_code == 1
    assert "no_such" in refused.output
