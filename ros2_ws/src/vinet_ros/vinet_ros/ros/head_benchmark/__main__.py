# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Run the closed loop over DDS; `vinet benchmark head` runs this.

``python -m vinet_ros.ros.head_benchmark --seeds 2`` prints the report.
"""

import sys
from collections.abc import Sequence

from vinet_ros.errors import VinetError
from vinet_ros.ros.head_benchmark.options import HeadOptions, read_options
from vinet_ros.ros.interrupts import end_on_signals
from vinet_ros.runtime.benchmark_report import update_section, write_atomically

PROGRAM = "vinet benchmark head"
_KEY = "head"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the report; return the exit code."""
    try:
        options = read_options(sys.argv[1:] if arguments is None else arguments, PROGRAM)
        return _run(options)
    except KeyboardInterrupt:
        print("interrupted; the processes are ended", file=sys.stderr)
        return 130
    except (VinetError, OSError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1


def _run(options: HeadOptions) -> int:
    try:
        import rclpy  # noqa: F401
    except ImportError as error:
        raise VinetError(
            f"ROS 2 is not there ({error}); source its setup.bash, or install its wheels into "
            "this environment as the README says"
        ) from error
    from vinet_ros.ros.head_benchmark.lockstep import run_lockstep
    from vinet_ros.ros.head_benchmark.run import run_head_benchmark

    end_on_signals()
    run = run_lockstep if options.lockstep else run_head_benchmark
    report = run(options, lambda text: print(text, file=sys.stderr, flush=True))
    section = report.to_markdown()
    print(section)
    if options.json_file:
        write_atomically(options.json_file, report.to_json())
    if options.markdown:
        old = options.markdown.read_text(encoding="utf-8") if options.markdown.exists() else ""
        write_atomically(
            options.markdown, update_section(old, _KEY + " lockstep" * options.lockstep, section)
        )
    return 1 if options.check and not report.holds else 0


if __name__ == "__main__":
    sys.exit(main())
