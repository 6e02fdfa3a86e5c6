# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The command line tool `vinet`: one file a command, imported only when it is asked for.

A new command is a file in this folder with a :class:`typer.Typer` called ``app``, and a row in
:data:`COMMANDS`. An app with one function is a plain command (``vinet benchmark MODEL``), one
with several is a group (``vinet weights inspect FILE``). What takes long to import, PyTorch
above all, is imported by the function that needs it: a TAB or ``--help`` shall not wait for it.
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import typer

from vinet_ros.cli.completion import ASKED, command_meant
from vinet_ros.errors import OutputError, VinetError

FAILED, UNWRITTEN, INTERRUPTED = 1, 3, 130
"""Exit codes beside 0 (done) and 2 (wrong usage); docs/cli.md tells what they mean."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the tool's table of contents.

    Attributes:
        name: What the user types.
        module: Module with ``app``, in this folder.
        summary: One line for ``vinet --help``.
        extra: The optional part of the package that it needs, as pip names it; empty for none.
    """

    name: str
    module: str
    summary: str
    extra: str = ""


COMMANDS = (
    Command("predict", "vinet_ros.cli.predict", "Maps and gaze of videos, bags and pictures."),
    Command("compare", "vinet_ros.cli.compare", "Two networks on one clip, side by side."),
    Command("audio-effect", "vinet_ros.cli.audio_effect", "What a network's maps owe to sound."),
    Command("weights", "vinet_ros.cli.weights", "Look into weight files and convert them."),
    Command("benchmark", "vinet_ros.cli.benchmark", "Time a network's paths, or the node."),
    Command("report", "vinet_ros.cli.report", "One page about a recording: what, when and why."),
    Command("watch", "vinet_ros.cli.watch", "Show a running node live, without rviz.", "watch"),
    Command("evaluate", "vinet_ros.cli.evaluate", "Score a network beside baselines and people."),
    Command("data", "vinet_ros.cli.data", "Look through training data; pack it."),
    Command("train", "vinet_ros.cli.train", "Train a network on human gaze.", "train"),
    Command(
        "ablation", "vinet_ros.cli.ablation", "What each choice of the recipe gives.", "train"
    ),
    Command("paper", "vinet_ros.cli.paper", "The tables of the two papers, reproduced.", "train"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the tool on `arguments` (the process's own by default) and exit."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    name = command_meant(arguments, os.environ)
    with interrupts_noted() as interrupted:
        try:
            build_app(name)(arguments, prog_name="vinet")
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None
        except OutputError as error:
            _fail(str(error), UNWRITTEN)
        except OSError as error:
            _fail(_told(error), UNWRITTEN if error.errno in _NO_ROOM else FAILED)
        except Exception as error:
            if interrupted.is_set():
                raise SystemExit(INTERRUPTED) from None
            if isinstance(error, ModuleNotFoundError):
                _fail(_missing(error, name), FAILED)
            if isinstance(error, VinetError):
                _fail(str(error), FAILED)
            raise


@contextmanager
def interrupts_noted() -> Iterator[threading.Event]:
    """Note an interrupt beside raising it.

    A library's native code may turn the KeyboardInterrupt that it met into an error of its own
    (safetensors: "could not determine the type"), which must not be told as the file's fault.
    """
    noted = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        noted.set()
        signal.default_int_handler(number, frame)

    ours = threading.current_thread() is threading.main_thread()  # others may not change handlers
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield noted
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        if signal.getsignal(signal.SIGINT) is note:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _fail(reason: str, code: int) -> NoReturn:
    if ASKED not in os.environ:  # a shell would print it into the line that is being typed
        typer.secho(f"vinet: {reason}", fg=typer.colors.RED, err=True)
    raise SystemExit(code)


def _missing(error: ModuleNotFoundError, name: str | None) -> str:
    """Return which part of the package brings a module, or raise where none does."""
    extra = next((command.extra for command in COMMANDS if command.name == name), "")
    if not extra or (error.name or "").startswith("vinet_ros"):
        raise error
    return (
        f"`vinet {name}` needs {error.name}, which is not installed; "
        f"install it with pip install 'vinet_ros[{extra}]'"
    )


def _told(error: OSError) -> str:
    if error.filename is None:
        return str(error)
    return f"{os.fsdecode(error.filename)} cannot be used ({error.strerror})"


@contextmanager
def folder_for_results(path: Path) -> Iterator[None]:
    """Make a folder before the work that fills it; take it away if the work put nothing in.

    Raises:
        OutputError: If it cannot be made.
    """
    there = path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be made ({error.strerror}); give another --out"
        ) from error
    try:
        yield
    finally:
        if not there:
            with suppress(OSError):  # it holds something
                path.rmdir()


def build_app(chosen: str | None) -> typer.Typer:
    """Return the tool with one command imported and the others known by their summaries."""
    app = typer.Typer(
        name="vinet",
        help="Video saliency for robots: from a camera's frames to a gaze target.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_nothing_by_itself)
    for command in COMMANDS:
        if command.name == chosen:
            _add(app, command)
        else:
            app.command(command.name, help=command.summary)(_nothing_by_itself)
    return app


def _nothing_by_itself() -> None:
    """Do nothing: the work is in the command that is chosen."""


def _add(app: typer.Typer, command: Command) -> None:
    loaded: typer.Typer = importlib.import_module(command.module).app
    if len(loaded.registered_commands) == 1 and not loaded.registered_groups:
        only = loaded.registered_commands[0].callback
        assert only is not None
        app.command(command.name)(only)
    else:
        app.add_typer(loaded, name=command.name, help=command.summary)
