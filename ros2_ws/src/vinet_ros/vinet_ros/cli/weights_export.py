# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet weights export``: a network as ONNX."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from vinet_ros.cli.completion import saliency_models
from vinet_ros.errors import WeightsError

app = typer.Typer()


@app.command()
def export(
    model: Annotated[
        str, typer.Argument(help="a name of the catalog", autocompletion=saliency_models)
    ],
    onnx: Annotated[Path, typer.Option(help="ONNX file to write")],
    weights: Annotated[Path | None, typer.Option(help="weight file; else the bundled one")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="option of the network as key=value, e.g. clip_length=16; repeat it"),
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="two files: a frame's features, and their map")
    ] = False,
    random: Annotated[bool, typer.Option("--random", help="seeded random weights")] = False,
    force: Annotated[bool, typer.Option("--force", help="replace files that exist")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print what was written")] = False,
) -> None:
    r"""Write a network as ONNX, checked by ONNX Runtime before the file gets its name.

    Needs the extra `onnx`: pip install 'vinet_ros[onnx]'.

    \b
    The bundled network, clip to map:
      vinet weights export vinet_lite --onnx lite.onnx
    In two files, so that a stream pays for each frame once:
      vinet weights export vinet_lite --onnx lite.onnx --stream
    """
    from vinet_ros.cli.benchmark import parse_options
    from vinet_ros.runtime.benchmark_paths import Subject
    from vinet_ros.runtime.onnx_export import check_onnx, export_onnx, onnx_files

    check_onnx()
    there = [path for path in onnx_files(onnx, stream=stream) if path.exists()]
    if there and not force:
        raise WeightsError(f"{there[0]} exists; give another name, or --force to replace it")
    try:
        options = parse_options(option or [])
        subject = Subject(model, options, str(weights) if weights else None, random)
        written = export_onnx(subject.make(), onnx, stream=stream)
    except ValueError as error:
        raise WeightsError(str(error)) from error
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in written], indent=1))
        return
    for one in written:
        shapes = ", ".join(f"{name} {shape}" for name, shape in one.inputs.items())
        typer.echo(
            f"{one.file}: {shapes} -> {', '.join(one.outputs)}; {one.bytes / 1e6:.1f} MB, ONNX "
            f"Runtime differs by {one.max_difference:.1e}"
        )
