# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The benchmark of a CUDA device, tried out on the CPU: rows, going on, and what fails."""

import json

import pytest
import torch
from typer.testing import CliRunner

from vinet_ros.cli.benchmark import app
from vinet_ros.errors import DataError
from vinet_ros.networks import create_model
from vinet_ros.runtime import gpu_benchmark
from vinet_ros.runtime.benchmark_paths import Subject
from vinet_ros.runtime.gpu_benchmark import GpuPlan, benchmark_gpu, clip_gmac

SMALL = Subject("vinet_lite", {"clip_length": 2}, random=True)


def run(out, *arguments):
    fixed = ("gpu", "--out", str(out), "--device", "cpu", "--size", "64x96", "--runs", "2")
    return CliRunner().invoke(app, [*fixed, *arguments])


def test_rows_come_one_after_the_other_and_the_run_goes_on(tmp_path):
    lite = ("--model", "vinet_lite", "--option", "clip_length=2", "--precision", "fp32")
    ways = ("--way", "graph", "--way", "step", "--way", "channels-last", "--batch", "1")
    for count in (1, 2):
        result = run(tmp_path, *lite, *ways, "--batch", "3", "--minutes", "0")
        assert result.exit_code == 0, result.output
        assert "goes on with them" in result.output
        assert len(json.loads((tmp_path / "rows.json").read_text())["rows"]) == count
    result = run(tmp_path, *lite, *ways, "--batch", "3")
    assert result.exit_code == 0 and "goes on" not in result.output
    told = json.loads((tmp_path / "rows.json").read_text())
    assert told["facts"]["matrix_precision"] == "fp32"
    rate = told["facts"]["matrix_gmac_per_s"]  # of the first call, in all rows
    assert rate > 0
    cases = [(row["way"], row["batch"]) for row in told["rows"]]
    assert cases == [("channels-last", 1), ("channels-last", 3), ("step", 1), ("step", 3)]
    for row in told["rows"]:
        assert row["error"] == ""
        assert 0 < row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"]
        assert row["eager_p50_ms"] > 0
        share = row["gmac"] / (row["p50_ms"] / 1e3) / rate
        assert row["matrix_share"] == pytest.approx(share)
        # A step resizes on the device, to one level of 255 as elsewhere.
        assert row["max_difference"] < (2e-2 if row["way"] == "step" else 1e-5)
        assert row["agreement"] > 0.999
    text = (tmp_path / "rows.md").read_text()
    assert text.count("| step |") == 2 and "vinet benchmark gpu --model vinet_lite" in text
    other = run(tmp_path, *lite, "--runs", "3")
    assert other.exit_code == 1 and "rows of another runs; give another --out" in other.output


def test_a_way_that_fails_is_told_and_the_others_go_on(tmp_path, monkeypatch):
    def bind(way, *arguments):
        if way == "step":
            raise RuntimeError("CUDA out of memory\nTried to allocate")
        return gpu_ways_bind(way, *arguments)

    gpu_ways_bind = gpu_benchmark.bind
    monkeypatch.setattr(gpu_benchmark, "bind", bind)
    plan = GpuPlan(SMALL, (64, 96), (1,), ("fp32",), ("eager", "step"), 1, "cpu")
    assert benchmark_gpu(plan, tmp_path)
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert [row["error"] for row in rows] == ["", "RuntimeError: CUDA out of memory"]
    assert "failed: RuntimeError" in (tmp_path / "rows.md").read_text()
    (tmp_path / "rows.json").write_text("{}")
    with pytest.raises(DataError, match="holds no rows of this benchmark"):
        benchmark_gpu(plan, tmp_path)


def test_what_is_measured_in():
    whole = clip_gmac(Subject("vinet"), (224, 384), 32)
    assert whole == pytest.approx(114.7, abs=0.1)
    assert create_model("vinet").clip_length == 32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--way", "magic"], "way must be one of eager, channels-last, graph, step"),
        (["--precision", "int8"], "precision must be one of fp32, fp16, bf16"),
        (["--device", "cuda:99"], "cuda:99 is not there (CUDA devices found:"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, arguments, message):
    result = run(tmp_path, *arguments)
    assert result.exit_code == 1 and message in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_every_way_runs_on_cuda(tmp_path):
    plan = GpuPlan(SMALL, (64, 96), (1, 3), runs=3)
    assert benchmark_gpu(plan, tmp_path)
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert len(rows) == 36 and {row["error"] for row in rows} == {""}
    assert min(row["agreement"] for row in rows) > 0.999
