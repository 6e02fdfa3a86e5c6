# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import pytest

from vinet_ros.offline.published_scores import published_on, published_rows
from vinet_ros.training.datasets.layouts import LAYOUTS
from vinet_ros.training.score_table import METRICS


def test_every_row_is_on_a_known_set_with_known_metrics():
    for row in published_rows():
        assert row.set_name in LAYOUTS
        assert row.split in LAYOUTS[row.set_name].videos
        assert row.scores
        assert set(row.scores) <= set(METRICS)
        assert row.source.startswith(("paper, table ", "thesis, table "))


@pytest.mark.parametrize("set_name", LAYOUTS)
def test_every_set_has_rows(set_name):
    split = "val" if set_name == "dhf1k" else "test"
    names = [row.row for row in published_on(set_name, split)]
    assert any(name.startswith(("ViNet", "AViNet")) for name in names)
    assert published_on(set_name, "train") == ()


def test_check_values_of_the_paper():
    row = next(r for r in published_on("dhf1k", "val") if r.row == "ViNet, T = 32")
    assert row.scores == {"CC": 0.5212, "SIM-MIT": 0.3881, "NSS-MIT": 2.9565}
    ave = {(r.row, r.category): r.scores["CC"] for r in published_on("ave", "test")}
    assert ave["ViNet", ""] == 0.671
    assert ave["MEP", "Social Events"] == 0.314
    mvva = {r.row: r.scores["KLDiv-MIT"] for r in published_on("mvva", "test")}
    assert mvva["ViNet-D"] == 0.7632


def test_doubtful_digits_are_marked():
    summe = next(r for r in published_on("summe", "test") if r.row == "AViNet(A)")
    assert set(summe.doubtful) == {"SIM-MIT", "sAUC"}
    assert "0.693" in summe.doubtful["sAUC"]
    assert not any(r.doubtful for r in published_on("diem", "test") if r.row == "ViNet")


def test_a_row_that_another_table_repeats_is_there_once():
    rows = [(r.set_name, r.row) for r in published_on("diem", "test")]
    assert len(rows) - len(set(rows)) <= 1  # the thesis prints STAViS(ST) with two roundings
