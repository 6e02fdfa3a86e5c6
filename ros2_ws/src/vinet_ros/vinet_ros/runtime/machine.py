# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a measurement ran on, and how that is told."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

import torch

import vinet_ros
from vinet_ros.runtime.benchmark_paths import INT8, SHARED

_BY_OPENVINO = {"openvino", INT8, *SHARED}


def processor_name() -> str:
    """Return the processor's name as the system tells it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions(paths: Sequence[str]) -> dict[str, str]:
    """Return the versions that the figures of some paths depend on."""
    found = {
        "vinet_ros": vinet_ros.__version__,
        "Python": platform.python_version(),
        "torch": torch.__version__,
    }
    if _BY_OPENVINO & set(paths):
        found["openvino"] = metadata.version("openvino")
    if any(path.startswith("cuda") for path in paths):
        found["GPU"] = torch.cuda.get_device_name(0)
    return found


def machine_text(
    processor: str,
    cores: int,
    load_average: float | tuple[float, float],
    known: Mapping[str, str],
    threads: int | None = None,
) -> str:
    """Return what was measured on, as a part of a sentence.

    Args:
        processor: Its name.
        cores: That the process may use.
        load_average: Of the machine before; or before and after.
        known: Versions by name.
        threads: Of PyTorch, if they were counted.
    """
    parts = [processor, f"{cores} cores"]
    if threads is not None:
        parts.append(f"{threads} threads")
    if isinstance(load_average, tuple):
        before, after = load_average
        parts.append(f"load average {before:.1f} before and {after:.1f} after")
    else:
        parts.append(f"load average {load_average:.1f}")
    libraries = ", ".join(f"{name} {version}" for name, version in known.items())
    return f"{', '.join(parts)}; {libraries}"
