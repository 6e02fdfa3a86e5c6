# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""From saliency maps to points a camera should look at; knows the stream's state, not ROS."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import FrameError
from vinet_ros.gaze import MapSmoother, Peak, PinholeCamera, find_peaks, pixel_to_ray, scale_pixel
from vinet_ros.streaming.predictor import SaliencyMap


class GazeSettings(Protocol):
    """What the pipeline is told."""

    @property
    def num_peaks(self) -> int:
        """Most points of a gaze."""

    @property
    def peak_min_distance(self) -> float:
        """Least distance of two points, as a share of the width."""

    @property
    def peak_centre_radius(self) -> float:
        """Around a peak, within which the centre of its heat is its place; share of the width."""

    @property
    def smoothing_tau_s(self) -> float:
        """Time constant of the smoothing of the maps."""

    @property
    def target_distance_m(self) -> float:
        """Distance of a point from the camera, along its ray."""


@dataclass(frozen=True, slots=True)
class GazePoint:
    """A peak as the camera sees it.

    Args:
        u: Column in pixels of the camera image.
        v: Row, likewise.
        saliency: Of the smoothed map, 0 to 1.
        position_m: (x, y, z) in the optical frame, on the ray through the peak.
    """

    u: float
    v: float
    saliency: float
    position_m: tuple[float, float, float]


class GazePipeline:
    """Smooths the maps of one stream and finds the gaze in each.

    Args:
        settings: Read at every map, so that a change counts from the next one on.
    """

    def __init__(self, settings: GazeSettings) -> None:
        self.settings = settings
        self._smoother = MapSmoother(settings.smoothing_tau_s)

    def update(
        self,
        saliency: SaliencyMap,
        camera: PinholeCamera,
        columns: NDArray[np.float32] | None = None,
    ) -> tuple[GazePoint, ...]:
        """Return the points of the newest map, best first; empty where none stands out.

        Args:
            saliency: The network's map.
            camera: Of the full image that the map belongs to.
            columns: What each column of the map is multiplied by, (w,); None: by nothing. As the
                maps, it is smoothed over time.

        Raises:
            FrameError: If the camera's lens model has no ray for any of the peaks.
        """
        if self._smoother.tau_s != self.settings.smoothing_tau_s:
            self._smoother = MapSmoother(self.settings.smoothing_tau_s)
        heat = saliency.values if columns is None else saliency.values * columns
        values = self._smoother.update(heat, saliency.stamp_ns)
        settings = self.settings
        peaks = find_peaks(
            values,
            settings.num_peaks,
            settings.peak_min_distance,
            centre_radius=settings.peak_centre_radius,
        )
        return self._points(peaks, values, camera)

    @property
    def smoother(self) -> MapSmoother:
        """What smooths the maps."""
        return self._smoother

    def reset(self) -> None:
        """Forget the maps so far."""
        self._smoother.reset()

    def _points(
        self, peaks: list[Peak], values: NDArray[np.float32], camera: PinholeCamera
    ) -> tuple[GazePoint, ...]:
        points, no_ray = [], None
        for peak in peaks:
            try:
                points.append(self._point(peak, values.shape, camera))
            except FrameError as error:  # a lens model may end before the image's corner
                no_ray = error
        if no_ray is not None and not points:
            raise no_ray
        return tuple(points)

    def _point(self, peak: Peak, shape: tuple[int, ...], camera: PinholeCamera) -> GazePoint:
        size = (shape[0], shape[1])
        u, v = scale_pixel(peak.u, peak.v, size, (camera.height, camera.width))
        x, y, z = _finite_ray(camera, u, v)  # unit length
        distance = self.settings.target_distance_m
        return GazePoint(u, v, peak.saliency, (x * distance, y * distance, z * distance))


def _finite_ray(camera: PinholeCamera, u: float, v: float) -> tuple[float, float, float]:
    """Return the ray of a pixel; a head must never be sent where a calibration ends in NaN.

    Raises:
        FrameError: If the calibration gives none.
    """
    try:
        x, y, z = pixel_to_ray(camera, u, v)
    except ArithmeticError:  # coefficients that no lens has
        x = y = z = math.nan
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        raise FrameError(
            f"the calibration gives no direction for pixel ({u:.1f}, {v:.1f}); "
            "calibrate the camera anew"
        )
    return float(x), float(y), float(z)
