# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Pixels, rays, pan and tilt of one camera.

Axes of REP 103's optical frame: x right, y down, z forward. Pan is positive to the left, tilt
positive upward; pan turns first. Pixel (0, 0) has its centre at the centre of the top left pixel,
so an image spans -0.5 .. width - 0.5. A `size` is (height, width), like an array's shape.
"""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from vinet_ros.gaze.lens import Lens, Ray, make_lens


class PanTilt(NamedTuple):
    """A direction relative to the optical axis."""

    pan_rad: float
    tilt_rad: float


def difference(one: PanTilt, other: PanTilt) -> PanTilt:
    """Return one minus other, pan the short way round."""
    pan = math.remainder(one.pan_rad - other.pan_rad, math.tau)
    return PanTilt(pan, one.tilt_rad - other.tilt_rad)


def distance(one: PanTilt, other: PanTilt) -> float:
    """Return the angle between two directions that are not far apart, rad."""
    pan, tilt = difference(one, other)
    return math.hypot(pan * math.cos(0.5 * (one.tilt_rad + other.tilt_rad)), tilt)


@dataclass(frozen=True)
class PinholeCamera:
    """Intrinsics of a camera, in pixels of its image.

    Args:
        width: Columns.
        height: Rows.
        fx: Focal length along the columns, > 0.
        fy: Focal length along the rows, > 0.
        cx: Column of the optical axis.
        cy: Row of the optical axis.
        distortion_model: "", plumb_bob, rational_polynomial or equidistant.
        d: The model's coefficients, in OpenCV's order.

    Raises:
        ValueError: If a number is out of range or not finite, or the model is unknown.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion_model: str = ""
    d: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a camera has at least one pixel, got {self.width}x{self.height}")
        if not (0 < self.fx < math.inf and 0 < self.fy < math.inf):
            raise ValueError(f"focal lengths must be positive, got fx={self.fx}, fy={self.fy}")
        if not (math.isfinite(self.cx) and math.isfinite(self.cy)):
            raise ValueError(f"the optical axis must be finite, got cx={self.cx}, cy={self.cy}")
        make_lens(self.distortion_model, self.d)

    @classmethod
    def from_hfov(cls, width: int, height: int, hfov_deg: float) -> "PinholeCamera":
        """Return the ideal camera that sees an angle from its left to its right edge.

        Args:
            width: Columns.
            height: Rows.
            hfov_deg: Horizontal field of view, in (0, 180) degrees.

        Raises:
            ValueError: If the size or the angle is out of range.
        """
        if not 0 < hfov_deg < 180:
            raise ValueError(f"hfov_deg must be in (0, 180), got {hfov_deg}")
        focal = 0.5 * width / math.tan(math.radians(hfov_deg) / 2)
        return cls(width, height, focal, focal, 0.5 * (width - 1), 0.5 * (height - 1))

    @property
    def lens(self) -> Lens:
        """The lens in front of the pinhole."""
        return make_lens(self.distortion_model, self.d)

    def scaled(self, width: int, height: int) -> "PinholeCamera":
        """Return the camera of the same view, resized."""
        sx, sy = width / self.width, height / self.height
        return replace(
            self,
            width=width,
            height=height,
            fx=self.fx * sx,
            fy=self.fy * sy,
            cx=(self.cx + 0.5) * sx - 0.5,
            cy=(self.cy + 0.5) * sy - 0.5,
        )

    def cropped(self, left: int, top: int, width: int, height: int) -> "PinholeCamera":
        """Return the camera of a part of the image."""
        return replace(self, width=width, height=height, cx=self.cx - left, cy=self.cy - top)

    def contains(self, u: float, v: float) -> bool:
        """Return whether a point lies on the image, its outer pixels' edges included."""
        return -0.5 <= u <= self.width - 0.5 and -0.5 <= v <= self.height - 0.5


def pixel_to_ray(camera: PinholeCamera, u: float, v: float) -> Ray:
    """Return the unit ray (x, y, z), in the optical frame, along which the camera sees a pixel.

    Args:
        camera: The camera, with its lens.
        u: Column, 0 at the centre of the leftmost pixel.
        v: Row, 0 at the centre of the top pixel.

    Raises:
        ValueError: If the pixel is outside the image.
        FrameError: If the lens model has no ray for the pixel (a calibration that folds back
            before the image's corner).

    Inverse: :func:`ray_to_pixel`.
    """
    if not camera.contains(u, v):
        raise ValueError(f"pixel ({u}, {v}) is outside the image {camera.width}x{camera.height}")
    return camera.lens.ray(((u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy))


def ray_to_pixel(camera: PinholeCamera, ray: Ray) -> tuple[float, float]:
    """Return the pixel (u, v) at which the camera sees a ray; it may lie outside the image.

    Args:
        camera: The camera, with its lens.
        ray: (x, y, z) in the optical frame, of any length.

    Raises:
        ValueError: If the lens model does not image the ray (behind the camera, say).

    Inverse: :func:`pixel_to_ray`.
    """
    x, y = camera.lens.image(ray)
    return x * camera.fx + camera.cx, y * camera.fy + camera.cy


def pixel_to_pan_tilt(camera: PinholeCamera, u: float, v: float) -> PanTilt:
    """Return the direction in which the camera sees a pixel.

    Exact, not the small-angle ``u / fx``.

    Args:
        camera: Intrinsics in pixels of the image that the pixel belongs to.
        u: Column, 0 at the centre of the leftmost pixel.
        v: Row, 0 at the centre of the top pixel.

    Returns:
        Pan in [-pi, pi] and tilt in [-pi/2, pi/2] radians; for a flat image both in
        (-pi/2, pi/2).

    Raises:
        ValueError: If the pixel is outside the image.
        FrameError: If the lens model has no ray for the pixel.

    Source:
        Axes of REP 103. Inverse: :func:`pan_tilt_to_pixel`.

    >>> round(pixel_to_pan_tilt(PinholeCamera.from_hfov(640, 480, 90), -0.5, 239.5).pan_rad, 4)
    0.7854
    """
    x, y, z = pixel_to_ray(camera, u, v)
    return PanTilt(math.atan2(-x, z), math.atan2(-y, math.hypot(x, z)))


def pan_tilt_to_pixel(
    camera: PinholeCamera, pan_rad: float, tilt_rad: float
) -> tuple[float, float]:
    """Return the pixel (u, v) at which the camera sees a direction; it may lie outside the image.

    Args:
        camera: The camera, with its lens.
        pan_rad: Positive to the left.
        tilt_rad: Positive upward, in [-pi/2, pi/2].

    Raises:
        ValueError: If the lens model does not image the direction (behind the camera, say).

    Inverse: :func:`pixel_to_pan_tilt`.
    """
    across = math.cos(tilt_rad)
    ray = (-across * math.sin(pan_rad), -math.sin(tilt_rad), across * math.cos(pan_rad))
    return ray_to_pixel(camera, ray)


def scale_pixel(
    u: float, v: float, from_size: tuple[int, int], to_size: tuple[int, int]
) -> tuple[float, float]:
    """Return where a point of one image lies in a resized one: edges stay on edges.

    Args:
        u: Column in the first image.
        v: Row in the first image.
        from_size: (height, width) of the first image.
        to_size: (height, width) of the second.

    >>> scale_pixel(0.0, 0.0, from_size=(224, 384), to_size=(448, 768))
    (0.5, 0.5)
    """
    return (
        (u + 0.5) * to_size[1] / from_size[1] - 0.5,
        (v + 0.5) * to_size[0] / from_size[0] - 0.5,
    )
