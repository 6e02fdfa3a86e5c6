# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A file with every step of every frame, written while saliency_node runs; for measurements.

Only who starts the process can ask for it, by the environment variable :data:`TRACE_VARIABLE`:
a parameter would let anybody on the network make the node write files.
"""

import os
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TRACE_VARIABLE = "VINET_STEP_TRACE"
"""Environment variable with the file's path; empty or missing: nothing is written."""
TRACED_STEPS = (
    *("receive", "convert", "resize", "predict", "gaze", "publish", "latency"),
    *("send", "late"),  # of the benchmark's camera
)
"""In the file a step is its place in this row."""

ROW = np.dtype([(name, "<i8") for name in ("step", "stamp_ns", "end_ns", "time_ns", "cpu_ns")])
"""Stamp of the frame, end by the system's monotonic clock, duration, and the processor time that
its thread took of it (-1 where that was not measured)."""

_PACK = struct.Struct("<5q")
_FLUSH_ROWS = 64


class StepTrace:
    """Appends rows to a file; not thread-safe.

    Args:
        path: The file; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._rows = bytearray()

    def add(self, step: str, stamp_ns: int, end_ns: int, time_ns: int, cpu_ns: int) -> None:
        """Note one step of one frame; a step that is not traced is left out."""
        if self._file.closed or step not in TRACED_STEPS:
            return
        self._rows += _PACK.pack(TRACED_STEPS.index(step), stamp_ns, end_ns, time_ns, cpu_ns)
        if len(self._rows) >= _FLUSH_ROWS * _PACK.size:
            self._flush()

    def close(self) -> None:
        """Write what is left and close the file."""
        if not self._file.closed:
            self._flush()
            self._file.close()

    def _flush(self) -> None:
        self._file.write(self._rows)
        self._rows.clear()


def open_trace() -> StepTrace | None:
    """Return the trace that the environment asks for, None where it does not."""
    path = os.environ.get(TRACE_VARIABLE, "")
    return StepTrace(Path(path)) if path else None


def read_trace(path: Path) -> dict[str, NDArray[np.void]]:
    """Return the rows of each step, as :data:`ROW`, in the order of their ends.

    A row that was cut off by the end of the process is left out.
    """
    content = path.read_bytes()
    rows = np.frombuffer(content[: len(content) // ROW.itemsize * ROW.itemsize], ROW)
    return {
        step: np.sort(rows[rows["step"] == number], order="end_ns")
        for number, step in enumerate(TRACED_STEPS)
    }
