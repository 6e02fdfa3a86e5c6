# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The parameters of saliency_node."""

import json
from dataclasses import dataclass

from vinet_ros.networks import list_models, model_spec
from vinet_ros.ros.parameters import ParameterError, check_parameters, parameter
from vinet_ros.runtime.share_choice import SHARE_CHOICES
from vinet_ros.streaming import SKIPPED_SLOTS
from vinet_ros.streaming.sound_direction import MIN_SPACING_M

ModelOption = bool | int | float | str
MODELS = tuple(name for name in list_models() if model_spec(name).saliency)


@dataclass(frozen=True, slots=True)
class SaliencyParameters:
    """Everything that can be set at saliency_node, with defaults that suit a VGA camera."""

    autostart: bool = parameter(
        True,
        "Configure and activate by itself after the start, and again after a failure: first "
        "after 5 s, then after twice as long each time, up to a minute. Meanwhile the node is "
        "alive, so that parameters can be mended. Off: wait for a lifecycle manager.",
        read_only=True,
    )
    model: str = parameter(
        "auto",
        "Network: auto takes vinet where its weights and a GPU are, else vinet_lite.",
        choices=("auto", *MODELS),
        read_only=True,
    )
    weights: str = parameter(
        "",
        "Weights file, safetensors or the authors' .pt; empty takes the ones that come along.",
        read_only=True,
    )
    weights_sha256: str = parameter(
        "",
        "SHA-256 that the weights file must have; empty skips the check.",
        pattern="([0-9a-fA-F]{64})?",
        read_only=True,
    )
    model_options: str = parameter(
        "",
        "Options of the network as name=value, separated by commas, e.g. clip_length=16. "
        "Empty: as the weights file says.",
        read_only=True,
    )
    allow_untrained: bool = parameter(
        False,
        "Run a network that has no weights: maps are published, a gaze never is. "
        "Off: such a network fails at configure.",
        read_only=True,
    )
    device: str = parameter(
        "auto",
        "Where the network runs: auto takes a GPU where there is one.",
        pattern="auto|cpu|cuda(:[0-9]+)?",
        read_only=True,
    )
    allow_cpu_fallback: bool = parameter(
        True, "Go on on the CPU when the device is missing or fails.", read_only=True
    )
    precision: str = parameter(
        "auto",
        "Number format of the network: auto is fp32, or int8 where the weights are; fp16 and bf16 "
        "need a GPU, int8 a CPU and weights of `vinet weights quantize`.",
        choices=("auto", "fp32", "fp16", "bf16", "int8"),
        read_only=True,
    )
    inference_threads: int = parameter(
        0,
        "Threads that the network runs in on the CPU. 0: as many as there are cores.",
        low=0,
        high=256,
        read_only=True,
    )
    skipped_slots: str = parameter(
        "auto",
        "Slots that no prediction was made of, on a computer that cannot follow: encode their "
        "frames, so that a map depends on the frames alone; repeat the frame before, as of a "
        "slower camera, which gives several times as many predictions there; auto: encode one "
        "where that is rare, repeat in the others. For vinet_lite; vinet and avinet, which encode "
        "nothing, always see the frames.",
        choices=SKIPPED_SLOTS,
        read_only=True,
    )
    share: str = parameter(
        "off",
        "Work of vinet and avinet that is done once for all windows that need it, where every "
        "slot is predicted: off; exact, the same maps for about 0.65 of the multiplications; "
        "approximate, other maps for less; auto, exact where it is faster. A computer that "
        "leaves out slots gains nothing by it.",
        choices=SHARE_CHOICES,
        read_only=True,
    )
    stabilize: bool = parameter(
        False,
        "Take the camera's own motion, found in its frames, off the window, so that what moves by "
        "itself is seen while the camera turns, above all what a head follows. Set it for a "
        "camera on a head. For vinet_lite.",
        read_only=True,
    )
    audio_type: str = parameter(
        "auto",
        "Message on audio: auto, as the installed audio_common_msgs and the publisher have it; "
        "none; or its name. For networks with sound.",
        choices=("auto", "none", "AudioStamped", "AudioData", "AudioDataStamped"),
        read_only=True,
    )
    audio_format: str = parameter(
        "",
        "What the bytes of AudioData mean until audio_info tells: format, rate and channels, such "
        "as 'S16LE 16000 1'. Drivers tell it once, to those who listen then.",
        read_only=True,
    )
    audio_offset_s: float = parameter(
        0.0,
        "Added to the stamps of sound (s): above zero, sound belongs to later frames.",
        low=-2.0,
        high=2.0,
    )
    audio_effect_period_s: float = parameter(
        0.0,
        "Time between two comparisons of a map with that of the same window with silence (s), for "
        "the diagnostics: each costs one more prediction. 0: none.",
        low=0.0,
        high=600.0,
    )
    microphone_spacing_m: float = parameter(
        0.0,
        "Distance of two microphones, the first to the left, or diameter of a circle of more, "
        "counter-clockwise from the front (m): where voices come from goes to audio/direction. "
        "0: no direction.",
        low=0.0,
        high=2.0,
        read_only=True,
    )
    microphone_channels: str = parameter(
        "",
        "Channels that are microphones, from 0, where not all are, such as '1,2,3,4'.",
        pattern=r"(\d{1,2}(,\d{1,2})*)?",
        read_only=True,
    )
    microphone_frame_id: str = parameter(
        "", "Frame of audio/direction where the messages of the sound have none.", read_only=True
    )
    microphone_mount: str = parameter(
        "camera",
        "What the microphones turn with: camera, or base where they stay when the head turns.",
        choices=("camera", "base"),
        read_only=True,
    )
    microphone_yaw_rad: float = parameter(
        0.0,
        "Where their front points, positive to the left: from the camera's axis, or on the base "
        "from where the head looks at pan 0 (rad).",
        low=-3.15,
        high=3.15,
        read_only=True,
    )
    direction_weight: float = parameter(
        0.0,
        "How much a voice draws the gaze towards it; with 1 nothing else counts while somebody "
        "speaks. 0: not.",
        low=0.0,
        high=1.0,
        read_only=True,
    )
    pan_joint: str = parameter(
        "pan",
        "With direction_weight: name of the head's pan joint on joint_states.",
        pattern=r"\S+",
        read_only=True,
    )
    pan_sign: int = parameter(
        1, "-1 where the joint turns to the right: 1 or -1.", low=-1, high=1, read_only=True
    )
    image_transport: str = parameter(
        "raw",
        "raw subscribes to image, compressed to its resolved name + /compressed.",
        choices=("raw", "compressed"),
        read_only=True,
    )
    image_reliability: str = parameter(
        "best_effort",
        "Reliability asked of the image publisher; reliable refuses best effort publishers.",
        choices=("best_effort", "reliable"),
        read_only=True,
    )
    image_depth: int = parameter(
        5, "Images that may wait for the callback.", low=1, high=64, read_only=True
    )
    image_rate_min_hz: float = parameter(
        0.0,
        "Least rate of the camera in 1/s; diagnostics warn of one lower by more than 10 %. "
        "0: no bound.",
        low=0.0,
        high=1000.0,
    )
    image_rate_max_hz: float = parameter(
        0.0,
        "Greatest rate of the camera in 1/s; diagnostics warn of one higher by more than 10 %. "
        "0: no bound.",
        low=0.0,
        high=1000.0,
    )
    window_rate_hz: float = parameter(
        0.0,
        "Slots of the frame window in 1/s; 0: the rate in the weights' card, "
        "-1: every frame as it comes.",
        low=-1.0,
        high=120.0,
    )
    max_rate_hz: float = parameter(
        0.0, "Most predictions in 1/s; 0: no limit.", low=0.0, high=120.0
    )
    max_gap_s: float = parameter(
        0.5, "A longer gap between two frames starts the window anew (s).", low=0.02, high=10.0
    )
    max_age_s: float = parameter(
        0.0,
        "A frame older than this on arrival is dropped and counted (s); 0: never.",
        low=0.0,
        high=10.0,
    )
    warmup: str = parameter(
        "repeat_first",
        "Before the window is full: repeat the first frame, or wait without output.",
        choices=("repeat_first", "wait"),
    )
    num_peaks: int = parameter(3, "Most gaze candidates of a map.", low=1, high=16)
    peak_min_distance: float = parameter(
        0.1, "Least distance of two candidates, as a share of the width.", low=0.0, high=1.0
    )
    peak_centre_radius: float = parameter(
        0.04,
        "The gaze is the centre of the newest map's heat within this of a peak, as a share of the "
        "width: calmer and nearer to the middle of a thing than the highest pixel; 0: that pixel.",
        low=0.0,
        high=0.5,
    )
    smoothing_tau_s: float = parameter(
        0.15,
        "Time constant of the smoothing of the maps before peaks are found (s); 0: none.",
        low=0.0,
        high=5.0,
    )
    target_distance_m: float = parameter(
        2.0, "Distance of gaze/target from the camera, along its ray (m).", low=0.1, high=100.0
    )
    fallback_hfov_deg: float = parameter(
        60.0,
        "Horizontal field of view used, with a warning, while the camera is uncalibrated (deg).",
        low=10.0,
        high=170.0,
    )
    diagnostics_period_s: float = parameter(
        1.0, "Time between two messages on /diagnostics (s).", low=0.1, high=60.0
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        if 0 < self.image_rate_max_hz < self.image_rate_min_hz:
            raise ParameterError(
                f"image_rate_max_hz must be at least image_rate_min_hz "
                f"({self.image_rate_min_hz:g}), got {self.image_rate_max_hz:g}; 0 is no bound"
            )
        self._check_microphones()

    def _check_microphones(self) -> None:
        """Raise ParameterError where the parameters of the direction contradict each other."""
        if self.pan_sign == 0:
            raise ParameterError("pan_sign must be 1 or -1, got 0")
        if self.direction_weight > 0 and self.microphone_spacing_m == 0:
            raise ParameterError(
                "direction_weight needs microphone_spacing_m, the distance of the microphones, "
                "got 0"
            )
        if self.microphone_spacing_m == 0:
            return
        if self.audio_type == "none":
            raise ParameterError("microphone_spacing_m needs sound, got audio_type none; set auto")
        if self.microphone_spacing_m < MIN_SPACING_M:
            raise ParameterError(
                f"microphone_spacing_m must be 0 or at least {MIN_SPACING_M}, got "
                f"{self.microphone_spacing_m:g}; it is in metres"
            )
        channels = self.microphones
        if len(channels) == 1 or len(set(channels)) < len(channels):
            raise ParameterError(
                "microphone_channels must be two or more different channels, or empty for all, "
                f"got {self.microphone_channels!r}"
            )

    @property
    def microphones(self) -> tuple[int, ...]:
        """Channels that are microphones; empty: all."""
        return tuple(int(word) for word in self.microphone_channels.split(",") if word)

    def options(self) -> dict[str, ModelOption]:
        """Return ``model_options`` as a dictionary.

        Raises:
            ParameterError: If an entry is not name=value.
        """
        entries = (entry.strip() for entry in self.model_options.split(","))
        return dict(_option(entry) for entry in entries if entry)


def _option(entry: str) -> tuple[str, ModelOption]:
    name, equals, text = (part.strip() for part in entry.partition("="))
    if not (name and equals and text):
        raise ParameterError(f"model_options expects name=value, got {entry!r}")
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return name, text
    return name, value if isinstance(value, bool | int | float) else text
