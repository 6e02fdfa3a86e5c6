# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Lens models: from a ray to the point where a real lens images it, and back.

Points are in normalised image coordinates, (u - cx) / fx and (v - cy) / fy.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from vinet_ros.errors import FrameError

Ray = tuple[float, float, float]
Point = tuple[float, float]

TOLERANCE = 1e-9  # of an inverted point, in normalised image coordinates
_MAX_STEPS = 60
_SMALLEST_STEP = 2.0**-30
_WIDEST = 1e4  # tangent of 89.994 degrees: further out a flat image has no pixels


class Lens(Protocol):
    """What a lens model can do; both directions are exact inverses where they are defined."""

    def image(self, ray: Ray) -> Point:
        """Return where a ray of any length is imaged; ValueError where the model has no image."""

    def ray(self, point: Point) -> Ray:
        """Return the unit ray imaged at a point; FrameError where the model has none."""


def make_lens(model: str, d: tuple[float, ...]) -> Lens:
    """Return the lens of a distortion model of sensor_msgs.

    Args:
        model: "" (no distortion), plumb_bob, rational_polynomial or equidistant.
        d: Coefficients in OpenCV's order; those that are missing at the end count as zero.

    Raises:
        ValueError: If the model is unknown, has too many coefficients, or they are not finite.
    """
    return _make_lens(model, tuple(float(value) for value in d))


@lru_cache(maxsize=32)
def _make_lens(model: str, d: tuple[float, ...]) -> Lens:
    if not all(math.isfinite(value) for value in d):
        raise ValueError(f"distortion coefficients must be finite, got {d}")
    if not any(d) and model in ("", "plumb_bob", "rational_polynomial"):
        return PerspectiveLens()
    if model == "equidistant":
        return EquidistantLens(_padded(model, d, 4))
    if model == "plumb_bob":
        k1, k2, p1, p2, k3 = _padded(model, d, 5)
        return PerspectiveLens((1.0, k1, k2, k3), (1.0,), p1, p2)
    if model == "rational_polynomial":
        k1, k2, p1, p2, k3, k4, k5, k6 = _padded(model, d, 8)
        return PerspectiveLens((1.0, k1, k2, k3), (1.0, k4, k5, k6), p1, p2)
    raise ValueError(
        "distortion model must be plumb_bob, rational_polynomial, equidistant, or empty with "
        f"zero coefficients, got {model!r} with {d}"
    )


def _padded(model: str, d: tuple[float, ...], count: int) -> tuple[float, ...]:
    if any(d[count:]):
        raise ValueError(f"{model} has {count} coefficients, got {len(d)}: {d}")
    return (*d[:count], *(0.0,) * (count - len(d)))


