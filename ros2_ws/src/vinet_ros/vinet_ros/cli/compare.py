# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet compare A B CLIP``: two networks, weights or settings on the same clip."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from vinet_ros.cli.completion import saliency_models
from vinet_ros.cli.predict import progress_of

app = typer.Typer()

_SIDE = "network's name or weight file, then settings: vinet_lite,window_rate_hz=-1"


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help=_SIDE, autocompletion=saliency_models)],
    b: Annotated[
        str, typer.Argument(help="the same for the other side", autocompletion=saliency_models)
    ],
    clip: Annotated[str, typer.Argument(help="video file, bag or folder of pictures")],
    out: Annotated[Path, typer.Option(help="folder that the results get; not there yet")],
    topic: Annotated[str, typer.Option(help="of a bag's images, where it has several")] = "",
    folder_rate_hz: Annotated[float, typer.Option(min=0.01, help="of pictures")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    r"""Show two networks side by side, and how alike their maps are: CC and SIM of each frame.

    Settings of a side: device, precision, path, window_rate_hz, max_gap_s, threads, stabilize,
    share;
    anything else is an option of the network.

    \b
    One network with two settings:
      vinet compare vinet_lite vinet_lite,window_rate_hz=-1 street.mp4 --out windows
    Two weight files, for a script:
      vinet compare old.safetensors new.safetensors street.mp4 --out weights --json
    """
    if out.exists():
        raise typer.BadParameter(f"{out} is there already; give another --out")
    # Imported here: `vinet compare --help` and a TAB shall not wait for PyTorch.
    from vinet_ros.offline.compare import VIDEO, compare_clip, parse_side
    from vinet_ros.offline.predict.request import GazeOptions
    from vinet_ros.offline.sources import open_source

    try:
        sides = parse_side(a), parse_side(b)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with (
        open_source(clip, topic=topic, folder_rate_hz=folder_rate_hz) as source,
        progress_of() as step,
    ):
        likeness = compare_clip(
            sides,
            (_name(a), _name(b)),
            source,
            clip,
            out.resolve(),
            GazeOptions(),
            lambda done, total: step(clip, done, total),
        )
    if as_json:
        typer.echo(json.dumps({"folder": str(out), "a": a, "b": b, **asdict(likeness)}, indent=1))
        return
    typer.echo(
        f"{out / VIDEO}: {likeness.frames} frames, CC {_shown(likeness.cc_mean)} (least "
        f"{_shown(likeness.cc_least)}), SIM {_shown(likeness.sim_mean)} (least "
        f"{_shown(likeness.sim_least)})"
    )


def _name(side: str) -> str:
    name, *settings = side.split(",")
    return ",".join([Path(name).name, *settings])


def _shown(score: float | None) -> str:
    return "none" if score is None else f"{score:.4f}"
