# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a camera on a pan-tilt head would see: surroundings, things that move, a head that turns.

Knows no ROS; `vinet_ros.ros.pan_tilt_simulator` is the node around it.
"""

from vinet_ros.simulation.loop_picture import LoopPicture, Moment
from vinet_ros.simulation.made_scenes import MADE_SCENES, MadeScene, make_scene
from vinet_ros.simulation.scene import ClipScene, Scene, Thing
from vinet_ros.simulation.simulated_head import ServoSettings, SimulatedHead, Waypoint
from vinet_ros.simulation.surroundings import PROJECTIONS, Surroundings
from vinet_ros.simulation.virtual_camera import VirtualCamera

__all__ = [
    "MADE_SCENES",
    "PROJECTIONS",
    "ClipScene",
    "LoopPicture",
    "MadeScene",
    "Moment",
    "Scene",
    "ServoSettings",
    "SimulatedHead",
    "Surroundings",
    "Thing",
    "VirtualCamera",
    "Waypoint",
    "make_scene",
]
