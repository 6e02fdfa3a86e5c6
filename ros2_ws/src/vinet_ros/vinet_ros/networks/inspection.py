# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a weight file holds, said before anything is built on it; and converting one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vinet_ros.errors import WeightsError
from vinet_ros.networks.catalog import create_model, list_models
from vinet_ros.networks.loading import (
    first_keys,
    identify,
    load_model,
    own_part,
    problems_of,
    read_options,
    shapes_of,
)
from vinet_ros.networks.weights import (
    WeightsCard,
    card_of,
    read_card,
    read_state_dict,
    save_weights,
    sha256_of,
)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What one weight file holds.

    Attributes:
        file: Its path.
        size_bytes: Its size.
        sha256: Its hash.
        model: The catalog's name of the network that it is for; None if it fits none.
        options: That network's options, as far as card, keys and shapes tell.
        entries: Tensors in the file.
        parameters: Trained numbers in them (no running statistics, no counters).
        dtypes: How many tensors are stored as what.
        card: Its card, if it has one.
        problems: Every reason why it does not load; empty if it does.
    """

    file: str
    size_bytes: int
    sha256: str
    model: str | None
    options: dict[str, Any]
    entries: int
    parameters: int
    dtypes: dict[str, int]
    card: dict[str, Any] | None
    problems: tuple[str, ...]


def inspect_weights(path: str | Path) -> FileReport:
    """Report on a weight file without running anything from it.

    Raises:
        WeightsError: If it cannot be read at all.
    """
    state, card = read_state_dict(path), read_card(path)
    model = _model_of(state, card)
    options = read_options(model, shapes_of(state), card) if model else {}
    path = Path(path).expanduser()
    return FileReport(
        file=str(path),
        size_bytes=path.stat().st_size,
        sha256=card.sha256 if card else sha256_of(path),
        model=model,
        options=options,
        entries=len(state),
        parameters=sum(value.numel() for key, value in state.items() if _is_trained(key, value)),
        dtypes=dict(Counter(str(value.dtype).removeprefix("torch.") for value in state.values())),
        card=asdict(card) if card else None,
        problems=tuple(_problems(model, options, state)),
    )


def convert_weights(
    path: str | Path,
    out: str | Path,
    dtype: torch.dtype = torch.float32,
    *,
    model: str | None = None,
    source: str | None = None,
    licence: str | None = None,
) -> WeightsCard:
    """Write a weight file as our safetensors, with its card inside.

    Args:
        path: The authors' file, or one of ours.
        out: The file to write, whole or not at all; an existing one is replaced.
        dtype: float32 or float16.
        model: Name in the catalog, where the file does not tell.
        source: For the card; by default the card's, or the name and hash of `path`.
        licence: For the card; by default the card's.

    Returns:
        The card of the new file.

    Raises:
        WeightsError: If `path` does not load, or `out` cannot be written.
        ValueError: If there is no such model.
    """
    name = model or _model_of(read_state_dict(path), read_card(path))
    if name is None:
        raise WeightsError(f"{path} does not tell its model; name it: {', '.join(list_models())}")
    network = load_model(name, path)
    card = card_of(network)
    assert card is not None  # every loaded network has one
    if card.source == "unknown":
        card = replace(card, source=f"converted from {card.file}, sha256 {card.sha256}")
    card = replace(card, source=source or card.source, licence=licence or card.licence)
    return save_weights(out, network, card, dtype)


def label_weights(
    path: str | Path,
    out: str | Path,
    scores: Mapping[str, Any],
    *,
    source: str = "",
    licence: str = "",
) -> WeightsCard:
    """Write one of our files again with a completed card; the numbers stay as they are stored.

    Args:
        path: A safetensors file with a card.
        out: The file to write, whole or not at all; an existing one is replaced.
        scores: Measured scores, added to those of the card.
        source: For the card; empty keeps the card's.
        licence: For the card; empty keeps the card's.

    Returns:
        The card of the new file.

    Raises:
        WeightsError: If `path` has no card or does not load, or `out` cannot be written.
    """
    card = read_card(path)
    if card is None:
        raise WeightsError(f"{path} has no card; make one with `vinet weights convert` first")
    network = load_model(card.model, path)
    labelled = replace(
        card,
        scores={**card.scores, **scores},
        source=source or card.source,
        licence=licence or card.licence,
    )
    narrow = any(value.dtype == torch.float16 for value in read_state_dict(path).values())
    return save_weights(out, network, labelled, torch.float16 if narrow else torch.float32)


def _model_of(state: Mapping[str, Tensor], card: WeightsCard | None) -> str | None:
    if card is not None and card.model in list_models():
        return card.model
    return identify(shapes_of(state))


def _problems(
    model: str | None, options: Mapping[str, Any], state: Mapping[str, Tensor]
) -> list[str]:
    if model is None:
        known = ", ".join(list_models())
        return [f"fits none of {known}: its keys begin with {first_keys(state)}"]
    state = own_part(model, state)
    try:
        network = create_model(model, **options)
    except (ValueError, TypeError) as error:
        return [str(error)]
    return problems_of(network, state)


def _is_trained(key: str, value: Tensor) -> bool:
    return value.is_floating_point() and not key.endswith((".running_mean", ".running_var"))
