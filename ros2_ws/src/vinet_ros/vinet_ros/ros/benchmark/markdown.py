# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A run of the benchmark as a section of Markdown."""

from dataclasses import asdict

from vinet_ros.ros.benchmark.figures import StepFigures
from vinet_ros.ros.benchmark.report import Conditions, NodeReport
from vinet_ros.ros.benchmark.usage import CpuFigures
from vinet_ros.runtime.machine import machine_text

STEP_TEXTS = {
    "receive": "stamp to the callback: sending, transport, taking out",
    "convert": "message to RGB",
    "resize": "RGB into the window",
    "wait": "in the window until a prediction begins",
    "predict": "network: encode and decode",
    "gaze": "peaks and rays",
    "publish": "messages out",
    "end_to_end": "stamp to the gaze published",
    "delivered": "stamp to the gaze in another process",
}


def to_markdown(report: NodeReport) -> str:
    """Return a section: heading, conditions, tables."""
    return "\n\n".join(
        (
            f"## The node's whole path, {report.conditions.source}",
            _conditions(report.conditions),
            _frames(report),
            _steps(report.steps),
            _cpu(report.cpu),
            _memory(report),
        )
    )


def _conditions(conditions: Conditions) -> str:
    machine = machine_text(
        conditions.processor, conditions.cores, conditions.load_average, conditions.versions
    )
    busy = f" {conditions.busy_processes} processes spin beside." * bool(conditions.busy_processes)
    return (
        f"`{conditions.command}`, {conditions.date}. {machine}. "
        f"{conditions.model}, {conditions.path}; {conditions.seconds:.0f} s.{busy}"
    )


def _frames(report: NodeReport) -> str:
    drops = report.drops.to_dict()
    names = (
        *("published", "late", "received", "lost", "lost_in_transport"),
        *("in_window", "predicted", "targets"),
    )
    rates = []
    for kind, metrics in (("images in the node", report.input), ("targets", report.gaze_target)):
        if metrics:
            rates.append(_rates(kind, metrics))
    return "\n".join(
        [
            "| " + " | ".join(name.replace("_", " ") for name in names) + " | received share |",
            "|" + "---:|" * (len(names) + 1),
            "| "
            + " | ".join(f"{drops[name]:.0f}" for name in names)
            + f" | {100 * report.drops.received_share:.3f} % |",
            "",
            "| | rate Hz | missed | mean latency ms | max | mean jitter ms | max | std |",
            "|---|" + "---:|" * 7,
            *rates,
        ]
    )


def _rates(kind: str, metrics: dict[str, float]) -> str:
    names = (
        "MEAN_FRAME_RATE",
        "NUM_MISSED_FRAMES",
        "MEAN_LATENCY",
        "MAX_LATENCY",
        "MEAN_JITTER",
        "MAX_JITTER",
        "STD_DEV_JITTER",
    )
    cells = []
    for name in names:
        value = metrics.get(f"BasicPerformanceMetrics.{name}")
        cells.append("-" if value is None else f"{value:.0f}" if "NUM" in name else f"{value:.1f}")
    return f"| {kind} | {' | '.join(cells)} |"


def _steps(steps: dict[str, StepFigures]) -> str:
    lines = [
        "| step | what | mean ms | p50 | p95 | max | std | processor ms |",
        "|---|---|" + "---:|" * 6,
    ]
    for name, step in steps.items():
        times = (step.mean_ms, step.p50_ms, step.p95_ms, step.max_ms, step.std_ms)
        cells = " | ".join(f"{value:.2f}" for value in times)
        cpu = "-" if step.cpu_ms is None else f"{step.cpu_ms:.2f}"
        lines.append(f"| {name.replace('_', ' ')} | {STEP_TEXTS[name]} | {cells} | {cpu} |")
    return "\n".join(lines)


def _cpu(cpu: CpuFigures) -> str:
    values = asdict(cpu)
    return "\n".join(
        (
            "| cores: " + " | ".join(name.replace("_", " ") for name in values) + " |",
            "|" + "---:|" * len(values),
            "| " + " | ".join(f"{value:.3f}" for value in values.values()) + " |",
        )
    )


def _memory(report: NodeReport) -> str:
    memory = report.memory
    text = (
        f"Memory (resident): {memory.early_rss_mib:.1f} MiB in the second sixth, "
        f"{memory.late_rss_mib:.1f} MiB in the last, {100 * memory.change:+.2f} %; proportional "
        f"{memory.early_pss_mib:.1f} and {memory.late_pss_mib:.1f} MiB."
    )
    return text + "".join(f" {verdict}." for verdict in report.verdicts)
