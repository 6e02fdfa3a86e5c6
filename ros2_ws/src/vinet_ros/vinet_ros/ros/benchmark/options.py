# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a user asks of `vinet benchmark node`; read before anything of ROS is imported."""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vinet_ros.errors import VinetError
from vinet_ros.ros.benchmark.frames import ENCODINGS

OUTPUTS = ("gaze", "all")
TRANSPORTS = ("raw", "compressed")
EXAMPLES = (
    "vinet benchmark node --seconds 30",
    "vinet benchmark node --video street.mp4 --size 1280x720 --transport compressed --json -",
    "vinet benchmark node --check --max-latency-p95 150 smoothing_tau_s:=0.0",
)
_MOST_PIXELS = 1 << 25


class OptionError(VinetError, ValueError):
    """An option is out of its range."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What must hold for ``--check``; None: not asked for.

    Args:
        memory_change: Largest change of the memory, as a share of it, either way.
        received_share: Least share of the published frames that reach the node.
        ros_cores: Most cores for ROS and conversion.
        latency_p95_ms: Longest 95th percentile from the image's stamp to the gaze.
    """

    memory_change: float | None = 0.02
    received_share: float | None = 0.999
    ros_cores: float | None = None
    latency_p95_ms: float | None = None


@dataclass(frozen=True, slots=True)
class BenchmarkOptions:
    """One measurement.

    Args:
        width: Columns of the published images.
        height: Rows.
        rate_hz: Images a second.
        seconds: Length of the measured stretch.
        settle_s: Time between the first result and the start of the stretch.
        video: File to publish, its first seconds over and over; None: a moving texture.
        encoding: Of the raw images.
        transport: raw or compressed.
        outputs: Which topics are listened to: gaze, all, or none at all (then the node
            receives and converts, and predicts nothing).
        parameters: ``name:=value`` for saliency_node.
        params_file: YAML with parameters for saliency_node.
        busy: Processes that spin beside, for a machine that has other work.
        check: Whether a broken limit is a failure.
        limits: What is judged.
        json_file: Where the report goes as JSON.
        markdown: Document whose section is written anew.
        plot: Picture of memory and processor time over time.
        command: The command line that gives the same measurement again.
    """

    width: int = 640
    height: int = 480
    rate_hz: float = 30.0
    seconds: float = 120.0
    settle_s: float = 5.0
    video: Path | None = None
    encoding: str = "rgb8"
    transport: str = "raw"
    outputs: str = "gaze"
    parameters: tuple[str, ...] = ()
    params_file: Path | None = None
    busy: int = 0
    check: bool = False
    limits: Limits = field(default_factory=Limits)
    json_file: Path | None = None
    markdown: Path | None = None
    plot: Path | None = None
    command: str = ""

    def __post_init__(self) -> None:
        _check("--size", "at least 16x16 and at most 32 MPixel", self._size_fits())
        _check("--rate", "0 to 1000 a second, 0 excluded", 0 < self.rate_hz <= 1000)
        _check("--seconds", "at least 5", self.seconds >= 5)
        _check("--settle", "at least 0", self.settle_s >= 0)
        _check("--busy", "0 to 64", 0 <= self.busy <= 64)
        for name, file in (("--video", self.video), ("--params", self.params_file)):
            _check(name, f"a file, and there is no {file}", file is None or file.is_file())
        wrong = [text for text in self.parameters if ":=" not in text]
        _check("a parameter", f"name:=value, got {wrong}", not wrong)

    @property
    def source(self) -> str:
        """What is published, in words."""
        what = self.video.name if self.video else "a moving texture"
        how = "JPEG" if self.transport == "compressed" else self.encoding
        return f"{what}, {self.width}x{self.height} {how} at {self.rate_hz:g} Hz"

    def _size_fits(self) -> bool:
        return min(self.width, self.height) >= 16 and self.width * self.height <= _MOST_PIXELS


