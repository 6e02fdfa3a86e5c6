"""The command line tool `vinet`: one file a command, imported only when it is asked for.

A new command is a file in this folder with a :class:`typer.Typer` called ``app``, and a row in
:data:`COMMANDS`. An app with one function is a plain command (``vinet benchmark MODEL``), one
with several is a group (``vinet weights inspect FILE``).

Exit codes: 0 done; 1 refused or failed, with one line on the standard error that says why;
2 wrong usage.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from vinet_ros.errors import VinetError


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
    Command("weights", "vinet_ros.cli.weights", "Look into weight files and convert them."),
    Command("benchmark", "vinet_ros.cli.benchmark", "Time the ways to run a network here."),
    Command("evaluate", "vinet_ros.cli.evaluate", "Score a network beside baselines and people."),
    Command("data", "vinet_ros.cli.data", "Look through training data; pack it."),
    Command("train", "vinet_ros.cli.train", "Train a network on human gaze.", "train"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the tool on `arguments` (the process's own by default) and exit."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        build_app(arguments[0] if arguments else None)(arguments, prog_name="vinet")
    except VinetError as error:
        typer.secho(f"vinet: {error}", fg=typer.colors.RED, err=True)
        raise SystemExit(1) from None


def build_app(chosen: str | None) -> typer.Typer:
    """Return the tool with one command imported and the others known by their summaries."""
    app = typer.Typer(
        name="vinet",
        help="Video saliency for robots: from a camera's frames to a gaze target.",
        no_args_is_help=True,
        add_completion=False,
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
    loaded = _load(command)
    if len(loaded.registered_commands) == 1 and not loaded.registered_groups:
        only = loaded.registered_commands[0].callback
        assert only is not None
        app.command(command.name)(only)
    else:
        app.add_typer(loaded, name=command.name, help=command.summary)


def _load(command: Command) -> typer.Typer:
    try:
        app: typer.Typer = importlib.import_module(command.module).app
    except ModuleNotFoundError as error:
        if not command.extra or (error.name or "").startswith("vinet_ros"):
            raise
        raise VinetError(
            f"`vinet {command.name}` needs {error.name}, which is not installed; "
            f"install it with pip install 'vinet_ros[{command.extra}]'"
        ) from error
    return app
