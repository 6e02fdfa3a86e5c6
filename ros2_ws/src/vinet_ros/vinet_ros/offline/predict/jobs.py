# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Several inputs, one after the other or in processes side by side."""

from dataclasses import replace
from typing import Any

import cv2
import torch

from vinet_ros.errors import VinetError
from vinet_ros.offline.evaluate_jobs import list_devices, share_threads
from vinet_ros.offline.predict.request import NetworkChoice, PredictRequest, output_names
from vinet_ros.offline.predict.run import Progress, Summary, predict_source
from vinet_ros.offline.processes import map_in_processes
from vinet_ros.streaming import Predictor

Outcome = Summary | VinetError


class Predictors:
    """Loads a network once for all inputs of a process."""

    def __init__(self) -> None:
        self._key: tuple[str, str] | None = None
        self._predictor: Predictor | None = None

    def __call__(self, choice: NetworkChoice, path: str) -> Predictor:
        """Return the predictor of a choice, run by a path (auto, torch, openvino).

        Its window is empty. One that a path was measured for stays.

        Raises:
            WeightsError: If there are no weights, or they do not fit.
            DeviceError: If the device, precision or path is not available.
            ValueError: If the choice contradicts itself.
        """
        key = repr(replace(choice, path="")), path
        if self._predictor is None or self._key != key:
            self.close()
            self._predictor = load_predictor(choice, path)
            self._key = key
        self._predictor.configure_window()
        return self._predictor

    def close(self) -> None:
        """Give the network back."""
        if self._predictor is not None:
            self._predictor.close()
        self._predictor = None


def load_predictor(choice: NetworkChoice, path: str = "") -> Predictor:
    """Return the predictor of a choice, by default run as the choice says."""
    predictor = Predictor(
        choice.model,
        choice.weights,
        choice.device,
        precision=choice.precision,
        window_rate_hz=choice.window_rate_hz,
        max_gap_s=choice.max_gap_s,
        model_options=choice.options,
        path=path or choice.path,
        threads=choice.threads,
        stabilize=choice.stabilize,
        share=choice.share,
    )
    if predictor.stabilization not in ("on", "off"):
        predictor.close()
        raise VinetError(
            f"stabilize is set, which {choice.model} cannot use; leave it out, or take vinet_lite"
        )
    return predictor


def predict_inputs(
    request: PredictRequest, inputs: tuple[str, ...], jobs: int, progress: Progress
) -> list[Outcome]:
    """Return each input's summary, or the error that it ended with, in the inputs' order.

    Args:
        request: What to write, and how.
        inputs: Paths, or cameras.
        jobs: Number of processes; 1 does all here.
        progress: For a progress bar.

    Raises:
        DataError: If two inputs would be written to the same folder.
        VinetError: If a process died.
    """
    names = output_names(inputs)
    if jobs == 1 or len(inputs) == 1:
        predictors = Predictors()
        try:
            return [_attempt(request, p, names[p], predictors, progress) for p in inputs]
        finally:
            predictors.close()
    return _side_by_side(request, names, min(jobs, len(inputs)), progress)


def _side_by_side(
    request: PredictRequest, names: dict[str, str], jobs: int, progress: Progress
) -> list[Outcome]:
    devices = list_devices(request.network.device, jobs)
    return map_in_processes(
        _work,
        list(names.items()),
        _start,
        (request, share_threads(jobs)),
        [devices[index % len(devices)] for index in range(jobs)],
        progress,
        "use fewer --jobs and start again: what is done is kept",
    )


_own: tuple[PredictRequest, Predictors, Any] | None = None  # of a process that was started here


def _start(setup: tuple[PredictRequest, int | None], turns: Any, steps: Any) -> None:
    global _own
    request, share = setup
    threads = request.network.threads or share or 1
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    network = replace(request.network, device=turns.get(), threads=threads)
    _own = replace(request, network=network), Predictors(), steps


def _work(path: str, name: str) -> Outcome:
    assert _own is not None, "the process was started by predict_inputs"
    request, predictors, steps = _own
    return _attempt(request, path, name, predictors, lambda *step: steps.put(step))


def _attempt(
    request: PredictRequest, path: str, name: str, predictors: Predictors, progress: Progress
) -> Outcome:
    try:
        return predict_source(request, path, name, predictors, progress)
    except ValueError as error:  # of the model's options
        return VinetError(str(error))
    except VinetError as error:
        return error