def read_options(arguments: Sequence[str], program: str) -> BenchmarkOptions:
    """Read a command line.

    Args:
        arguments: Without the program's name.
        program: How a user calls it.

    Raises:
        OptionError: If an option is out of its range.
        SystemExit: If the command line cannot be read, or only asks for help.
    """
    given = _parser(program).parse_args(arguments)
    width, height = given.size
    chosen = {"model": given.model, "device": given.device}
    parameters = [f"{name}:={value}" for name, value in chosen.items() if value]
    return BenchmarkOptions(
        width=width,
        height=height,
        rate_hz=given.rate,
        seconds=given.seconds,
        settle_s=given.settle,
        video=given.video,
        encoding=given.encoding,
        transport=given.transport,
        outputs="none" if given.no_inference else given.outputs,
        parameters=(*parameters, *given.parameters),
        params_file=given.params,
        busy=given.busy,
        check=given.check,
        limits=Limits(
            given.max_memory_change,
            given.min_received,
            given.max_ros_cores,
            given.max_latency_p95,
        ),
        json_file=given.json,
        markdown=given.markdown,
        plot=given.plot,
        command=_command(program, arguments),
    )


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Tells the defaults that there are."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False):
            return action.help
        return super()._get_help_string(action)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description=(
            "Measure saliency_node from outside: a camera, the node and a listener, each in a "
            "process of its own, over real DDS."
        ),
        epilog=(
            "Exit code 1: it could not be measured, or --check found a broken limit. Examples: "
            + "; ".join(EXAMPLES)
        ),
        formatter_class=_HelpFormatter,
    )
    _add_source(parser.add_argument_group("what is published"))
    _add_node(parser.add_argument_group("what runs"))
    _add_limits(parser.add_argument_group("limits"))
    _add_files(parser.add_argument_group("where it goes"))
    return parser


# argparse's groups have no public name in Python 3.10.
def _add_source(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--video", type=Path, help="file to publish; else a moving texture")
    group.add_argument("--size", type=_size, default="640x480", help="width x height")
    group.add_argument("--rate", type=float, default=30.0, help="images a second")
    group.add_argument("--encoding", choices=ENCODINGS, default="rgb8", help="of raw images")
    group.add_argument("--transport", choices=TRANSPORTS, default="raw", help="raw or JPEG")


def _add_node(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--seconds", type=float, default=120.0, help="length of the measurement")
    group.add_argument("--settle", type=float, default=5.0, help="seconds before it, unmeasured")
    group.add_argument("--model", help="a name of the catalog, else the node's own choice")
    group.add_argument("--device", help="cpu or cuda:n, else the node's own choice")
    group.add_argument("--outputs", choices=OUTPUTS, default="gaze", help="topics listened to")
    group.add_argument(
        "--no-inference", action="store_true", help="listen to nothing: ROS and conversion alone"
    )
    group.add_argument("--params", type=Path, help="YAML with parameters for saliency_node")
    group.add_argument("--busy", type=int, default=0, help="processes that spin beside")
    group.add_argument(
        "parameters", nargs="*", metavar="name:=value", help="parameters of saliency_node"
    )


def _add_limits(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--check", action="store_true", help="exit with 1 on a broken limit")
    group.add_argument(
        "--max-memory-change",
        type=float,
        default=0.02,
        help="share by which the last sixth's memory may differ from the second sixth's",
    )
    group.add_argument(
        "--min-received", type=float, default=0.999, help="share of the frames that must arrive"
    )
    group.add_argument("--max-ros-cores", type=float, help="for ROS and conversion; else unjudged")
    group.add_argument("--max-latency-p95", type=float, help="milliseconds; else unjudged")


def _add_files(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--json", type=Path, help="the report; -: print it, no table")
    group.add_argument("--markdown", type=Path, help="document whose section is written anew")
    group.add_argument("--plot", type=Path, help="picture of memory and processor time over time")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    try:
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected e.g. 640x480, got {text!r}") from None


def _command(program: str, arguments: Sequence[str]) -> str:
    return shlex.join([*program.split(), *arguments])


def _check(name: str, expected: str, holds: bool) -> None:
    if not holds:
        raise OptionError(f"{name} expects {expected}")
