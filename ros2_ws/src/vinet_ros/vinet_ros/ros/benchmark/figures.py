# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""From what was noted in a run to its figures; pure arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinet_ros.ros.benchmark.usage import Sample

_NS_PER_MS = 1e6
_EARLY, _LATE = (1 / 6, 1 / 3), (5 / 6, 1.0)
"""Parts of the stretch whose memory is compared: of thirty minutes the fifth to the tenth, and
the last five."""

Rows = NDArray[np.void]
Stamps = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StepFigures:
    """How long a step took over the stretch, in milliseconds.

    Args:
        count: How often it was done.
        mean_ms: Mean.
        std_ms: Standard deviation.
        min_ms: Shortest.
        p50_ms: Median.
        p95_ms: 95th percentile.
        max_ms: Longest.
        cpu_ms: Mean processor time of the thread that does it; None where it only waits.
    """

    count: int
    mean_ms: float
    std_ms: float
    min_ms: float
    p50_ms: float
    p95_ms: float
    max_ms: float
    cpu_ms: float | None = None


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """Memory of the node at the two ends of the stretch, as means over a sixth of it each.

    Args:
        early_rss_mib: Second sixth; of thirty minutes the fifth to the tenth.
        late_rss_mib: Last sixth; of thirty minutes the last five.
        change: The late one over the early one, less 1.
        early_pss_mib: Proportional share instead of resident memory.
        late_pss_mib: Likewise.
        peak_rss_mib: Most of all samples.
    """

    early_rss_mib: float
    late_rss_mib: float
    change: float
    early_pss_mib: float
    late_pss_mib: float
    peak_rss_mib: float


def summarize(durations_ns: Stamps, cpu_ns: Stamps | None = None) -> StepFigures | None:
    """Return the figures of a step, None where it was never done.

    Args:
        durations_ns: One for each time.
        cpu_ns: The same for processor time; negative: not measured.
    """
    if not len(durations_ns):
        return None
    ms = np.asarray(durations_ns, np.float64) / _NS_PER_MS
    p50, p95 = np.percentile(ms, (50, 95))
    known = np.empty(0) if cpu_ns is None else np.asarray(cpu_ns)[np.asarray(cpu_ns) >= 0]
    return StepFigures(
        count=len(ms),
        mean_ms=float(ms.mean()),
        std_ms=float(ms.std()),
        min_ms=float(ms.min()),
        p50_ms=float(p50),
        p95_ms=float(p95),
        max_ms=float(ms.max()),
        cpu_ms=float(known.mean() / _NS_PER_MS) if len(known) else None,
    )


def waits(filed: Rows, begun: Rows) -> Stamps:
    """Return how long frames lay in the window until a prediction began with them as the newest.

    Args:
        filed: Rows of the step that ends with the frame in the window.
        begun: Rows of the prediction.
    """
    at_ns = {int(row["stamp_ns"]): int(row["end_ns"]) for row in filed}
    starts = begun["end_ns"] - begun["time_ns"]
    pairs = zip(begun["stamp_ns"], starts, strict=True)
    return np.array([int(start) - at_ns[int(s)] for s, start in pairs if int(s) in at_ns], "i8")


def basic_metrics(sent: Mapping[int, int], arrived: Mapping[int, int]) -> dict[str, float]:
    """Return what ros2_benchmark calls its basic performance metrics, under its names.

    Rates are in 1/s, times in milliseconds. Jitter is the change from one interval between
    arrivals to the next. A metric that too few frames leave undefined is left out.

    Args:
        sent: Time of sending in nanoseconds by the frame's stamp, in order.
        arrived: Time of arrival of the same frames where they arrived, in order.
    """
    metrics: dict[str, float] = {
        "NUM_FRAMES_SENT": len(sent),
        "NUM_MISSED_FRAMES": len(sent) - len(arrived),
    }
    start, end = (np.array(list(t.values()), np.float64) / _NS_PER_MS for t in (sent, arrived))
    if len(start) > 1 and start[-1] > start[0]:
        metrics["MEAN_PLAYBACK_FRAME_RATE"] = (len(start) - 1) / (start[-1] - start[0]) * 1e3
    if len(end) > 1 and end[-1] > end[0]:
        metrics["RECEIVED_DURATION"] = end[-1] - end[0]
        metrics["MEAN_FRAME_RATE"] = (len(end) - 1) / (end[-1] - end[0]) * 1e3
    if len(end):
        latencies = np.array([arrived[s] - sent[s] for s in sent if s in arrived]) / _NS_PER_MS
        metrics |= {
            "FIRST_SENT_RECEIVED_LATENCY": end[0] - start[0],
            "LAST_SENT_RECEIVED_LATENCY": end[-1] - start[-1],
            "FIRST_INPUT_LATENCY": latencies[0],
            "LAST_INPUT_LATENCY": latencies[-1],
            **_spread(latencies, "LATENCY"),
        }
    if len(end) > 2:
        jitter = np.abs(np.diff(end, 2))
        metrics |= {**_spread(jitter, "JITTER"), "STD_DEV_JITTER": jitter.std()}
    return {f"BasicPerformanceMetrics.{k}": round(float(v), 4) for k, v in metrics.items()}


def resource_metrics(
    baseline: float, cpu_percent: Sequence[float], memory_percent: Sequence[float]
) -> dict[str, float]:
    """Return what ros2_benchmark calls its resource metrics: of the whole machine, in percent.

    Args:
        baseline: Processor use before anything was started.
        cpu_percent: Processor use, second by second.
        memory_percent: Memory in use, likewise.
    """
    metrics = {"BASELINE_OVERALL_CPU_UTILIZATION": baseline}
    for name, values in (("OVERALL_CPU", cpu_percent), ("HOST_MEMORY", memory_percent)):
        if values:
            metrics |= _spread(np.asarray(values), f"{name}_UTILIZATION")
            metrics[f"STDDEV_{name}_UTILIZATION"] = float(np.std(values))
    return {f"ResourceMetrics.{k}": round(float(v), 3) for k, v in metrics.items()}


def memory_figures(samples: Sequence[Sample]) -> MemoryFigures:
    """Return how the node's memory changed over the stretch.

    Args:
        samples: In order, of the whole stretch; at least two.
    """
    first_s, last_s = samples[0].at_s, samples[-1].at_s

    def mean(name: str, part: tuple[float, float]) -> float:
        low, high = (first_s + (last_s - first_s) * edge for edge in part)
        inside = [getattr(s.memory, name) for s in samples if low <= s.at_s <= high]
        return float(np.mean(inside or [getattr(samples[-1].memory, name)]))

    early, late = (mean("rss_mib", part) for part in (_EARLY, _LATE))
    return MemoryFigures(
        early_rss_mib=early,
        late_rss_mib=late,
        change=late / early - 1,
        early_pss_mib=mean("pss_mib", _EARLY),
        late_pss_mib=mean("pss_mib", _LATE),
        peak_rss_mib=max(sample.memory.rss_mib for sample in samples),
    )


def _spread(values: NDArray[np.float64], name: str) -> dict[str, float]:
    return {
        f"MAX_{name}": float(values.max()),
        f"MIN_{name}": float(values.min()),
        f"MEAN_{name}": float(values.mean()),
    }
