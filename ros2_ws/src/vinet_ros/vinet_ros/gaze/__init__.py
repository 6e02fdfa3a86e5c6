"""From a saliency map to a direction in which to look."""

from vinet_ros.gaze.geometry import (
    PanTilt,
    PinholeCamera,
    pan_tilt_to_pixel,
    pixel_to_pan_tilt,
    pixel_to_ray,
    ray_to_pixel,
    scale_pixel,
)
from vinet_ros.gaze.peaks import Peak, find_peaks
from vinet_ros.gaze.smoothing import MapSmoother

__all__ = [
    "MapSmoother",
    "PanTilt",
    "Peak",
    "PinholeCamera",
    "find_peaks",
    "pan_tilt_to_pixel",
    "pixel_to_pan_tilt",
    "pixel_to_ray",
    "ray_to_pixel",
    "scale_pixel",
]
