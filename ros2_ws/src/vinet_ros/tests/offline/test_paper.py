# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The tables of the papers: what they hold, and one of each kind reproduced on made videos."""

import csv
import json
import math

import pytest
import torch
from made_videos import write_dhf1k, write_sound_set

from vinet_ros.cli import main
from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, read_card, save_weights
from vinet_ros.offline.paper.catalog import TABLES
from vinet_ros.offline.paper.networks import WEIGHTS
from vinet_ros.offline.paper.places import find_places, why_missing
from vinet_ros.offline.paper.published import published_value
from vinet_ros.offline.paper.run import choose_rows, run_table
from vinet_ros.offline.paper.settings import PaperSettings
from vinet_ros.offline.paper.smoke import FRAMES
from vinet_ros.offline.paper.tables import KINDS, LIKENESS, NORMS, SCORES, SHORT_METRICS
from vinet_ros.offline.paper.variants import GROUPS, VARIANTS, run_name, start_of
from vinet_ros.offline.published_scores import COLUMNS, published_rows
from vinet_ros.runtime.benchmark_paths import seed_weights
from vinet_ros.streaming.audio_regimes import REGIMES
from vinet_ros.training.datasets.layouts import LAYOUTS

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers and devices

ON_CPU = ("--workers", "0", "--device", "cpu", "--no-progress")


def vinet(*arguments):
    with pytest.raises(SystemExit) as exit_info:
        main([str(a) for a in arguments])
    return exit_info.value.code or 0


def cells_of(folder, name):
    with (folder / f"table_{name}" / "table.csv").open(newline="") as file:
        return {(c["row"], c["column"], c["metric"]): c for c in csv.DictReader(file)}


def skipped_of(folder, name):
    told = json.loads((folder / f"table_{name}" / "table.json").read_text())
    return {(s["row"], s["column"]): s["reason"] for s in told["skipped"]}


