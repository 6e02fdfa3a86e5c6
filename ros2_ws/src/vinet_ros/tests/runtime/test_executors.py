# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Every way to run a network gives what its plain forward gives."""

import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn
from window_reader import Listener, WindowReader, slot_values

from vinet_ros.errors import DeviceError
from vinet_ros.networks import create_model
from vinet_ros.preprocess import SOUND_SAMPLES, normalize_frames, sound_input
from vinet_ros.runtime.base import FullWindow
from vinet_ros.runtime.benchmark_paths import drifting_noise, seed_weights
from vinet_ros.runtime.openvino_executor import OpenVINOExecutor
from vinet_ros.runtime.openvino_graphs import compile_requests
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


def noise(seed):
    generator = np.random.default_rng(seed)
    return sound_input(generator.uniform(-0.2, 0.2, 23_000).astype(np.float32))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("fusion", ["concat", "attention"])
def test_sound_goes_with_its_window(path, fusion):
    model = small("avinet", fusion=fusion)
    frames = film(32)
    clip = torch.from_numpy(normalize_frames(frames))[None]
    sounds = [noise(1), None]
    with torch.inference_mode():
        expected = [
            model(clip, None if sound is None else torch.from_numpy(sound)[None])[0].numpy()
            for sound in sounds
        ]
    assert np.abs(expected[0] - expected[1]).max() > 1e-3  # else sound would not show
    executor = path(model, batches=2)
    kept = [executor.encode(frame) for frame in frames]
    maps = [executor.predict(kept, sound) for sound in sounds]
    maps += executor.predict_batch([kept] * 3, [*sounds, sounds[0]])
    maps += executor.predict_batch([kept] * 2)
    wanted_maps = [*expected, *expected, expected[0], *expected[1:] * 2]
    for values, wanted in zip(maps, wanted_maps, strict=True):
        np.testing.assert_allclose(values, wanted, atol=1e-5)


@pytest.mark.parametrize("path", PATHS)
def test_the_cameras_motion_goes_with_its_window(path):
    model = small("vinet_lite", clip_length=4)
    for join in (model.decoder.time8, model.decoder.time16, model.decoder.time32):
        torch.nn.init.normal_(join.mix.weight)
    frames = film(4)
    turned = np.tile(np.array([[1, 0.05, 0.3], [-0.05, 1, -0.2]], np.float32), (3, 1, 1))
    with torch.inference_mode():
        pixels = torch.from_numpy(normalize_frames(frames)).transpose(0, 1)
        kept = tuple(level[None] for level in model.encode(pixels))
        stood = model.decode(kept)[0].numpy()
        moved = model.decode(kept, torch.from_numpy(turned)[None])[0].numpy()
    assert np.abs(stood - moved).max() > 1e-3
    executor = path(model, batches=2)
    moments = [Moment(frame) for frame in frames]
    windows = [FullWindow(moments, motion=motion) for motion in (turned, None, turned)]
    maps = [*executor.predict_windows(windows), *executor.predict_windows(windows[:1])]
    for values, wanted in zip(maps, [moved, stood, moved, moved], strict=True):
        np.testing.assert_allclose(values, wanted, atol=1e-5)
    with pytest.raises(
        ValueError, match=r"motion of \(2, 2, 3\), the network takes one of \(3, 2"
    ):
        executor.predict([moment.kept for moment in moments], motion=turned[:2])


@pytest.mark.parametrize("options", [{}, {"channel_transformer": True}, {"fusion": "transformer"}])
def test_fusions_of_one_size_run_on_openvino_too(options):
    """The fusion alone, as the whole network takes its time; batches of one and of two."""
    torch.manual_seed(0)
    model = seed_weights(create_model("avinet", **options), seed=1).eval()

    class Fused(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, y0, audio):
            return model._fusion.fuse(model, y0, model.audionet(audio))

    features = torch.randn(2, 1024, 4, 7, 12)
    sounds = torch.from_numpy(np.stack([noise(1), noise(2)]))
    with torch.inference_mode():
        expected = Fused()(features, sounds).numpy()
    one, many = compile_requests(Fused(), (features[:1], sounds[:1]), 1, [1, 2], None)
    for request, count in ((one, 1), (many, 2)):
        request.infer([features[:count].numpy(), sounds[:count].numpy()])
        values = request.get_output_tensor(0).data
        np.testing.assert_allclose(values, expected[:count], rtol=1e-3, atol=1e-3 * expected.std())


