# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet watch``: a running node in a viewer, by the ROS side in a program of its own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Annotated

import typer

from vinet_ros.cli.ros_program import become
from vinet_ros.errors import OutputError, VinetError

app = typer.Typer()

_NEEDED = {
    "rclpy": "ROS 2: source its setup file first, or make env",
    "foxglove": "Foxglove's SDK: pip install 'vinet_ros[watch]' or pip install foxglove-sdk",
}


@app.command()
def watch(
    namespace: Annotated[str, typer.Option(help="Of the node's topics, such as /left.")] = "",
    node: Annotated[str, typer.Option(help="The node's name.")] = "saliency_node",
    host: Annotated[
        str, typer.Option(help="Address to serve on; 0.0.0.0 lets everybody on the network look.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    layout: Annotated[
        Path | None, typer.Option(help="Write the viewer's layout to this file, and end.")
    ] = None,
) -> None:
    r"""Show a running saliency_node live, without rviz: overlay, candidates, latency, diagnostics.

    The viewer runs on your computer: Foxglove, or Lichtblick, which is free software and works
    without internet. Choose "Open connection", "Foxglove WebSocket", ws://ROBOT:8765, and import
    the layout that --layout writes.

    \b
    On a robot with a screen, or over ssh -L 8765:localhost:8765 ROBOT:
      vinet watch
    For everybody on the robot's network (pictures are not encrypted):
      vinet watch --host 0.0.0.0
    One of several cameras:
      vinet watch --namespace /left
    The layout:
      vinet watch --layout gaze.json
    """
    if layout is not None:
        _write_layout(layout)
        return
    for module, what in _NEEDED.items():
        if importlib.util.find_spec(module) is None:
            raise VinetError(f"`vinet watch` needs {what}")
    options = ["--namespace", namespace, "--node", node, "--host", host, "--port", str(port)]
    become("vinet_ros.ros.watch", options)


def _write_layout(path: Path) -> None:
    from vinet_ros.cli.watch_layout import LAYOUT

    try:
        path.write_text(json.dumps(LAYOUT, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"cannot write {str(path)!r} ({error.strerror}); give another"
        ) from error
    typer.echo(f"wrote {path}; import it in the viewer: Layouts, Import from file")
