# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The parts of a network whose windows share work, run by PyTorch or compiled by OpenVINO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import nn

from vinet_ros.networks.fast_convolution import with_fast_convolutions
from vinet_ros.networks.shared_decoder import Parts, Rest, folds_of
from vinet_ros.networks.shared_work import Span, Spatial, StepFront, WholeFront
from vinet_ros.runtime.base import Executor, trim_memory
from vinet_ros.runtime.graph_cache import network_key
from vinet_ros.runtime.openvino_graphs import cannot_run, check_openvino, compile_requests

Part: TypeAlias = Callable[[Sequence[Any]], list[Any]]
"""From arrays to arrays, each of the path's own kind; what comes out is the caller's."""
Spans: TypeAlias = dict[str, Span]


def modules_of(model: nn.Module, spans: Spans) -> tuple[dict[str, nn.Module], dict[str, Parts]]:
    """Return the parts by their names, and those of the decoder's folds by their levels.

    There is no ``step`` where no place of the first level is known from the window before.
    """
    modules: dict[str, nn.Module] = {
        "spatial": Spatial(model),
        "whole": WholeFront(model, spans),
        "rest": Rest(model, spans),
    }
    if spans["early"].known:
        modules["step"] = StepFront(model, spans)
    return modules, {level: Parts(model, level, f) for level, f in folds_of(model, spans).items()}


def examples_of(
    modules: Mapping[str, Any],
    folds: Mapping[str, Parts],
    frame: torch.Tensor,
    asides: Sequence[torch.Tensor],
    run: Callable[[str, nn.Module, Sequence[torch.Tensor]], Any],
) -> dict[str, tuple[torch.Tensor, ...]]:
    """Return inputs of each part in their shapes, having run those before the rest.

    Args:
        modules: As :func:`modules_of` gives them.
        folds: The same.
        frame: A normalised frame (1, 3, H, W).
        asides: What the network takes beside the frames.
        run: Runs a part of that name.
    """
    rest = modules["rest"]
    length = 2 * rest.places
    frames = (run("spatial", modules["spatial"], (frame,)),) * length
    made = run("whole", modules["whole"], frames)
    y3, y2, kept = made[: rest.places], made[rest.places : length], made[length:]
    examples = {"spatial": (frame,), "whole": frames}
    if "step" in modules:
        examples["step"] = modules["step"].example(frames, kept)
    sums: list[torch.Tensor] = []
    for level, part in folds.items():
        examples[level] = tuple({"y3": y3, "y2": y2}[level][: len(part.taps)])
        one = run(level, part, examples[level])[0]
        sums += [one] * len(rest.folds[level].span.kept)
    examples["rest"] = (*y2, *(y3[i] for i in rest.y3_places), *sums, *asides)
    return examples


def eager_parts(
    model: nn.Module, executor: Executor, spans: Spans, threads: int | None
) -> dict[str, Part]:
    """Return the parts run by PyTorch on the executor's device: the reference."""
    if threads is not None:
        torch.set_num_threads(threads)
    device = torch.device(executor.device)

    def part(module: nn.Module) -> Part:
        def run(inputs: Sequence[Any]) -> list[Any]:
            given = [x if isinstance(x, torch.Tensor) else torch.from_numpy(x) for x in inputs]
            with torch.inference_mode():
                made = module(*(x.to(device) for x in given))
                # A place by itself: a slice would keep the whole level alive.
                return [x.clone() for x in (made if isinstance(made, tuple) else (made,))]

        return run

    modules, folds = modules_of(model, spans)
    return {name: part(module) for name, module in [*modules.items(), *folds.items()]}


def compiled_parts(
    model: nn.Module, executor: Executor, spans: Spans, threads: int | None
) -> dict[str, Part]:
    """Return the parts compiled by OpenVINO for the CPU, each of static shapes.

    Raises:
        DeviceError: If OpenVINO is not installed, or cannot run the network.
    """
    check_openvino()
    network = network_key(model, executor.traits.card)
    modules, folds = modules_of(with_fast_convolutions(model), spans)
    frame = torch.zeros(1, 3, *executor.input_size)
    asides = [torch.from_numpy(a[None].copy()) for a in executor.traits.asides(None, None)]
    parts: dict[str, Part] = {}
    try:
        with torch.inference_mode():
            examples = examples_of(modules, folds, frame, asides, lambda _, m, x: m(*x))
        for name, module in [*modules.items(), *folds.items()]:
            key = None if network is None else (network, name, repr(spans))
            (request,) = compile_requests(module, examples[name], threads, [1], key)
            parts[name] = _requested(request)
    except Exception as error:
        raise cannot_run(model, error) from error
    trim_memory()
    return parts


def _requested(request: Any) -> Part:
    def run(inputs: Sequence[Any]) -> list[Any]:
        request.infer(list(inputs), share_inputs=True)
        outputs = len(request.model_outputs)
        return [request.get_output_tensor(i).data.copy() for i in range(outputs)]

    return run
