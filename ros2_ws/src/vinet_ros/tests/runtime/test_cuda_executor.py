# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What is made for CUDA computes what the plain forward does: without graphs here, with them
where there is a device."""

import logging

import numpy as np
import pytest
import torch
from test_executors import SIZE, Moment, film, forward, small
from torch import nn
from window_reader import Listener, WindowReader, slot_values

from vinet_ros.errors import DeviceError
from vinet_ros.preprocess import SOUND_SAMPLES, normalize_frames, resize_rgb
from vinet_ros.runtime.base import FullWindow
from vinet_ros.runtime.candidates import Candidate, agreement, fastest_of
from vinet_ros.runtime.cuda_buffers import FrameUpload, Normalize
from vinet_ros.runtime.cuda_executor import CudaExecutor, CudaPlan
from vinet_ros.runtime.cuda_paths import cuda_executor
from vinet_ros.runtime.cuda_step import StaticStep
from vinet_ros.runtime.folding import fold_norms
from vinet_ros.runtime.select import Place, build_executor, create_executor
from vinet_ros.runtime.tensorrt import tensorrt_installed
from vinet_ros.runtime.torch_executor import TorchExecutor

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
WITHOUT_GRAPH = CudaPlan(graph=False)


def on_cpu(model, batches=1):
    return CudaExecutor(model, "cpu", WITHOUT_GRAPH, batches=batches)


def learned_norms(model, seed=3):
    """Give every batch norm something to do: fresh ones are nearly identities."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
            module.running_mean.normal_(std=0.1, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
            nn.init.uniform_(module.weight, 0.8, 1.2, generator=generator)
            nn.init.normal_(module.bias, std=0.1, generator=generator)
    return model


@pytest.mark.parametrize(
    ("name", "options", "norms"),
    [("vinet", {"clip_length": 8}, 77), ("avinet", {"fusion": "concat"}, 84)],
)
def test_folded_norms_change_nothing(name, options, norms):
    model = learned_norms(small(name, **options))
    clip = torch.from_numpy(normalize_frames(film(model.clip_length)))[None]
    with torch.inference_mode():
        before = model(clip)
    found = [m for m in model.modules() if isinstance(m, (nn.BatchNorm2d, nn.BatchNorm3d))]
    assert len(found) == norms
    fold_norms(model)
    left = [m for m in model.modules() if isinstance(m, (nn.BatchNorm2d, nn.BatchNorm3d))]
    with torch.inference_mode():
        after = model(clip)
    assert left == []
    assert before.std() > 0.01
    torch.testing.assert_close(after, before, atol=1e-5, rtol=0)


def test_a_network_that_trains_is_not_folded():
    with pytest.raises(ValueError, match=r"call eval\(\) first"):
        fold_norms(nn.BatchNorm3d(2))


@pytest.mark.parametrize(("name", "options"), [("vinet", {"clip_length": 8}), ("vinet_lite", {})])
def test_static_buffers_give_the_plain_forwards_maps(name, options):
    model = learned_norms(small(name, **options))
    films = [film(model.clip_length, seed=seed) for seed in range(3)]
    expected = [forward(model, frames) for frames in films]
    executor = on_cpu(model, batches=3)  # three fill four places, one of them for nothing
    windows = [[Moment(frame) for frame in frames] for frames in films]
    maps = executor.predict_windows(windows)
    alone = [executor.predict([m.kept for m in window]) for window in windows]
    for values, single, wanted in zip(maps, alone, expected, strict=True):
        assert wanted.std() > 0.01
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, wanted, atol=1e-5)
        np.testing.assert_allclose(single, wanted, atol=1e-5)
    assert executor.name == "torch fp32 folded"
    executor.drop_batches()
    np.testing.assert_allclose(executor.predict_windows(windows[:2])[1], expected[1], atol=1e-5)


