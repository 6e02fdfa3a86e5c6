# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The benchmark measures what it says, and writes it whole."""

import json

import numpy as np
import pytest
import torch

from vinet_ros.networks import create_model
from vinet_ros.runtime.benchmark import benchmark_model
from vinet_ros.runtime.benchmark_catalog import benchmark_catalog
from vinet_ros.runtime.benchmark_paths import (
    EagerRunner,
    StepRunner,
    Subject,
    chosen_paths,
    default_paths,
    drifting_noise,
)
from vinet_ros.runtime.benchmark_report import update_section, write_atomically
from vinet_ros.runtime.gmac import clip_gmac, step_gmac
from vinet_ros.runtime.torch_executor import TorchExecutor

# Three more processes import PyTorch here, one after the other.
pytestmark = pytest.mark.timeout(600)

LITE = Subject("vinet_lite", {"clip_length": 2}, random=True, seed=4)


@pytest.fixture(scope="module")
def report():
    return benchmark_model(LITE, runs=3, warmup=1, threads=1, command="vinet benchmark vinet_lite")


def test_every_installed_path_is_measured_against_eager(report):
    assert [row.path for row in report.rows] == default_paths()
    eager = report.rows[0]
    assert (eager.path, eager.measured, eager.times_eager) == ("eager", "clip", 1.0)
    assert eager.max_difference == 0
    for row in report.rows:
        assert 0 < row.median_ms <= row.p95_ms <= row.p99_ms
        gmac = report.clip_gmac if row.measured == "clip" else report.step_gmac
        rate = report.matrix_gmac_per_s[row.device]
        assert row.matrix_share == pytest.approx(1e3 * gmac / row.median_ms / rate)
        assert row.times_eager == pytest.approx(eager.median_ms / row.median_ms)
        assert row.max_difference < 1e-4
    assert all(row.measured == "step" for row in report.rows[1:])
    assert report.map_range[1] - report.map_range[0] > 0.05


def test_memory_is_that_of_each_path_alone(report):
    weights_mib = sum(p.numel() for p in LITE.make().parameters()) * 4 / 2**20
    for row in report.rows:
        assert weights_mib < row.resident_mib <= row.peak_mib < 2000


def test_report_as_json_and_markdown(report):
    stored = json.loads(report.to_json())
    assert stored["model"] == "vinet_lite"
    assert stored["rows"][0]["median_ms"] == report.rows[0].median_ms
    text = report.to_markdown()
    assert text.startswith("## vinet_lite (clip_length 2)\n")
    assert "`vinet benchmark vinet_lite`" in text
    assert report.processor in text
    assert len([line for line in text.splitlines() if line.startswith("| ")]) == 1 + len(
        report.rows
    )


def test_work_is_counted_in_multiplications():
    model = LITE.make()
    first = model.encoder
    frame = torch.zeros(1, 3, 224, 384)
    total = 0

    def add(layer, _inputs, output):
        nonlocal total
        total += layer.weight[0].numel() * output.numel()

    for layer in first.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(add)
    with torch.no_grad():
        first(frame)
    counted = total / 1e9  # the hooks go on counting
    # Two frames are encoded in the clip, one in the step; both decode once.
    assert clip_gmac(model) - step_gmac(model) == pytest.approx(counted, rel=1e-6)


def test_steps_stream_through_the_clip():
    model = LITE.make()
    frames = LITE.frames(model)
    runner = StepRunner(TorchExecutor(model), frames)
    before = list(runner.windows[0])
    runner.run()
    assert runner.windows[0][0] is before[1]
    runner.run()
    np.testing.assert_allclose(runner.first(), EagerRunner(model, frames).first(), atol=1e-5)


def test_the_same_subject_is_the_same_network_and_film():
    torch.manual_seed(1)
    first = LITE.make()
    torch.manual_seed(2)
    second = LITE.make()
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    film = drifting_noise((2, 3, 32, 48, 3), seed=7)
    np.testing.assert_array_equal(film, drifting_noise((2, 3, 32, 48, 3), seed=7))
    assert (film[0, 0] != film[0, 1]).any()
    assert (film[0] != film[1]).any()


def test_a_batch_of_windows():
    report = benchmark_model(
        Subject("vinet_lite", {"clip_length": 1}, random=True, batch=2),
        paths=["torch"],
        runs=1,
        warmup=0,
        memory=False,
    )
    assert report.batch == 2
    assert report.rows[1].resident_mib is None
    assert "| - | - |" in report.to_markdown()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"paths": ["tensorrt"]}, "path must be one of eager"), ({"runs": 0}, "runs must be")],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        benchmark_model(LITE, **arguments)


def test_paths_are_chosen_by_number_format():
    assert chosen_paths(["torch"], None, int8=False) == ["eager", "torch"]
    assert chosen_paths(["openvino"], ["fp32", "int8"], int8=False) == [
        "eager", "openvino", "openvino-int8",
    ]  # fmt: skip
    assert chosen_paths(["openvino", "torch"], ["int8"], int8=True) == ["eager", "openvino-int8"]
    with pytest.raises(ValueError, match="none of torch runs in fp16"):
        chosen_paths(["torch"], ["fp16"], int8=False)
    with pytest.raises(ValueError, match="precision must be one of"):
        chosen_paths(None, ["int4"], int8=False)


def test_models_of_every_kind_stand_in_one_table():
    report = benchmark_catalog(
        ["soundnet", "vinet_lite"], ["torch"], runs=2, warmup=0, memory=False
    )
    sound, lite = report.models
    assert (sound.random, lite.random) == (True, False)
    assert (sound.step_gmac, len(sound.rows)) == (None, 1)
    assert [row.path for row in lite.rows] == ["eager", "torch"]
    for model in report.models:
        assert model.parameters == sum(p.numel() for p in create_model(model.model).parameters())
        assert model.clip_gmac > 0
        assert all(0 < row.median_ms <= row.p99_ms for row in model.rows)
    assert json.loads(report.to_json())["models"][1]["rows"][1]["path"] == "torch"
    rows = [line for line in report.to_markdown().splitlines() if line.startswith("| ")]
    assert len({line.count(" | ") for line in rows}) == 1
    assert len(rows) == 1 + 3


def test_a_section_is_replaced_and_the_rest_kept():
    text = update_section("# Performance\n\nWords.\n", "vinet", "## vinet\nold\n")
    text = update_section(text, "vinet_lite", "## vinet_lite\n")
    text = update_section(text, "vinet", "## vinet\nnew\n")
    assert text.startswith("# Performance\n\nWords.\n")
    assert "old" not in text
    assert text.index("new") < text.index("## vinet_lite")
    assert text.count("<!-- benchmark vinet -->") == 1
    with pytest.raises(ValueError, match="without"):
        update_section("<!-- benchmark vinet -->", "vinet", "x")
    assert update_section("", "a", "b").startswith("<!-- benchmark a -->")


def test_files_are_written_whole(tmp_path):
    target = tmp_path / "docs" / "performance.md"
    write_atomically(target, "one")
    write_atomically(target, "two")
    assert target.read_text() == "two"
    assert list(target.parent.iterdir()) == [target]
