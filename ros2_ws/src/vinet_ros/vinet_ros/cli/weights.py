# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet weights``: what a file holds, converting one into ours, and int8 or ONNX of one."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vinet_ros.cli import weights_export
from vinet_ros.cli.completion import all_models, saliency_models
from vinet_ros.errors import WeightsError

if TYPE_CHECKING:
    from rich.table import Table

    from vinet_ros.networks.inspection import FileReport
    from vinet_ros.networks.weights import WeightsCard

app = typer.Typer(no_args_is_help=True)
app.add_typer(weights_export.app)


class Dtype(str, Enum):
    """How the numbers are stored; they are computed with as float32 either way."""

    fp32 = "fp32"
    fp16 = "fp16"


class Part(str, Enum):
    """What is run once a frame, and what is run once a window."""

    encoder = "encoder"
    decoder = "decoder"


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="safetensors or torch file; nothing in it is run")],
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    r"""Show which model a weight file is for, its options, card and problems.

    Exits with 1 where the file cannot be read or does not load.

    \b
    The authors' file:
      vinet weights inspect ViNet_DHF1K.pt
    For a script:
      vinet weights inspect lite.safetensors --json
    """
    # Imported here and below: `vinet weights --help` and a TAB shall not wait for PyTorch.
    from vinet_ros.networks.inspection import inspect_weights

    report = inspect_weights(file)
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        from rich.console import Console

        Console().print(_as_table(report))
    if report.problems:
        raise typer.Exit(1)


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="the authors' file, or one of ours")],
    out: Annotated[Path, typer.Argument(help="safetensors file to write")],
    dtype: Annotated[Dtype, typer.Option(help="how to store the numbers")] = Dtype.fp32,
    model: Annotated[
        str,
        typer.Option(help="the model, where the file does not tell", autocompletion=all_models),
    ] = "",
    source: Annotated[str, typer.Option(help="for the card: who trained it, on what")] = "",
    licence: Annotated[str, typer.Option(help="for the card: licence of the weights")] = "",
    force: Annotated[bool, typer.Option("--force", help="replace OUT where it exists")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the card as JSON")] = False,
) -> None:
    r"""Write a weight file as our safetensors with its card inside, whole or not at all.

    \b
    The authors' file:
      vinet weights convert ViNet_DHF1K.pt vinet.safetensors --licence MIT
    Half the size:
      vinet weights convert lite.safetensors small.safetensors --dtype fp16
    """
    import torch

    from vinet_ros.networks.catalog import list_models
    from vinet_ros.networks.inspection import convert_weights

    if model and model not in list_models():
        raise typer.BadParameter(f"no model is named {model!r}; there are {list_models()}")
    if out.exists() and not force:
        raise WeightsError(f"{out} exists; give another name, or --force to replace it")
    stored = torch.float16 if dtype is Dtype.fp16 else torch.float32
    card = convert_weights(
        file, out, stored, model=model or None, source=source or None, licence=licence or None
    )
    _tell(out, card, as_json)


