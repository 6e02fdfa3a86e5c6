# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet benchmark head``: the closed loop before scenes drawn by seed, in another program."""

from __future__ import annotations

import os
import sys

import typer

app = typer.Typer()


# The ROS side knows its options: they are handed on as they are, `--help` with them.
@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    add_help_option=False,
)
def head(context: typer.Context) -> None:
    """Run simulator, network and controller over real DDS; judge what the head does."""
    command = [sys.executable, "-m", "vinet_ros.ros.head_benchmark", *context.args]
    sys.stdout.flush()
    # Takes this program's place, so that signals and the exit code are its own.
    os.execv(sys.executable, command)
