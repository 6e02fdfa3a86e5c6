# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from vinet_ros import cli
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.weights import (
    WeightsCard,
    read_card,
    read_state_dict,
    save_weights,
)


def run(capsys, *arguments):
    """Exit code, standard output and error of the tool."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return ended.value.code or 0, captured.out, captured.err


@pytest.fixture(scope="module")
def encoder_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "encoder[red].pt"
    torch.save(create_model("s3d").state_dict(), path)
    return path


def test_help_imports_no_network_and_no_ros():
    code = (
        "import sys\nfrom vinet_ros.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'torch', 'rclpy', 'lightning', 'numpy', 'cv2'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    for command in cli.COMMANDS:
        assert command.name in done.stdout
        assert command.summary.split()[0] in done.stdout


@pytest.mark.parametrize("command", [command.name for command in cli.COMMANDS])
def test_every_command_has_help(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert f"vinet {command}" in out


@pytest.mark.parametrize(
    "arguments",
    [[], ["weigths"], ["weights"], ["weights", "inspect"], ["weights", "inspect", "--colour"]],
)
def test_wrong_usage_exits_with_2(capsys, arguments):
    assert run(capsys, *arguments)[0] == 2


def test_a_command_whose_extra_is_missing_names_it(capsys, monkeypatch):
    row = cli.Command("paint", "a_library_that_is_not_installed", "Paint.", extra="brush")
    monkeypatch.setattr(cli, "COMMANDS", (*cli.COMMANDS, row))
    code, _, err = run(capsys, "paint")
    assert code == 1
    assert "pip install 'vinet_ros[brush]'" in err


def test_an_app_of_one_function_is_a_plain_command(capsys, monkeypatch, tmp_path):
    (tmp_path / "one_function.py").write_text(
        "import typer\napp = typer.Typer()\n"
        "@app.command()\ndef greet(name: str) -> None:\n"
        "    'Greet somebody.'\n    typer.echo(f'hello {name}')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    row = cli.Command("greet", "one_function", "Greet.")
    monkeypatch.setattr(cli, "COMMANDS", (*cli.COMMANDS, row))
    assert run(capsys, "greet", "robot") == (0, "hello robot\n", "")


def test_inspect_shows_the_file(capsys, encoder_file):
    code, out, _ = run(capsys, "weights", "inspect", encoder_file)
    assert code == 0
    assert "encoder[red].pt" in out  # no markup
    for shown in ("s3d", "7,910,048", "none: it loads"):
        assert shown in out


def test_inspect_as_json(capsys, encoder_file):
    code, out, _ = run(capsys, "weights", "inspect", "--json", encoder_file)
    report = json.loads(out)
    assert code == 0
    assert (report["model"], report["parameters"]) == ("s3d", 7_910_048)
    assert (report["card"], report["problems"]) == (None, [])


def test_inspect_exits_with_1_where_it_does_not_load(capsys, tmp_path):
    save_file({"strange.weight": torch.ones(2, 2)}, tmp_path / "x")
    code, out, _ = run(capsys, "weights", "inspect", tmp_path / "x")
    assert code == 1
    assert "strange.weight" in out
    code, out, err = run(capsys, "weights", "inspect", tmp_path / "none")
    assert (code, out) == (1, "")
    assert "does not exist" in err


def test_convert_writes_a_file_that_loads(capsys, tmp_path, encoder_file):
    out_file = tmp_path / "s3d.safetensors"
    arguments = ["weights", "convert", encoder_file, out_file, "--dtype", "fp16"]
    code, out, _ = run(capsys, *arguments, "--source", "a friend", "--licence", "MIT")
    card = read_card(out_file)
    assert code == 0
    assert card.sha256 in out
    assert (card.model, card.source, card.licence) == ("s3d", "a friend", "MIT")
    load_model("s3d", out_file)

    code, _, err = run(capsys, *arguments)
    assert code == 1
    assert "--force" in err
    assert read_card(out_file) == card
    assert run(capsys, *arguments, "--force")[0] == 0
    assert read_card(out_file).source.startswith("converted from encoder[red].pt")


def test_convert_of_what_does_not_load_writes_nothing(capsys, tmp_path):
    save_file({"strange.weight": torch.ones(2, 2)}, tmp_path / "x")
    for model, expected in ((), 1), (("--model", "s3d"), 1), (("--model", "nothing"), 2):
        code, _, err = run(capsys, "weights", "convert", tmp_path / "x", tmp_path / "y", *model)
        assert code == expected
        assert err
    assert not (tmp_path / "y").exists()


@pytest.fixture
def carded_file(tmp_path):
    path = tmp_path / "lite.safetensors"
    model = create_model("vinet_lite", clip_length=2, width=16, motion_width=8)
    options = {"clip_length": 2, "width": 16, "motion_width": 8}
    card = WeightsCard("vinet_lite", 2, (224, 384), 15.0, options=options)
    save_weights(path, model, card)
    return path


def report_of(path, sha256):
    still = {"title": "set, val", "rows": [{"name": "vinet_lite", "means": {"CC": 0.51239}}]}
    clip = {"clip": "walk", "rows": [{"name": "MEP", "means": {"CC": 0.1}}]}
    facts = {"model": "vinet_lite", "weights": f"lite.safetensors, sha256 {sha256}"}
    path.write_text(json.dumps({"facts": facts, "stills": [still], "clips": [clip]}))
    return path


def test_label_puts_measured_scores_on_the_card(capsys, tmp_path, carded_file):
    report = report_of(tmp_path / "report.json", read_card(carded_file).sha256)
    out_file = tmp_path / "labelled.safetensors"
    arguments = ["weights", "label", carded_file, out_file, "--report", report]
    code, _, err = run(capsys, *arguments, "--licence", "Apache-2.0")
    assert code == 0, err
    card = read_card(out_file)
    assert card.scores == {"set, val": {"CC": 0.5124}} and card.licence == "Apache-2.0"
    before, after = read_state_dict(carded_file), read_state_dict(out_file)
    assert all(torch.equal(before[key], after[key]) for key in before)
    code, _, err = run(capsys, *arguments)
    assert code == 1 and "--force" in err


def test_label_refuses_the_scores_of_another_file(capsys, tmp_path, carded_file):
    report = report_of(tmp_path / "report.json", "0" * 64)
    out_file = tmp_path / "labelled.safetensors"
    code, _, err = run(capsys, "weights", "label", carded_file, out_file, "--report", report)
    assert code == 1 and "evaluate this file first" in err
    assert not out_file.exists()
