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

__all__ = [
    "PanTilt",
    "PinholeCamera",
    "pan_tilt_to_pixel",
    "pixel_to_pan_tilt",
    "pixel_to_ray",
    "ray_to_pixel",
    "scale_pixel",
]
