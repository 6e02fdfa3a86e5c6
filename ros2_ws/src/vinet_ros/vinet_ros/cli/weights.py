"""``vinet weights``: what a weight file holds, and converting one into ours."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vinet_ros.errors import WeightsError
from vinet_ros.networks import list_models
from vinet_ros.networks.inspection import (
    FileReport,
    convert_weights,
    inspect_weights,
    label_weights,
)
from vinet_ros.networks.weights import sha256_of

app = typer.Typer(no_args_is_help=True)


class Dtype(str, Enum):
    """How the numbers are stored; they are computed with as float32 either way."""

    fp32 = "fp32"
    fp16 = "fp16"


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="safetensors or torch file; nothing in it is run")],
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Show which model a weight file is for, its options, card and problems.

    Exits with 1 where the file cannot be read or does not load.
    """
    report = inspect_weights(file)
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        Console().print(_as_table(report))
    if report.problems:
        raise typer.Exit(1)


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="the authors' file, or one of ours")],
    out: Annotated[Path, typer.Argument(help="safetensors file to write")],
    dtype: Annotated[Dtype, typer.Option(help="how to store the numbers")] = Dtype.fp32,
    model: Annotated[str, typer.Option(help="the model, where the file does not tell")] = "",
    source: Annotated[str, typer.Option(help="for the card: who trained it, on what")] = "",
    licence: Annotated[str, typer.Option(help="for the card: licence of the weights")] = "",
    force: Annotated[bool, typer.Option("--force", help="replace OUT where it exists")] = False,
) -> None:
    """Write a weight file as our safetensors with its card inside, whole or not at all."""
    if model and model not in list_models():
        raise typer.BadParameter(f"no model is named {model!r}; there are {list_models()}")
    if out.exists() and not force:
        raise WeightsError(f"{out} exists; give another name, or --force to replace it")
    stored = torch.float16 if dtype is Dtype.fp16 else torch.float32
    card = convert_weights(
        file, out, stored, model=model or None, source=source or None, licence=licence or None
    )
    typer.echo(f"{out}: {card.model} {_options(card.options)}, sha256 {card.sha256}")


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
) -> None:
    """Complete a file's card: measured scores, source, licence. The weights stay as they are."""
    if out.exists() and not force:
        raise WeightsError(f"{out} exists; give another name, or --force to replace it")
    scores = read_scores(report, file) if report else {}
    card = label_weights(file, out, scores, source=source, licence=licence)
    typer.echo(f"{out}: {card.model}, sha256 {card.sha256}")


def read_scores(report: Path, file: Path) -> dict[str, Any]:
    """Return the scores of a weight file, ``{data: {metric: mean}}``, out of an evaluation.

    Raises:
        WeightsError: If the report cannot be read, or measured another file.
    """
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
