# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a trial is run with, and what is done with its recording, however it is run."""

from pathlib import Path
from typing import Any

import numpy as np

from vinet_ros.ros.gaze_parameters import GazeParameters
from vinet_ros.ros.head_benchmark.judge import Limits, Recording, Verdict
from vinet_ros.ros.head_benchmark.options import PARTS, HeadOptions

VIEW_SIZE = (288, 384)  # as wide as the network's input, and as high as a VGA camera sees
HFOV_DEG = 60.0


def given_to_controller(options: HeadOptions) -> dict[str, Any]:
    """Return what the user set at gaze_controller, of the parameters that parts change."""
    given: dict[str, Any] = {}
    for text in options.given("gaze_controller"):
        name, _, value = text.partition(":=")
        default = getattr(GazeParameters(), name, None)
        if isinstance(default, bool):
            given[name] = value.lower() == "true"
        elif isinstance(default, int | float | str):
            given[name] = type(default)(value)
    return {name: given[name] for name in given if name in changed_by_parts()}


def told(verdict: Verdict) -> str:
    """Return a verdict as a line."""
    figures = ", ".join(f"{name} {value:.3g}" for name, value in verdict.figures.items())
    return f"{verdict.part}, seed {verdict.seed}: {_GOOD[verdict.good]}{figures}"


_GOOD = {True: "good, ", False: "BAD, ", None: ""}


def changed_by_parts() -> set[str]:
    """Return the parameters of gaze_controller that some part changes."""
    return {name for part in PARTS for name in part.controller}


def part_defaults() -> dict[str, Any]:
    """Return the defaults of those parameters of gaze_controller that parts change."""
    defaults = GazeParameters()
    return {name: getattr(defaults, name) for name in changed_by_parts()}


def limits_of() -> Limits:
    """Return the limits that gaze_controller has to keep: its defaults; no part changes them."""
    known = GazeParameters()
    return Limits(
        (known.pan_min, known.tilt_min),
        (known.pan_max, known.tilt_max),
        known.max_velocity,
        known.max_acceleration,
    )


def save_recording(folder: Path, recording: Recording) -> None:
    """Write a recording into a folder as ``<part>_<seed>.npz``."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = {name: getattr(recording, name) for name in recording.__dataclass_fields__}
    np.savez_compressed(folder / f"{recording.part}_{recording.seed}.npz", **fields)
