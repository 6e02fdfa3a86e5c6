# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Which path runs a network, and what is said about it."""

import re
import time

import numpy as np
import pytest
import torch
from torch import nn
from window_reader import WindowReader, slot_values

from vinet_ros.errors import DeviceError
from vinet_ros.runtime import create_executor, measure, select
from vinet_ros.runtime.measure import step_seconds
from vinet_ros.runtime.select import Place, find_place

no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")


def brightness(executor):
    kept = executor.encode(np.full((8, 16, 3), 77, np.uint8))
    return slot_values(executor.predict([kept] * 4))


@pytest.mark.parametrize(
    ("path", "name"), [("torch", "torch fp32"), ("openvino", "openvino fp32")]
)
def test_a_path_can_be_asked_for(path, name):
    executor = create_executor(WindowReader(), "cpu", path=path)
    assert executor.name.startswith(name)
    assert "asked for" in executor.reason
    assert brightness(executor) == [77] * 4


def test_auto_keeps_the_faster_path_and_says_the_figures():
    executor = create_executor(WindowReader(), "cpu")
    found = re.search(
        r"(.+): ([\d.]+) (m?s) a step against ([\d.]+) \3 with (.+)", executor.reason
    )
    assert found is not None, executor.reason
    assert found[1] == executor.name
    assert {found[1], found[5]} == {"openvino fp32", "torch fp32 channels-last"}
    assert float(found[2]) <= float(found[4])
    assert brightness(executor) == [77] * 4


def test_auto_falls_back_where_openvino_cannot_convert():
    class Bessel(WindowReader):
        def decode(self, features):
            return torch.special.bessel_j0(super().decode(features))

    executor = create_executor(Bessel(), "cpu")
    assert executor.name.startswith("torch")
    assert "OpenVINO cannot run Bessel" in executor.reason


def test_auto_without_openvino_runs_torch(monkeypatch):
    monkeypatch.setattr(select, "openvino_installed", lambda: False)
    executor = create_executor(WindowReader(), "cpu")
    assert executor.name.startswith("torch")
    assert executor.reason == "OpenVINO is not installed"


@no_cuda
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:3"])
def test_missing_cuda_falls_back_and_says_so(device):
    executor = create_executor(WindowReader(), device, path="torch")
    assert executor.device == "cpu"
    assert executor.reason.startswith(f"{device} is not there (CUDA devices found: 0)")


@no_cuda
def test_missing_cuda_is_an_error_without_the_fallback():
    with pytest.raises(DeviceError, match=r"cuda is not there .*; use device cpu"):
        create_executor(WindowReader(), "cuda", allow_cpu_fallback=False)


@no_cuda
def test_half_precision_falls_back_to_fp32_with_the_device():
    executor = create_executor(WindowReader(), "cuda", "fp16", path="torch")
    assert "fp32 instead of fp16" in executor.reason
    with pytest.raises(DeviceError, match="fp32 or int8, got precision fp16"):
        create_executor(WindowReader(), "cpu", "fp16")


@no_cuda
def test_device_auto_uses_the_cpu_where_there_is_nothing_else():
    executor = create_executor(WindowReader(), "auto", path="torch")
    assert executor.device == "cpu"
    assert executor.reason.startswith("no CUDA device")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "tpu"}, "device must be one of auto, cpu, cuda, cuda:n, got 'tpu'"),
        ({"device": "cuda:n"}, "needs a number"),
        ({"device": "cuda:-1"}, "device must be one of"),
        (
            {"precision": "int4"},
            "precision must be one of auto, fp32, fp16, bf16, int8, got 'int4'",
        ),
        (
            {"path": "onnx"},
            "path must be one of auto, torch, openvino, graph, compiled, tensorrt, got 'onnx'",
        ),
        ({"path": "openvino", "device": "cuda"}, "path openvino runs on the CPU"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        create_executor(WindowReader(), **arguments)


def test_a_slow_path_is_run_once_and_a_fast_one_a_few_times(monkeypatch):
    class Counted(WindowReader):
        runs = 0

        def decode(self, features):
            self.runs += 1
            return super().decode(features)

    model = Counted()
    executor = create_executor(model, "cpu", path="torch")
    seconds = iter(range(100))
    monkeypatch.setattr(measure.time, "perf_counter", lambda: float(next(seconds)))
    assert step_seconds(executor) == 1.0
    assert model.runs == 1
    instants = iter(np.arange(100) * 1e-3)
    monkeypatch.setattr(measure.time, "perf_counter", lambda: float(next(instants)))
    assert step_seconds(executor) == pytest.approx(1e-3)
    assert 3 < model.runs < 20


class Slow(WindowReader):
    """Takes as long as it is told for each window, and as long again for each call."""

    def __init__(self, window_s, call_s):
        super().__init__()
        self.window_s, self.call_s = window_s, call_s

    def decode(self, features):
        time.sleep(self.call_s + self.window_s * features[0].shape[0])
        return super().decode(features)


def test_windows_go_together_where_that_is_measured_to_pay():
    executor = create_executor(Slow(0.0, 0.03), "cpu", path="torch", batches=0)
    assert executor.batches == select.MOST_TOGETHER
    assert re.fullmatch(
        r"two .* take 1\.\d\d times as .*, so they go together", executor.batches_reason
    )
    executor = create_executor(Slow(0.03, 0.0), "cpu", path="torch", batches=0)
    assert executor.batches == 1
    assert "so they go one by one" in executor.batches_reason


def test_how_many_go_together_can_be_asked_for():
    executor = create_executor(WindowReader(), "cpu", batches=3)
    assert (executor.batches, executor.batches_reason) == (3, "asked for")


def test_a_place_is_found_before_anything_is_built():
    assert find_place("cpu") == Place("cpu", "fp32", "")
    if not torch.cuda.is_available():
        assert find_place("cuda:0", "fp16").note.endswith("fp32 instead of fp16, which needs CUDA")
        assert find_place("auto").explain("fast") == "no CUDA device; fast"


def test_a_plain_module_is_no_saliency_network():
    with pytest.raises(ValueError, match="no clip_length"):
        create_executor(nn.Linear(1, 1), "cpu", path="torch")
