# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Two networks, weights or settings on the same clip: side by side, and how alike they are."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from vinet_ros.drawing import Rgb, draw_overlay
from vinet_ros.errors import DataError, OutputError, WeightsError
from vinet_ros.metrics import cc, sim
from vinet_ros.networks import list_models
from vinet_ros.networks.loading import identify, shapes_of
from vinet_ros.networks.weights import read_card, read_state_dict
from vinet_ros.offline.frames import NS_PER_S, FrameSource, Size
from vinet_ros.offline.predict.jobs import load_predictor
from vinet_ros.offline.predict.outputs import is_video
from vinet_ros.offline.predict.overlay import PIECE, OverlayPiece, clock_of, join_pieces
from vinet_ros.offline.predict.request import PIECE_FRAMES, GazeOptions, NetworkChoice
from vinet_ros.offline.predict.stream import GazeStream, Predicted, size_of
from vinet_ros.offline.predict.work import Work, cannot_write

VIDEO, TABLE, SUMMARY = "compare.mp4", "compare.csv", "compare.json"
_GAP = 8
_SETTINGS = (
    "device",
    "precision",
    "path",
    "window_rate_hz",
    "max_gap_s",
    "threads",
    "stabilize",
    "share",
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two networks' maps of a clip are.

    Args:
        frames: Compared.
        cc_mean: Mean correlation of the frames' maps, None where no frame has one.
        sim_mean: Mean similarity, likewise.
        cc_least: Of all frames.
        sim_least: Of all frames.
    """

    frames: int
    cc_mean: float | None
    sim_mean: float | None
    cc_least: float | None
    sim_least: float | None


def parse_side(text: str) -> NetworkChoice:
    """Return the choice that a side's text names.

    It is a network's name or a weight file, then settings: ``vinet_lite,window_rate_hz=-1``.
    Settings that are not the predictor's are options of the network.

    Raises:
        ValueError: If a setting is not key=value, or not a number where one is needed.
        WeightsError: If the file cannot be read, or does not say which network it is for.
    """
    name, *settings = (part.strip() for part in text.split(","))
    choice = NetworkChoice(model=name) if name in list_models() else _of_file(Path(name))
    options: dict[str, Any] = {}
    for setting in settings:
        key, found, value = setting.partition("=")
        if not (found and key):
            raise ValueError(f"expected a setting as key=value, got {setting!r}")
        if key in _SETTINGS:
            choice = replace(choice, **{key: _typed(key, value)})
        else:
            options[key] = _value(value)
    return replace(choice, options=options)


def compare_clip(
    sides: tuple[NetworkChoice, NetworkChoice],
    names: tuple[str, str],
    source: FrameSource,
    path: str,
    final: Path,
    gaze: GazeOptions,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Likeness:
    """Run two networks over a clip, and write a video, a table and a summary of it.

    Args:
        sides: The networks.
        names: For people, to write into the video.
        source: The open clip.
        path: Of the clip, for its sound.
        final: Folder that the results get; it must not be there.
        gaze: From maps to a gaze.
        progress: For a progress bar: frames done, frames there are.

    Raises:
        DataError: If the clip cannot be read.
        OutputError: If the results cannot be written.
    """
    with Work(final.parent, final.name, {}, fresh=True) as work:
        try:
            with _told(work):
                likeness = _Comparison(sides, names, source, path, gaze, work).run(progress)
                if final.exists():
                    raise OutputError(f"{final} is there already; give another --out")
                work.finish()
        except BaseException:
            work.discard()
            raise
    return likeness


class _Comparison:
    """The work on one clip."""

    def __init__(
        self,
        sides: tuple[NetworkChoice, NetworkChoice],
        names: tuple[str, str],
        source: FrameSource,
        path: str,
        gaze: GazeOptions,
        work: Work,
    ) -> None:
        self._sides, self._names, self._source, self._gaze = sides, names, source, gaze
        self._work = work
        self._video = Path(path) if is_video(path) else None
        self._clock = clock_of(self._video, source.info.rate_hz)
        self._piece: OverlayPiece | None = None
        self._size: Size | None = None
        self._count, self._pts, self._last_ns = 0, -1, 0

    def run(self, progress: Callable[[int, int], None]) -> Likeness:
        """Go through all frames."""
        predictors = [load_predictor(side) for side in self._sides]
        streams = [
            GazeStream(p, self._gaze, s.max_gap_s)
            for p, s in zip(predictors, self._sides, strict=True)
        ]
        totals = _Totals()
        try:
            with (self._work.made / TABLE).open("w", newline="", encoding="utf-8") as file:
                table = csv.writer(file, lineterminator="\n")
                table.writerow(["frame", "time_s", "cc", "sim"])
                for both in self._frames(streams):
                    figures = totals.add(both)
                    time_s = round(both[0].frame.time_ns / NS_PER_S, 6)
                    table.writerow([both[0].frame.index, time_s, *figures])
                    self._show(both, figures)
                    progress(self._count, self._source.info.frame_count)
        finally:
            for predictor in predictors:
                predictor.close()
        if not self._count:
            raise DataError(f"{self._source.info.name} has no frame that can be used")
        self._finish(totals.likeness)
        return totals.likeness

    def _frames(self, streams: list[GazeStream]) -> Iterator[tuple[Predicted, Predicted]]:
        for stream in streams:
            stream.listen(self._source)
        for frame in self._source.frames(decode=True, on_bad=lambda bad: None):
            yield streams[0].predict(frame), streams[1].predict(frame)

    def _show(self, both: tuple[Predicted, Predicted], figures: tuple[float, float]) -> None:
        told = f"CC {figures[0]:.3f}   SIM {figures[1]:.3f}"
        captions = self._names[0], f"{self._names[1]}   {told}"
        halves = [
            draw_overlay(p.rgb, p.saliency.values, p.points, caption)
            for p, caption in zip(both, captions, strict=True)
        ]
        picture = side_by_side(halves[0], halves[1])
        if self._piece is None:
            self._size = self._size or size_of(picture)
            self._piece = OverlayPiece(self._size, self._clock)
        self._last_ns = both[0].frame.time_ns
        self._pts = max(self._clock.ticks(self._last_ns), self._pts + 1)
        self._piece.add(picture, self._pts)
        self._count += 1
        if self._count % PIECE_FRAMES == 0:
            self._put_by()

    def _put_by(self) -> None:
        if self._piece is not None:
            self._piece.write(self._work.pieces / f"{self._count:09d}{PIECE}")
        self._piece = None

    def _finish(self, likeness: Likeness) -> None:
        self._put_by()
        period_ns = round(NS_PER_S / (self._source.info.rate_hz or 30.0))
        end_ns = self._last_ns + period_ns
        made = self._work.made
        join_pieces(self._work.pieces, self._clock, end_ns, self._video, made / VIDEO)
        sides = [{"name": n, **_facts(s)} for n, s in zip(self._names, self._sides, strict=True)]
        summary = {"clip": self._source.info.name, "sides": sides, **asdict(likeness)}
        (made / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


class _Totals:
    """Sums over a clip; a constant map has no likeness and is left out."""

    def __init__(self) -> None:
        self._frames = 0
        self._sums, self._counts, self._least = [0.0, 0.0], [0, 0], [np.inf, np.inf]

    def add(self, both: tuple[Predicted, Predicted]) -> tuple[float, float]:
        first, second = (p.saliency.values for p in both)
        figures = float(cc(first, second)), float(sim(first, second))
        self._frames += 1
        for number, value in enumerate(figures):
            if np.isfinite(value):
                self._sums[number] += value
                self._counts[number] += 1
                self._least[number] = min(self._least[number], value)
        return round(figures[0], 6), round(figures[1], 6)

    @property
    def likeness(self) -> Likeness:
        means = [
            s / c if c else float("nan") for s, c in zip(self._sums, self._counts, strict=True)
        ]
        least = [low if np.isfinite(low) else float("nan") for low in self._least]
        return Likeness(self._frames, *means, *least)


def side_by_side(left: Rgb, right: Rgb) -> Rgb:
    """Return two pictures of one height with a gap between them."""
    gap = np.full((left.shape[0], _GAP, 3), 255, np.uint8)
    return np.concatenate([left, gap, right], axis=1)


def _facts(side: NetworkChoice) -> dict[str, Any]:
    facts = {field.name: getattr(side, field.name) for field in fields(side)}
    return {**facts, "weights": str(side.weights or ""), "options": dict(side.options)}


def _of_file(path: Path) -> NetworkChoice:
    if not path.is_file():
        raise WeightsError(
            f"{str(path)!r} is neither a network ({', '.join(list_models())}) nor a weight file"
        )
    card = read_card(path)
    name = card.model if card else identify(shapes_of(read_state_dict(path)))
    if name is None:
        raise WeightsError(
            f"{path} does not say which network it is for; vinet weights inspect it"
        )
    return NetworkChoice(model=name, weights=path)


def _typed(key: str, value: str) -> Any:
    if key in ("window_rate_hz", "max_gap_s"):
        return float(value)
    if key == "stabilize":
        return _truth(value)
    return int(value) if key == "threads" else value


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"stabilize is true or false, got {text!r}")
    return text == "true"


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


@contextmanager
def _told(work: Work) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_write(work.folder, error) from error
