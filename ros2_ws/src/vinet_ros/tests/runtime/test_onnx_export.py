# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What is written as ONNX gives the network's maps; what does not is not written."""

import importlib.util
import json

import numpy as np
import pytest
import torch
from test_cuda_executor import learned_norms
from test_executors import SIZE, film, forward, small
from typer.testing import CliRunner
from window_reader import WindowReader

from vinet_ros.cli.weights import app
from vinet_ros.errors import DeviceError, OutputError
from vinet_ros.preprocess import normalize_frames
from vinet_ros.runtime import onnx_export
from vinet_ros.runtime.benchmark_paths import Subject
from vinet_ros.runtime.onnx_export import check_onnx, export_onnx, run_onnx

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
MISSING = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
needs_onnx = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


@needs_onnx
def test_a_clip_gives_its_map(tmp_path):
    model = learned_norms(small("vinet", clip_length=8))
    frames = film(8, seed=5)
    expected = forward(model, frames)
    (written,) = export_onnx(model, tmp_path / "vinet.onnx")
    assert written.inputs == {"clip": (1, 3, 8, *SIZE)}
    assert written.outputs == ("saliency",)
    assert written.max_difference < 1e-4
    assert [p.name for p in tmp_path.iterdir()] == ["vinet.onnx"]
    clip = torch.from_numpy(normalize_frames(frames))[None]
    (values,) = run_onnx(tmp_path / "vinet.onnx", [clip])
    assert expected.std() > 0.01
    np.testing.assert_allclose(values[0], expected, atol=1e-4)


@needs_onnx
def test_a_stream_has_a_file_for_frames_and_one_for_maps(tmp_path):
    arguments = ["export", "vinet_lite", "--onnx", str(tmp_path / "lite.onnx"), "--stream"]
    arguments += ["--random", "--option", "clip_length=2", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    files = [tmp_path / f"lite-{part}.onnx" for part in ("encode", "decode")]
    assert [one["file"] for one in told] == [str(file) for file in files]
    assert [one["bytes"] for one in told] == [file.stat().st_size for file in files]
    model = Subject("vinet_lite", {"clip_length": 2}, random=True).make()
    frames = film(2, model.input_size, seed=5)
    kept = []
    for frame in frames:
        pixels = torch.from_numpy(normalize_frames(frame))[None]
        kept.append([torch.from_numpy(level) for level in run_onnx(files[0], [pixels])])
    levels = [torch.stack(level, dim=1) for level in zip(*kept, strict=True)]
    (values,) = run_onnx(files[1], levels)
    np.testing.assert_allclose(values[0], forward(model, frames), atol=1e-4)
    again = CliRunner().invoke(app, arguments)
    assert "exists; give another name, or --force" in str(again.exception)


@needs_onnx
def test_another_map_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_export, "LARGEST_DIFFERENCE", -1.0)
    with pytest.raises(OutputError, match=r"ONNX Runtime differs from PyTorch by .* not written"):
        export_onnx(WindowReader(), tmp_path / "reader.onnx")
    assert list(tmp_path.iterdir()) == []


@needs_onnx
def test_a_network_that_keeps_frames_has_no_encoder_of_its_own(tmp_path):
    with pytest.raises(ValueError, match="export it whole"):
        export_onnx(small("vinet", clip_length=8), tmp_path / "v.onnx", stream=True)


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(onnx_export, "_NEEDED", ("onnx_of_nobody",))
    with pytest.raises(DeviceError, match=r"needs onnx_of_nobody; .*'vinet_ros\[onnx\]'"):
        check_onnx()
