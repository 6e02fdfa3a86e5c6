# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The trained networks of the tables: taken from a file, from an earlier run, or trained."""

from __future__ import annotations

import gc
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from vinet_ros.errors import DataError, VinetError, WeightsError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.loading import shapes_of
from vinet_ros.networks.weights import card_of, read_card, save_weights
from vinet_ros.offline.evaluate_request import ALL_FOLDS, FOLD_MARK
from vinet_ros.offline.paper.places import Place, why_missing
from vinet_ros.offline.paper.settings import PaperSettings
from vinet_ros.offline.paper.variants import (
    GROUPS,
    VARIANTS,
    Group,
    Start,
    Variant,
    run_name,
    start_of,
)
from vinet_ros.training.loop import train
from vinet_ros.training.recipes import Wishes, fresh_config

log = logging.getLogger(__name__)

_SMOKE_RATE = 1e-6

WEIGHTS = "weights.safetensors"
SUFFIXES = (".safetensors", ".pt", ".pth", ".pth.tar")


class Networks:
    """Gives the weight file of each variant, group and fold; what was made is kept in OUT/runs.

    Args:
        settings: How to come by them.
        places: Where the data lie, by group.
    """

    def __init__(self, settings: PaperSettings, places: Mapping[str, Place]) -> None:
        self._settings = settings
        self._places = places
        self._failed: dict[str, VinetError] = {}
        self._used: dict[str, Path] = {}

    def folds_of(self, group: Group) -> tuple[str, ...]:
        """Return the folds that are trained; one empty name for a group with one split."""
        if not group.folds:
            return ("",)
        fold = self._settings.fold
        return group.folds if fold == ALL_FOLDS else (fold,)

    def pattern(self, variant: Variant, group: Group) -> Path:
        """Return the weight file with "{fold}" where its group's folds differ; all are there.

        Raises:
            VinetError: If one cannot be had; the message says why and what to do.
        """
        paths = [self.weights(variant, group, fold) for fold in self.folds_of(group)]
        if not group.folds:
            return paths[0]
        return self._folder(variant, group, FOLD_MARK) / WEIGHTS

    def weights(self, variant: Variant, group: Group, fold: str) -> Path:
        """Return one weight file: there already, copied from a file that was given, or trained.

        Raises:
            VinetError: If it cannot be had.
        """
        folder = self._folder(variant, group, fold)
        path = folder / WEIGHTS
        if path.is_file():
            self._used[folder.name] = path
            return path
        if folder.name in self._failed:
            raise self._failed[folder.name]
        try:
            self._make(variant, group, fold, folder)
        except VinetError as error:
            self._failed[folder.name] = error
            raise
        self._used[folder.name] = path
        return path

    def origins(self) -> dict[str, str]:
        """Return where the networks that were asked for came from, by the names of their runs."""
        cards = {name: read_card(path) for name, path in self._used.items()}
        return {name: card.source if card else "unknown" for name, card in cards.items()}

    def _folder(self, variant: Variant, group: Group, fold: str) -> Path:
        place = self._places.get(group.name)
        sets = place.sets if place is not None else ()
        return self._settings.runs / run_name(variant, group, fold, sets)

    def _make(self, variant: Variant, group: Group, fold: str, folder: Path) -> None:
        given = self._given(variant, group, fold)
        if given is not None:
            _take(variant, given, folder)
        elif not self._settings.train:
            raise WeightsError(
                f"no file {run_name(variant, group, fold)}.safetensors in "
                f"{self._settings.weights or 'a folder given by --weights'}, and --no-train"
            )
        else:
            self._train(variant, group, fold, folder)

    def _given(self, variant: Variant, group: Group, fold: str) -> Path | None:
        """Return the file of the user's that holds the network, if there is one."""
        stems = dict.fromkeys(run_name(variant, group, each) for each in (fold, ""))
        names = [stem + suffix for stem in stems for suffix in SUFFIXES]
        if group.name in variant.files:
            names.append(variant.files[group.name].replace(FOLD_MARK, fold))
        return next((path for path in map(self._public, names) if path is not None), None)

    def _public(self, name: str) -> Path | None:
        if self._settings.weights is None or not name:
            return None
        path = self._settings.weights / name
        return path if path.is_file() else None

    def _train(self, variant: Variant, group: Group, fold: str, folder: Path) -> None:
        place = self._places.get(group.name)
        if place is None:
            raise DataError(why_missing(self._settings.data, group.sets[0], None))
        settings = self._settings
        log.info("training %s", folder.name)
        wishes = Wishes(
            epochs=settings.epochs,
            # Two steps from chance at the papers' rates can leave a map that is 1 everywhere.
            rate=_SMOKE_RATE if settings.smoke else 0.0,
            batch=settings.batch,
            precision=settings.precision,
            size=settings.size if variant.any_size else None,
            **variant.training,
        )
        try:
            config = fresh_config(
                str(place.root),
                str(folder),
                variant.model,
                dict(variant.options),
                wishes,
                seed=settings.seed,
                workers=settings.workers,
                sets=place.sets,
                video_fold=fold or group.fold,
                **self._beginning(variant, group, fold),
            )
        except ValueError as error:
            raise DataError(str(error)) from None
        if settings.epoch_steps:
            stages = tuple(replace(stage, keep="last") for stage in config.stages)
            config = replace(config, stages=stages, epoch_steps=settings.epoch_steps)
        train(config, progress=settings.progress)
        gc.collect()  # what Lightning's trainer and the network hold of each other
        if settings.smoke:
            _forget_checkpoints(folder)

    def _beginning(self, variant: Variant, group: Group, fold: str) -> dict[str, Any]:
        """Return the files that a training begins with, as fields of a config."""
        start = start_of(variant, group)
        files = {
            "encoder_weights": self._public_or_chance(variant, start.encoder),
            "audio_weights": self._public_or_chance(variant, start.hearing),
            "visual_weights" if start.as_visual else "init": self._begun(start, fold),
        }
        return {name: str(path) for name, path in files.items() if path is not None}

    def _public_or_chance(self, variant: Variant, name: str) -> Path | None:
        path = self._public(name)
        if path is None and name and not self._settings.from_chance:
            raise WeightsError(
                f"training {variant.name} begins with {name}, which is not in "
                f"{self._settings.weights or 'a folder given by --weights'}; put it there, or "
                "--from-chance trains without"
            )
        return path

    def _begun(self, start: Start, fold: str) -> Path | None:
        if start.of is None:
            return None
        variant, group = VARIANTS[start.of[0]], GROUPS[start.of[1]]
        try:
            return self.weights(variant, group, fold if group.folds else "")
        except VinetError as error:
            if self._settings.from_chance and group.name not in self._places:
                return None
            name = run_name(variant, group)
            raise DataError(f"begins with {name}, which cannot be had: {error}") from None


def _take(variant: Variant, given: Path, folder: Path) -> None:
    """Copy a file that was given, with a card that says what the tables know of it.

    Raises:
        WeightsError: If it does not fit.
        DataError: If it holds another network.
    """
    try:
        model = load_model(variant.model, given, **variant.options)
    except ValueError as error:
        raise DataError(f"{given}: {error}") from None
    with torch.device("meta"):  # its shapes alone
        meant = create_model(variant.model, **variant.options)
    if shapes_of(meant.state_dict()) != shapes_of(model.state_dict()):
        raise DataError(f"{given}: holds another network than {variant.name}")
    card = card_of(model)
    assert card is not None, "load_model makes one where there is none"
    options = {**card.options, **variant.options}
    source = card.source if card.source != "unknown" else given.name
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(folder / WEIGHTS, model, replace(card, options=options, source=source))


def _forget_checkpoints(folder: Path) -> None:
    for pattern in ("*/*.ckpt", "*/done.pt"):
        for path in folder.glob(pattern):
            path.unlink()
