"""Every way to run a network gives what its plain forward gives."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from window_reader import WindowReader, slot_values

from vinet_ros.errors import DeviceError
from vinet_ros.networks import create_model
from vinet_ros.preprocess import normalize_frames
from vinet_ros.runtime.benchmark_paths import drifting_noise, seed_weights
from vinet_ros.runtime.openvino_executor import OpenVINOExecutor
from vinet_ros.runtime.torch_executor import TorchExecutor

SIZE = (64, 96)
PATHS = [TorchExecutor, OpenVINOExecutor]


def small(name, **options):
    torch.manual_seed(0)
    model = seed_weights(create_model(name, **options), seed=1).eval()
    model.input_size = SIZE
    return model


def film(length, size=SIZE, seed=0):
    return drifting_noise((1, length, *size, 3), seed)[0]


def forward(model, frames):
    with torch.inference_mode():
        return model(torch.from_numpy(normalize_frames(frames))[None])[0].numpy()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vinet", {"clip_length": 8}),
        ("vinet", {"upsampling": "transposed"}),
        ("vinet_lite", {}),
        ("vinet_lite", {"clip_length": 1}),
    ],
)
def test_equals_the_plain_forward(path, name, options):
    model = small(name, **options)
    frames = film(model.clip_length)
    expected = forward(model, frames)
    assert expected.std() > 0.01  # else equality would mean little
    executor = path(model)
    values = executor.predict([executor.encode(frame) for frame in frames])
    assert values.shape == SIZE
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, expected, atol=1e-5)
    assert executor.device == "cpu"
    assert "fp32" in executor.name


@pytest.mark.parametrize("path", PATHS)
def test_slots_keep_their_order_and_may_repeat(path):
    executor = path(WindowReader())
    kept = [executor.encode(np.full((8, 16, 3), value, np.uint8)) for value in (10, 90, 200)]
    values = executor.predict([kept[0], kept[0], kept[1], kept[2]])
    assert slot_values(values) == [10, 10, 90, 200]


@pytest.mark.parametrize("path", PATHS)
def test_a_later_run_leaves_earlier_results_alone(path):
    executor = path(WindowReader())
    first = executor.encode(np.full((8, 16, 3), 10, np.uint8))
    values = executor.predict([first] * 4)
    second = executor.encode(np.full((8, 16, 3), 99, np.uint8))
    executor.predict([second] * 4)
    assert slot_values(values) == [10] * 4
    assert slot_values(executor.predict([first] * 4)) == [10] * 4


@pytest.mark.parametrize("path", PATHS)
def test_another_number_of_slots_is_refused(path):
    executor = path(WindowReader())
    kept = executor.encode(np.zeros((8, 16, 3), np.uint8))
    with pytest.raises(ValueError, match="expected 4 slots, got 3"):
        executor.predict([kept] * 3)


def test_openvino_needs_nothing_of_the_model_afterwards():
    model = small("vinet_lite")
    frames = film(model.clip_length)
    expected = forward(model, frames)
    executor = OpenVINOExecutor(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.data = torch.full_like(parameter, torch.nan)
    values = executor.predict([executor.encode(frame) for frame in frames])
    np.testing.assert_allclose(values, expected, atol=1e-5)


def test_openvino_says_what_it_cannot_convert():
    class Sorted(WindowReader):
        def decode(self, features):
            return torch.special.bessel_j0(super().decode(features))

    with pytest.raises(DeviceError, match=r"cannot run Sorted .*; use path torch"):
        OpenVINOExecutor(Sorted())


def test_torch_refuses_half_precision_on_the_cpu():
    with pytest.raises(DeviceError, match="fp32 only, got precision fp16"):
        TorchExecutor(WindowReader(), "cpu", "fp16")
    with pytest.raises(ValueError, match="one of fp32, fp16, bf16"):
        TorchExecutor(WindowReader(), "cpu", "int3")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 2e-3), ("fp16", 1e-2)])
def test_cuda_is_near_the_cpu(precision, tolerance):
    model = small("vinet_lite")
    frames = film(model.clip_length)
    expected = forward(model, frames)
    executor = TorchExecutor(model, "cuda:0", precision)
    values = executor.predict([executor.encode(frame) for frame in frames])
    np.testing.assert_allclose(values, expected, atol=tolerance)


def test_a_network_without_clip_length_is_refused():
    with pytest.raises(ValueError, match="Linear has no clip_length, input_size"):
        TorchExecutor(nn.Linear(1, 1))


def test_openvino_is_imported_without_usage_reports():
    code = (
        "import sys\n"
        "from vinet_ros.runtime.openvino_executor import import_openvino\n"
        "openvino = import_openvino()\n"
        "openvino.convert_model\n"
        "assert sys.modules.get('openvino_telemetry') is None\n"
        "assert not any(name.startswith('openvino_telemetry.') for name in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
