# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a video's frames cost one after the other, and where overlapping windows share work."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from vinet_ros.metrics import cc
from vinet_ros.offline.sources import open_source
from vinet_ros.runtime.benchmark_paths import Subject, drifting_noise
from vinet_ros.runtime.gmac import clip_gmac
from vinet_ros.runtime.machine import machine_text, processor_name, versions
from vinet_ros.runtime.openvino_graphs import openvino_installed
from vinet_ros.runtime.select import create_executor
from vinet_ros.runtime.shared_work import SHARES, SharedWorkExecutor
from vinet_ros.runtime.shared_work_count import count_parts
from vinet_ros.streaming import Predictor

Pictures = Sequence[tuple[NDArray[np.uint8], int]]
"""Frames (H, W, 3) and their stamps in nanoseconds."""

_FRAME_NS = 33_333_333


@dataclass(frozen=True, slots=True)
class ShareRow:
    """What all frames cost with a share of work.

    Attributes:
        share: One of SHARES; the first, off, is frame by frame.
        name: What ran.
        seconds: For all frames: resize, encode, predict.
        cpu_seconds: Processor time of the process for it; other programs hardly change it.
        ratio: Of the seconds to those of ``off``.
        cpu_ratio: Of the processor time.
        gmac: Billions of multiplications of all frames.
        whole_windows: Windows that were computed as a whole.
        max_difference: Largest difference of a map to that of ``off``.
        cc: Mean and least CC of a frame's map to that of ``off``.
    """

    share: str
    name: str
    seconds: float
    cpu_seconds: float
    ratio: float
    cpu_ratio: float
    gmac: float
    whole_windows: int
    max_difference: float
    cc: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ThroughputReport:
    """Rows of one run, and what is needed to read them.

    Attributes:
        model: Name in the catalog.
        options: Of the network.
        weights: Where they came from.
        source: The video.
        frames: How many.
        processor: Name of the processor.
        cores: Cores that the process may use.
        load_average: Of the machine over the minute before, and at the end.
        versions: Of the libraries.
        rows: A row for each share.
    """

    model: str
    options: dict[str, Any]
    weights: str
    source: str
    frames: int
    processor: str
    cores: int
    load_average: tuple[float, float]
    versions: dict[str, str]
    rows: tuple[ShareRow, ...]

    def to_json(self) -> str:
        """Return everything as an indented JSON object."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def to_markdown(self) -> str:
        """Return what was measured and how, and the table."""
        machine = machine_text(self.processor, self.cores, self.load_average, self.versions)
        lines = [
            f"{self.model} {self.options or ''}, {self.weights}; {self.frames} frames of "
            f"{self.source}. {machine}. All ways in turn, frame by frame.",
            "",
            "| share | path | frames/s | ratio | CPU s | ratio | GMAC | ratio | whole windows "
            "| largest difference | CC mean | least |",
            "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
        for row in self.rows:
            rate, gmac = self.frames / row.seconds, row.gmac / self.rows[0].gmac
            lines.append(
                f"| {row.share} | {row.name} | {rate:.3f} | {row.ratio:.3f} "
                f"| {row.cpu_seconds:.1f} | {row.cpu_ratio:.3f} | {row.gmac:.0f} | {gmac:.3f} "
                f"| {row.whole_windows} | {row.max_difference:.1e} | {row.cc[0]:.5f} "
                f"| {row.cc[1]:.5f} |"
            )
        return "\n".join(lines) + "\n"


def read_pictures(path: str | None, count: int) -> Pictures:
    """Return the first frames of a video with their stamps; drifting noise where there is none.

    Raises:
        DataError: If it cannot be read.
    """
    if path is None:
        (noise,) = drifting_noise((1, count, 480, 640, 3), 0)
        return [(frame, k * _FRAME_NS) for k, frame in enumerate(noise)]
    with open_source(path) as source:
        frames = islice(source.frames(decode=True), count)
        return [(frame.rgb(), frame.time_ns) for frame in frames]


def benchmark_offline(
    subject: Subject,
    pictures: Pictures,
    source: str = "drifting noise",
    shares: Sequence[str] = SHARES,
    threads: int | None = None,
    path: str = "",
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> ThroughputReport:
    """Predict every frame with each share of work in turn.

    Args:
        subject: The network.
        pictures: The frames.
        source: What they are, for people.
        shares: Ways to compare; the first is what the others are compared to.
        threads: Threads on the CPU; None leaves the choice to the path.
        path: ``openvino`` or ``torch``; by default the first where it is installed.
        progress: Called with what is done, how many are, and of how many.

    Raises:
        ValueError: If there are no frames, or the network has no work to share.
        VinetError: If weights or frames cannot be used.
    """
    if not pictures:
        raise ValueError("expected at least one frame, got none; give another video")
    before = os.getloadavg()[0]
    path = path or ("openvino" if openvino_installed() else "torch")
    ways = [_Way(subject, share, path, threads) for share in shares]
    for k, (rgb, stamp_ns) in enumerate(pictures):
        progress("frame", k, len(pictures))
        for place in range(len(ways)):
            ways[(place + k) % len(ways)].take(rgb, stamp_ns)
    model = subject.make()
    rows = tuple(way.row(ways[0], model) for way in ways)
    for way in ways:
        way.predictor.close()
    return ThroughputReport(
        model=subject.model,
        options=subject.options,
        weights="random weights" if subject.random else str(subject.weights or "bundled weights"),
        source=source,
        frames=len(pictures),
        processor=processor_name(),
        cores=len(os.sched_getaffinity(0)),
        load_average=(before, os.getloadavg()[0]),
        versions=versions([path]),
        rows=rows,
    )


class _Way:
    """A predictor that shares work in one way, and what it took so far."""

    def __init__(self, subject: Subject, share: str, path: str, threads: int | None) -> None:
        executor = create_executor(subject.make(), "cpu", path=path, threads=threads, share=share)
        self.share = share
        self.executor = executor
        self.predictor = Predictor(subject.model, executor=executor)
        self.seconds = self.cpu_seconds = 0.0
        self.maps: list[NDArray[np.float32]] = []

    def take(self, rgb: NDArray[np.uint8], stamp_ns: int) -> None:
        start, cpu_start = time.perf_counter(), time.process_time()
        self.predictor.push_frame(rgb, stamp_ns)
        saliency = self.predictor.predict()
        self.seconds += time.perf_counter() - start
        self.cpu_seconds += time.process_time() - cpu_start
        assert saliency is not None, "a window that repeats its first frame is never empty"
        self.maps.append(saliency.values)

    def row(self, first: _Way, model: nn.Module) -> ShareRow:
        whole, gmac = self._work(model)
        similar = [float(cc(one, other)) for one, other in zip(self.maps, first.maps, strict=True)]
        return ShareRow(
            share=self.share,
            name=self.executor.name,
            seconds=self.seconds,
            cpu_seconds=self.cpu_seconds,
            ratio=self.seconds / first.seconds,
            cpu_ratio=self.cpu_seconds / first.cpu_seconds,
            gmac=gmac,
            whole_windows=whole,
            max_difference=float(np.abs(np.subtract(self.maps, first.maps)).max()),
            cc=(float(np.mean(similar)), min(similar)),
        )

    def _work(self, model: nn.Module) -> tuple[int, float]:
        """Return the windows that were computed as a whole, and all multiplications."""
        if not isinstance(self.executor, SharedWorkExecutor):
            return len(self.maps), len(self.maps) * clip_gmac(model)
        counts = count_parts(model, self.share == "approximate")
        runs = self.executor.runs
        return self.executor.whole_windows, sum(runs[name] * counts[name] for name in runs)
