# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The picture that a camera on a pan-tilt head takes of a scene."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.encodings import Rgb
from vinet_ros.gaze import Head, PanTilt, PinholeCamera, pixel_to_ray, ray_to_pixel
from vinet_ros.simulation.scene import Scene, Thing

_STEP_PX = 16
"""Between rays that are computed exactly; those between are interpolated, to 0.1 pixels."""
_NEAREST_Z = 0.05  # of a corner in front of the camera; a thing beside or behind it is not drawn


class VirtualCamera:
    """Looks into a scene, whose surroundings are far away, by pan and tilt.

    Args:
        camera: Its intrinsics, with or without a lens.
        head: With how the camera is mounted; its offset is nothing against the distance.
    """

    def __init__(self, camera: PinholeCamera, head: Head | None = None) -> None:
        self.camera = camera
        self.head = head or Head()
        columns, self._across = _grid(camera.width)
        rows, self._down = _grid(camera.height)
        self._rays = np.array([[pixel_to_ray(camera, u, v) for u in columns] for v in rows])

    def look(self, scene: Scene, time_s: float, joints: PanTilt) -> Rgb:
        """Return what it sees, uint8 (H, W, 3).

        Args:
            scene: What there is.
            time_s: Of the scene.
            joints: Where the head is.
        """
        rotation, _ = self.head.view(joints)
        columns, rows = scene.surroundings.pixels(self._rays @ rotation.T)
        picture = scene.surroundings.sample(
            scene.background(time_s), self._between(columns), self._between(rows)
        )
        for thing in scene.things:
            place = thing.place(time_s)
            if place is not None:
                self._lay(picture, thing, rotation.T @ _corners(thing, place))
        return picture

    def sees(self, direction: PanTilt, joints: PanTilt) -> bool:
        """Return whether a direction, as seen from the base, is in its picture."""
        pixel = self.pixel(direction, joints)
        return pixel is not None and self.camera.contains(*pixel)

    def pixel(self, direction: PanTilt, joints: PanTilt) -> tuple[float, float] | None:
        """Return the pixel at which it sees a direction, inside its picture or beside it.

        None where it lies behind.
        """
        ray = self.head.view(joints)[0].T @ unit(direction)
        if ray[2] < _NEAREST_Z:
            return None
        return ray_to_pixel(self.camera, (float(ray[0]), float(ray[1]), float(ray[2])))

    def _between(self, coarse: NDArray[np.float32]) -> NDArray[np.float32]:
        # No product of matrices: OpenBLAS keeps a second processor spinning for 30 ms after each.
        return _interpolated(_interpolated(coarse, *self._down).T, *self._across).T

    def _lay(self, picture: Rgb, thing: Thing, corners: NDArray[np.float64]) -> None:
        """Draw a thing whose corners are the columns of (3, 4) into the picture, in place."""
        if corners[2].min() < _NEAREST_Z:
            return
        pixels = [
            ray_to_pixel(self.camera, (float(x), float(y), float(z))) for x, y, z in corners.T
        ]
        low = np.floor(np.min(pixels, axis=0)).astype(int)
        high = np.ceil(np.max(pixels, axis=0)).astype(int) + 1
        left, top = (int(value) for value in np.maximum(low, 0))
        right, bottom = min(int(high[0]), self.camera.width), min(int(high[1]), self.camera.height)
        if left >= right or top >= bottom:
            return
        last = thing.alpha.shape[0] - 1
        texture = np.array([(0, 0), (last, 0), (last, last), (0, last)], np.float32)
        corner = np.array((left, top))
        warp = cv2.getPerspectiveTransform(texture, (np.array(pixels) - corner).astype(np.float32))
        size = (right - left, bottom - top)
        rgb = cv2.warpPerspective(thing.rgb, warp, size, borderMode=cv2.BORDER_REPLICATE)
        alpha = cv2.warpPerspective(thing.alpha, warp, size)[..., None]
        part = picture[top:bottom, left:right]
        part[:] = np.rint(part * (1 - alpha) + rgb * alpha).astype(np.uint8)


def unit(direction: PanTilt) -> NDArray[np.float64]:
    """Return the unit vector (3,) of a direction in the base: x forward, y left, z up."""
    level = math.cos(direction.tilt_rad)
    return np.array(
        (
            level * math.cos(direction.pan_rad),
            level * math.sin(direction.pan_rad),
            math.sin(direction.tilt_rad),
        )
    )


def angle_between(a: PanTilt, b: PanTilt) -> float:
    """Return the angle between two directions in radians."""
    first, second = unit(a), unit(b)
    return math.atan2(float(np.linalg.norm(np.cross(first, second))), float(first @ second))


def _corners(thing: Thing, place: PanTilt) -> NDArray[np.float64]:
    """Return the corners of a thing in the base, (3, 4), clockwise from its upper left."""
    pan, tilt = place
    left = np.array((-math.sin(pan), math.cos(pan), 0.0))
    up = np.array(
        (-math.sin(tilt) * math.cos(pan), -math.sin(tilt) * math.sin(pan), math.cos(tilt))
    )
    half = math.tan(thing.half_rad)
    signs = ((1, 1), (-1, 1), (-1, -1), (1, -1))
    return np.stack([unit(place) + half * (a * left + b * up) for a, b in signs], axis=1)


def _grid(length: int) -> tuple[NDArray[np.float64], tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """Return places along a side; of each pixel, the place before it and the next one's weight."""
    places = np.linspace(0, length - 1, max(2, -(-length // _STEP_PX) + 1))
    at = np.arange(length) / (places[1] - places[0])
    before = np.minimum(at.astype(np.intp), len(places) - 2)
    return places, (before, (at - before).astype(np.float32)[:, None])


def _interpolated(
    coarse: NDArray[np.float32], before: NDArray[np.intp], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return rows (N, M) between the rows of (P, M)."""
    low = coarse[before]
    return np.asarray(low + weight * (coarse[before + 1] - low))
