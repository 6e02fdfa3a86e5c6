# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Programs that the demo starts, watches and always ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from vinet_ros.ros.interrupts import held_back

_PATIENCE_S = ((signal.SIGINT, 8.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0))
_TAIL_LINES = 15
YIELDING = 10
"""Niceness of a network beside the control of a head: a command that is late shakes the head."""


class NodeProcess:
    """A node in a process of its own, with its output in a log file.

    Use it as a context: leaving it ends the process, whatever happened. The process gets a
    process group of its own: a Ctrl-C in the terminal reaches the demo alone, which then ends its
    children in order. It stays in the demo's session: Linux weighs sessions against each other,
    and niceness counts only within one.

    Args:
        module: The node's module, run with this interpreter.
        arguments: Its command line.
        log: The log file.
        environment: All of its environment.
        niceness: How far it gives way to others for the processor, 0 to 19.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        niceness: int = 0,
    ) -> None:
        self.name = module.rpartition(".")[2]
        self.log = log
        self._command = [sys.executable, "-m", module, *arguments]
        if niceness:
            self._command = ["nice", "-n", str(niceness), *self._command]
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "NodeProcess":
        try:
            # Between fork and the return of Popen nobody knows the child: an interrupt there
            # would leave it running.
            with held_back():
                self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                process_group=0,
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Return the number of the process; 0 before it is started."""
        return self._process.pid if self._process is not None else 0

    @property
    def exit_code(self) -> int | None:
        """Return how the process ended, None while it runs."""
        return self._process.poll() if self._process is not None else None

    def stop(self) -> None:
        """End the process and all that it started: politely, then firmly."""
        if self._process is None:
            return
        for number, patience_s in _PATIENCE_S:
            if self._process.poll() is not None:
                return
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)

    def tail(self) -> str:
        """Return the last lines of the log."""
        if not self.log.is_file():
            return ""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])


def parameter_arguments(**parameters: str | float | int | bool) -> list[str]:
    """Return the command line that sets a node's parameters; text is quoted for YAML."""
    arguments = ["--ros-args"]
    for name, value in parameters.items():
        arguments += ["-p", f"{name}:={_yaml(value)}"]
    return arguments


def _yaml(value: str | float | int | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return "'" + value.replace("'", "''") + "'"