@dataclass(frozen=True)
class PerspectiveLens:
    """A flat image: radial distortion N(r^2) / D(r^2), then a tangential part.

    Args:
        numerator: N's coefficients, lowest power of r^2 first.
        denominator: D's.
        p1: Tangential coefficient.
        p2: Tangential coefficient.

    Source:
        OpenCV's pinhole camera model (plumb_bob: D = 1).
    """

    numerator: tuple[float, ...] = (1.0,)
    denominator: tuple[float, ...] = (1.0,)
    p1: float = 0.0
    p2: float = 0.0

    @property
    def limit(self) -> float:
        """Radius up to which the image grows with the ray's angle; beyond it, it folds back."""
        return _radial_limit(self.numerator, self.denominator)

    def image(self, ray: Ray) -> Point:
        """Return where a ray of any length is imaged.

        Raises:
            ValueError: If the ray points backward or beyond the model's limit.
        """
        x, y, z = ray
        if not z > 0 or math.hypot(x, y) > min(self.limit, _WIDEST) * z:
            raise ValueError(f"the lens model has no image of the ray ({x:g}, {y:g}, {z:g})")
        x, y = x / z, y / z
        if (self.p1 or self.p2) and not _grows(*self._jacobian(x, y)):
            raise ValueError(f"the lens model folds back at the point ({x:g}, {y:g})")
        point = self._distort(x, y)
        if not math.isfinite(point[0] + point[1]):
            raise ValueError(f"the lens model has a pole at the point ({x:g}, {y:g})")
        return point

    def ray(self, point: Point) -> Ray:
        """Return the unit ray that is imaged at a point. Inverse: :meth:`image`.

        Raises:
            FrameError: If no ray is imaged there, to within 1e-9.
        """
        x, y = self._undistort(point)
        norm = math.sqrt(x * x + y * y + 1.0)
        return x / norm, y / norm, 1.0 / norm

    def _radial(self, r: float) -> tuple[float, float]:
        """Return r N / D and its derivative."""
        factor, slope = self._factor(r * r)
        return r * factor, factor + 2 * r * r * slope

    def _factor(self, s: float) -> tuple[float, float]:
        """Return N / D and its derivative by s = r^2; infinite at a pole."""
        n, dn = _polynomial(self.numerator, s)
        d, dd = _polynomial(self.denominator, s)
        return (n / d, (dn - n * dd / d) / d) if d else (math.inf, math.nan)

    def _distort(self, x: float, y: float) -> Point:
        s = x * x + y * y
        factor, _ = self._factor(s)
        return (
            x * factor + 2 * self.p1 * x * y + self.p2 * (s + 2 * x * x),
            y * factor + self.p1 * (s + 2 * y * y) + 2 * self.p2 * x * y,
        )

    def _undistort(self, point: Point) -> Point:
        if self.p1 or self.p2:
            return self._newton(point, self._near(point))
        return self._at_radius(point, math.hypot(*point))

    def _at_radius(self, point: Point, imaged: float) -> Point:
        """Return the point towards `point` that is imaged at a radius without tangential part."""
        distance = math.hypot(*point)
        if self.numerator == self.denominator == (1.0,) or distance == 0.0:
            share = imaged / distance if distance else 1.0
        else:
            share = _inverted(self._radial, imaged, min(self.limit, _WIDEST), point) / distance
        return point[0] * share, point[1] * share

    def _near(self, point: Point) -> Point:
        """Return a point before the fold whose image is near `point`, to start from."""
        edge = self._radial(min(self.limit, _WIDEST))[0]
        within = edge if 0 < edge < math.inf else math.inf
        x, y = self._at_radius(point, min(math.hypot(*point), 0.95 * within))
        for _ in range(_MAX_STEPS):
            if self._is_before_fold(x, y):
                return x, y
            x, y = 0.9 * x, 0.9 * y
        raise _no_ray(point)

    def _is_before_fold(self, x: float, y: float) -> bool:
        return math.hypot(x, y) <= self.limit and _grows(*self._jacobian(x, y))

    def _newton(self, point: Point, place: Point) -> Point:
        """Return the point whose image is `point`, from one before the fold."""
        small = TOLERANCE * 1e-3 * max(1.0, math.hypot(*point))
        for _ in range(_MAX_STEPS):
            error = self._error(place, point)
            a, b, c = self._jacobian(*place)
            determinant = a * c - b * b
            way = (
                (b * error[1] - c * error[0]) / determinant,
                (b * error[0] - a * error[1]) / determinant,
            )
            if math.hypot(*error) <= small:
                ahead = place[0] + way[0], place[1] + way[1]  # near the fold it still counts
                return ahead if self._is_before_fold(*ahead) else place
            place = self._nearer(place, way, point, math.hypot(*error))
        raise _no_ray(point)

    def _nearer(self, place: Point, way: Point, point: Point, error: float) -> Point:
        """Return the end of a step, as long as leads neither beyond the fold nor away."""
        share = 1.0
        while share > _SMALLEST_STEP:
            ahead = place[0] + share * way[0], place[1] + share * way[1]
            if self._is_before_fold(*ahead) and math.hypot(*self._error(ahead, point)) < error:
                return ahead
            share *= 0.5
        raise _no_ray(point)

    def _error(self, place: Point, point: Point) -> Point:
        image_x, image_y = self._distort(*place)
        return image_x - point[0], image_y - point[1]

    def _jacobian(self, x: float, y: float) -> tuple[float, float, float]:
        """Return d image_x / dx, d image_x / dy (= d image_y / dx) and d image_y / dy."""
        factor, slope = self._factor(x * x + y * y)
        slope *= 2
        return (
            factor + slope * x * x + 2 * self.p1 * y + 6 * self.p2 * x,
            slope * x * y + 2 * self.p1 * x + 2 * self.p2 * y,
            factor + slope * y * y + 6 * self.p1 * y + 2 * self.p2 * x,
        )


