# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The folder in which a run works: what is done is put by in pieces, what is whole gets its name.

Nothing stands under its final name before all of it is there. A run that was broken off finds
the pieces of the one before, and goes on after them.
"""

import base64
import fcntl
import io
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import OutputError
from vinet_ros.offline.frames import BadRecord

SUMMARY = "predict.json"
_STATE, _LOCK = "state.json", "lock"
_MOST_BAD = 1000


@dataclass(slots=True)
class WorkState:
    """How far a run is.

    Args:
        fingerprint: What the results depend on.
        path: How the network is executed: another path may differ in the last bits.
        frames: Done.
        rows_bytes: Of the table of gazes.
        last_pts: Of the overlay, on its own clock.
        smoothed: Map of the smoother, as NumPy's file in base64; empty for none.
        smoothed_ns: Its stamp.
        left_out: Frames that could not be used, the first thousand.
        no_gaze: Why frames have no gaze, where the lens is the reason.
        camera: "calibrated", or why its field of view is assumed.
    """

    fingerprint: dict[str, Any]
    path: str = ""
    frames: int = 0
    rows_bytes: int = 0
    last_pts: int = -1
    smoothed: str = ""
    smoothed_ns: int = 0
    left_out: list[dict[str, Any]] = field(default_factory=list)
    no_gaze: str = ""
    camera: str = ""

    def leave_out(self, bad: BadRecord) -> None:
        """Note a frame that could not be used."""
        if len(self.left_out) < _MOST_BAD:
            self.left_out.append({"frame": bad.index, "reason": bad.reason})

    @property
    def smoother(self) -> tuple[NDArray[np.float32], int] | None:
        """The smoother's state."""
        if not self.smoothed:
            return None
        content = io.BytesIO(base64.b64decode(self.smoothed))
        return np.asarray(np.load(content, allow_pickle=False), np.float32), self.smoothed_ns

    @smoother.setter
    def smoother(self, state: tuple[NDArray[np.float32], int] | None) -> None:
        self.smoothed = ""
        if state is not None:
            content = io.BytesIO()
            np.save(content, state[0])
            self.smoothed = base64.b64encode(content.getvalue()).decode()
            self.smoothed_ns = state[1]


class Work:
    """The work on one input; use it as a context.

    Args:
        out: Folder of all results.
        name: Of this input's.
        fingerprint: What the results depend on.
        fresh: Whether to leave aside what an earlier run did.

    Raises:
        OutputError: If the folder cannot be made, or another run works in it.
    """

    def __init__(
        self, out: Path, name: str, fingerprint: dict[str, Any], *, fresh: bool = False
    ) -> None:
        self.final = out / name
        self.folder = out / f".{name}.part"
        self.pieces = self.folder / "pieces"
        self.made = self.folder / "made"
        """What becomes the final folder."""
        try:
            self.pieces.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / _LOCK).open("w")
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise OutputError(
                f"another run is at work in {self.folder}; wait for it, or give another --out"
            ) from error
        found = None if fresh else self._found(fingerprint)
        self.state = found or self._fresh(fingerprint)
        self.made.mkdir(exist_ok=True)

    def __enter__(self) -> "Work":
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.close()

    def save(self) -> None:
        """Put by what is done: the pieces must be on disk already."""
        write_whole(self.folder / _STATE, json.dumps(asdict(self.state)).encode())

    def finish(self) -> None:
        """Give the results their final name."""
        old = self.folder / "replaced"
        if self.final.exists():
            self.final.rename(old)
        self.made.rename(self.final)
        shutil.rmtree(self.folder)

    def discard(self) -> None:
        """Delete what was done."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _found(self, fingerprint: dict[str, Any]) -> WorkState | None:
        try:
            content = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
            state = WorkState(**content)
        except (OSError, ValueError, TypeError):
            return None
        return state if state.fingerprint == json.loads(json.dumps(fingerprint)) else None

    def _fresh(self, fingerprint: dict[str, Any]) -> WorkState:
        (self.folder / _STATE).unlink(missing_ok=True)
        for folder in (self.pieces, self.made):
            shutil.rmtree(folder, ignore_errors=True)
        self.pieces.mkdir()
        return WorkState(fingerprint)


def finished(final: Path, fingerprint: dict[str, Any]) -> dict[str, Any] | None:
    """Return the summary of a finished folder that was made the same way, else None."""
    try:
        summary = json.loads((final / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    same = isinstance(summary, dict) and summary.get("made_from") == json.loads(
        json.dumps(fingerprint)
    )
    return summary if same else None


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, even after a crash."""
    part = path.with_name(path.name + ".new")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Return the error of a file that cannot be written."""
    return OutputError(
        f"{path} cannot be written ({error.strerror or error}); make room or give another --out, "
        "then start again: what is done is kept"
    )


def numbered(folder: Path, suffix: str) -> Iterator[Path]:
    """Yield the files of a folder that have a number and a suffix, in the numbers' order."""
    yield from sorted(
        folder.glob(f"[0-9]*{suffix}"), key=lambda file: int(file.name.split(".")[0])
    )
