# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The parameters of gaze_controller."""

from dataclasses import dataclass, fields
from typing import Any

from vinet_ros.gaze import HeadMount
from vinet_ros.gaze.attention_settings import MODES, POLICIES, AttentionSettings
from vinet_ros.gaze.control import ControlSettings
from vinet_ros.ros.parameters import ParameterError, check_parameters, parameter

OUTPUT_MODES = ("joint_trajectory", "commands", "joint_command", "pan_tilt_cmd", "look_at")
_ATTENTION = {field.name for field in fields(AttentionSettings)}
_CONTROL = {field.name for field in fields(ControlSettings)}


@dataclass(frozen=True, slots=True)
class GazeParameters:
    """Everything that can be set at gaze_controller, with the defaults of a slow, small head.

    Angles are head angles: pan positive to the left, tilt positive upward, from straight ahead.
    """

    autostart: bool = parameter(
        True,
        "Configure and activate by itself after the start, and again after a failure. The head "
        "moves only after ~/enable in any case. Off: wait for a lifecycle manager.",
        read_only=True,
    )
    output_mode: str = parameter(
        "joint_trajectory",
        "What the head is commanded by: joint_trajectory for joint_trajectory_controller, "
        "commands for forward_command_controller, joint_command (JointState), pan_tilt_cmd "
        "(pan_cmd and tilt_cmd, Float64), look_at (a point; the robot turns to it by itself).",
        choices=OUTPUT_MODES,
        read_only=True,
    )
    command_interface: str = parameter(
        "position",
        "With output_mode commands: what the numbers are, rad or rad/s.",
        choices=("position", "velocity"),
        read_only=True,
    )
    command_order: str = parameter(
        "pan_tilt",
        "With output_mode commands: order of the numbers, that of the controller's joints.",
        choices=("pan_tilt", "tilt_pan"),
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
    pan_min: float = parameter(
        -1.57,
        "Least pan of the head (rad). With -6.28 and 6.28 the head takes the shorter way round.",
        low=-12.57,
        high=12.57,
    )
    pan_max: float = parameter(1.57, "Greatest pan of the head (rad).", low=-12.57, high=12.57)
    tilt_min: float = parameter(-0.78, "Least tilt of the head (rad).", low=-3.15, high=3.15)
    tilt_max: float = parameter(0.78, "Greatest tilt of the head (rad).", low=-3.15, high=3.15)
    max_velocity: float = parameter(
        1.0, "Greatest speed of each joint (rad/s).", low=0.01, high=20.0
    )
    max_acceleration: float = parameter(
        4.0, "Greatest acceleration of each joint (rad/s2).", low=0.01, high=200.0
    )
    gain: float = parameter(
        0.6,
        "Share of a moving target's correction that is taken up in 0.1 s. A standing target is "
        "gone to on the quickest way within the limits.",
        low=0.01,
        high=1.0,
    )
    deadband: float = parameter(
        0.02, "A standing target that moves by less moves nothing (rad).", low=0.0, high=1.0
    )
    control_rate_hz: float = parameter(30.0, "Commands in 1/s.", low=1.0, high=200.0)
    target_timeout_s: float = parameter(
        0.5, "Without a target for longer, on_timeout is done (s).", low=0.05, high=60.0
    )
    on_timeout: str = parameter(
        "hold",
        "hold: stop, and go on with the next target; center: go to the centre, and go on; "
        "disable: stop until ~/enable.",
        choices=("hold", "center", "disable"),
    )
    joint_timeout_s: float = parameter(
        0.5,
        "Joint states older than this, or not there for as long, stop the head (s).",
        low=0.05,
        high=10.0,
    )
    mode: str = parameter(
        "pursuit",
        "pursuit follows a moving target, saccade looks after it in jumps.",
        choices=MODES,
    )
    min_fixation_s: float = parameter(
        0.3, "A target is looked at for at least this long (s).", low=0.0, high=10.0
    )
    policy: str = parameter(
        "saliency",
        "What is looked at: the salient; external_target while it is fresh, else the salient; "
        "hold: nothing new; center: straight ahead; random: anywhere.",
        choices=POLICIES,
    )
    ior_enable: bool = parameter(
        True, "Inhibition of return: what was looked at attracts less for a while."
    )
    ior_tau_s: float = parameter(
        1.5, "Time constant in which it recovers (s).", low=0.1, high=600.0
    )
    ior_radius_rad: float = parameter(
        0.1,
        "Size of the place that attracts less, a standard deviation (rad).",
        low=0.005,
        high=2.0,
    )
    curious_s: float = parameter(
        8.0,
        "For this long after something moved or appeared, the head looks about, with ior_enable; "
        "then it takes ever more to draw it, until it rests (s).",
        low=0.1,
        high=86400.0,
    )
    suppress_during_motion: bool = parameter(
        True, "Leave targets aside that come from images of a head that turns fast."
    )
    suppress_above_rad_s: float = parameter(
        0.5, "Speed of the head from which on they are left aside (rad/s).", low=0.01, high=20.0
    )
    settle_s: float = parameter(0.1, "And for how long after such a turn (s).", low=0.0, high=5.0)
    hysteresis: float = parameter(
        0.3, "Another target must be more salient by this share.", low=0.0, high=10.0
    )
    center_bias_pan: float = parameter(
        0.8,
        "What is away from straight ahead draws the gaze less: by a Gaussian of this standard "
        "deviation (rad); 0: wherever it is.",
        low=0.0,
        high=10.0,
    )
    center_bias_tilt: float = parameter(
        0.35,
        "The same for tilt: a head that looks up climbs no further (rad).",
        low=0.0,
        high=10.0,
    )
    external_timeout_s: float = parameter(
        0.5, "How long external_target is fresh (s).", low=0.05, high=600.0
    )
    camera_frame: str = parameter(
        "",
        "Frame of the camera on the head, optical: x right, y down, z forward. Targets in other "
        "frames are refused. Empty: the frame of camera_info.",
        read_only=True,
    )
    base_frame: str = parameter(
        "",
        "Frame of the head's base: x forward, y left, z up, in the crossing of the axes. Needed "
        "for look_at, and for external targets that are not in the camera's frame.",
        read_only=True,
    )
    camera_mount_xyz_m: tuple[float, float, float] = parameter(
        (0.0, 0.0, 0.0),
        "Place of the camera in the tilt link: forward, left, up of the axes (m).",
        read_only=True,
    )
    camera_mount_rpy_rad: tuple[float, float, float] = parameter(
        (0.0, 0.0, 0.0),
        "Roll, pitch and yaw of the camera in the tilt link (rad).",
        read_only=True,
    )
    tilt_frame: str = parameter(
        "",
        "Frame of the tilt link: the camera's place in it is then taken from tf2 (where that is "
        "installed) instead of from the two parameters above. Empty: from the parameters.",
        read_only=True,
    )
    look_at_distance_m: float = parameter(
        2.0, "Distance of look_at from the camera (m).", low=0.1, high=100.0
    )
    diagnostics_period_s: float = parameter(
        1.0, "Time between two messages on /diagnostics (s).", low=0.1, high=60.0
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        for name in ("pan_sign", "tilt_sign"):
            if getattr(self, name) == 0:
                raise ParameterError(f"{name} must be 1 or -1, got 0")
        self._check_names()
        try:
            self.control()
            self.attention()
        except ValueError as error:
            raise ParameterError(str(error)) from error

    @property
    def joints(self) -> tuple[str, str]:
        """Names of the pan and the tilt joint."""
        return self.pan_joint, self.tilt_joint

    @property
    def signs(self) -> tuple[int, int]:
        """Signs of the pan and the tilt joint."""
        return self.pan_sign, self.tilt_sign

    @property
    def mount(self) -> HeadMount:
        """Where the camera sits."""
        return HeadMount(self.camera_mount_xyz_m, self.camera_mount_rpy_rad)

    def control(self) -> ControlSettings:
        """Return limits and habits of the motion.

        Raises:
            ValueError: If limits contradict each other.
        """
        known, period_s = ControlSettings(), 1.0 / self.control_rate_hz
        return ControlSettings(
            max_step_s=max(known.max_step_s, 1.5 * period_s),
            plans=self.output_mode == "joint_trajectory",
            plan_ahead_s=max(known.plan_ahead_s, 4.0 * period_s),
            **self._some(_CONTROL),
        )

    def attention(self) -> AttentionSettings:
        """Return the habits of attention."""
        return AttentionSettings(**self._some(_ATTENTION))

    def _some(self, names: set[str]) -> dict[str, Any]:
        ours = (field.name for field in fields(self))
        return {name: getattr(self, name) for name in ours if name in names}

    def _check_names(self) -> None:
        if self.pan_joint == self.tilt_joint:
            raise ParameterError(
                f"pan_joint and tilt_joint must be two joints, got {self.pan_joint!r} twice"
            )
        if self.base_frame and self.base_frame == self.camera_frame:
            raise ParameterError(
                f"base_frame and camera_frame must be two frames, got {self.base_frame!r} twice"
            )
        if self.output_mode == "look_at" and not self.base_frame:
            raise ParameterError("output_mode look_at needs base_frame; name the head's base")
        if self.command_interface == "velocity" and self.output_mode != "commands":
            raise ParameterError(
                "command_interface velocity is for output_mode commands, got "
                f"{self.output_mode!r}; set one of them"
            )
