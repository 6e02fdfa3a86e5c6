# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Statuses for diagnostics: keys that are documented, levels that come from findings."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """Levels of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True, slots=True)
class Status:
    """One status of a diagnostic message.

    Args:
        name: What it is about, without the node's name.
        level: How bad it is; STALE where there is no current value.
        message: One line for people: cause and remedy where something is wrong.
        values: Keys and values, in order.
    """

    name: str
    level: Level
    message: str
    values: tuple[tuple[str, str], ...]


class StatusBuilder:
    """Collects the values and findings of one status.

    Args:
        name: What it is about.
        documented: Its keys and their meaning; others are refused.
    """

    def __init__(self, name: str, documented: Mapping[str, str]) -> None:
        self._name = name
        self._documented = documented
        self._values: list[tuple[str, str]] = []
        self._findings: list[tuple[Level, str]] = []

    def add(self, **values: object) -> None:
        """Add values by key; None is left out, floats are rounded to four digits.

        Raises:
            ValueError: If a key is not documented.
        """
        for key, value in values.items():
            if key not in self._documented:
                raise ValueError(f"key {key!r} of status {self._name!r} is not documented")
            if value is not None:
                self._values.append((key, _text(value)))

    def warn_if(self, condition: object, text: str) -> None:
        """Note a warning where the condition holds."""
        self.note_if(condition, Level.WARN, text)

    def error_if(self, condition: object, text: str) -> None:
        """Note an error where the condition holds."""
        self.note_if(condition, Level.ERROR, text)

    def note_if(self, condition: object, level: Level, text: str) -> None:
        """Note a finding of a level where the condition holds."""
        if condition:
            self._findings.append((level, text))

    def finish(self, otherwise: str = "ok") -> Status:
        """Return the status: the level of the worst finding, worst first in the message."""
        findings = sorted(self._findings, key=lambda finding: -finding[0])
        level = findings[0][0] if findings else Level.OK
        message = "; ".join(text for _, text in findings) or otherwise
        return Status(self._name, level, message, tuple(self._values))

    def stale(self, reason: str) -> Status:
        """Return the status of what has no current value."""
        return Status(self._name, Level.STALE, reason, tuple(self._values))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