@pytest.mark.parametrize("path", PATHS)
def test_sounds_of_a_batch_are_kept_apart(path):
    executor = path(Listener(), batches=4)
    gray = Moment(np.full((8, 16, 3), 9, np.uint8))
    sounds = [np.full((1, SOUND_SAMPLES, 1), 256.0 * loud, np.float32) for loud in (0.2, 0.7)]
    windows = [FullWindow([gray] * 4, sound) for sound in sounds]
    maps = executor.predict_windows([windows[0], [gray] * 4, windows[1]])
    again = executor.predict_windows([windows[1]])
    loud = [round(float(values[1, 3]), 4) for values in [*maps, *again]]
    assert loud == [0.2, 0.0, 0.7, 0.7]
    with pytest.raises(
        ValueError, match=r"sound of \(1, 5, 1\), the network takes one of \(1, 70"
    ):
        executor.predict([gray.kept] * 4, np.zeros((1, 5, 1), np.float32))


@pytest.mark.parametrize("path", PATHS)
def test_a_network_without_ears_refuses_sound(path):
    executor = path(WindowReader())
    kept = executor.encode(np.zeros((8, 16, 3), np.uint8))
    with pytest.raises(ValueError, match="the network takes none"):
        executor.predict([kept] * 4, np.zeros((1, 70560, 1), np.float32))


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


@dataclass(slots=True, eq=False)
class Moment:
    frame: np.ndarray
    kept: object = None


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("name", "options"),
    [("vinet_lite", {}), ("vinet", {"clip_length": 8}), ("vinet_lite", {"clip_length": 1})],
)
def test_windows_that_go_together_equal_each_alone(path, name, options):
    model = small(name, **options)
    films = [film(model.clip_length, seed=seed) for seed in range(3)]
    expected = [forward(model, frames) for frames in films]
    executor = path(model, batches=2)  # so the third goes alone
    windows = [[Moment(frame) for frame in frames] for frames in films]
    maps = executor.predict_windows(windows)
    again = executor.predict_windows(windows[::-1])[::-1]
    alone = [executor.predict([moment.kept for moment in window]) for window in windows]
    for values, other_order, single, wanted in zip(maps, again, alone, expected, strict=True):
        assert wanted.std() > 0.01
        np.testing.assert_allclose(values, wanted, atol=1e-5)
        np.testing.assert_allclose(other_order, wanted, atol=1e-5)
        np.testing.assert_allclose(single, wanted, atol=1e-5)
    assert np.abs(expected[0] - expected[1]).max() > 0.01  # else an exchange would not show


@pytest.mark.parametrize("path", PATHS)
def test_batches_keep_windows_and_slots_apart(path):
    executor = path(WindowReader(), batches=4)
    grays = {value: Moment(np.full((8, 16, 3), value, np.uint8)) for value in range(10, 70, 10)}
    rows = [(10, 10, 20, 30), (30, 40, 50, 60), (20, 20, 20, 20)]
    maps = executor.predict_windows([[grays[value] for value in row] for row in rows])
    assert [slot_values(values) for values in maps] == [list(row) for row in rows]
    later = executor.predict_windows([[grays[60]] * 4, [grays[50]] * 4])
    assert slot_values(maps[0]) == [10, 10, 20, 30]
    assert [slot_values(values) for values in later] == [[60] * 4, [50] * 4]
    with pytest.raises(ValueError, match="expected 4 slots, got 3"):
        executor.predict_windows([[grays[10]] * 4, [grays[20]] * 3])
    executor.drop_batches()
    maps = executor.predict_windows([[grays[value] for value in row] for row in rows])
    assert [slot_values(values) for values in maps] == [list(row) for row in rows]


def test_each_frame_is_encoded_once_however_many_windows_show_it():
    class Counting(TorchExecutor):
        encoded = 0

        def encode(self, frame):
            self.encoded += 1
            return super().encode(frame)

    executor = Counting(WindowReader())
    moments = [Moment(np.full((8, 16, 3), value, np.uint8)) for value in range(6)]
    executor.predict_windows([moments[0:4], moments[1:5]])
    executor.predict_windows([moments[2:6]])
    assert executor.encoded == 6


def test_no_batch_is_below_one():
    with pytest.raises(ValueError, match="batches must be at least 1, got 0"):
        TorchExecutor(WindowReader(), batches=0)


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


def test_openvino_keeps_the_bytes_of_frames_that_a_network_keeps_itself():
    model = small("vinet")
    frames = film(model.clip_length)
    for batches in (1, 2):
        executor = OpenVINOExecutor(model, batches=batches)
        kept = [executor.encode(frame) for frame in frames]
        assert all(k.dtype == np.uint8 and k.shape[:2] == (1, 3) for (k,) in kept)
        maps = executor.predict_batch([kept] * batches)
        for values in maps:
            np.testing.assert_allclose(values, forward(model, frames), atol=1e-5)


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
        "from vinet_ros.runtime.openvino_graphs import import_openvino\n"
        "openvino = import_openvino()\n"
        "openvino.convert_model\n"
        "assert sys.modules.get('openvino_telemetry') is None\n"
        "assert not any(name.startswith('openvino_telemetry.') for name in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
