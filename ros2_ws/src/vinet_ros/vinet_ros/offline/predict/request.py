# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What is asked of ``vinet predict``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vinet_ros.errors import DataError
from vinet_ros.offline.sources import is_camera

OUTPUTS = {
    "overlay": "overlay.mp4",
    "maps": "maps",
    "npz": "npz",
    "csv": "gaze.csv",
    "json": "gaze.json",
    "heatmap": "heatmap.png",
    "sheet": "sheet.png",
    "bag": "bag",
}
"""What can be written, and under which name in an input's folder."""
DEFAULT_OUTPUTS = ("overlay", "csv", "json", "heatmap", "sheet")
STORAGES = ("mcap", "sqlite3")
PIECE_FRAMES = 60
"""Frames after which work is put by: what a broken-off run loses at most."""


@dataclass(frozen=True, slots=True)
class GazeOptions:
    """How maps become a gaze; the defaults are those of saliency_node.

    Args:
        num_peaks: Most candidates of a map, at least 1.
        peak_min_distance: Least distance of two, as a share of the width.
        peak_centre_radius: Around a peak, within which the centre of its heat is the gaze, as a
            share of the width; 0: the highest pixel.
        smoothing_tau_s: Time constant of the smoothing of the maps; 0: none.
        target_distance_m: Distance of the target in the bag, along its ray.
        hfov_deg: Horizontal field of view of a camera without calibration.

    Raises:
        ValueError: If a value is out of its range.
    """

    num_peaks: int = 3
    peak_min_distance: float = 0.1
    peak_centre_radius: float = 0.04
    smoothing_tau_s: float = 0.15
    target_distance_m: float = 2.0
    hfov_deg: float = 60.0

    def __post_init__(self) -> None:
        ranges = {
            "num_peaks": (1, 16),
            "peak_min_distance": (0, 1),
            "peak_centre_radius": (0, 0.5),
            "smoothing_tau_s": (0, 5),
            "target_distance_m": (0.1, 100),
            "hfov_deg": (10, 170),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must be in {low}..{high}, got {value}")


@dataclass(frozen=True, slots=True)
class NetworkChoice:
    """Which network runs, and where.

    Args:
        model: A name of the catalog.
        weights: A weight file; None: the bundled weights.
        device: auto, cpu, cuda or cuda:n.
        precision: auto, fp32, fp16 or bf16.
        path: auto, torch or openvino.
        options: Of the network, where its file does not say.
        window_rate_hz: Slots a second of the window; 0: as the weights say, negative: each frame.
        max_gap_s: A longer gap between two frames starts the window anew.
        threads: On the CPU; None leaves the choice to the path.
        stabilize: Take the camera's own motion off the window, where the network can.
    """

    model: str = "vinet_lite"
    weights: Path | None = None
    device: str = "auto"
    precision: str = "auto"
    path: str = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)
    window_rate_hz: float = 0.0
    max_gap_s: float = 0.5
    threads: int | None = None
    stabilize: bool = False

    def identity(self) -> dict[str, Any]:
        """Return what two runs must share to give the same maps."""
        # Imported here: what can be asked for is known without PyTorch.
        from vinet_ros.networks.weights import bundled_weights, sha256_of

        file = self.weights or bundled_weights(self.model)
        sha256 = sha256_of(file) if file is not None and Path(file).is_file() else ""
        facts = asdict(self)
        del facts["weights"], facts["threads"], facts["path"]
        return {**facts, "options": dict(self.options), "sha256": sha256}


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """One run over one or several inputs.

    Args:
        out: Folder in which each input gets one.
        write: Names of :data:`OUTPUTS`.
        network: The network.
        gaze: From maps to a gaze.
        topic: Of a bag's images; empty takes the only one.
        folder_rate_hz: Of folders of pictures.
        storage: Of the bag that is written, mcap or sqlite3.
        frame_id: Of messages in the bag, where the input has none.
        duration_s: Of a camera; 0 goes on until it is stopped.
        force: Replace a finished folder that was made otherwise.
        salvage: Take what can be read of a damaged input as the whole.
        piece_frames: See :data:`PIECE_FRAMES`.

    Raises:
        ValueError: If an output or storage is unknown, or nothing is to be written.
    """

    out: Path
    write: tuple[str, ...] = DEFAULT_OUTPUTS
    network: NetworkChoice = NetworkChoice()
    gaze: GazeOptions = GazeOptions()
    topic: str = ""
    folder_rate_hz: float = 30.0
    storage: str = "mcap"
    frame_id: str = "camera_optical_frame"
    duration_s: float = 0.0
    force: bool = False
    salvage: bool = False
    piece_frames: int = PIECE_FRAMES

    def __post_init__(self) -> None:
        unknown = [name for name in self.write if name not in OUTPUTS]
        if unknown or not self.write:
            raise ValueError(
                f"nothing known to write in {','.join(unknown) or 'an empty list'}; choose of "
                f"{','.join(OUTPUTS)}"
            )
        if self.storage not in STORAGES:
            raise ValueError(f"storage must be one of {STORAGES}, got {self.storage!r}")
        if self.piece_frames < 1 or self.folder_rate_hz <= 0 or self.duration_s < 0:
            raise ValueError(
                "piece_frames must be at least 1, folder_rate_hz positive and duration_s 0 or "
                f"more, got {self.piece_frames}, {self.folder_rate_hz}, {self.duration_s}"
            )

    def fingerprint(self, path: str) -> dict[str, Any]:
        """Return, for JSON, all that the results for an input depend on."""
        return {
            "input": _file_facts(path),
            "write": sorted(set(self.write)),
            "network": self.network.identity(),
            "gaze": asdict(self.gaze),
            "topic": self.topic,
            "folder_rate_hz": self.folder_rate_hz,
            "storage": self.storage,
            "frame_id": self.frame_id,
            "salvage": self.salvage,
            "piece_frames": self.piece_frames,
        }


def output_names(inputs: tuple[str, ...]) -> dict[str, str]:
    """Return the name of each input's folder.

    Raises:
        DataError: If two inputs would get the same.
    """
    names: dict[str, str] = {}
    for path in inputs:
        name = _name(path)
        if name in names.values():
            raise DataError(
                f"two inputs would be written to {name!r}; give them to runs with another --out"
            )
        names[path] = name
    return names


def _name(path: str) -> str:
    if is_camera(path):
        return "camera" + path.rpartition("video")[2]
    whole = Path(path).resolve()
    return whole.name if whole.is_dir() else whole.stem


def _file_facts(path: str) -> list[Any]:
    """Return size and date of a file, or of those in a folder."""
    if is_camera(path):
        return [path]
    whole = Path(path)
    files = sorted(f for f in whole.iterdir() if f.is_file()) if whole.is_dir() else [whole]
    if len(files) > 64:  # a folder of pictures: the last that changed tells
        facts = [f.stat() for f in files]
        newest, size = max(f.st_mtime_ns for f in facts), sum(f.st_size for f in facts)
        return [str(whole.resolve()), len(files), size, newest]
    return [str(whole.resolve())] + [
        [f.name, f.stat().st_size, f.stat().st_mtime_ns] for f in files if f.exists()
    ]
