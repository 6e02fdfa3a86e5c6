# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The recipes that a run starts from: the papers', and that of the bundled vinet_lite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from vinet_ros.errors import DataError
from vinet_ros.networks import create_model, load_model, model_spec
from vinet_ros.networks.catalog import ModelSpec
from vinet_ros.streaming.audio_regimes import REAL
from vinet_ros.training.augment import Augmentation
from vinet_ros.training.config import Stage, TrainConfig, default_stages
from vinet_ros.training.losses import LossWeights
from vinet_ros.training.run_data import holds_videos
from vinet_ros.training.samples import ClipMaking
from vinet_ros.training.stavis_module import STAVIS_WEIGHTS, stavis_stage
from vinet_ros.training.video_samples import ClipSampling

PAPER_EPOCHS = 40
PAPER_RATE = 1e-4

_CPU_INFO = Path("/proc/cpuinfo")
_BF16_INSTRUCTIONS = {"amx_bf16", "avx512_bf16", "bf16"}  # the last on Arm


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a run takes where the user says nothing; see :class:`~.config.TrainConfig`."""

    stages: tuple[Stage, ...]
    batch: int = 8
    weights: LossWeights = field(default_factory=LossWeights)
    weight_decay: float = 0.0
    ema_decay: float = 0.0
    gradient_clip: float = 0.0
    precision: str = "32-true"


def default_recipe(model: str, clip_length: int, *, videos: bool, taught: bool = False) -> Recipe:
    """Return the recipe for a network and a kind of data.

    ViNet and its kin train as both papers do: Adam at 1e-4, batches of 8 clips, KLDiv, everything
    learns, the best epoch is kept. vinet_lite on stills has the recipe of the bundled weights,
    STAViS that of its public code. With a teacher ViNet learns on stills from chance:
    :func:`taught_stages`.

    Args:
        model: A saliency network of the catalog.
        clip_length: Its number of frames.
        videos: Whether the data are videos; else stills.
        taught: Whether there is a teacher; elsewhere than above its maps count half.

    Raises:
        ValueError: If the network does not exist or gives no saliency map, or takes no teacher.
        DataError: If it needs sound and the data are stills.
    """
    spec = model_spec(model)
    _refuse_unfit(spec, videos)
    if model == "stavis":
        if taught:
            raise ValueError("STAViS learns from people alone; leave the teacher out")
        return Recipe((stavis_stage(),), 128, STAVIS_WEIGHTS, 1e-5)
    if not videos and (spec.streaming or taught):
        weights = LossWeights(1.0, 1.0, 0.1, 0.5)
        lite = spec.streaming
        stages = default_stages(clip_length) if lite else taught_stages(clip_length)
        if lite and taught:
            stages = tuple(replace(stage, teacher_share=0.5) for stage in stages)
        batch = 16 if lite else 8
        return Recipe(stages, batch, weights, 0.05, 0.99, 1.0, _quick_precision())
    # vinet_lite was made for a slower window than a video's own rate; the papers take each frame.
    rate_hz = spec.rate_hz if spec.streaming else 0.0
    stage = Stage(
        "videos" if videos else "stills",
        PAPER_EPOCHS,
        PAPER_RATE,
        PAPER_RATE,
        "all",
        ClipMaking(frames=clip_length, mover_share=0.5, camera_share=0.6),
        ClipSampling(clip_length, rate_hz, audio=REAL if spec.audio else "") if videos else None,
        optimizer="adam",
        schedule="constant",
        keep="best",
        teacher_share=0.5 if taught else 0.0,
    )
    return Recipe((stage,))


def taught_stages(frames: int) -> tuple[Stage, ...]:
    """Return how a network learns from chance: a teacher's maps first, then people's.

    A few hundred pictures with fixations say too little to make an encoder from nothing. A
    teacher answers for every view of them that can be drawn: a moving camera, moving pieces.

    Args:
        frames: The network's clip length.
    """
    making = ClipMaking(
        frames=frames,
        mover_share=0.6,
        mover_weight=0.85,
        camera_share=0.8,
        faint_share=0.4,
        augmentation=Augmentation(zoom=0.4, jitter=0.3),
    )
    return (
        Stage("teacher", 40, 1e-3, 1e-3, "all", making, teacher_share=1.0),
        Stage("people", 12, 3e-4, 3e-4, "all", making),
    )


def _quick_precision() -> str:
    """Return bf16-mixed where this machine computes in bfloat16, else 32-true.

    On a processor without its instructions a step in bfloat16 takes three times as long.
    """
    if torch.cuda.is_available():
        return "bf16-mixed"
    try:
        known = set(_CPU_INFO.read_text(encoding="utf-8").split())
    except OSError:  # not Linux
        known = set()
    return "bf16-mixed" if known & _BF16_INSTRUCTIONS else "32-true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What replaces parts of a recipe; None, 0 and "" keep the recipe's.

    Attributes:
        epochs: Passes of each stage.
        rate: Learning rate of each stage, encoder included where it learns.
        batch: Clips a step.
        patience: Epochs without a better KLDiv after which a stage ends.
        precision: Lightning's name for it.
        size: Height and width of the network's input, for videos.
        black_frames: How many frames of a training clip are black, for videos.
        audio: What a network hears in place of the clips' sound.
        audio_std: Deviation of that sound if it is normal noise.
        loss: Weights of the loss by name.
    """

    epochs: int = 0
    rate: float = 0.0
    batch: int = 0
    patience: int = 0
    precision: str = ""
    size: tuple[int, int] | None = None
    black_frames: int = 0
    audio: str = ""
    audio_std: float = 0.0
    loss: Mapping[str, float] = field(default_factory=dict)


