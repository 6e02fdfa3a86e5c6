# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet benchmark node``: the node's whole path, measured by the ROS side in another program."""

from __future__ import annotations

import typer

from vinet_ros.cli.ros_program import HANDED_ON, become, completing

app = typer.Typer()

_MODULE = "vinet_ros.ros.benchmark"


@app.command(cls=completing(_MODULE), context_settings=HANDED_ON, add_help_option=False)
def node(context: typer.Context) -> None:
    """Measure the node over real DDS: latency by step, drops, processor share, memory."""
    become(_MODULE, context.args)
