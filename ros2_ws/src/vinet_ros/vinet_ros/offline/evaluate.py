"""``vinet evaluate``: find the data, load the network once, score everything there is."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

import vinet_ros
from vinet_ros.errors import DataError
from vinet_ros.networks import load_model, model_spec
from vinet_ros.networks.weights import card_of
from vinet_ros.offline.baselines import mean_fixation_map
from vinet_ros.offline.evaluate_clips import ClipScores, score_clip
from vinet_ros.offline.evaluate_stills import Progress, rows_of_stills
from vinet_ros.streaming import Predictor
from vinet_ros.training.datasets import GazeClip, Stills, find_gaze_files, read_gaze_clip
from vinet_ros.training.datasets.gaze_clips import GAZE_SUFFIX
from vinet_ros.training.score_table import LeftOut, Maps, ScoreTable
from vinet_ros.training.scoring import Predict, static_predict

NO_MODEL = "none"


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What to score.

    Attributes:
        data: Folders of stills, folders of clips with gaze, or single gaze files.
        model: A name of the catalog, or "none" for the baselines alone.
        weights: A weight file; None: the bundled weights.
        split: Of the stills.
        device: "auto", "cpu", "cuda" or "cuda:n".
        batch_size: Stills at once.
        mean_map_from: Stills whose train split gives the mean fixation map (MEP); None: the first
            stills in `data`.
        map_folders: Folders with saved maps of the stills, one row each.
        smoothing_tau_s: Time constants of the clips' smoothed rows.
    """

    data: tuple[Path, ...]
    model: str = "vinet_lite"
    weights: Path | None = None
    split: str = "val"
    device: str = "auto"
    batch_size: int = 8
    mean_map_from: Path | None = None
    map_folders: tuple[Path, ...] = ()
    smoothing_tau_s: tuple[float, ...] = (0.15,)

    def __post_init__(self) -> None:
        if not self.data:
            raise ValueError("expected at least one folder or gaze file, got none")
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")


@dataclass(frozen=True, slots=True)
class StillsScores:
    """The rows of one folder of stills."""

    title: str
    rows: tuple[ScoreTable, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All scores of one run.

    Attributes:
        facts: What was run, for the head of the report.
        stills: One entry a folder of stills.
        clips: One entry a clip.
        left_out: Data that could not be scored at all.
    """

    facts: Mapping[str, str]
    stills: tuple[StillsScores, ...]
    clips: tuple[ClipScores, ...]
    left_out: tuple[LeftOut, ...]

    def without(self, left_out: LeftOut) -> Evaluation:
        """Return the same with one more thing left out."""
        return replace(self, left_out=(*self.left_out, left_out))


@dataclass(frozen=True, slots=True)
class _Found:
    stills: list[Stills]
    clips: list[GazeClip]
    left_out: list[LeftOut]


def run_evaluation(
    request: EvaluationRequest, progress: Progress = lambda task, step, total: None
) -> Evaluation:
    """Score a network and the baselines on all data of the request.

    Raises:
        DataError: If none of the data can be read; the message says why for each.
        WeightsError: If the weights are missing or do not fit.
    """
    found = _find_data(request)
    if not (found.stills or found.clips):
        raise DataError("; ".join(o.reason for o in found.left_out))
    mean_map, why_none = _mean_map(request, found)
    left_out = found.left_out + why_none
    device = _device(request.device)
    network = _load(request, device)
    facts = _facts(request, network, device)
    predictors: dict[str, Predict] = {}
    if network is not None:
        predictors[request.model] = static_predict(network, device)
    stills = []
    for data in found.stills:
        rows, lacking = rows_of_stills(
            data,
            predictors,
            mean_map,
            request.map_folders,
            batch_size=request.batch_size,
            progress=progress,
        )
        stills.append(StillsScores(f"{data.root.name}, {data.split}", tuple(rows), tuple(lacking)))
    clips, unreadable = _score_clips(request, found.clips, network, device, mean_map, progress)
    return Evaluation(facts, tuple(stills), tuple(clips), tuple(left_out + unreadable))


def _load(request: EvaluationRequest, device: str) -> nn.Module | None:
    if request.model == NO_MODEL:
        return None
    if not model_spec(request.model).saliency:
        raise ValueError(f"{request.model} gives features, not a map; choose a saliency network")
    return load_model(request.model, request.weights, device=device)


def _find_data(request: EvaluationRequest) -> _Found:
    found = _Found([], [], [])
    for path in request.data:
        gaze_files = [path] if path.name.endswith(GAZE_SUFFIX) else find_gaze_files(path)
        if not gaze_files or (path / "index.csv").exists():
            _try_stills(path, request.split, found)
        for gaze_file in gaze_files:
            try:
                found.clips.append(read_gaze_clip(gaze_file))
            except DataError as error:
                found.left_out.append(LeftOut("", gaze_file.name, str(error)))
    return found


def _try_stills(path: Path, split: str, found: _Found) -> None:
    try:
        found.stills.append(Stills(path, split, require_images=False))
    except DataError as error:
        found.left_out.append(LeftOut("", path.name, str(error)))


def _mean_map(request: EvaluationRequest, found: _Found) -> tuple[Maps | None, list[LeftOut]]:
    roots = [request.mean_map_from] if request.mean_map_from else [s.root for s in found.stills]
    if not roots:
        return None, []
    try:
        return mean_fixation_map(Stills(roots[0], "train", require_images=False)), []
    except DataError as error:
        return None, [LeftOut("MEP", "", str(error))]


def _device(device: str) -> str:
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _score_clips(
    request: EvaluationRequest,
    clips: Sequence[GazeClip],
    network: nn.Module | None,
    device: str,
    mean_map: Maps | None,
    progress: Progress,
) -> tuple[list[ClipScores], list[LeftOut]]:
    if not clips:
        return [], []
    scored, left_out = [], []
    predictor = None if network is None else Predictor(network, device=device)
    for clip in clips:
        try:
            scores = score_clip(
                clip,
                predictor,
                request.model,
                mean_map,
                smoothing_tau_s=request.smoothing_tau_s,
                progress=progress,
            )
            scored.append(scores)
        except DataError as error:
            left_out.append(LeftOut("", clip.name, str(error)))
    if predictor is not None:
        predictor.close()
    return scored, left_out


def _facts(request: EvaluationRequest, network: nn.Module | None, device: str) -> dict[str, str]:
    facts = {
        "vinet_ros": vinet_ros.__version__,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "data": ", ".join(path.name for path in request.data),
        "model": request.model,
    }
    if network is not None:
        card = card_of(network)
        facts["weights"] = "not recorded" if card is None else f"{card.file}, sha256 {card.sha256}"
        facts["device"] = _device_name(device)
        facts["torch"] = torch.__version__
    return facts


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device}, {torch.get_num_threads()} threads"
