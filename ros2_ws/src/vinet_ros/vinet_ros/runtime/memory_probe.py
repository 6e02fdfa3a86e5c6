# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How much memory a path takes: run as a process of its own, one path a process."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from vinet_ros.errors import VinetError
from vinet_ros.runtime.benchmark_paths import (
    FEATURES,
    Subject,
    Timed,
    features_runner,
    runner_for,
)

_PREDICTIONS = 3


@dataclass(frozen=True, slots=True)
class MemoryGrowth:
    """Growth over the process that has imported PyTorch and nothing else, in MiB."""

    resident_mib: float
    peak_mib: float


def measure_memory(subject: Subject, path: str, threads: int | None) -> MemoryGrowth:
    """Load and run one path in a fresh process and return what its memory grew by.

    Raises:
        VinetError: If the process fails.
    """
    request = json.dumps({"subject": asdict(subject), "path": path, "threads": threads})
    command = [sys.executable, "-m", __name__, request]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise VinetError(f"memory of path {path} could not be measured: {last[0]}")
    return MemoryGrowth(**json.loads(done.stdout.strip().splitlines()[-1]))


def probe(subject: Subject, path: str, threads: int | None) -> MemoryGrowth:
    """Load and run one path in this process and return what its memory grew by."""
    gc.collect()
    before_kib = _status_kib("VmRSS")
    runner: Timed
    if path == FEATURES:
        runner = features_runner(subject, threads)
    else:
        runner = runner_for(subject, path, threads)
    for _ in range(_PREDICTIONS):
        runner.run()
    gc.collect()
    return MemoryGrowth(
        resident_mib=(_status_kib("VmRSS") - before_kib) / 1024,
        peak_mib=(_status_kib("VmHWM") - before_kib) / 1024,
    )


def _status_kib(field: str) -> int:
    """Return a field of this process's status; the rusage maximum would be the parent's too."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise VinetError(f"/proc/self/status has no {field}; memory is measured on Linux only")


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    growth = probe(Subject(**asked["subject"]), asked["path"], asked["threads"])
    print(json.dumps(asdict(growth)))
