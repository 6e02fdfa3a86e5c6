"""Which network saliency_node runs, and where: from its parameters to a ready predictor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from vinet_ros.errors import WeightsError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.loading import identify, shapes_of
from vinet_ros.networks.weights import bundled_weights, read_card, read_state_dict
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.runtime import create_executor
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
    name, reason = choose_model(parameters)
    device = device or parameters.device
    if parameters.allow_untrained and not parameters.weights and bundled_weights(name) is None:
        return LoadedModel(_untrained(name, parameters, device), name, False, reason)
    predictor = Predictor(
        _trained(name, parameters),
        device=device,
        precision=_precision(parameters, device),
        window_rate_hz=parameters.window_rate_hz,
        max_gap_s=parameters.max_gap_s,
        warmup=parameters.warmup,
        allow_cpu_fallback=parameters.allow_cpu_fallback,
    )
    return LoadedModel(predictor, name, True, reason)


def choose_model(parameters: SaliencyParameters) -> tuple[str, str]:
    """Return the network's name and why it was chosen.

    Raises:
        WeightsError: If ``auto`` cannot tell which network a weights file is for.
    """
    if parameters.model != "auto":
        return parameters.model, "asked for"
    if parameters.weights:
        return _model_of(parameters.weights), "the weights are for it"
    if bundled_weights("vinet") is None:
        return "vinet_lite", "no weights for vinet come with the package"
    if parameters.device == "cpu" or not torch.cuda.is_available():
        return "vinet_lite", "vinet needs a GPU to keep up"
    return "vinet", "its weights and a GPU are here"


def _model_of(weights: str) -> str:
    card = read_card(weights)
    name = card.model if card else identify(shapes_of(read_state_dict(weights)))
    if name is None:
        raise WeightsError(
            f"{weights} does not say which network it is for; set the parameter model"
        )
    return name


def _trained(name: str, parameters: SaliencyParameters) -> nn.Module:
    options: dict[str, Any] = dict(parameters.options())
    expected = parameters.weights_sha256 or None
    return load_model(name, parameters.weights or None, sha256=expected, **options)


def _untrained(name: str, parameters: SaliencyParameters, device: str) -> Predictor:
    executor = create_executor(
        create_model(name, **parameters.options()).eval(),
        device,
        _precision(parameters, device),
        parameters.allow_cpu_fallback,
    )
    return Predictor(
        name,
        executor=executor,
        window_rate_hz=parameters.window_rate_hz,
        max_gap_s=parameters.max_gap_s,
        warmup=parameters.warmup,
    )


def _precision(parameters: SaliencyParameters, device: str) -> str:
    """Return the precision; the fallback to the CPU has only one."""
    fallen_back = device == "cpu" != parameters.device
    return "auto" if fallen_back else parameters.precision
