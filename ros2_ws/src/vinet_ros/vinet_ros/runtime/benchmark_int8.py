# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Int8 graphs for a benchmark that was given none: quantized on its own film."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from vinet_ros.networks.catalog import model_spec
from vinet_ros.networks.weights import WeightsCard, card_of
from vinet_ros.preprocess import resize_frame
from vinet_ros.runtime.benchmark_paths import INT8, Subject
from vinet_ros.runtime.quantize import quantize_network

_WINDOWS = 4


@contextmanager
def with_int8(
    subject: Subject, paths: Sequence[str], progress: Callable[[str, int, int], None]
) -> Iterator[Subject]:
    """Yield the subject with a file of int8 graphs, if one of the paths needs it.

    Raises:
        VinetError: If the graphs cannot be made: NNCF is missing, say.
    """
    if INT8 not in paths or subject.int8 is not None:
        yield subject
        return
    with tempfile.TemporaryDirectory(prefix="vinet-int8-") as folder:
        file = Path(folder) / "made_on_film.safetensors"
        model = subject.make()
        model.card = card_of(model) or _card(subject, model)  # type: ignore[assignment]
        quantized = quantize_network(
            model, _clips(subject, model), progress=lambda what: progress(what, 0, 1)
        )
        quantized.save(file, ["the benchmark's film"])
        del model, quantized
        yield replace(subject, int8=str(file))


@dataclass(slots=True, eq=False)
class _Moment:
    frame: npt.NDArray[np.uint8]
    kept: Any = None


def _clips(subject: Subject, model: Any) -> list[list[list[_Moment]]]:
    films = replace(subject, batch=_WINDOWS).frames(model)  # (windows, T, H, W, 3)
    size = model.input_size
    return [[[_Moment(resize_frame(frame, size)) for frame in film] for film in films]]


def _card(subject: Subject, model: nn.Module) -> WeightsCard:
    network: Any = model
    return WeightsCard(
        model=subject.model,
        clip_length=network.clip_length,
        input_size=network.input_size,
        rate_hz=model_spec(subject.model).rate_hz,
        options=subject.options,
        source=f"random, seed {subject.seed}",
    )
