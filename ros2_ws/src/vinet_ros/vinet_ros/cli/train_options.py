# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Values of ``vinet train``'s options that are more than a word or a number."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from vinet_ros.errors import VinetError


def parse_size(text: str) -> tuple[int, int] | None:
    """Return height and width of ``HEIGHTxWIDTH``; None of nothing.

    Raises:
        VinetError: If it is something else.

    >>> parse_size("224x384")
    (224, 384)
    """
    if not text:
        return None
    height, found, width = text.partition("x")
    if not (found and height.isdecimal() and width.isdecimal()):
        raise VinetError(f"expected --size as HEIGHTxWIDTH, e.g. 224x384; got {text!r}")
    return int(height), int(width)


def given_machine(*values: str | int | None) -> dict[str, Any]:
    """Return those fields of :class:`~vinet_ros.training.config.Machine` that have a value."""
    from vinet_ros.training.config import Machine

    names = [field.name for field in fields(Machine)]
    return {name: v for name, v in zip(names, values, strict=True) if v is not None}
