# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Cross-validation: each fold held out in turn, scored, and put into one table."""

from dataclasses import replace

import pytest
from made_data import write_stills
from typer.testing import CliRunner

from vinet_ros.cli import build_app
from vinet_ros.errors import DataError
from vinet_ros.networks import load_model
from vinet_ros.training.config import Stage, TrainConfig
from vinet_ros.training.held_out import (
    HeldOutRow,
    cross_validate,
    folds_table,
    load_rows,
    save_rows,
    score_held_out,
)
from vinet_ros.training.loop import train
from vinet_ros.training.run_data import split_stills
from vinet_ros.training.samples import ClipMaking
from vinet_ros.training.video_samples import ClipSampling

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers and devices


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    stages = (
        Stage("stills", 1, 2e-3, 1e-4, "upper"),
        Stage("motion", 1, 1e-2, making=ClipMaking(2, mover_share=1.0), return_share=0.4),
    )
    return TrainConfig(
        str(write_stills(folder / "stills", images=12)),
        str(folder / "cv"),
        options={"clip_length": 2, "width": 16, "motion_width": 8},
        stages=stages,
        batch=4,
        workers=0,
        threads=1,
        precision="32-true",
        folds=2,
    )


@pytest.fixture(scope="module")
def table(config):
    return cross_validate(config, lambda fold: train(fold, progress=False))


def rows_of(table, fold):
    folder = table.parent / f"fold{fold}"
    return [row for s in ("stills", "motion") for row in load_rows(folder / s / "held_out.csv")]


def test_each_fold_scores_what_it_did_not_train_on(config, table):
    for fold in (0, 1):
        rows = rows_of(table, fold)
        assert [(row.stage, row.return_share, row.taken) for row in rows] == [
            ("stills", 0.0, True),
            *(("motion", share, share == 0.4) for share in (0.0, 0.25, 0.4, 0.5, 0.75, 1.0)),
        ]
        _, held = split_stills(replace(config, fold=fold))
        weights = table.parent / f"fold{fold}" / "weights.safetensors"
        again = score_held_out(load_model("vinet_lite", weights), "motion", 0.4, True, held)
        (taken,) = (row for row in rows if row.stage == "motion" and row.taken)
        assert again.cc == pytest.approx(taken.cc, abs=1e-5)
        assert again.kldiv == pytest.approx(taken.kldiv, abs=1e-5)
        # All the way back is the stage before, but for motion, which a still has none of.
        assert rows[-1].cc == pytest.approx(rows[0].cc, abs=1e-5)


def test_the_table_has_the_mean_of_the_folds(table):
    text = table.read_text()
    cc = [rows_of(table, fold)[0].cc for fold in (0, 1)]
    assert f"| **stills** | 0 | {sum(cc) / 2:.3f} (sd " in text
    assert f"| {cc[0]:.3f}, {cc[1]:.3f} |" in text
    assert len(text.splitlines()) == 2 + 7


def test_folds_that_are_done_are_not_trained_again(config, table):
    before = table.read_text()
    weights = [table.parent / f"fold{fold}" / "stills" / "done.pt" for fold in (0, 1)]
    times = [path.stat().st_mtime_ns for path in weights]
    assert cross_validate(config, lambda fold: train(fold, progress=False)) == table
    assert [path.stat().st_mtime_ns for path in weights] == times
    assert table.read_text() == before


def test_the_command_prints_the_table(config, table):
    saved = table.parent / "fold0" / "config.yaml"
    words = ["train", "--config", str(saved), "--out", config.out, "--cross-validate"]
    result = CliRunner().invoke(build_app("train"), [*words, "--no-progress"])
    assert result.exit_code == 0, result.output
    assert "| **stills** | 0 |" in result.output


def test_rows_are_read_as_they_were_written(tmp_path):
    rows = [HeldOutRow("stills", 0.0, True, 0.8, 2.4, 0.3, 0.7, 0.88)]
    save_rows(tmp_path / "held_out.csv", rows)
    assert load_rows(tmp_path / "held_out.csv") == rows
    assert "| **stills** | 0 | 0.800 | 0.800 |" in folds_table([rows])
    (tmp_path / "held_out.csv").write_text("stage\nstills\n")
    with pytest.raises(DataError, match=r"held_out\.csv"):
        load_rows(tmp_path / "held_out.csv")


def test_videos_have_folds_of_their_own(config):
    videos = replace(config, stages=(Stage("videos", 1, 1e-4, clips=ClipSampling(2)),))
    with pytest.raises(ValueError, match="--video-fold"):
        cross_validate(videos, train)