def test_the_list_is_every_table_with_published_scores(capsys):
    elsewhere = {"paper, table VI", "thesis, table 5.4"}  # not of scores against people
    assert {t.label for t in TABLES.values()} == {r.source for r in published_rows()} | elsewhere
    assert vinet("paper", "list", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [entry["table"] for entry in told] == list(TABLES)
    assert vinet("paper", "list") == 0
    assert "5.10" in capsys.readouterr().out


def test_every_published_row_is_in_its_table():
    tables = {table.label: table for table in TABLES.values()}
    for row in published_rows():
        table = tables[row.source]
        assert row.row in {name for system in table.systems for name in system.published}, row
        place = (row.set_name, row.split, row.category)
        assert place in {(c.set_name, c.split, c.category) for c in table.columns}, row


def test_every_cell_has_its_published_score_but_those_that_were_lost():
    lost = {("5.3", "AViNet(RNA)", column) for column in ("AVAD", "ETMD", "SumMe")}
    for table in TABLES.values():
        for system in table.systems:
            named = system.published and (system.baseline != "MEP" or table.name == "V")
            for column in table.columns if named else ():
                values = [published_value(table, system, column, m).value for m in table.metrics]
                none = (table.name, system.row, column.title) in lost
                assert all(math.isnan(v) == none for v in values), (table.name, system.row, column)


def test_scores_that_another_table_rounds_otherwise_are_this_tables():
    def digits(name, row, column, metric):
        table = TABLES[name]
        system = next(s for s in table.systems if s.row == row)
        place = next(c for c in table.columns if c.title == column)
        return published_value(table, system, place, metric).value

    assert digits("5.1", "STAViS(STA)", "DIEM", "sAUC") == 0.675
    assert digits("5.7", "STAViS(STA)", "DIEM", "sAUC") == 0.674
    assert digits("5.7", "ViNet-D", "Coutrot2", "CC") == 0.74
    assert digits("5.4", "RNA", "ETMD", "sight sd") == 1.712
    assert digits("VI", "STAViS", "Coutrot2", "SIM") == 0.9981


def test_the_tables_speak_of_what_there_is():
    assert {table.kind for table in TABLES.values()} == set(KINDS)
    assert {short: COLUMNS[short] for short in SHORT_METRICS} == SHORT_METRICS
    for table in TABLES.values():
        assert len({system.row for system in table.systems}) == len(table.systems)
        for system in table.systems:
            assert system.audio in REGIMES
            assert not system.group or system.group in GROUPS
        for column in table.columns:
            assert {column.split, column.scored or column.split} <= set(
                LAYOUTS[column.set_name].videos
            )
    used = {system.variant for table in TABLES.values() for system in table.networks}
    assert used == set(VARIANTS)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_system_can_be_built_and_begins_with_one_that_can(name):
    variant = VARIANTS[name]
    for group in GROUPS.values():
        start = start_of(variant, group)
        assert start.of is None or (start.of[0] in VARIANTS and start.of[1] in GROUPS)
        assert start.of is not None or start.encoder
    with torch.device("meta"):
        create_model(variant.model, **variant.options)


def test_a_smoke_run_ends_and_goes_on_where_it_was(tmp_path, capsys):
    run = ("paper", "run", "i", "--smoke", "--out", tmp_path / "out")
    rows = ("--only", "T = 8", "--only", "centre Gaussian")
    assert vinet(*run, *rows, *ON_CPU) == 0
    assert "only shows that everything works" in capsys.readouterr().out
    cells = cells_of(tmp_path / "out", "I")
    assert {row for row, _, _ in cells} == {"T = 8", "centre Gaussian"}
    for (row, _, _), cell in cells.items():
        assert math.isfinite(float(cell["ours"])) and cell["frames"] == "1"
        assert bool(cell["published"]) == (row == "T = 8")
    folder = tmp_path / "out" / "runs" / "vinet_t8_on_dhf1k"
    with (folder / "logs/videos/version_0/metrics.csv").open() as file:
        (trained,) = (r for r in csv.DictReader(file) if r["train_loss"])
    assert int(trained["step"]) == 1  # from 0: two steps
    pictures = list((tmp_path / "out" / "table_I").glob("*.png"))
    assert [p.name for p in pictures] == ["dhf1k_val.png"]

    made = (folder / WEIGHTS).stat().st_mtime_ns
    assert vinet(*run, *rows, *ON_CPU) == 0
    assert (folder / WEIGHTS).stat().st_mtime_ns == made
    assert cells_of(tmp_path / "out", "I") == cells
    assert list((folder / "logs/videos").iterdir()) == [folder / "logs/videos/version_0"]

    data = tmp_path / "out/data/dhf1k"
    capsys.readouterr()
    assert vinet(*run[:3], "--data", data, "--out", tmp_path / "out", *rows) == 1
    assert "holds networks trained with smoke True" in capsys.readouterr().err


def test_stavis_is_trained_without_sound_then_with_it_and_scored(tmp_path):
    rows = ("STAViS(ST)", "STAViS(STA)", "STAViS(STA-0)", "STAViS(STA-R)")
    only = [word for row in rows for word in ("--only", row)]
    assert vinet("paper", "run", "5.1", "--smoke", "--out", tmp_path, *only, *ON_CPU) == 0
    cells = cells_of(tmp_path, "5.1")
    for (row, column, metric), cell in cells.items():
        assert cell["published"], (row, column, metric)
        scored = column in ("DIEM", "Coutrot1")  # the first two of the six
        assert not scored or math.isfinite(float(cell["ours"])), (row, column, metric)
    runs = tmp_path / "runs"
    assert {p.name for p in runs.iterdir()} == {
        "stavis_st_on_sound_fold1",
        "stavis_sta_on_sound_fold1",
    }
    cards = {v: read_card(runs / f"stavis_{v}_on_sound_fold1" / WEIGHTS) for v in ("st", "sta")}
    for variant, card in cards.items():
        assert (card.model, card.options["variant"]) == ("stavis", variant)
    assert cards["st"].training["init"] == "" and cards["sta"].training["init"] == WEIGHTS


def test_what_cannot_be_had_is_told_and_the_rest_is_measured(tmp_path, capsys):
    root = write_sound_set(tmp_path / "sound", "AVAD", frames=FRAMES)
    rows = ("ACLNet", "STAViS", "ViNet", "AViNet(B)", "centre Gaussian", "MEP")
    only = [word for row in rows for word in ("--only", row)]
    run = ("paper", "run", "IV", "--data", root, "--every", FRAMES, *only, "--out", tmp_path / "o")
    assert vinet(*run, "--no-train", "--json", *ON_CPU) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (
        told["measured"] == 2 * len(SHORT_METRICS) - 2
    )  # of two baselines; no KLDiv in the table
    cells = cells_of(tmp_path / "o", "IV")
    assert cells["centre Gaussian", "AVAD", "CC"]["videos"] == "3"  # of three folds
    assert cells["ACLNet", "AVAD", "CC"]["published"] == "0.58"
    assert cells["ACLNet", "AVAD", "CC"]["ours"] == cells["ViNet", "AVAD", "CC"]["ours"] == ""
    skipped = skipped_of(tmp_path / "o", "IV")
    assert "vinet_on_sound_fold1.safetensors" in skipped["ViNet", "AVAD"]
    assert "stavis_sta_on_sound_fold1.safetensors" in skipped["STAViS", "AVAD"]
    assert f"vinet data check {root} --layout diem" in skipped["", "DIEM"]
    assert "trained without diem" in skipped["", "the six sets with sound"]


def test_what_is_wrong_is_told_in_one_line(tmp_path, capsys):
    root, empty = write_dhf1k(tmp_path / "dhf1k", frames=2), tmp_path / "empty"
    empty.mkdir()
    run = ("paper", "run", "--out", tmp_path / "out")
    for arguments, message in (
        (("VII", "--data", root), "no table 'VII'; there are I, II, II-text, III"),
        (("I", "--data", root, "--only", "T = 9"), "no row 'T = 9'; it has T = 8; T = 16"),
        (("I", "--data", tmp_path / "none"), "none: no such folder"),
        (("I", "--data", root, "--fold", "4"), "fold must be 1, 2, 3 or all, got '4'"),
        (("I", "--data", empty), f"DHF1K is not in {empty} or a folder right below it"),
        (("IV", "--data", root), "DIEM is not in"),
        (("I", "--data", root, "--only", "T = 8"), "begins with S3D_kinetics400.pt"),
    ):
        assert vinet(*run, *arguments) == 1
        assert message in " ".join(capsys.readouterr().err.split())
    assert vinet("paper", "run", "I") == 2


def test_sets_are_found_in_folders_right_below(tmp_path):
    write_dhf1k(tmp_path / "a" / "DHF1K", frames=1)
    write_sound_set(tmp_path / "a" / "few", "DIEM", folds=1, frames=1)
    write_sound_set(tmp_path / "more", "DIEM", folds=1, frames=1)
    write_sound_set(tmp_path / "more", "ETMD_av", frames=1)
    places = find_places((tmp_path / "a", tmp_path / "more"))
    assert places["dhf1k"].root == tmp_path / "a" / "DHF1K"
    assert (places["sound"].root, places["sound"].sets) == (tmp_path / "more", ("diem", "etmd"))
    told = why_missing((tmp_path / "a",), "avad", places["sound"])
    assert "AVAD_list_train_1_fps.txt: no such file" in told
    assert run_name(VARIANTS["vinet"], GROUPS["sound"], "2", ("diem", "etmd")) == (
        "vinet_on_sound_diem+etmd_fold2"
    )


def test_networks_that_are_given_are_measured_with_and_without_sound(tmp_path):
    root = write_sound_set(tmp_path / "sound", "Coutrot_db2", frames=FRAMES, loudness=0.1)
    # Large weights: to a fresh network all sounds are the same.
    model = seed_weights(create_model("avinet"), 0)
    card = WeightsCard("avinet", 32, (224, 384), 30.0, source="drawn at random")
    (tmp_path / "files").mkdir()
    save_weights(tmp_path / "files/avinet_b_on_sound.safetensors", model, card)
    settings = PaperSettings(
        (root,),
        tmp_path / "out",
        tmp_path / "files",
        train=False,
        fold="1",
        every=FRAMES,
        device="cpu",
        path="torch",
    )
    results = {}
    for name, kind, row in (("VI", LIKENESS, "AViNet(B)"), ("5.4", NORMS, "bilinear")):
        assert TABLES[name].kind == kind != SCORES
        table = choose_rows(TABLES[name], [row])
        result = run_table(table, settings)
        assert run_table(table, settings).cells == result.cells  # from the cache
        results[name] = {c.metric: c for c in result.cells if c.column == "Coutrot2"}
        assert result.facts["avinet_b_on_sound_coutrot2_fold1"] == "drawn at random"
    alike, norms = results["VI"], results["5.4"]
    assert alike["CC"].ours < 0.99 and 0 < alike["SIM"].ours < 0.99
    assert alike["CC"].published == 0.9977
    assert (alike["CC"].videos, alike["CC"].frames) == (1, 1)
    assert norms["sound"].ours > 0 and norms["sight"].ours > 0 and norms["sight sd"].ours == 0
    assert len(list((tmp_path / "out/cache/effects").iterdir())) == 2