def test_slots_sounds_and_motion_keep_their_places():
    executor = on_cpu(WindowReader(), batches=4)
    grays = {value: Moment(np.full((8, 16, 3), value, np.uint8)) for value in range(10, 70, 10)}
    rows = [(10, 10, 20, 30), (30, 40, 50, 60), (20, 20, 20, 20)]
    maps = executor.predict_windows([[grays[value] for value in row] for row in rows])
    later = executor.predict_windows([[grays[60]] * 4])
    assert [slot_values(values) for values in [*maps, *later]] == [list(r) for r in rows] + [
        [60] * 4
    ]
    with pytest.raises(ValueError, match="expected 4 slots, got 3"):
        executor.predict([grays[10].kept] * 3)
    hearing = on_cpu(Listener(), batches=2)
    gray = Moment(np.full((8, 16, 3), 9, np.uint8))
    sound = np.full((1, SOUND_SAMPLES, 1), 256.0 * 0.7, np.float32)
    heard = hearing.predict_windows([FullWindow([gray] * 4, sound), [gray] * 4])
    assert [round(float(values[1, 3]), 4) for values in heard] == [0.7, 0.0]


def test_the_cameras_motion_goes_into_its_buffer():
    model = small("vinet_lite", clip_length=2)
    for join in (model.decoder.time8, model.decoder.time16, model.decoder.time32):
        nn.init.normal_(join.mix.weight)
    frames = film(2)
    turned = np.array([[[1, 0.05, 0.3], [-0.05, 1, -0.2]]], np.float32)
    plain = TorchExecutor(model)
    kept = [plain.encode(frame) for frame in frames]
    expected = [plain.predict(kept), plain.predict(kept, motion=turned)]
    assert np.abs(expected[0] - expected[1]).max() > 1e-3
    executor = on_cpu(model)
    kept = [executor.encode(frame) for frame in frames]
    for motion, wanted in zip((None, turned), expected, strict=True):
        np.testing.assert_allclose(executor.predict(kept, motion=motion), wanted, atol=1e-5)


@pytest.mark.parametrize("size", [(64, 96), (48, 64), (130, 170), (480, 640)])
def test_frames_of_any_size_are_resized_as_elsewhere(size):
    frames = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    frames[1] = np.kron(frames[1, ::16, ::16], np.ones((16, 16, 1), np.uint8))[
        : size[0], : size[1]
    ]
    sent = FrameUpload(torch.device("cpu")).send(list(frames))
    normalized = Normalize(SIZE, torch.float32)(sent)
    assert normalized.shape == (2, *SIZE, 3)
    for frame, values in zip(frames, normalized, strict=True):
        wanted = normalize_frames(resize_rgb(frame, SIZE)).transpose(1, 2, 0)
        one_level = 1 / (255 * 0.224)
        limit = 1e-5 if size == SIZE else 1.01 * one_level
        difference = np.abs(values.numpy() - wanted)
        assert difference.max() < limit
        enlarged = size < SIZE  # there many levels lie half way between two
        assert (difference > one_level / 2).mean() < (0.1 if enlarged else 0.01)


def test_an_upload_does_not_change_what_was_sent_before():
    upload = FrameUpload(torch.device("cpu"))
    first = upload.send([np.full((2, 3, 3), 7, np.uint8)])
    second = upload.send([np.full((2, 3, 3), 9, np.uint8)])
    assert (int(first.max()), int(second.min())) == (7, 9)


def test_a_step_reads_its_inputs_anew():
    memory = torch.zeros(2)
    step = StaticStep(lambda x: (x + 1,), (memory,), graph=False)
    assert not step.recorded
    memory.fill_(4)
    assert step.run()[0].tolist() == [5, 5]


@pytest.mark.parametrize(
    ("plan", "message"),
    [(CudaPlan(), "needs a CUDA device"), (CudaPlan(graph=False, compiler="tensorrt"), "CUDA")],
)
def test_what_needs_cuda_says_so(plan, message):
    with pytest.raises(DeviceError, match=message):
        CudaExecutor(WindowReader(), "cpu", plan)


