# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Any source of frames from what a user names: a file, a folder, a bag, a camera."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from vinet_ros.errors import DataError
from vinet_ros.offline.bag_storage import SUFFIXES, storage_files
from vinet_ros.offline.bags import Bag
from vinet_ros.offline.camera import Camera
from vinet_ros.offline.frames import FrameSource, Size
from vinet_ros.offline.image_folder import ImageFolder, picture_files
from vinet_ros.offline.video import Video

_CAMERA = re.compile(r"[0-9]+|/dev/video.*")


def open_source(
    path: str | Path,
    *,
    topic: str = "",
    folder_rate_hz: float = 30.0,
    now_ns: Callable[[], int] = time.time_ns,
    camera_size: Size | None = None,
    camera_rate_hz: float = 0.0,
) -> FrameSource:
    """Open a video file, a folder of pictures, a bag or a camera.

    Args:
        path: File or folder; a camera's index as text ("0") or its device (/dev/video0).
        topic: Of a bag's images; empty takes the only one.
        folder_rate_hz: Frames a second of a folder of pictures.
        now_ns: The clock that a camera's frames are stamped with.
        camera_size: (height, width) to ask of a camera.
        camera_rate_hz: Frame rate to ask of a camera; 0 keeps its own.

    Raises:
        DataError: If it cannot be played.
    """
    if is_camera(path):
        device = int(str(path)) if str(path).isdigit() else str(path)
        return Camera(device, now_ns, size=camera_size, rate_hz=camera_rate_hz)
    if topic and not is_bag(path):
        raise DataError(f"only a bag has topics, got topic {topic!r} for {str(path)!r}")
    if is_bag(path):
        return Bag(path, topic)
    if Path(path).is_dir():
        return _open_folder(Path(path), folder_rate_hz)
    return Video(path)


def is_camera(path: str | Path) -> bool:
    """Return whether a name is that of a camera."""
    return _CAMERA.fullmatch(str(path)) is not None


def is_bag(path: str | Path) -> bool:
    """Return whether a name is, by its suffix or its content, that of a bag."""
    path = Path(path)
    if path.suffix in (*SUFFIXES, ".bag") and not path.is_dir():
        return True
    if not path.is_dir():
        return False
    return (path / "metadata.yaml").exists() or bool(storage_files(path))


def _open_folder(path: Path, rate_hz: float) -> FrameSource:
    if not picture_files(path):
        raise DataError(
            f"folder {str(path)!r} is neither a bag (metadata.yaml, .mcap, .db3) nor has it "
            "pictures (.png, .jpg); give one of these, or a file"
        )
    return ImageFolder(path, rate_hz)
