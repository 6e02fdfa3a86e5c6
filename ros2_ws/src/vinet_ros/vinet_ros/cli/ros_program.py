# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Commands whose work and options are those of a program of the ROS side."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

from typer.core import TyperCommand

HANDED_ON = {"ignore_unknown_options": True, "allow_extra_args": True}
"""The context settings of such a command: its arguments are the program's, `--help` too."""
_OPTION = re.compile(r"^  (?:-h, )?(--[a-z0-9-]+)", re.MULTILINE)


def become(module: str, arguments: Sequence[str]) -> NoReturn:
    """Let a program take this one's place, so that signals and the exit code are its own."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def completing(module: str) -> type[TyperCommand]:
    """Return a kind of command that completes a program's options, which its help names."""

    class RosProgram(TyperCommand):
        def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
            if not incomplete.startswith("-"):
                return []
            asked = [sys.executable, "-m", module, "--help"]
            done = subprocess.run(asked, capture_output=True, text=True, check=False)
            return [
                SimpleNamespace(value=name, help=None, type="plain")
                for name in dict.fromkeys(_OPTION.findall(done.stdout))
                if name.startswith(incomplete)
            ]

    return RosProgram
