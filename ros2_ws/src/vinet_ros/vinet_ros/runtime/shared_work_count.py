# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Count the multiplications of a network whose windows share their work, from its own shapes."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from vinet_ros.networks.shared_work import Rest, Spatial, StepFront, WholeFront, spans_of


def count_parts(model: nn.Module, approximate: bool = False) -> dict[str, float]:
    """Return billions of multiplications of each part; nothing is computed.

    Multiplications with zeros beyond a window's ends count where the layer makes them: in the
    whole front, but not in the first layer of a step.

    Returns:
        ``spatial`` (one frame), ``whole`` (the front of a window without one before it), ``step``
        (with one), ``rest`` (all that follows the front).
    """
    network: Any = copy.deepcopy(model).to("meta").eval()
    spans = spans_of(int(network.clip_length), approximate)
    counts: dict[str, float] = {}

    def run(name: str, part: nn.Module, inputs: list[Tensor]) -> Any:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            made = part(*inputs)
        counts[name] = counter.get_total_flops() / 2e9
        return made

    frame = torch.zeros(1, 3, *network.input_size, device="meta")
    feature = run("spatial", Spatial(network), [frame])
    frames = [feature] * int(network.clip_length)
    made = run("whole", WholeFront(network, spans), frames)
    rows, kept = made[: len(frames)], made[len(frames) :]
    step = StepFront(network, spans)
    run("step", step, list(step.example(frames, kept)))
    shape = getattr(network, "audio_shape", None)
    sound = [] if shape is None else [torch.zeros(1, *shape, device="meta")]
    run("rest", Rest(network), [*rows, *sound])
    return counts


def step_gmac(model: nn.Module, approximate: bool = False) -> float:
    """Return billions of multiplications of a step that shares the work of the window before."""
    counts = count_parts(model, approximate)
    network: Any = model
    known = spans_of(int(network.clip_length), approximate)["early"].known
    return counts["spatial"] + counts["step" if known else "whole"] + counts["rest"]