@dataclass(frozen=True)
class EquidistantLens:
    """A fisheye: the image's radius is a polynomial of the angle from the optical axis.

    Args:
        k: The four coefficients of theta (1 + k1 theta^2 + ... + k4 theta^8).

    Source:
        Kannala and Brandt, TPAMI 2006, as OpenCV's fisheye model has it.
    """

    k: tuple[float, ...]

    @property
    def limit(self) -> float:
        """Angle up to which the image grows, at most pi."""
        return min(_radial_limit((1.0, *self.k), (1.0,)), math.pi)

    def image(self, ray: Ray) -> Point:
        """Return where a ray of any length is imaged.

        Raises:
            ValueError: If its angle is beyond the model's limit.
        """
        x, y, z = ray
        flat = math.hypot(x, y)
        theta = math.atan2(flat, z)
        if not theta <= self.limit or (flat == 0.0 and not z > 0):
            raise ValueError(f"the lens model has no image of the ray ({x:g}, {y:g}, {z:g})")
        if flat == 0.0:
            return 0.0, 0.0
        radius = self._radial(theta)[0]
        return x / flat * radius, y / flat * radius

    def ray(self, point: Point) -> Ray:
        """Return the unit ray that is imaged at a point. Inverse: :meth:`image`.

        Raises:
            FrameError: If no ray is imaged there, to within 1e-9.
        """
        distance = math.hypot(*point)
        if distance == 0.0:
            return 0.0, 0.0, 1.0
        theta = _inverted(self._radial, distance, self.limit, point)
        flat = math.sin(theta) / distance
        return point[0] * flat, point[1] * flat, math.cos(theta)

    def _radial(self, theta: float) -> tuple[float, float]:
        s = theta * theta
        value, slope = _polynomial((1.0, *self.k), s)
        return theta * value, value + 2 * s * slope


def _grows(a: float, b: float, c: float) -> bool:
    """Return whether the symmetric Jacobian (a b; b c) is positive: beyond that it folds back."""
    return a > 0 and a * c > b * b


def _polynomial(coefficients: tuple[float, ...], s: float) -> tuple[float, float]:
    """Return value and derivative at s, lowest power first."""
    value = slope = 0.0
    for coefficient in reversed(coefficients):
        slope = slope * s + value
        value = value * s + coefficient
    return value, slope


@lru_cache(maxsize=64)
def _radial_limit(numerator: tuple[float, ...], denominator: tuple[float, ...]) -> float:
    """Return the smallest r > 0 where r N(r^2) / D(r^2) stops growing or has a pole."""
    n, d = np.polynomial.Polynomial(numerator), np.polynomial.Polynomial(denominator)
    s = np.polynomial.Polynomial((0.0, 1.0))
    slope = (n + 2 * s * n.deriv()) * d - 2 * s * n * d.deriv()
    # Coefficients this small only move roots that lie far outside of any image.
    roots = np.concatenate((slope.trim(1e-12).roots(), d.trim(1e-12).roots()))
    real = roots.real[np.abs(roots.imag) < 1e-9 * np.maximum(1.0, np.abs(roots))]
    positive = real[real > 0]
    return math.sqrt(float(positive.min())) if positive.size else math.inf


def _inverted(
    radial: Callable[[float], tuple[float, float]], target: float, limit: float, point: Point
) -> float:
    """Return r in [0, limit] with radial(r) = target; radial grows there.

    Newton steps, halving the bracket instead wherever a step would leave it.
    """
    low, high = 0.0, limit
    # Never at the limit itself: by rounding it may lie behind a pole, where all signs are turned.
    r = target if target < limit else 0.5 * limit
    for _ in range(2 * _MAX_STEPS):
        value, slope = radial(r)
        error = value - target
        low, high = (low, r) if error > 0 else (r, high)
        step = r - error / slope if slope > 0 else math.nan
        if abs(error) <= TOLERANCE * 1e-3 * max(1.0, target):
            return step if low <= step <= high else r
        r = step if low < step < high else 0.5 * (low + high)
    raise _no_ray(point)


def _no_ray(point: Point) -> FrameError:
    return FrameError(
        f"the lens model has no ray for the point ({point[0]:g}, {point[1]:g}) of the normalised "
        "image; the camera's calibration does not cover its whole image, calibrate it anew"
    )