def fresh_config(
    data: str, out: str, model: str, options: dict[str, Any], wishes: Wishes, **chosen: Any
) -> TrainConfig:
    """Return the config of a new run: the recipe for network and data, with the wishes.

    Args:
        data: Folder or packed file.
        out: The run's folder.
        model: Name of the network.
        options: Its options.
        wishes: What replaces parts of the recipe.
        **chosen: Other fields of :class:`~.config.TrainConfig`.

    Raises:
        ValueError: If the network, an option or a wish does not exist or fit.
        DataError: If the network cannot be trained here.
        WeightsError: If the file to start from does not fit.
    """
    videos = holds_videos(Path(data), chosen.get("sets", ()))
    length = _clip_length(model, options, chosen.get("init", ""))
    taught = bool(chosen.get("teacher"))
    recipe = default_recipe(model, length, videos=videos, taught=taught)
    stages = recipe.stages
    if options.get("variant") == "st":  # STAViS without its hearing
        stages = tuple(_deaf(stage) for stage in stages)
    stages = tuple(_wished(stage, wishes) for stage in stages)
    weights = replace(recipe.weights, **wishes.loss)
    _refuse_weights(model, weights)
    if wishes.size is not None and stages[0].clips is not None:
        _refuse_size(model, options, stages[0].clips)
    return TrainConfig(
        data=data,
        out=out,
        model=model,
        options=options,
        stages=stages,
        batch=wishes.batch or recipe.batch,
        weights=weights,
        weight_decay=recipe.weight_decay,
        ema_decay=recipe.ema_decay,
        gradient_clip=recipe.gradient_clip,
        precision=wishes.precision or recipe.precision,
        **chosen,
    )


def _clip_length(model: str, options: dict[str, Any], init: str) -> int:
    if init:
        return int(load_model(model, init, **options).clip_length)  # type: ignore[arg-type]
    with torch.device("meta"):  # no weights are made: it is only asked
        return int(getattr(create_model(model, **options), "clip_length", 1))


def _deaf(stage: Stage) -> Stage:
    assert stage.clips is not None  # STAViS learns from videos only
    return replace(stage, clips=replace(stage.clips, audio=""))


def _wished(stage: Stage, wishes: Wishes) -> Stage:
    return replace(
        stage,
        clips=_wished_clips(stage.clips, wishes),
        epochs=wishes.epochs or stage.epochs,
        learning_rate=wishes.rate or stage.learning_rate,
        encoder_rate=(wishes.rate or stage.encoder_rate) if stage.encoder != "none" else 0.0,
        patience=wishes.patience or stage.patience,
    )


def _wished_clips(clips: ClipSampling | None, wishes: Wishes) -> ClipSampling | None:
    of_videos = wishes.size, wishes.black_frames, wishes.audio, wishes.audio_std
    if clips is None:
        if any(of_videos):
            raise ValueError(
                "size, black frames and audio can be chosen for videos only; stills have the "
                "network's size"
            )
        return None
    if (wishes.audio or wishes.audio_std) and not clips.audio:
        raise ValueError("audio can be chosen for a network that takes sound, such as avinet")
    height, width = wishes.size or (clips.height, clips.width)
    return replace(
        clips,
        height=height,
        width=width,
        black_frames=wishes.black_frames,
        audio=wishes.audio or clips.audio,
        audio_std=wishes.audio_std,
    )


def _refuse_size(model: str, options: dict[str, Any], clips: ClipSampling) -> None:
    """Raise ValueError, the network's own, where it does not take clips of a size."""
    if model_spec(model).streaming:
        return  # it takes any
    with torch.device("meta"):  # shapes alone
        network = create_model(model, **options).eval()
        network(torch.empty(1, 3, clips.frames, clips.height, clips.width))


def _refuse_weights(model: str, weights: LossWeights) -> None:
    if weights.rna and not model_spec(model).audio:
        raise ValueError(f"rna aligns sight and sound, and {model} takes no sound; use avinet")
    unused = ("kldiv", "sim", "rna") if model == "stavis" else ("bce",)
    given = [name for name in unused if getattr(weights, name)]
    if given:
        raise ValueError(f"{model} does not learn by {', '.join(given)}; leave it out")


def _refuse_unfit(spec: ModelSpec, videos: bool) -> None:
    if not spec.saliency:
        raise ValueError(
            f"{spec.name} gives features, no saliency map: it cannot be trained alone"
        )
    if spec.audio and not videos:
        raise DataError(
            f"{spec.name} needs videos, with sound; train on stills with --model vinet or "
            "vinet_lite"
        )
