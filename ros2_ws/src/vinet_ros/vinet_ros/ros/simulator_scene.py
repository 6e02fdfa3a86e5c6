# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The scene that pan_tilt_simulator's parameters ask for."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from vinet_ros.errors import DataError
from vinet_ros.offline.frames import NS_PER_S, Frame
from vinet_ros.offline.sources import is_camera, open_source
from vinet_ros.ros.simulator_parameters import FILE_SCENE, SimulatorParameters
from vinet_ros.simulation import ClipScene, Scene, Surroundings, make_scene

_PICTURES = (".png", ".jpg", ".jpeg")


def open_scene(kind: str, path: str | Path, seed: int, settings: SimulatorParameters) -> Scene:
    """Return a scene.

    Args:
        kind: "file", or the kind of a made scene.
        path: The clip that it is, or that it is made of.
        seed: Of a made scene.
        settings: How a clip lies around the head.

    Raises:
        DataError: If the clip cannot be used.
    """
    if is_camera(path):
        raise DataError(f"a scene is a file, a folder or a bag, got camera {path}")
    if kind != FILE_SCENE:
        return make_scene(kind, path, seed)
    frames, size, duration_s = _open(Path(path), settings.topic)
    surroundings = Surroundings(size, math.radians(settings.scene_hfov_deg), settings.projection)
    return ClipScene(frames, duration_s, surroundings)


def _open(path: Path, topic: str) -> tuple[Callable[[], Iterator[Frame]], tuple[int, int], float]:
    """Return what starts a clip or a picture over, its size and its length in seconds."""
    if path.suffix.lower() in _PICTURES:
        bgr = cv2.imread(str(path))
        if bgr is None:
            raise DataError(f"{path} cannot be read as a picture; give another file")
        still = Frame(0, 0, np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8))
        return lambda: iter((still,)), bgr.shape[:2], 0.0
    source = open_source(path, topic=topic)
    info, size = source.info, (source.info.height, source.info.width)
    duration_s = info.duration_ns / NS_PER_S if info.frame_count != 1 else 0.0
    return lambda: source.frames(size=size, on_bad=lambda _: None), size, duration_s
