# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""One thing changed at a time in a recipe, each change on every fold, and one table."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_data import write_stills
from typer.testing import CliRunner

from vinet_ros.cli.ablation import app
from vinet_ros.training.ablation import (
    CHOICES,
    RECIPE,
    base_config,
    find_choices,
    run_choice,
    write_table,
)
from vinet_ros.training.held_out import HeldOutRow, load_rows, save_rows
from vinet_ros.training.loop import train
from vinet_ros.training.recipes import Wishes, fresh_config

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers and devices

SIZE = (64, 96)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ablation")
    options = {"clip_length": 2, "width": 16, "motion_width": 8}
    wishes = Wishes(batch=4, precision="32-true")
    data = str(write_stills(folder / "stills", images=12))
    recipe = fresh_config(
        data, str(folder / "runs"), "vinet_lite", options, wishes, folds=2, threads=1, workers=0
    )
    return base_config(recipe, SIZE, 1)


@pytest.fixture(scope="module")
def runs(base, tmp_path_factory):
    """The recipe, two more seeds, what they make together, and who learns from that."""
    for choice in find_choices([RECIPE, "seed1", "seed2"]):
        assert list(run_choice(choice, base, lambda c: train(c, progress=False))) == [0, 1]
    for choice in find_choices(["ensemble", "distilled"]):
        list(run_choice(choice, base, lambda c: train(c, progress=False)))
    return base


def test_the_recipe_is_compared_smaller_and_shorter(base):
    (stage,) = base.stages
    assert (stage.name, stage.epochs, stage.making.size) == ("stills", 1, SIZE)
    with pytest.raises(ValueError, match=r"multiples of 32, got 50 x 96"):
        base_config(base, (50, 96), 1)
    with pytest.raises(ValueError, match="vinet_lite's recipe for stills"):
        base_config(replace(base, model="vinet"), SIZE, 1)


@pytest.mark.parametrize("choice", [c for c in CHOICES[1:] if c.name != "ensemble"])
def test_each_choice_changes_something(base, choice):
    config = replace(base, fold=0, out="runs/x/fold0")
    assert choice.change(config) != config


def test_a_fold_of_an_ensemble_is_scored_and_learned_from(runs):
    runs_folder = Path(runs.out)
    table = write_table(runs_folder, 2).read_text()
    assert "mean map of the three seeds" in table and "encoder frozen" not in table
    (row,) = load_rows(runs_folder / "ensemble" / "fold1" / "stills" / "held_out.csv")
    singles = [
        load_rows(runs_folder / name / "fold1" / "stills" / "held_out.csv")[0].cc
        for name in ("recipe", "seed1", "seed2")
    ]
    assert row.cc > min(singles) and row.cc not in singles
    text = (runs_folder / "distilled" / "fold0" / "config.yaml").read_text()
    assert text.count("fold0/weights.safetensors") == 3


def test_the_table_compares_fold_by_fold(tmp_path):
    for name, ccs in (("recipe", (0.7, 0.8)), ("lite2", (0.72, 0.81)), ("wide", (0.69,))):
        for fold, cc in enumerate(ccs):
            file = tmp_path / name / f"fold{fold}" / "stills" / "held_out.csv"
            file.parent.mkdir(parents=True)
            save_rows(file, [HeldOutRow("stills", 0.0, True, cc, 2.0, 0.3, 0.6, 0.9)])
    lines = write_table(tmp_path, 2).read_text().splitlines()
    assert lines[2].startswith("| the recipe | 0.7500 |  |  | 2.000")
    assert "Lite2 | 0.7650 | +0.0150 (sd 0.0071) | 2 of 2 |" in lines[3]
    assert len(lines) == 4  # `wide` lacks a fold


def test_without_the_recipe_there_is_nothing_to_compare_with(tmp_path):
    with pytest.raises(ValueError, match="run the choice recipe first"):
        write_table(tmp_path, 2)


def test_the_command_goes_on_and_says_where_the_table_is(runs):
    words = [
        "--data", runs.data, "--out", runs.out, "--only", "ensemble", "--folds", "2",
        "--size", "64x96", "--epochs", "1", "--json",
    ]  # fmt: skip
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["table"].endswith("ablation.md")
    wrong = CliRunner().invoke(app, [*words, "--only", "luck"])
    assert wrong.exit_code != 0 and "choice must be one of recipe, seed1" in str(wrong.exception)
