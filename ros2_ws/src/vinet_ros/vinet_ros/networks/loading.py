# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Weights into networks: strictly, with reasons."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vinet_ros.errors import DeviceError, WeightsError
from vinet_ros.networks.catalog import create_model, list_models, model_class, model_spec
from vinet_ros.networks.quantized import is_quantized, quantized_network
from vinet_ros.networks.s3d import is_kinetics_s3d, rename_kinetics_s3d
from vinet_ros.networks.verified import verified
from vinet_ros.networks.weights import (
    WeightsCard,
    bundled_folders,
    bundled_weights,
    read_card,
    read_state_dict,
    sha256_of,
)

Shapes = Mapping[str, tuple[int, ...]]
_SHOWN = 4


def load_model(
    name: str,
    weights: str | Path | None = None,
    device: str | torch.device = "cpu",
    *,
    sha256: str | None = None,
    **options: object,
) -> nn.Module:
    """Build a network with the weights of a file, ready to predict.

    Takes our safetensors, the authors' files, and for the encoders the public Kinetics files.
    Options are read off the file's card, keys and shapes; what is given here wins. The file's
    card (one made up from what was read, where it has none) is kept: see
    :func:`~vinet_ros.networks.weights.card_of`.

    Args:
        name: A name of :func:`~vinet_ros.networks.list_models`.
        weights: The file; None for the weights that come with the package.
        device: Where the network shall live.
        sha256: The hash that the file must have; checked before anything of it is read, on the
            very bytes that are then read.
        **options: The network's options, where the file does not tell them.

    Returns:
        The network in evaluation mode, float32; of a file of int8 graphs a
        :class:`~vinet_ros.networks.quantized.QuantizedNetwork`.

    Raises:
        ValueError: If the name or an option does not exist.
        WeightsError: If there is no such file, or it is damaged, hostile or does not fit; the
            message names the first reasons and what to do.
        DeviceError: If the device is not there.
    """
    model_spec(name)
    path = _file_for(name, weights)
    with verified(path, sha256) as file:
        model = _read_model(name, path, file, options)
    return _moved(model, device)


def load_kinetics_s3d(model: nn.Module, path: str | Path) -> None:
    """Fill the S3D encoder of a network from the public Kinetics-400 file, strictly.

    The file's classifier is left out; batch counters may lack, as old files have none.

    Args:
        model: `s3d`, or a network with one under ``backbone`` (`vinet`).
        path: ``S3D_kinetics400.pt``.

    Raises:
        WeightsError: If the file is not that one.
        ValueError: If the network has no S3D encoder.

    Source:
        The public S3D code's file layout: one Sequential of 16 entries.
    """
    encoder = getattr(model, "backbone", model)
    if not hasattr(encoder, "base1"):
        raise ValueError(f"{type(model).__name__} has no S3D encoder to fill")
    state = read_state_dict(path)
    if not is_kinetics_s3d(shapes_of(state)):
        raise WeightsError(
            f"{path} is not a Kinetics S3D file: its keys start with {first_keys(state)}, "
            "expected base.0.conv_s.weight and so on"
        )
    fill(encoder, rename_kinetics_s3d(state), source=str(path))


