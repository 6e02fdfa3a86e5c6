# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A network as ONNX, written only if ONNX Runtime computes the same maps from the file."""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vinet_ros.errors import DeviceError, OutputError
from vinet_ros.preprocess import normalize_frames
from vinet_ros.runtime.benchmark_paths import drifting_noise
from vinet_ros.runtime.folding import fold_norms
from vinet_ros.runtime.traits import NetworkTraits, traits_of

OPSET = 18
LARGEST_DIFFERENCE = 1e-4
"""Between a map of ONNX Runtime and the network's own, above which no file is written."""
_NEEDED = ("onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """One file that was written.

    Attributes:
        file: Where.
        part: ``forward``, ``encode`` or ``decode``.
        inputs: Shape by name; the first axis of each is 1.
        outputs: Names.
        bytes: Size of the file.
        max_difference: Largest difference of an output between ONNX Runtime and PyTorch.
    """

    file: str
    part: str
    inputs: dict[str, tuple[int, ...]]
    outputs: tuple[str, ...]
    bytes: int
    max_difference: float


@dataclass(frozen=True, slots=True)
class _Part:
    """What goes into one file: a module, an example, and names."""

    name: str
    module: nn.Module
    example: tuple[Tensor, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def export_onnx(model: nn.Module, file: Path, *, stream: bool = False) -> list[OnnxFile]:
    """Write a network as ONNX with batch norms folded, fp32, batches of one window.

    Every file runs in ONNX Runtime on the CPU before it gets its name, on a clip that looks a
    little like film.

    Args:
        model: A saliency network; it is folded in place.
        file: Where to; the whole forward: ``clip`` (1, 3, T, H, W), normalised, to ``saliency``
            (1, H, W).
        stream: Write two files instead, FILE-encode and FILE-decode: one frame (1, 3, H, W) to
            what is kept of it, and what is kept of T frames, stacked along axis 1, to the map.

    Raises:
        DeviceError: If a package is missing, or the network cannot be exported.
        OutputError: If ONNX Runtime gives another map, or the file cannot be written.
        ValueError: If it is no saliency network, or keeps frames as they are and has no `encode`
            worth a file.
    """
    check_onnx()
    traits = traits_of(model)
    model = fold_norms(model.eval().to("cpu", torch.float32))
    with torch.inference_mode(False), torch.no_grad():
        parts = _stream_parts(model, traits) if stream else [_forward_part(model, traits)]
        names = onnx_files(file, stream=stream)
        return [_written(part, name) for part, name in zip(parts, names, strict=True)]


def onnx_files(file: Path, *, stream: bool) -> list[Path]:
    """Return the files that :func:`export_onnx` writes."""
    if not stream:
        return [file]
    return [file.with_name(f"{file.stem}-{part}{file.suffix}") for part in ("encode", "decode")]


def check_onnx() -> None:
    """Raise DeviceError unless all that the export needs is installed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise DeviceError(
            f"the export needs {', '.join(missing)}; install it with pip install 'vinet_ros[onnx]'"
        )


def run_onnx(file: Path, inputs: Sequence[Tensor]) -> list[npt.NDArray[np.float32]]:
    """Return the outputs of a file for inputs in its order, by ONNX Runtime on the CPU."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = runtime.InferenceSession(str(file), options, ["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]
    fed = {name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)}
    return list(session.run(None, fed))


class _Forward(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        return cast("Tensor", self.network(*inputs))


class _Encode(nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network.encode(frame))


class _Decode(nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, *levels: Tensor) -> Tensor:
        return cast("Tensor", self.network.decode(levels))


def _forward_part(model: nn.Module, traits: NetworkTraits) -> _Part:
    clip = torch.from_numpy(normalize_frames(_film(traits)))[None]  # (1, 3, T, H, W)
    example: tuple[Tensor, ...] = (clip,)
    names: tuple[str, ...] = ("clip",)
    if traits.audio_shape is not None:
        example += (torch.zeros(1, *traits.audio_shape),)
        names += ("audio",)
    return _Part("forward", _Forward(model), example, names, ("saliency",))


def _stream_parts(model: Any, traits: NetworkTraits) -> list[_Part]:
    frames = torch.from_numpy(normalize_frames(_film(traits))).transpose(0, 1)  # (T, 3, H, W)
    levels = tuple(model.encode(frames))
    if traits.audio_shape is not None or (len(levels) == 1 and levels[0] is frames):
        raise ValueError(
            f"{type(model).__name__} keeps frames as they are, or hears: it has no encoder of "
            "single frames; export it whole"
        )
    kept = tuple(f"level{k}" for k in range(len(levels)))
    return [
        _Part("encode", _Encode(model), (frames[-1:].contiguous(),), ("frame",), kept),
        _Part("decode", _Decode(model), tuple(x[None] for x in levels), kept, ("saliency",)),
    ]


def _film(traits: NetworkTraits) -> npt.NDArray[np.uint8]:
    frames: npt.NDArray[np.uint8] = drifting_noise(
        (1, traits.clip_length, *traits.input_size, 3), seed=0
    )[0]
    return frames


def _written(part: _Part, file: Path) -> OnnxFile:
    expected = part.module(*part.example)
    wanted = [expected] if isinstance(expected, Tensor) else list(expected)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".onnx-") as folder:
            made = Path(folder) / file.name
            _export(part, made)
            found = run_onnx(made, part.example)
            difference = max(
                float(np.abs(values - tensor.numpy()).max())
                for values, tensor in zip(found, wanted, strict=True)
            )
            _refuse_another_map(file, wanted, difference)
            made.replace(file)
    except OSError as error:
        raise OutputError(f"{file} cannot be written ({error.strerror})") from error
    return OnnxFile(
        str(file),
        part.name,
        {n: tuple(x.shape) for n, x in zip(part.inputs, part.example, strict=True)},
        part.outputs,
        file.stat().st_size,
        difference,
    )


def _refuse_another_map(file: Path, wanted: list[Tensor], difference: float) -> None:
    """Raise OutputError where ONNX Runtime computes something else."""
    scale = max(1.0, max(float(tensor.abs().max()) for tensor in wanted))
    if not difference <= LARGEST_DIFFERENCE * scale:
        raise OutputError(
            f"{file}: ONNX Runtime differs from PyTorch by {difference:.1e} (at most "
            f"{LARGEST_DIFFERENCE * scale:.0e} is allowed), so it was not written; try other "
            "versions of onnx and onnxruntime"
        )


def _export(part: _Part, file: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter about itself
            torch.onnx.export(
                part.module.eval(),
                part.example,
                str(file),
                input_names=list(part.inputs),
                output_names=list(part.outputs),
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except Exception as error:
        first_line = str(error).strip().partition("\n")[0]
        raise DeviceError(
            f"PyTorch cannot export this network as ONNX ({type(error).__name__}: {first_line})"
        ) from error
