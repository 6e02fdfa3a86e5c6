# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How the camera moved during a window, seen in its frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from vinet_ros.streaming.frame_window import Slot

Matrix = npt.NDArray[np.float64]  # (3, 3)
_Grey = npt.NDArray[np.uint8]
_Points = npt.NDArray[np.float32]

_SHRINK = 2
"""Of a frame, before it is looked at."""
_CORNERS, _APART_PX = 120, 5
_SEARCH_PX, _LEVELS = 11, 3
_AGREE_PX = 0.7
"""Between where a corner went and where the camera's motion takes it."""
_LEAST_CORNERS = 12
_LEAST_SHARE = 0.5
"""Of all corners that must have gone with the camera; more may belong to what moves by itself."""
_GRID, _LEAST_CELLS = 3, 5
"""Of the picture's 3 x 3 parts, so many must hold corners that went with the camera: one large
thing before a plain wall is not the world."""
_LARGEST_SCALE = 1.25
_STILL_PX = 0.125
"""What the picture's corners move by less than this is taken for none."""
_STOOD = np.eye(3)


class CameraMotion:
    """The camera's motion between the frames of a window; each pair of frames is looked at once.

    Corners of one frame are found again in the next (Lucas and Kanade 1981, in pyramids), and the
    turn, shift and zoom that most of them agree on is the camera's (RANSAC, Fischler and Bolles
    1981). Where they do not agree, after a cut or before a plain wall, it counts as standing: the
    network then sees what it would have seen without.
    """

    def __init__(self) -> None:
        self._greys: dict[int, _Look] = {}
        self._pairs: dict[tuple[int, int], Matrix] = {}

    def of_window(self, slots: Sequence[Slot]) -> npt.NDArray[np.float32] | None:
        """Return where each earlier frame saw what the newest sees, or None if nothing moved.

        Args:
            slots: Oldest first, frames of one size.

        Returns:
            (T - 1, 2, 3); each matrix takes a place (x, y, 1) of the newest frame, both from -1
            to 1, to that of an earlier one.
        """
        greys = {id(slot.frame): self._look(slot.frame) for slot in slots}
        links = [
            (id(before.frame), id(after.frame))
            for before, after in pairwise(slots)
            if before.frame is not after.frame
        ]
        # The looks hold their frames, so that no other frame can take an address that is kept.
        self._pairs = {
            link: self._pairs[link]
            if link in self._pairs and all(end in self._greys for end in link)
            else _moved(*(greys[end].grey for end in link))
            for link in links
        }
        self._greys = greys
        if all(matrix is _STOOD for matrix in self._pairs.values()):
            return None
        return self._back_from_newest(slots)

    def _look(self, frame: npt.NDArray[np.uint8]) -> _Look:
        known = self._greys.get(id(frame))
        return known or _Look(frame, _grey(frame))

    def _back_from_newest(self, slots: Sequence[Slot]) -> npt.NDArray[np.float32]:
        matrices: list[Matrix] = []
        back = _STOOD
        for before, after in reversed(list(pairwise(slots))):
            moved = self._pairs.get((id(before.frame), id(after.frame)), _STOOD)
            back = np.linalg.inv(moved) @ back
            matrices.append(back)
        return np.stack(matrices[::-1])[:, :2].astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    frame: npt.NDArray[np.uint8]
    grey: _Grey


def _grey(frame: npt.NDArray[np.uint8]) -> _Grey:
    height, width = (side // _SHRINK for side in frame.shape[:2])
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _moved(before: _Grey, after: _Grey) -> Matrix:
    """Return the matrix (3, 3) that takes places of one picture to those of the next, -1 to 1."""
    found = _followed(before, after)
    if found is None:
        return _STOOD
    start, end, all_corners = found
    fit, agreed = cv2.estimateAffinePartial2D(
        start, end, method=cv2.RANSAC, ransacReprojThreshold=_AGREE_PX
    )
    if fit is None:
        return _STOOD
    matrix = np.asarray(fit, np.float64)
    if not _is_the_camera(matrix, start[agreed[:, 0] == 1], all_corners, before):
        return _STOOD
    height, width = before.shape
    corners = np.array([(0, 0, 1), (width, 0, 1), (0, height, 1), (width, height, 1)], np.float64)
    if np.abs(corners @ matrix.T - corners[:, :2]).max() < _STILL_PX:
        return _STOOD
    to_unit = np.array([(2 / width, 0, 1 / width - 1), (0, 2 / height, 1 / height - 1), (0, 0, 1)])
    return np.asarray(to_unit @ np.vstack([matrix, (0, 0, 1)]) @ np.linalg.inv(to_unit))


def _followed(before: _Grey, after: _Grey) -> tuple[_Points, _Points, int] | None:
    """Return corners (N, 2) of a picture, where the next has them, and how many there were."""
    corners = cv2.goodFeaturesToTrack(before, _CORNERS, 0.01, _APART_PX)
    if corners is None or len(corners) < _LEAST_CORNERS:
        return None
    ends, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, corners, np.empty_like(corners), winSize=(_SEARCH_PX,) * 2, maxLevel=_LEVELS
    )
    there = found[:, 0] == 1
    if there.sum() < _LEAST_CORNERS:
        return None
    return corners[there, 0], ends[there, 0], len(corners)


def _is_the_camera(matrix: Matrix, agreed: _Points, all_corners: int, picture: _Grey) -> bool:
    """Whether a motion is that of most of the picture, and one that a camera makes in a moment."""
    if len(agreed) < _LEAST_SHARE * all_corners or not np.isfinite(matrix).all():
        return False
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if not 1 / _LARGEST_SCALE < scale < _LARGEST_SCALE:
        return False
    cells = np.floor(agreed / (np.array(picture.shape[::-1]) / _GRID))
    return len(np.unique(cells, axis=0)) >= _LEAST_CELLS
