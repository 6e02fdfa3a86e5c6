# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Which network saliency_node runs, and where: from its parameters to a ready predictor."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vinet_ros.errors import WeightsError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.loading import identify, shapes_of
from vinet_ros.networks.verified import verified
from vinet_ros.networks.weights import (
    bundled_weights,
    read_card,
    read_state_dict,
    sha256_of,
)
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.runtime import Executor, SharedNetworks
from vinet_ros.runtime.select import Place, build_executor, find_place
from vinet_ros.streaming import Predictor


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A predictor and how it came about.

    Args:
        predictor: Ready to predict.
        name: Name in the catalog.
        trained: Whether it has weights; without, its maps mean nothing.
        reason: Why this network.
    """

    predictor: Predictor
    name: str
    trained: bool
    reason: str

    @property
    def sha256(self) -> str:
        """Return the hash of the weights, empty without weights."""
        return self.predictor.card.sha256 if self.predictor.card else ""

    @property
    def weights(self) -> str:
        """Return the name of the weights' file, empty without weights."""
        return self.predictor.card.file if self.predictor.card else ""


LoadModel = Callable[[SaliencyParameters, str], LoadedModel]


def load_predictor(parameters: SaliencyParameters, device: str = "") -> LoadedModel:
    """Build what the parameters ask for.

    Args:
        parameters: The node's.
        device: Replaces the parameters' device, after that one failed.

    Raises:
        ParameterError: If the model's options cannot be read.
        ValueError: If the model has no such option.
        WeightsError: If there are no weights, or they do not fit.
        DeviceError: If the device or precision is not there.
    """
    return _load(parameters, device, _Private())


class SharedLoader:
    """Loads networks for the nodes of one process: what two of them ask for is there once.

    Args:
        batches: Windows of different nodes that go through a network together; 0: as many as a
            brief measurement says that it pays.
    """

    def __init__(self, batches: int = 0) -> None:
        self.networks = SharedNetworks()
        self._batches = batches

    def for_user(self, user: str) -> LoadModel:
        """Return :func:`load_predictor` for one of the nodes.

        Args:
            user: Its name for people.
        """
        source = _Shared(self.networks, user, self._batches)
        return lambda parameters, device: _load(parameters, device, source)


def choose_model(parameters: SaliencyParameters) -> tuple[str, str]:
    """Return the network's name and why it was chosen.

    Raises:
        WeightsError: If ``auto`` cannot tell which network a weights file is for.
    """
    if parameters.model != "auto":
        return parameters.model, "asked for"
    if parameters.weights:
        return _model_of(parameters), "the weights are for it"
    if bundled_weights("vinet") is None:
        return "vinet_lite", "no weights for vinet come with the package"
    if parameters.device == "cpu" or not torch.cuda.is_available():
        return "vinet_lite", "vinet needs a GPU to keep up"
    return "vinet", "its weights and a GPU are here"


def _model_of(parameters: SaliencyParameters) -> str:
    with verified(parameters.weights, parameters.weights_sha256 or None) as file:
        card = read_card(file)
        name = card.model if card else identify(shapes_of(read_state_dict(file)))
    if name is None:
        raise WeightsError(
            f"{parameters.weights} does not say which network it is for; set the parameter model"
        )
    return name


class _Private:
    """Networks that one node has for itself."""

    def executor(self, wanted: "_Wanted") -> Executor:
        """Build the network."""
        return wanted.build(batches=1)


class _Shared:
    """Networks that other nodes of the process use too."""

    def __init__(self, networks: SharedNetworks, user: str, batches: int) -> None:
        self._networks = networks
        self._user = user
        self._batches = batches

    def executor(self, wanted: "_Wanted") -> Executor:
        """Build the network, unless it is there."""
        return self._networks.share(wanted.key(), lambda: wanted.build(self._batches), self._user)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A network that the parameters ask for, and where it is to run."""

    name: str
    trained: bool
    parameters: SaliencyParameters
    place: Place

    def key(self) -> Hashable:
        """Return what makes two networks the same."""
        options = tuple(sorted((k, repr(v)) for k, v in self.parameters.options().items()))
        place, threads = (self.place.device, self.place.precision), self.threads
        return (self.name, self.trained, self._file(), options, place, threads)

    def build(self, batches: int) -> Executor:
        """Load the network and bind it to its place."""
        return build_executor(
            self._network(),
            self.place,
            threads=self.threads,
            batches=batches,
            share=self.parameters.share,
            fallback=self.parameters.allow_cpu_fallback,
        )

    @property
    def threads(self) -> int | None:
        """Threads of the inference; None where the path shall choose."""
        return self.parameters.inference_threads or None

    def _network(self) -> nn.Module:
        options: dict[str, Any] = dict(self.parameters.options())
        if not self.trained:
            return create_model(self.name, **options).eval()
        expected = self.parameters.weights_sha256 or None
        return load_model(self.name, self.parameters.weights or None, sha256=expected, **options)

    def _file(self) -> str:
        """Return the hash of the weights, and another one that is asked for; see load_model."""
        weights = self.parameters.weights or bundled_weights(self.name)
        if not self.trained or weights is None or not Path(weights).expanduser().is_file():
            return ""
        found, expected = sha256_of(weights), self.parameters.weights_sha256.lower()
        return found if expected in ("", found) else f"{found} instead of {expected}"


def _load(
    parameters: SaliencyParameters, device: str, source: "_Private | _Shared"
) -> LoadedModel:
    name, reason = choose_model(parameters)
    device = device or parameters.device
    has_weights = bool(parameters.weights) or bundled_weights(name) is not None
    trained = has_weights or not parameters.allow_untrained
    place = find_place(device, _precision(parameters, device), parameters.allow_cpu_fallback)
    if parameters.share != "off":  # what is kept of its windows is of one stream
        source = _Private()
    executor = source.executor(_Wanted(name, trained, parameters, place))
    executor.reason = place.explain(executor.reason)
    predictor = Predictor(
        name,
        executor=executor,
        window_rate_hz=parameters.window_rate_hz,
        max_gap_s=parameters.max_gap_s,
        warmup=parameters.warmup,
        skipped_slots=parameters.skipped_slots,
        audio_offset_s=parameters.audio_offset_s,
        stabilize=parameters.stabilize,
    )
    return LoadedModel(predictor, name, trained, reason)


def _precision(parameters: SaliencyParameters, device: str) -> str:
    """Return the precision; the fallback to the CPU has only one."""
    fallen_back = device == "cpu" != parameters.device
    return "auto" if fallen_back else parameters.precision