def shapes_of(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor."""
    return {key: tuple(value.shape) for key, value in state.items()}


def identify(shapes: Shapes) -> str | None:
    """Return the catalog's name for what has these keys, or None."""
    for name in list_models():
        recognise = _hook(name)
        if recognise is not None and recognise(shapes) is not None:
            return name
    return "s3d" if is_kinetics_s3d(shapes) else None


def read_options(name: str, shapes: Shapes, card: WeightsCard | None) -> dict[str, Any]:
    """Return the options that card, keys and shapes of a file tell; the shapes win."""
    recognise = _hook(name)
    told = dict(card.options) if card is not None else {}
    told.update((recognise(shapes) if recognise else None) or {})
    return told


def own_part(name: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what of a public file is a network's own, under its own names."""
    if name == "s3d" and is_kinetics_s3d(shapes_of(state)):
        return rename_kinetics_s3d(state)
    choose: Callable[..., dict[str, Tensor]] = getattr(model_class(name), "own_part", dict)
    return choose(state)


def problems_of(model: nn.Module, state: Mapping[str, Tensor]) -> list[str]:
    """Return every reason why a state dict does not fill a network exactly, worst first."""
    expected = model.state_dict()
    missing = [f"lacks {key}" for key in expected if key not in state]
    misshapen = [
        f"{key} is {_shape(state[key])}, expected {_shape(value)}"
        for key, value in expected.items()
        if key in state and state[key].shape != value.shape
    ]
    extra = [f"has {_named(key)}, unknown to it" for key in state if key not in expected]
    # Values are looked at last: a tensor of the wrong shape may claim any size.
    values = [
        reason
        for key, value in expected.items()
        if key in state and state[key].shape == value.shape
        for reason in _value_problem(key, state[key], value)
    ]
    return missing + misshapen + extra + values


def fill(
    model: nn.Module,
    state: Mapping[str, Tensor],
    source: str,
    advice: Callable[[], str] = lambda: "",
) -> None:
    """Copy a state dict into a network, all of it or nothing.

    Raises:
        WeightsError: If it does not fit; names the first reasons and what to do.
    """
    problems = problems_of(model, state)
    if problems:
        shown = "; ".join(problems[:_SHOWN])
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        what_to_do = advice() or "`vinet weights inspect FILE` shows what it holds"
        raise WeightsError(
            f"{source} does not fit {type(model).__name__}: {shown}{more}. {what_to_do}"
        )
    model.load_state_dict(state, strict=True)


def first_keys(state: Mapping[str, Tensor]) -> str:
    """Return the first three keys, for a message."""
    return ", ".join(_named(key) for key in list(state)[:3]) or "(none)"


def _file_for(name: str, weights: str | Path | None) -> Path:
    if weights is not None:
        return Path(weights).expanduser()
    bundled = bundled_weights(name)
    if bundled is None:
        folders = ", ".join(str(folder) for folder in bundled_folders())
        raise WeightsError(
            f"no weights for {name!r} come with the package (no {name}.safetensors in {folders}); "
            "give a file with weights=..."
        )
    return bundled


def _read_model(name: str, path: Path, file: Path, options: Mapping[str, object]) -> nn.Module:
    """Return the network in `file`, which is `path` or a copy of it; messages name `path`."""
    state, card = read_state_dict(file), read_card(file)
    if card is not None and card.model != name:
        raise WeightsError(
            f"{path} holds weights of {card.model!r}, not of {name!r}: load it under that name"
        )
    if is_quantized(state):
        return _read_graphs(path, state, card, options)
    state = own_part(name, state)
    read_off = read_options(name, shapes_of(state), card)
    model = _build(name, path, read_off, options)
    advice = functools.partial(_advice, name, shapes_of(state), read_off, options)
    fill(model, state, source=str(path), advice=advice)
    built = {**read_off, **options}  # with what neither keys nor shapes tell, as dropout
    card = card or _made_up_card(name, model, built, path, sha256_of(file))
    card = replace(card, options={**card.options, **options})
    model.card = card  # type: ignore[assignment]  # modules may carry plain values too
    return model.eval()


def _read_graphs(
    path: Path,
    state: Mapping[str, Tensor],
    card: WeightsCard | None,
    options: Mapping[str, object],
) -> nn.Module:
    if card is None:
        raise WeightsError(f"{path} holds int8 graphs without a card; make it again")
    other = {key: value for key, value in options.items() if card.options.get(key) != value}
    if other:
        raise WeightsError(
            f"{path} holds int8 graphs of {card.model} with {card.options or 'no options'}, which "
            f"cannot be changed to {other}; leave them out, or quantize weights that have them"
        )
    try:
        return quantized_network(state, card).eval()
    except (WeightsError, ValueError, TypeError) as error:
        raise WeightsError(f"{path} does not load: {error}") from error


def _build(
    name: str, path: Path, read_off: Mapping[str, Any], chosen: Mapping[str, object]
) -> nn.Module:
    try:
        return create_model(name, **{**read_off, **chosen})
    except (ValueError, TypeError) as error:
        create_model(name, **chosen)  # raises where the caller's options are wrong by themselves
        told = ", ".join(f"{key}={value!r}" for key, value in read_off.items())
        raise WeightsError(f"{path} does not load: it tells {told}; {error}") from error


def _hook(name: str) -> Callable[[Shapes], dict[str, Any] | None] | None:
    """Return the network's own reading of its keys, where it has one."""
    return getattr(model_class(name), "options_from_shapes", None)


def _value_problem(key: str, got: Tensor, expected: Tensor) -> list[str]:
    if got.is_floating_point() != expected.is_floating_point() or got.is_complex():
        return [f"{key} is stored as {got.dtype}, expected {expected.dtype}"]
    if got.is_floating_point() and not _is_finite(got.float()):
        return [f"{key} holds NaN or infinity"]
    return []


def _is_finite(values: Tensor) -> bool:
    # A finite sum proves it, ten times as fast as looking at each; a sum alone may overflow.
    return math.isfinite(values.sum().item()) or bool(torch.isfinite(values).all())


def _advice(
    name: str, shapes: Shapes, read_off: Mapping[str, Any], chosen: Mapping[str, object]
) -> str:
    told = [
        f"{k}={read_off[k]!r}" for k, v in chosen.items() if k in read_off and read_off[k] != v
    ]
    if told:
        return f"The file was made with {', '.join(told)}: leave the option out"
    found = identify(shapes)
    if found is not None and found != name:
        return f"It looks like {found!r}: load it under that name"
    return ""


def _made_up_card(
    name: str, model: nn.Module, options: dict[str, Any], path: Path, digest: str
) -> WeightsCard:
    spec = model_spec(name)
    return WeightsCard(
        model=name,
        clip_length=int(getattr(model, "clip_length", spec.clip_length)),
        input_size=spec.input_size,
        rate_hz=spec.rate_hz,
        options=options,
        file=path.name,
        sha256=digest,
    )


def _moved(model: nn.Module, device: str | torch.device) -> nn.Module:
    try:
        return model.to(device)
    except (RuntimeError, AssertionError) as error:
        first = (str(error).splitlines() or [""])[0]
        raise DeviceError(f"device {device!s} cannot be used ({first}); try 'cpu'") from error


def _named(key: str) -> str:
    """Show a stranger's key: short, and without control characters for the terminal."""
    return (key if key.isprintable() else repr(key))[:120]


def _shape(value: Tensor) -> str:
    return "x".join(str(n) for n in value.shape) or "a single number"
