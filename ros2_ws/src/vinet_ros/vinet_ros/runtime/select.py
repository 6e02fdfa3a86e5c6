# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Choose how to run a network: the device asked for, and the fastest path installed."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import nn

from vinet_ros.errors import DeviceError
from vinet_ros.networks.quantized import QuantizedNetwork
from vinet_ros.runtime.base import Executor, trim_memory
from vinet_ros.runtime.cuda_paths import PLANS, cuda_executor
from vinet_ros.runtime.measure import pair_ratio, step_seconds
from vinet_ros.runtime.openvino_executor import OpenVINOExecutor
from vinet_ros.runtime.openvino_graphs import openvino_installed
from vinet_ros.runtime.share_choice import choose_share
from vinet_ros.runtime.torch_executor import DTYPES, TorchExecutor

CUDA_PATHS = tuple(PLANS)
PATHS = ("auto", "torch", "openvino", *CUDA_PATHS)
PRECISIONS = ("auto", *DTYPES, "int8")

MOST_TOGETHER = 8
"""Windows that go through a network together at most; more would only take more memory."""
LARGEST_PAIR_RATIO = 1.5
"""Two windows together against one alone: below it, both are done sooner than one by one.

One after the other they are done after 1 and 2 times, in the mean 1.5.
"""

_log = logging.getLogger(__name__)
_Build: TypeAlias = "dict[str, Any]"  # threads and batches, for whichever path


def create_executor(
    model: nn.Module,
    device: str = "auto",
    precision: str = "auto",
    allow_cpu_fallback: bool = True,
    path: str = "auto",
    threads: int | None = None,
    batches: int = 1,
    share: str = "off",
) -> Executor:
    """Bind a network to a device and a path.

    ``auto`` runs each installed path briefly and keeps the fastest; the executor's ``reason`` says
    the figures. Where none works on a CUDA device that was not insisted on, the CPU takes over.
    The executor takes the model over: let go of it, so that its memory can be given back where
    the path has its own copy.

    Args:
        model: A saliency network.
        device: ``auto`` (CUDA where there is one), ``cpu``, ``cuda`` or ``cuda:n``.
        precision: ``auto`` (as the file is: int8 graphs, or fp32; on CUDA the fastest whose map
            agrees with that of fp32), ``fp32``; on CUDA also ``fp16``, ``bf16``; on the CPU also
            ``int8``, with a file that :mod:`vinet_ros.runtime.quantize` made.
        allow_cpu_fallback: Run on the CPU, and say so, where the CUDA device is not there.
        path: ``auto``, ``torch`` or ``openvino``; on CUDA also ``graph`` (folded, replayed as a
            CUDA graph), ``compiled`` (the same through torch.compile) and ``tensorrt``.
        threads: Threads on the CPU; None leaves the choice to the path.
        batches: Windows that may go through the network together; 0: as many as 8 where a brief
            measurement says that it pays, else 1.
        share: What overlapping windows share, see :mod:`vinet_ros.runtime.share_choice`; with
            anything but ``off`` they go one by one.

    Raises:
        ValueError: If an argument is not one of those above, or two contradict each other.
        DeviceError: If the device, precision or path is not available here.
    """
    _check_choice("path", path, PATHS)
    place = find_place(device, precision, allow_cpu_fallback, path)
    fallback = allow_cpu_fallback and path == "auto"
    executor = build_executor(model, place, path, threads, batches, share, fallback)
    executor.reason = place.explain(executor.reason)
    return executor


def build_executor(
    model: nn.Module,
    place: Place,
    path: str = "auto",
    threads: int | None = None,
    batches: int = 1,
    share: str = "off",
    fallback: bool = False,
) -> Executor:
    """Bind a network to a place; see :func:`create_executor`, which finds the place too.

    With `fallback`, the CPU takes over where no way to run it works there.
    """
    build: _Build = {"threads": threads, "batches": batches or MOST_TOGETHER}
    _check_precision(model, place)
    precision = "fp32" if place.precision == "auto" else place.precision
    sharing = choose_share(share, model, place.device, precision, path)
    if sharing.share != "off":
        executor: Executor = sharing.build(model, place.device, threads)
        batches = 1
    elif place.device == "cpu":
        executor = _cpu_executor(model, path, build)
    else:
        executor = _cuda_executor(model, place, path, build, fallback)
    if batches == 0:
        _keep_batches_that_pay(executor)
    trim_memory()
    reason = place.explain(executor.reason)
    _log.info("%s on %s: %s", executor.name, executor.device, reason)
    return executor


@dataclass(frozen=True, slots=True)
class Place:
    """Where a network will run, in which number format, and why there, if that needs saying.

    Attributes:
        device: ``cpu`` or ``cuda:n``.
        precision: ``fp32``, ``fp16``, ``bf16`` or ``int8``.
        note: Empty where nothing needs saying.
        free: Whether int8 graphs may run where the precision is fp32: nobody asked for it.
    """

    device: str
    precision: str
    note: str
    free: bool = True

    def explain(self, reason: str) -> str:
        """Return why there, and for what reason so."""
        return "; ".join(part for part in (self.note, reason) if part)


