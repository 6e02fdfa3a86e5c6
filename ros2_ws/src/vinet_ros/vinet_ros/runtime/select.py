"""Choose how to run a network: the device asked for, and the fastest path installed."""

from __future__ import annotations

import logging
import re
import time

import numpy as np
import torch
from torch import nn

from vinet_ros.errors import DeviceError
from vinet_ros.runtime.base import Executor, trim_memory
from vinet_ros.runtime.openvino_executor import OpenVINOExecutor, openvino_installed
from vinet_ros.runtime.torch_executor import DTYPES, TorchExecutor

PATHS = ("auto", "torch", "openvino")
PRECISIONS = ("auto", *DTYPES)

# A path is timed for at most about this long; one that is slower is run once.
_MEASURE_S = 0.5
_MEASURE_RUNS = 10

_log = logging.getLogger(__name__)


def create_executor(
    model: nn.Module,
    device: str = "auto",
    precision: str = "auto",
    allow_cpu_fallback: bool = True,
    path: str = "auto",
    threads: int | None = None,
) -> Executor:
    """Bind a network to a device and a path.

    On the CPU, ``auto`` runs each installed path briefly and keeps the fastest; the executor's
    ``reason`` says the figures. CUDA runs PyTorch. The executor takes the model over: let go of
    it, so that its memory can be given back where the path has its own copy.

    Args:
        model: A saliency network.
        device: ``auto`` (CUDA where there is one), ``cpu``, ``cuda`` or ``cuda:n``.
        precision: ``auto`` (fp32), ``fp32``; on CUDA also ``fp16``, ``bf16``.
        allow_cpu_fallback: Run on the CPU, and say so, where the CUDA device is not there.
        path: ``auto``, ``torch`` or ``openvino``.
        threads: Threads on the CPU; None leaves the choice to the path.

    Raises:
        ValueError: If an argument is not one of those above, or two contradict each other.
        DeviceError: If the device, precision or path is not available here.
    """
    _check_choice("precision", precision, PRECISIONS)
    _check_choice("path", path, PATHS)
    found, note = _find_device(device, allow_cpu_fallback, path)
    if found != "cpu":
        chosen = TorchExecutor(model, found, _precision(precision), note, threads)
        _log.info("%s on %s: %s", chosen.name, found, note)
        return chosen
    if note and precision in ("fp16", "bf16"):
        note += f"; fp32 instead of {precision}, which needs CUDA"
        precision = "fp32"
    executor = _cpu_executor(model, _precision(precision), path, threads)
    trim_memory()
    executor.reason = "; ".join(part for part in (note, executor.reason) if part)
    _log.info("%s on the CPU: %s", executor.name, executor.reason)
    return executor


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")


def _precision(precision: str) -> str:
    return "fp32" if precision == "auto" else precision


def _find_device(device: str, allow_cpu_fallback: bool, path: str) -> tuple[str, str]:
    """Return the device to use and a note why; the note is empty where nothing needs saying."""
    asked = re.fullmatch(r"cuda(?::(\d+))?", device)
    if asked is None:
        _check_choice("device", device, ("auto", "cpu", "cuda", "cuda:n"))
        if device == "cuda:n":
            raise ValueError("device cuda:n needs a number for n, e.g. cuda:0")
    elif path == "openvino":
        raise ValueError(f"path openvino runs on the CPU, got device {device}; use path torch")
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


def _cpu_executor(model: nn.Module, precision: str, path: str, threads: int | None) -> Executor:
    if precision != "fp32":
        raise DeviceError(f"the CPU runs fp32 only, got precision {precision}; use auto or fp32")
    if path == "openvino":
        return OpenVINOExecutor(model, threads=threads)
    if path == "torch":
        return TorchExecutor(model, threads=threads)
    if not openvino_installed():
        return TorchExecutor(model, reason="OpenVINO is not installed", threads=threads)
    return _fastest(model, threads)


def _fastest(model: nn.Module, threads: int | None) -> Executor:
    try:
        # First, while the weights are laid out plainly; the other path rearranges them.
        compiled = OpenVINOExecutor(model, threads=threads)
    except DeviceError as error:
        return TorchExecutor(model, reason=str(error), threads=threads)
    plain = TorchExecutor(model, threads=threads)
    plain_s, compiled_s = step_seconds(plain), step_seconds(compiled)
    if plain_s < compiled_s:
        plain.reason = _comparison(plain, plain_s, compiled, compiled_s)
        compiled.close()
        return plain
    compiled.reason = _comparison(compiled, compiled_s, plain, plain_s)
    plain.close()
    return compiled


def step_seconds(executor: Executor) -> float:
    """Return how long one frame and its prediction take, at best, without measuring for long."""
    generator = np.random.default_rng(0)
    frame = generator.integers(0, 256, (*executor.input_size, 3), dtype=np.uint8)
    kept = executor.encode(frame)
    window = [kept] * executor.clip_length
    durations: list[float] = []
    # The first run pays for memory and kernels; it counts only if there is time for no other.
    while not durations or (sum(durations) < _MEASURE_S and len(durations) <= _MEASURE_RUNS):
        start = time.perf_counter()
        window = [*window[1:], executor.encode(frame)]
        executor.predict(window)
        durations.append(time.perf_counter() - start)
    return min(durations)


def _comparison(winner: Executor, winner_s: float, other: Executor, other_s: float) -> str:
    unit, scale = ("s", 1.0) if other_s >= 1 else ("ms", 1e3)
    return (
        f"{winner.name}: {winner_s * scale:.3g} {unit} a step "
        f"against {other_s * scale:.3g} {unit} with {other.name}"
    )
