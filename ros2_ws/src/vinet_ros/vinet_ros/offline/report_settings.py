# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The cards of a report on settings and weights."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from vinet_ros.errors import WeightsError
from vinet_ros.networks.weights import bundled_folders, read_card
from vinet_ros.offline.bag_messages import Message
from vinet_ros.offline.report_data import Card

# rcl_interfaces/ParameterType: the field of ParameterValue that counts
_FIELDS = {
    1: "bool_value",
    2: "integer_value",
    3: "double_value",
    4: "string_value",
    5: "byte_array_value",
    6: "bool_array_value",
    7: "integer_array_value",
    8: "double_array_value",
    9: "string_array_value",
}
_MOST_PARAMETERS = 200


def settings_cards(events: Sequence[Message], node: str) -> tuple[Card, ...]:
    """Return a node's parameters as they were at the end, from /parameter_events.

    Args:
        events: Messages of rcl_interfaces/ParameterEvent.
        node: Full name with its slash; empty takes any node named saliency_node.
    """
    values: dict[str, str] = {}
    for event in events:
        name = str(event.content.node)
        if name != node and (node or not name.endswith("/saliency_node")):
            continue
        for parameter in (*event.content.new_parameters, *event.content.changed_parameters):
            values[str(parameter.name)] = _text(parameter.value)
    rows = tuple(sorted(values.items())[:_MOST_PARAMETERS])
    return (Card("Parameters", rows),) if rows else ()


def weights_cards(sha256: str) -> tuple[Card, ...]:
    """Return the card of bundled weights by their hash; none for other weights."""
    if len(sha256) < 8:
        return ()
    for folder in bundled_folders():
        for file in sorted(folder.glob("*.safetensors")):
            try:
                card = read_card(file)
            except WeightsError:
                continue
            if card is not None and card.sha256.startswith(sha256.lower()):
                return (Card("Weights", card_rows(asdict(card))),)
    return ()


def card_rows(card: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what a reader wants to know of weights.

    Args:
        card: The fields of a :class:`~vinet_ros.networks.weights.WeightsCard`; any may be missing.
    """
    size, scores = card.get("input_size"), card.get("scores")
    height, width = size if isinstance(size, list | tuple) and len(size) == 2 else ("?", "?")
    clip = f"{card.get('clip_length')} frames of {width} x {height} at {card.get('rate_hz')} Hz"
    rows = [(key, card.get(key)) for key in ("file", "sha256", "model", "source", "licence")]
    rows.insert(3, ("clip", clip))
    if isinstance(scores, Mapping):
        rows += [(f"scores, {name}", _score_text(told)) for name, told in scores.items()]
    return tuple((key, str(value)) for key, value in rows if value)


def _score_text(scores: Any) -> str:
    if not isinstance(scores, Mapping):
        return str(scores)
    return ", ".join(
        f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}"
        for key, value in scores.items()
        if not isinstance(value, Mapping | list)
    )


def _text(value: Any) -> str:
    field = _FIELDS.get(int(value.type))
    if field is None:
        return "not set"
    shown = getattr(value, field)
    if isinstance(shown, str):
        return shown or "(empty)"
    return json.dumps(shown.tolist() if hasattr(shown, "tolist") else shown)