def test_wrong_plans_and_paths_are_named():
    with pytest.raises(ValueError, match="compiler must be one of none, inductor, tensorrt"):
        CudaPlan(compiler="tvm")
    with pytest.raises(ValueError, match="precision must be one of fp32, fp16, bf16"):
        CudaPlan("int8")
    with pytest.raises(ValueError, match="path graph runs on CUDA, got device cpu"):
        create_executor(WindowReader(), "cpu", path="graph")
    place = Place("cuda:0", "fp32", "")
    if not tensorrt_installed():
        with pytest.raises(DeviceError, match=r"Torch-TensorRT is not installed; pip install"):
            cuda_executor(WindowReader(), place, "tensorrt", {"threads": None, "batches": 1})


def test_the_fastest_way_that_agrees_is_kept_and_all_are_told(caplog):
    model = small("vinet_lite", clip_length=2)
    wrong = small("vinet_lite", clip_length=2)
    nn.init.normal_(wrong.decoder.head.weight)

    def broken():
        raise RuntimeError("CUDA error: out of memory\nat a place")

    closed = []

    class Sluggish(TorchExecutor):
        def encode(self, frame):
            torch.linalg.inv(torch.rand(700, 700))
            return super().encode(frame)

        def close(self):
            closed.append(self)

    candidates = [
        Candidate("eager", lambda: Sluggish(model)),
        Candidate("folded", lambda: on_cpu(model)),
        Candidate("wrong", lambda: on_cpu(wrong)),
        Candidate("broken", broken),
    ]
    with caplog.at_level(logging.WARNING, logger="vinet_ros.runtime.candidates"):
        chosen = fastest_of(candidates, budget_s=60)
    assert chosen.name == "torch fp32 folded"
    assert len(closed) == 1
    assert "wrong left out (its map agrees only to a correlation of" in chosen.reason
    assert "broken left out (CUDA error: out of memory)" in chosen.reason
    assert "eager" in chosen.reason and " ms" in chosen.reason
    assert "broken is left out" in caplog.text
    hurried = fastest_of(candidates[:2], budget_s=0.0)
    assert "folded not tried for want of time" in hurried.reason
    with pytest.raises(DeviceError, match="no way to run the network works here"):
        fastest_of([candidates[3]], budget_s=1)


def test_agreement_is_that_of_the_maps_shapes():
    ramp = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert agreement(2 * ramp + 1, ramp) == pytest.approx(1.0)
    assert agreement(-ramp, ramp) == pytest.approx(-1.0)
    assert agreement(0 * ramp, 0 * ramp) == 1.0
    assert agreement(0 * ramp, ramp) == 0.0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_the_cpu_takes_over_where_a_device_fails():
    gone = Place("cuda:7", "auto", "cuda:7 found")
    executor = build_executor(WindowReader(), gone, fallback=True)
    assert executor.device == "cpu"
    assert (
        "cuda:7 failed (no way to run the network works here: fp32 eager left" in executor.reason
    )
    with pytest.raises(DeviceError, match="no way to run"):
        build_executor(WindowReader(), gone)


@needs_cuda
@pytest.mark.parametrize("path", ["graph", "compiled"])
@pytest.mark.parametrize(("name", "options"), [("vinet", {"clip_length": 8}), ("vinet_lite", {})])
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 2e-3), ("fp16", 1e-2)])
def test_graphs_on_cuda_are_near_the_cpu(path, name, options, precision, tolerance):
    model = learned_norms(small(name, **options))
    films = [film(model.clip_length, seed=seed) for seed in range(3)]
    expected = [forward(model, frames) for frames in films]
    executor = create_executor(model, "cuda:0", precision, path=path, batches=2)
    windows = [[Moment(frame) for frame in frames] for frames in films]
    maps = executor.predict_windows(windows)
    again = executor.predict_windows(windows[::-1])[::-1]
    for values, other_order, wanted in zip(maps, again, expected, strict=True):
        np.testing.assert_allclose(values, wanted, atol=tolerance)
        np.testing.assert_allclose(other_order, values, atol=tolerance)
        assert agreement(values, wanted) > 0.999


@needs_cuda
def test_auto_on_cuda_tells_what_it_measured():
    executor = create_executor(small("vinet_lite"), "auto")
    assert executor.device == "cuda:0"
    assert "fp32 eager" in executor.reason and "fp16 graph" in executor.reason
    executor.close()
