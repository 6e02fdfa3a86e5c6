# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""From a saliency map to a direction in which to look."""

from vinet_ros.gaze.attention import Attention, Fixation
from vinet_ros.gaze.attention_settings import AttentionSettings
from vinet_ros.gaze.control import ControlSettings, HeadCommand, HeadControl
from vinet_ros.gaze.follower import FollowerSettings, GazeFollower
from vinet_ros.gaze.geometry import (
    PanTilt,
    PinholeCamera,
    pan_tilt_to_pixel,
    pixel_to_pan_tilt,
    pixel_to_ray,
    ray_to_pixel,
    scale_pixel,
)
from vinet_ros.gaze.head import Head, HeadMount
from vinet_ros.gaze.joint_history import JointHistory, JointSample
from vinet_ros.gaze.peaks import Peak, centre_peaks, find_peaks
from vinet_ros.gaze.smoothing import MapSmoother
from vinet_ros.gaze.sound_prior import SoundPrior
from vinet_ros.gaze.tracks import Candidate, TrackSettings

__all__ = [
    "Attention",
    "AttentionSettings",
    "Candidate",
    "ControlSettings",
    "Fixation",
    "FollowerSettings",
    "GazeFollower",
    "Head",
    "HeadCommand",
    "HeadControl",
    "HeadMount",
    "JointHistory",
    "JointSample",
    "MapSmoother",
    "PanTilt",
    "Peak",
    "PinholeCamera",
    "SoundPrior",
    "TrackSettings",
    "centre_peaks",
    "find_peaks",
    "pan_tilt_to_pixel",
    "pixel_to_pan_tilt",
    "pixel_to_ray",
    "ray_to_pixel",
    "scale_pixel",
]
