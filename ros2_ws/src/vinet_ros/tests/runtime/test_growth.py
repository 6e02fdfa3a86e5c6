# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Growth is measured along each axis, counted, told and drawn."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from vinet_ros.cli.benchmark import app
from vinet_ros.runtime.benchmark import count_gmac
from vinet_ros.runtime.benchmark_paths import Subject, runner_for
from vinet_ros.runtime.growth import GrowthPlan, GrowthRow, step_gmac


def run(*arguments):
    return CliRunner().invoke(app, ["growth", *map(str, arguments)])


def test_each_axis_is_measured_and_told(tmp_path):
    picture, table, stored = (tmp_path / name for name in ("g.png", "p.md", "g.json"))
    result = run(
        "--model", "vinet_lite", "--length", 1, "--length", 4, "--size", "64x96",
        "--size", "128x192", "--cameras", 1, "--cameras", 2, "--runs", 1, "--path", "torch",
        "--threads", 1, "--plot", picture, "--json", stored, "--markdown", table,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    report = json.loads(stored.read_text())
    rows = report["rows"]
    axes = ["frames"] * 2 + ["pixels"] * 2 + ["cameras"] * 2
    assert [row["axis"] for row in rows] == axes
    assert [row["frames"] for row in rows[:2]] == [1, 4]
    assert [row["size"] for row in rows[2:4]] == [[64, 96], [128, 192]]
    assert [row["cameras"] for row in rows[4:]] == [1, 2]
    assert all(0 < row["fastest_ms"] <= row["median_ms"] for row in rows)
    assert rows[3]["gmac"] / rows[2]["gmac"] == pytest.approx(4, rel=0.02)
    assert rows[5]["gmac"] == pytest.approx(2 * rows[4]["gmac"])
    # The large picture takes longer than the small one, whatever else the machine does.
    assert rows[3]["fastest_ms"] > rows[2]["fastest_ms"]
    text = table.read_text()
    assert report["command"] in text and "<!-- benchmark growth -->" in text
    assert text.count("| vinet_lite |") == 6
    pixels = np.asarray(Image.open(picture).convert("L"))
    assert pixels.std() > 10


def test_work_is_counted_as_it_is_done():
    row = GrowthRow("vinet_lite", "frames", 2, (224, 384), 1, 0.0, 0.0, 0.0)
    subject = Subject("vinet_lite", {"clip_length": 2}, random=True)
    _, done = count_gmac(runner_for(subject, "eager", 1))
    assert step_gmac(row) == pytest.approx(done, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "100x96"], "must be divisible by 32, got 100x96"),
        (["--size", "large"], "expected a size as HEIGHTxWIDTH"),
        (["--model", "s4d", "--length", "8"], "no model is named 's4d'"),
        (["--model", "vinet", "--length", "9"], "clip_length=9 does not exist"),
    ],
)
def test_wrong_points_are_named(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.output


def test_there_is_a_plan_where_nothing_is_asked_for():
    plan = GrowthPlan()
    assert plan.lengths["vinet"] == (8, 16, 32, 48)
