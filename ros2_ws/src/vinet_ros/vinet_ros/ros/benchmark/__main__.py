# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Measure saliency_node from outside; `vinet benchmark node` runs this.

``python -m vinet_ros.ros.benchmark --seconds 30`` prints the report.
"""

import sys
from collections.abc import Sequence

from vinet_ros.errors import VinetError
from vinet_ros.ros.benchmark.markdown import to_markdown
from vinet_ros.ros.benchmark.options import BenchmarkOptions, read_options
from vinet_ros.ros.benchmark.plot import plot_samples
from vinet_ros.ros.benchmark.report import NodeReport
from vinet_ros.ros.interrupts import end_on_signals

PROGRAM = "vinet benchmark node"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the report; return the exit code."""
    try:
        options = read_options(sys.argv[1:] if arguments is None else arguments, PROGRAM)
        report = _measure(options)
        _write(report, options)
    except KeyboardInterrupt:
        print("interrupted; the processes are ended", file=sys.stderr)
        return 130
    except (VinetError, OSError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    for text, count in report.findings.items():
        print(f"diagnostics, {count} times: {text}", file=sys.stderr)
    for verdict in report.verdicts:
        print(verdict, file=sys.stderr)
    return 1 if options.check and not report.holds else 0


def _measure(options: BenchmarkOptions) -> NodeReport:
    try:
        import rclpy  # noqa: F401
    except ImportError as error:
        raise VinetError(
            f"ROS 2 is not there ({error}); source its setup.bash, or install its wheels into "
            "this environment as the README says"
        ) from error
    from vinet_ros.ros.benchmark.run import run_benchmark

    end_on_signals()
    return run_benchmark(options, lambda text: print(text, file=sys.stderr, flush=True))


def _write(report: NodeReport, options: BenchmarkOptions) -> None:
    # Imported here: `--help` shall not wait for PyTorch.
    from vinet_ros.runtime.benchmark_report import (
        print_or_write,
        update_section,
        write_atomically,
    )

    section = to_markdown(report)
    print_or_write(section, report.to_json(), options.json_file)
    if options.markdown:
        old = options.markdown.read_text(encoding="utf-8") if options.markdown.exists() else ""
        write_atomically(options.markdown, update_section(old, _key(options), section))
    if options.plot:
        options.plot.parent.mkdir(parents=True, exist_ok=True)
        plot_samples(report.samples, report.conditions.source, options.plot)


def _key(options: BenchmarkOptions) -> str:
    """Return what a section is known by: another size or form is another section."""
    form = options.encoding if options.transport == "raw" else options.transport
    alone = " without inference" if options.outputs == "none" else ""
    return f"node {options.width}x{options.height} {form}{alone}"


if __name__ == "__main__":
    sys.exit(main())
