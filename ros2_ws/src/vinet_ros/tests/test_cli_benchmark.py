# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""`vinet benchmark` as a user calls it."""

import json

import pytest
from typer.testing import CliRunner

from vinet_ros.cli.benchmark import app, parse_options


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_writes_json_and_markdown(tmp_path):
    markdown = tmp_path / "performance.md"
    markdown.write_text("# Performance\n")
    result = run(
        "vinet_lite", "--random", "--path", "torch", "--runs", 2, "--warmup", 0, "--no-memory",
        "--option", "clip_length=2", "--json", tmp_path / "r.json", "--markdown", markdown,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "torch fp32 channels-last" in result.output
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["options"] == {"clip_length": 2}
    assert [row["path"] for row in report["rows"]] == ["eager", "torch"]
    command = "vinet benchmark vinet_lite --path torch --option clip_length=2 --runs 2 --random"
    assert report["command"] == command
    assert result.stderr == "vinet benchmark: round\n"  # no terminal: a line, once
    text = markdown.read_text()
    assert text.startswith("# Performance\n")
    assert command in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vinet_heavy", "--random"], "vinet benchmark: no model is named 'vinet_heavy'"),
        (["s3d", "--random"], "S3D has no"),
        (["vinet_lite", "--random", "--path", "tensorrt"], "path must be one of"),
        (["vinet_lite", "--random", "--option", "clip_length"], "key=value"),
        (["vinet_lite", "--random", "--option", "depth=3"], "no option depth"),
        (["vinet_lite", "--weights", "nowhere.pt"], "nowhere.pt"),
        (["vinet_lite", "--random", "--precision", "int4"], "precision must be one of"),
    ],
)
def test_faults_end_with_a_message_and_no_traceback(arguments, message):
    result = run(*arguments, "--runs", 1)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("arguments", [["--all", "--random"], ["vinet_lite", "--all"], ["model"]])
def test_all_models_come_as_they_are(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "--all" in result.output


def test_option_values_are_json_where_they_can_be():
    assert parse_options(["a=16", "b=text", "c=[1, 2]", "d=true", "e=x=y"]) == {
        "a": 16,
        "b": "text",
        "c": [1, 2],
        "d": True,
        "e": "x=y",
    }
