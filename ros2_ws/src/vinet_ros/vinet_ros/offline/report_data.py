# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a report shows, wherever it was read from; times are seconds since its start."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vinet_ros.drawing import Rgb

Values = NDArray[np.float64]
Pictures = Callable[[], Iterator[tuple[float, Rgb]]]
LEVELS = ("OK", "WARN", "ERROR", "STALE")
STALE = LEVELS.index("STALE")


@dataclass(frozen=True, slots=True)
class GazeTrack:
    """Where the gaze was, one row a prediction, in the order of time.

    Args:
        time_s: (n,).
        columns: By name: ``pan_deg`` (positive to the left), ``tilt_deg`` (positive upwards),
            ``u`` and ``v`` (pixels of the camera image), ``saliency`` (0 to 1) and
            ``latency_ms`` (image's stamp to recorder); each (n,), NaN where it is unknown. What
            was not recorded at all is not there.
        candidates: For each row the (u, v, saliency) of all peaks, best first; may be empty.
    """

    time_s: Values
    columns: dict[str, Values]
    candidates: tuple[tuple[tuple[float, float, float], ...], ...] = ()

    @property
    def known_s(self) -> Values:
        """Times of the rows in which something is known."""
        known = np.zeros(len(self.time_s), bool)
        for values in self.columns.values():
            known |= np.isfinite(values)
        return self.time_s[known]

    @property
    def rate_hz(self) -> float:
        """Known rows a second, 0 for less than two."""
        times = self.known_s
        span_s = float(times[-1] - times[0]) if len(times) > 1 else 0.0
        return (len(times) - 1) / span_s if span_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a status said from a time on.

    Args:
        time_s: When.
        level: Index into :data:`LEVELS`.
        message: Its text.
    """

    time_s: float
    level: int
    message: str


@dataclass(frozen=True, slots=True)
class StatusTrack:
    """One status of the diagnostics over time.

    Args:
        name: Without the node's.
        said: Changes of level or message.
        gaps: (start, end) of times at which nothing was reported.
    """

    name: str
    said: tuple[Said, ...]
    gaps: tuple[tuple[float, float], ...] = ()

    @property
    def worst(self) -> int:
        """The gravest level; STALE counts less than WARN, and not at all before a first value."""
        levels = [said.level for said in self.said]
        first = next((place for place, level in enumerate(levels) if level != STALE), 0)
        return max(levels[first:], key=(0, 2, 3, 1).__getitem__)


@dataclass(frozen=True, slots=True)
class Series:
    """A figure over time.

    Args:
        name: For people.
        time_s: (n,).
        values: (n,).
    """

    name: str
    time_s: Values
    values: Values


@dataclass(frozen=True, slots=True)
class Card:
    """A table of names and values, with a heading."""

    heading: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Footage:
    """The moving picture of a report.

    Args:
        pictures: Yields (time, RGB picture) in the order of time; None where a file is there.
        file: A video that is ready to be shown; None where it is to be made of the pictures.
        start_s: Time of the file's first frame.
        note: What is seen, in a sentence.
    """

    pictures: Pictures | None = None
    file: Path | None = None
    start_s: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that a report shows.

    Args:
        title: Name of what it is about.
        origin: What it was read from, in words.
        start_ns: Unix time of its start; None where that is unknown.
        duration_s: Length.
        footage: The video; None where there are no pictures.
        gaze: None where nothing was recorded.
        rates: Images in and maps out, per second, over time.
        latencies: The node's own account of its latency over time.
        statuses: Of the diagnostics.
        cards: Settings, totals, network, weights.
        missing: By section (video, gaze, latency, diagnostics, settings): what is not there, why,
            and how to have it.
        notes: What else a reader should know.
    """

    title: str
    origin: str
    start_ns: int | None
    duration_s: float
    footage: Footage | None = None
    gaze: GazeTrack | None = None
    rates: tuple[Series, ...] = ()
    latencies: tuple[Series, ...] = ()
    statuses: tuple[StatusTrack, ...] = ()
    cards: tuple[Card, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