@app.command()
def label(
    file: Annotated[Path, typer.Argument(help="one of our safetensors files")],
    out: Annotated[Path, typer.Argument(help="safetensors file to write")],
    report: Annotated[
        Path | None, typer.Option(help="report.json of `vinet evaluate` on exactly this file")
    ] = None,
    source: Annotated[str, typer.Option(help="for the card: who trained it, on what")] = "",
    licence: Annotated[str, typer.Option(help="for the card: licence of the weights")] = "",
    force: Annotated[bool, typer.Option("--force", help="replace OUT where it exists")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the card as JSON")] = False,
) -> None:
    r"""Complete a file's card: measured scores, source, licence. The weights stay as they are.

    \b
    With the scores that an evaluation measured:
      vinet evaluate stills --weights lite.safetensors --out scores
      vinet weights label lite.safetensors labelled.safetensors --report scores/report.json
    """
    from vinet_ros.networks.inspection import label_weights

    if out.exists() and not force:
        raise WeightsError(f"{out} exists; give another name, or --force to replace it")
    scores = read_scores(report, file) if report else {}
    card = label_weights(file, out, scores, source=source, licence=licence)
    _tell(out, card, as_json)


@app.command()
def quantize(
    inputs: Annotated[
        list[str], typer.Argument(help="videos, bags, folders of pictures of your camera")
    ],
    out: Annotated[Path, typer.Option(help="safetensors file to write")],
    model: Annotated[
        str, typer.Option(help="name of the network", autocompletion=saliency_models)
    ] = "vinet_lite",
    weights: Annotated[
        Path | None, typer.Option(help="weight file; by default the bundled weights")
    ] = None,
    windows: Annotated[
        int, typer.Option(min=2, help="windows to take of all inputs; a quarter is for checking")
    ] = 64,
    only: Annotated[
        Part | None, typer.Option(help="quantize this part alone; else what agrees enough")
    ] = None,
    min_cc: Annotated[
        float, typer.Option(min=-1.0, max=1.0, help="write nothing where the maps agree less")
    ] = 0.99,
    topic: Annotated[str, typer.Option(help="of a bag's images, where it has several")] = "",
    force: Annotated[bool, typer.Option("--force", help="replace OUT where it exists")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the card as JSON")] = False,
) -> None:
    r"""Make int8 graphs of a network for OpenVINO on a CPU, calibrated on your own frames.

    Needs NNCF (pip install 'vinet_ros[int8]'); the robot that runs the file does not. The maps
    are compared with those of the weights on windows that were kept back.

    \b
    From a recording of the robot's camera, and then on the robot:
      vinet weights quantize my_bag --out lite.int8.safetensors
      vinet predict street.mp4 --weights lite.int8.safetensors --precision int8 --out results
    Full ViNet, the authors' file:
      vinet weights quantize a.mp4 b.mp4 --model vinet --weights ViNet_DHF1K.pt --out v.safetensors
    """
    from vinet_ros.offline.quantize import quantize_weights

    if out.exists() and not force:
        raise WeightsError(f"{out} exists; give another name, or --force to replace it")
    quantized, card = quantize_weights(
        inputs,
        out,
        model,
        weights,
        windows=windows,
        parts=() if only is None else (only.value,),
        least_cc=min_cc,
        topic=topic,
        progress=lambda what: typer.echo(what, err=True),
    )
    _tell(out, card, as_json)
    if not as_json:
        typer.echo(f"{quantized.times_fp32:.2f} times as fast as OpenVINO in fp32, here and now")
        agreement = quantized.agreement
        typer.echo(
            f"maps against those of the weights, {agreement.maps} windows kept back: CC "
            f"{agreement.mean_cc:.4f} in the mean, {agreement.least_cc:.4f} at least, "
            f"{_less_mean(agreement.mean_cc_less_mean)}"
        )


def _less_mean(value: float | None) -> str:
    return "" if value is None else f"{value:.4f} with the clip's mean map taken off"


def _tell(out: Path, card: WeightsCard, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"file": str(out), "card": asdict(card)}, indent=1))
    else:
        options = "".join(f" {name}={value}" for name, value in card.options.items())
        typer.echo(f"{out}: {card.model}{options}, sha256 {card.sha256}")


def read_scores(report: Path, file: Path) -> dict[str, Any]:
    """Return the scores of a weight file, ``{data: {metric: mean}}``, out of an evaluation.

    Raises:
        WeightsError: If the report cannot be read, or measured another file.
    """
    from vinet_ros.networks.weights import sha256_of

    try:
        measured = json.loads(report.read_text(encoding="utf-8"))
        of, parts = measured["facts"]["weights"], measured["stills"] + measured["clips"]
        name = measured["facts"]["model"]
        rows = {
            part.get("title") or part["clip"]: row["means"]
            for part in parts
            for row in part["rows"]
            if row["name"] == name
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{report} is no report of `vinet evaluate` ({error!r})") from error
    if sha256_of(file) not in of:
        raise WeightsError(f"{report} measured {of}, not {file}; evaluate this file first")
    return {
        title: {metric: round(value, 4) for metric, value in means.items()}
        for title, means in rows.items()
    }


def _as_table(report: FileReport) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(report.file), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    rows = {
        "model": report.model or "none that is known here",
        "options": _options(report.options) or "none",
        "parameters": f"{report.parameters:,} in {report.entries} tensors",
        "stored as": ", ".join(f"{count} {name}" for name, count in report.dtypes.items()),
        "size": f"{report.size_bytes / 2**20:.1f} MiB",
        "sha256": report.sha256,
        "card": "none" if report.card is None else "",
        **_card_rows(report.card or {}),
        "problems": "none: it loads" if not report.problems else f"{len(report.problems)}",
        **{f"  {i}": reason for i, reason in enumerate(report.problems[:_MOST], start=1)},
    }
    for name, value in rows.items():
        table.add_row(name, Text(value))  # Text: a file's words are no markup
    return table


def _card_rows(card: dict[str, Any]) -> dict[str, str]:
    rest = {name: value for name, value in card.items() if name not in _ABOVE and value}
    return {f"  {name}": _shown(value) for name, value in rest.items()}


_ABOVE = ("model", "options", "file", "sha256")
_MOST = 10


def _options(options: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in options.items())


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if text.isprintable() else repr(text)
