# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet audio-effect CLIP|DATASET``: what a network's maps owe to the sound."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vinet_ros.cli.benchmark import parse_options
from vinet_ros.cli.completion import DEVICES, PATHS, one_of, saliency_models, video_sets
from vinet_ros.cli.predict import progress_of
from vinet_ros.errors import VinetError

if TYPE_CHECKING:
    from vinet_ros.offline.audio_effect import AudioEffect

app = typer.Typer()


@app.command()
def audio_effect(
    data: Annotated[
        list[Path], typer.Argument(help="video files with sound, or the folder of a video set")
    ],
    out: Annotated[Path, typer.Option(help="folder that the results get; not there yet")],
    model: Annotated[
        str, typer.Option(help="name of a network that hears", autocompletion=saliency_models)
    ] = "avinet",
    weights: Annotated[
        Path | None, typer.Option(help="weight file; by default the bundled weights")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="of the network, key=value; repeat it")
    ] = None,
    allow_untrained: Annotated[
        bool,
        typer.Option(
            "--allow-untrained", help="random weights; the numbers say nothing of others"
        ),
    ] = False,
    others: Annotated[
        list[Path] | None,
        typer.Option(help="more files to take shuffled sound from; repeat it"),
    ] = None,
    every: Annotated[
        int, typer.Option(min=0, help="predict every so many frames; 0: one in half a second")
    ] = 0,
    limit: Annotated[int, typer.Option(min=0, help="first videos of a set; 0: all")] = 0,
    video_set: Annotated[
        str,
        typer.Option("--set", help="where a folder holds several", autocompletion=video_sets),
    ] = "",
    split: Annotated[str, typer.Option(help="of a set; by default the one papers report")] = "",
    fold: Annotated[str, typer.Option(help="of a set with folds")] = "1",
    normal_std: Annotated[
        float | None,
        typer.Option(help="deviation of normal noise, 1 is full scale; by default the clip's"),
    ] = None,
    window_rate_hz: Annotated[
        float | None, typer.Option(help="slots a second; 0: as trained, -1: every frame is one")
    ] = None,
    eight_bit: Annotated[
        bool, typer.Option(help="compare maps as the authors' 8-bit pictures")
    ] = True,
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda or cuda:n", autocompletion=one_of(*DEVICES))
    ] = "auto",
    path: Annotated[
        str, typer.Option(help="auto, torch or openvino", autocompletion=one_of(*PATHS))
    ] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="of what is drawn at random")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    r"""Predict with real, zero, normal, Wolfram and shuffled sound, and compare the maps.

    OUT gets a page with the tables, the figures of every frame and sound, a summary and a plot.

    \b
    A clip, with another one's sound to shuffle in:
      vinet audio-effect talk.mp4 --weights avinet.safetensors --others street.mp4 --out effect
    A video set with gaze, the test split of Coutrot2:
      vinet audio-effect stavis --set coutrot2 --weights avinet.safetensors --out effect
    Does it run? Random weights, two predictions, for a script:
      vinet audio-effect talk.mp4 --allow-untrained --every 60 --json --out effect
    """
    if out.exists():
        raise typer.BadParameter(f"{out} is there already; give another --out")
    # Imported here: `vinet audio-effect --help` and a TAB shall not wait for PyTorch.
    from vinet_ros.offline.audio_effect import measure_audio_effect
    from vinet_ros.offline.audio_effect_report import PAGE, summary, to_markdown
    from vinet_ros.offline.audio_effect_request import AudioEffectRequest

    try:
        request = AudioEffectRequest(
            data=tuple(data),
            model=model,
            weights=weights,
            options=parse_options(option or []),
            allow_untrained=allow_untrained,
            device=device,
            path=path,
            others=tuple(others or ()),
            every=every,
            limit=limit,
            seed=seed,
            normal_std=normal_std,
            window_rate_hz=window_rate_hz,
            eight_bit=eight_bit,
            set_name=video_set,
            split=split,
            fold=fold,
        )
        with progress_of() as step:
            effect = measure_audio_effect(request, step)
    except ValueError as error:
        raise VinetError(str(error)) from error
    plot_note = _write(effect, out.resolve())
    if as_json:
        typer.echo(json.dumps({"folder": str(out), **summary(effect)}, indent=1))
        return
    typer.echo(to_markdown(effect))
    typer.echo(f"wrote {out / PAGE}" + plot_note)


def _write(effect: AudioEffect, final: Path) -> str:
    """Write all results, or none; return why there is no plot, if there is none."""
    from vinet_ros.offline.audio_effect_report import write_files
    from vinet_ros.offline.predict.work import Work, cannot_write

    there = importlib.util.find_spec("matplotlib") is not None
    with Work(final.parent, final.name, {}, fresh=True) as work:
        try:
            write_files(effect, work.made)
            if there:
                from vinet_ros.offline.audio_effect_plot import plot_audio_effect

                plot_audio_effect(effect, work.made)
            work.finish()
        except OSError as error:
            work.discard()
            raise cannot_write(final, error) from error
    return "" if there else "; no plot: matplotlib is not installed (vinet_ros[train])"
