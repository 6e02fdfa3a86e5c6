# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A picture of memory and processor time over a run."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from vinet_ros.errors import VinetError
from vinet_ros.ros.benchmark.usage import Sample


def plot_samples(samples: Sequence[Sample], title: str, path: Path) -> None:
    """Draw resident and proportional memory, and cores, over the minutes.

    Args:
        samples: In order; at least two.
        title: Over the picture.
        path: PNG, SVG or PDF.

    Raises:
        VinetError: If matplotlib is not installed, or cannot write such a file.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise VinetError(
            "--plot needs matplotlib, which is not installed; install it with "
            "pip install 'vinet_ros[train]'"
        ) from error
    minutes = [(sample.at_s - samples[0].at_s) / 60 for sample in samples]
    figure = Figure(figsize=(9, 5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    above.plot(minutes, [s.memory.rss_mib for s in samples], label="resident")
    above.plot(minutes, [s.memory.pss_mib for s in samples], label="proportional")
    above.set(ylabel="memory MiB", title=title, ylim=(0, None))
    above.legend(loc="lower right")
    pairs = list(pairwise(samples))
    below.plot(minutes[1:], [(b.cpu_s - a.cpu_s) / (b.at_s - a.at_s) for a, b in pairs])
    below.set(ylabel="cores", xlabel="minutes", ylim=(0, None))
    for axes in (above, below):
        axes.grid(alpha=0.3)
    try:
        figure.savefig(path, dpi=120)
    except ValueError as error:  # a format that it does not know
        raise VinetError(f"--plot cannot write {path}: {error}") from error
