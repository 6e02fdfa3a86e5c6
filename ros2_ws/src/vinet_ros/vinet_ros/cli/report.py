# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet report``: one page about what a head looked at, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vinet_ros.offline.report import ReportResult

app = typer.Typer()


@app.command()
def report(
    source: Annotated[
        Path, typer.Argument(help="A bag (folder, .mcap, .db3), or a folder of vinet predict.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page.")] = Path("report.html"),
    namespace: Annotated[
        str | None,
        typer.Option(help="Of the node's topics, where a bag has several cameras: /left."),
    ] = None,
    video: Annotated[bool, typer.Option(help="Show the pictures.")] = True,
    max_inline_mib: Annotated[
        float, typer.Option(min=0.0, help="A larger video goes beside the page, in MiB.")
    ] = 32.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    r"""Write one HTML page about a recording: video, gaze, latency, drops, diagnostics, settings.

    The page needs no network and no other program; it can be mailed and read on a phone.

    \b
    Record beside the running node, then look at it:
      ros2 bag record -s mcap -o run /gaze/target /gaze/pixel /gaze/candidates
          /saliency/overlay/compressed /diagnostics /parameter_events
      vinet report run --out run.html
    Of one of several cameras:
      vinet report run --namespace /left
    Of a video, without ROS:
      vinet predict clip.mp4 --out results
      vinet report results/clip
    """
    # Imported here: `vinet report --help` and a TAB shall not wait for PyTorch.
    from vinet_ros.offline.report import write_report

    result = write_report(
        source, out, namespace=namespace, with_video=video, max_inline_mib=max_inline_mib
    )
    if as_json:
        typer.echo(json.dumps(_summary(result)))
        return
    for section, text in result.data.missing.items():
        typer.secho(f"{section}: {text}", fg=typer.colors.YELLOW, err=True)
    typer.echo(f"wrote {result.page}" + (f" and {result.video}" if result.video else ""))


def _summary(result: ReportResult) -> dict[str, object]:
    gaze = result.data.gaze
    return {
        "page": str(result.page),
        "video": str(result.video) if result.video else None,
        "video_frames": result.video_frames,
        "duration_s": round(result.data.duration_s, 3),
        "gazes": 0 if gaze is None else len(gaze.known_s),
        "missing": result.data.missing,
    }