def find_place(
    device: str = "auto",
    precision: str = "auto",
    allow_cpu_fallback: bool = True,
    path: str = "auto",
) -> Place:
    """Return where :func:`create_executor` would run a network.

    Raises:
        ValueError: If an argument is none of its choices.
        DeviceError: If the device or precision is not available here.
    """
    _check_choice("precision", precision, PRECISIONS)
    if precision == "int8":
        return _int8_place(device, path)
    found, note = _find_device(device, allow_cpu_fallback, path)
    fallen_back = found == "cpu" and note and precision in ("fp16", "bf16")
    if fallen_back:
        note += f"; fp32 instead of {precision}, which needs CUDA"
    open_choice = precision == "auto" and found == "cpu"
    known = "fp32" if fallen_back or open_choice else precision
    if found == "cpu" and known != "fp32":
        raise DeviceError(
            f"the CPU runs fp32 or int8, got precision {known}; use auto, fp32 or int8"
        )
    return Place(found, known, note, free=precision == "auto" or bool(fallen_back))


def _int8_place(device: str, path: str) -> Place:
    if path == "torch":
        raise ValueError("precision int8 runs on OpenVINO, got path torch; use path openvino")
    if device not in ("auto", "cpu"):
        raise ValueError(f"precision int8 runs on the CPU, got device {device}; use device cpu")
    return Place("cpu", "int8", "", free=False)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")


def _find_device(device: str, allow_cpu_fallback: bool, path: str) -> tuple[str, str]:
    """Return the device to use and a note why; the note is empty where nothing needs saying."""
    asked = re.fullmatch(r"cuda(?::(\d+))?", device)
    if asked is None:
        _check_choice("device", device, ("auto", "cpu", "cuda", "cuda:n"))
        if device == "cuda:n":
            raise ValueError("device cuda:n needs a number for n, e.g. cuda:0")
    _refuse_contradiction(device, path)
    if device == "cpu" or path == "openvino":
        return "cpu", ""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = int(asked[1] or 0) if asked else 0
    if index < count:
        return f"cuda:{index}", f"{torch.cuda.get_device_name(index)} found"
    if asked is None:
        return "cpu", "no CUDA device"
    missing = f"{device} is not there (CUDA devices found: {count})"
    if not allow_cpu_fallback:
        raise DeviceError(f"{missing}; use device cpu, or allow the fallback to the CPU")
    return "cpu", missing


def _refuse_contradiction(device: str, path: str) -> None:
    if device.startswith("cuda") and path == "openvino":
        raise ValueError(f"path openvino runs on the CPU, got device {device}; use path torch")
    if device == "cpu" and path in CUDA_PATHS:
        raise ValueError(f"path {path} runs on CUDA, got device cpu; use path torch or openvino")


def _check_precision(model: nn.Module, place: Place) -> None:
    """Raise DeviceError unless the network is there in the place's number format."""
    quantized = isinstance(model, QuantizedNetwork)
    if place.precision == "int8" and not quantized:
        raise DeviceError(
            "precision int8 needs weights that were quantized, got fp32 ones; make them with "
            "`vinet weights quantize`, from videos or bags of your camera"
        )
    if quantized and (place.device != "cpu" or not (place.free or place.precision == "int8")):
        raise DeviceError(
            f"the weights are int8 graphs, which run on the CPU, got {place.precision} on "
            f"{place.device}; use device cpu with precision int8, or the weights that they were "
            "made from"
        )


def _cuda_executor(
    model: nn.Module, place: Place, path: str, build: _Build, fallback: bool
) -> Executor:
    try:
        return cuda_executor(model, place, path, build)
    except DeviceError as error:
        if not fallback:
            raise
        _log.warning("%s failed (%s); the CPU takes over", place.device, error)
        executor = _cpu_executor(model, path, build)
        executor.reason = f"{place.device} failed ({error}); {executor.reason}"
        return executor


def _cpu_executor(model: nn.Module, path: str, build: _Build) -> Executor:
    if isinstance(model, QuantizedNetwork):
        return _int8_executor(model, path, build)
    if path == "openvino":
        return OpenVINOExecutor(model, **build)
    if path == "torch":
        return TorchExecutor(model, **build)
    if path != "auto":
        raise DeviceError(f"path {path} needs a CUDA device, and there is none; use path auto")
    if not openvino_installed():
        return TorchExecutor(model, reason="OpenVINO is not installed", **build)
    return _fastest(model, build)


def _int8_executor(model: nn.Module, path: str, build: _Build) -> Executor:
    if path == "torch":
        raise DeviceError("the weights are int8 graphs, got path torch; use path openvino")
    return OpenVINOExecutor(model, reason="the weights are int8 graphs", **build)


def _fastest(model: nn.Module, build: _Build) -> Executor:
    try:
        # First, while the weights are laid out plainly; the other path rearranges them.
        compiled = OpenVINOExecutor(model, **build)
    except DeviceError as error:
        return TorchExecutor(model, reason=str(error), **build)
    plain = TorchExecutor(model, **build)
    plain_s, compiled_s = step_seconds(plain), step_seconds(compiled)
    if plain_s < compiled_s:
        plain.reason = _comparison(plain, plain_s, compiled, compiled_s)
        compiled.close()
        return plain
    compiled.reason = _comparison(compiled, compiled_s, plain, plain_s)
    plain.close()
    return compiled


def _keep_batches_that_pay(executor: Executor) -> None:
    ratio = pair_ratio(executor)
    measured = f"two windows together take {ratio:.2f} times as long as one"
    if ratio < LARGEST_PAIR_RATIO:
        executor.batches_reason = f"{measured}, so they go together"
        return
    executor.batches_reason = f"{measured}, so they go one by one"
    executor.drop_batches()


def _comparison(winner: Executor, winner_s: float, other: Executor, other_s: float) -> str:
    unit, scale = ("s", 1.0) if other_s >= 1 else ("ms", 1e3)
    return (
        f"{winner.name}: {winner_s * scale:.3g} {unit} a step "
        f"against {other_s * scale:.3g} {unit} with {other.name}"
    )
