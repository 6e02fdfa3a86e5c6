# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""One input from its first frame to its folder of results."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vinet_ros.errors import DataError, OutputError, VinetError
from vinet_ros.offline.frames import NS_PER_S, FrameSource
from vinet_ros.offline.predict.outputs import Results, is_video
from vinet_ros.offline.predict.request import OUTPUTS, NetworkChoice, PredictRequest
from vinet_ros.offline.predict.rows import Moments, Rows
from vinet_ros.offline.predict.stream import GazeStream, Predicted
from vinet_ros.offline.predict.work import SUMMARY, Work, cannot_write, finished
from vinet_ros.offline.sources import is_bag, is_camera, open_source
from vinet_ros.streaming import Predictor

FORMAT = "vinet predict 1"
Progress = Callable[[str, int, int], None]
"""Called with the input, the frames done and those there are (0: unknown)."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run over one input gave.

    Args:
        input: As it was named.
        folder: With the results.
        content: Of its predict.json.
        resumed_at: Frames that an earlier run had done; all where it was finished.
    """

    input: str
    folder: Path
    content: dict[str, Any]
    resumed_at: int = 0


def predict_source(
    request: PredictRequest,
    path: str,
    name: str,
    predictors: Callable[[NetworkChoice, str], Predictor],
    progress: Progress = lambda *_: None,
) -> Summary:
    """Write maps, gaze and pictures of one input, or what a broken-off run left to do.

    Args:
        request: What to write, and how.
        path: The input.
        name: Of its folder.
        predictors: Returns the predictor of a choice, run by a path, its window empty.
        progress: For a progress bar.

    Raises:
        DataError: If the input cannot be read.
        OutputError: If something cannot be written; what is done is kept.
    """
    final = request.out / name
    with open_source(path, topic=request.topic, folder_rate_hz=request.folder_rate_hz) as source:
        fingerprint = request.fingerprint(path)
        there = finished(final, fingerprint)
        if there is not None and not source.info.live:
            progress(path, there["frames"], there["frames"])
            return Summary(path, final, there, there["frames"])
        if final.exists() and not request.force:
            raise OutputError(
                f"{final} is there already, made otherwise; give another --out, or --force to "
                "replace it"
            )
        with Work(request.out, name, fingerprint, fresh=source.info.live) as work:
            try:
                run = _Run(request, path, source, work, predictors)
            except (VinetError, ValueError):
                if not work.state.frames:
                    work.discard()
                raise
            return run.summary(progress)


class _Run:
    """The work on one open input."""

    def __init__(
        self,
        request: PredictRequest,
        path: str,
        source: FrameSource,
        work: Work,
        predictors: Callable[[NetworkChoice, str], Predictor],
    ) -> None:
        self.request, self.path, self.source, self.work = request, path, source, work
        self.resumed_at = work.state.frames
        self.predictor = predictors(request.network, work.state.path or request.network.path)
        executor = self.predictor.executor.name
        work.state.path = "openvino" if executor.startswith("openvino") else "torch"
        self.stream = GazeStream(self.predictor, request.gaze, request.network.max_gap_s)
        with self._told():
            self.results = Results(request, path, source.info, work)

    def summary(self, progress: Progress) -> Summary:
        """Go through all frames, and give the results their names."""
        try:
            damaged = self._take_all(progress)
            with self._told():
                self.results.put_by(self.stream)
                content = {**self._content(self.results.finish()), "damaged": damaged}
                summary = json.dumps(content, indent=1) + "\n"
                (self.work.made / SUMMARY).write_text(summary, encoding="utf-8")
                self.work.finish()
        except DataError:
            self.work.discard()  # another run would end here too
            raise
        finally:
            self.results.close()
        return Summary(self.path, self.work.final, content, self.resumed_at)

    def _take_all(self, progress: Progress) -> str:
        """Take every frame; return what cut a damaged input short that is to be salvaged."""
        state, results, info = self.work.state, self.results, self.source.info
        done = Moments(Rows(results.rows_path)) if self.resumed_at else ()
        frames = self.stream.run(self.source, done, state.smoother, state.leave_out)
        try:
            for predicted in _until(frames, self.request.duration_s, info.live):
                with self._told():
                    results.add(predicted)
                    if results.piece_full:
                        results.put_by(self.stream)
                progress(self.path, results.frames, info.frame_count)
        except DataError as error:
            if self.request.salvage and results.frames:
                return str(error)
            raise
        except OutputError:
            raise
        except VinetError as error:  # of the network
            raise type(error)(f"{self.path}, frame {results.frames}: {error}") from error
        if not results.frames:
            raise DataError(f"{self.path!r} has no frame that can be used")
        return ""

    def _content(self, written: dict[str, Any]) -> dict[str, Any]:
        info, card, work = self.source.info, self.predictor.card, self.work
        return {
            "format": FORMAT,
            "source": {
                "path": self.path,
                "kind": _kind(self.path),
                "name": info.name,
                "width": info.width,
                "height": info.height,
                "rate_hz": info.rate_hz,
            },
            "frames": work.state.frames,
            "left_out": work.state.left_out,
            "no_gaze": work.state.no_gaze,
            "hearing": self.stream.hearing,
            "camera": work.state.camera,
            **written,
            "model": {
                "name": self.request.network.model,
                "weights": card.file if card else "",
                "sha256": card.sha256 if card else "",
                "card": asdict(card) if card else None,
                "executor": self.predictor.executor.name,
                "device": self.predictor.executor.device,
            },
            "settings": {
                **asdict(self.request.gaze),
                "window_rate_hz": self.predictor.window_rate_hz,
                "max_gap_s": self.request.network.max_gap_s,
            },
            "outputs": {name: OUTPUTS[name] for name in OUTPUTS if name in self.request.write},
            "made_from": work.state.fingerprint,
        }

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the system says of files that cannot be written into an error for people."""
        try:
            yield
        except OSError as error:
            shutil.rmtree(self.work.made / OUTPUTS["bag"], ignore_errors=True)
            named = isinstance(error.filename, str)
            told = cannot_write(Path(error.filename) if named else self.work.folder, error)
            raise OutputError(f"{self.path}, frame {self.work.state.frames}: {told}") from error


def _until(frames: Iterator[Predicted], duration_s: float, live: bool) -> Iterator[Predicted]:
    """Yield frames; of a camera until the time is over or somebody interrupts."""
    if not live:
        yield from frames
        return
    try:
        for predicted in frames:
            yield predicted
            if duration_s and predicted.frame.time_ns >= duration_s * NS_PER_S:
                return
    except KeyboardInterrupt:  # the way to end a recording
        return


def _kind(path: str) -> str:
    if is_video(path):
        return "video"
    if is_camera(path):
        return "camera"
    return "bag" if is_bag(path) else "folder"
