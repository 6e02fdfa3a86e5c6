# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The habits of attention."""

import math
from dataclasses import dataclass, field

from vinet_ros.gaze.geometry import PanTilt
from vinet_ros.gaze.tracks import TrackSettings

MODES = ("pursuit", "saccade")
POLICIES = ("saliency", "external", "hold", "center", "random")


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """How the gaze chooses its targets.

    Args:
        mode: pursuit follows a moving target, saccade looks after it in jumps.
        min_fixation_s: A target is looked at for at least this long, from the gaze's arrival.
        policy: saliency; external: a target from outside wins while it is fresh, else saliency;
            hold: stay; center: look ahead; random: look about without regard to any target.
        ior_enable: Whether a place that was looked at becomes less attractive for a while.
        ior_tau_s: Time constant in which it recovers.
        ior_radius_rad: Size of the place, a standard deviation.
        ior_rise_s: Time constant in which a place that is looked at loses its attraction.
        familiar_tau_s: A place that was looked at twice counts as known for about half of this;
            it is returned to for its saliency, not for the sake of change. So the head rests
            when all is known.
        suppress_during_motion: Whether images from fast turns of the head are left out.
        suppress_above_rad_s: Fast.
        settle_s: Images up to this long after a fast turn are left out, too.
        echo_s: After a saccade nothing new is looked at for this long: a network that sees half a
            second at once answers to the head's turn for as long. The target is followed on.
        hysteresis: Another target must be better by this share.
        motion_bonus: A target that moves counts as more salient by this share.
        least_share: For a change's sake only targets with this share of the current one's
            saliency are looked at.
        curious_s: For this long after something moved or appeared, the head looks about for a
            change's sake. Then it takes ever more to draw it, until it rests.
        center_bias_pan: What is away from straight ahead draws the gaze less, as heads rarely turn
            far: by a Gaussian of this standard deviation, rad; 0: wherever it is.
        center_bias_tilt: The same for tilt.
        saccade_step_rad: With mode saccade: a target is looked after once it is this far off.
        longest_ahead_s: A moving target that is not seen is carried on by at most this.
        external_timeout_s: How long a target from outside is fresh.
        random_period_s: With policy random: mean time between two looks.
        random_range: With policy random: largest pan and tilt, rad.
        seed: Of the random looks.
        tracks: How candidates become targets.

    Raises:
        ValueError: If a value is out of range.
    """

    mode: str = "pursuit"
    min_fixation_s: float = 0.3
    policy: str = "saliency"
    ior_enable: bool = True
    ior_tau_s: float = 1.5
    ior_radius_rad: float = 0.1
    ior_rise_s: float = 0.4
    familiar_tau_s: float = 300.0
    suppress_during_motion: bool = True
    suppress_above_rad_s: float = 0.5
    settle_s: float = 0.1
    echo_s: float = 0.5
    hysteresis: float = 0.3
    motion_bonus: float = 2.0
    least_share: float = 0.15
    curious_s: float = 8.0
    center_bias_pan: float = 0.8
    center_bias_tilt: float = 0.35
    saccade_step_rad: float = 0.1
    longest_ahead_s: float = 0.8
    external_timeout_s: float = 0.5
    random_period_s: float = 2.0
    random_range: PanTilt = field(default=PanTilt(0.6, 0.3))
    seed: int = 0
    tracks: TrackSettings = field(default_factory=TrackSettings)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}; got {self.mode!r}")
        if self.policy not in POLICIES:
            raise ValueError(f"policy must be one of {', '.join(POLICIES)}; got {self.policy!r}")
        for name in _POSITIVE:
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive and finite, got {getattr(self, name)}")
        for name in _NOT_NEGATIVE:
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")


_POSITIVE = (
    "ior_tau_s",
    "ior_radius_rad",
    "ior_rise_s",
    "familiar_tau_s",
    "curious_s",
    "suppress_above_rad_s",
    "external_timeout_s",
    "random_period_s",
)
_NOT_NEGATIVE = (
    "min_fixation_s",
    "settle_s",
    "echo_s",
    "hysteresis",
    "motion_bonus",
    "least_share",
    "center_bias_pan",
    "center_bias_tilt",
    "saccade_step_rad",
    "longest_ahead_s",
)
