# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The parameters of microphone_node."""

from dataclasses import dataclass

from vinet_ros.ros.parameters import ParameterError, check_parameters, parameter
from vinet_ros.streaming.audio_chunk import MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ
from vinet_ros.streaming.microphone import MicrophoneSettings


@dataclass(frozen=True, slots=True)
class MicrophoneParameters:
    """Everything that can be set at microphone_node; it is read once, at the start."""

    device: str = parameter(
        "",
        "Input device: its number or a part of its name; one that is not there makes the node "
        "tell which there are. Empty: the default one.",
        read_only=True,
    )
    sample_rate: int = parameter(
        0,
        f"Samples a second of each channel, from {MIN_RATE_HZ}. 0: the device's own rate.",
        low=0,
        high=MAX_RATE_HZ,
        read_only=True,
    )
    channels: int = parameter(
        1,
        "Channels; two or more allow saliency_node to tell the direction of sound.",
        low=1,
        high=MAX_CHANNELS,
        read_only=True,
    )
    chunk: int = parameter(
        1024, "Samples of each channel in a message.", low=16, high=65536, read_only=True
    )
    frame_id: str = parameter("microphone", "Frame of the microphone.", read_only=True)
    diagnostics_period_s: float = parameter(
        1.0, "Time between two messages on /diagnostics (s).", low=0.1, high=60.0, read_only=True
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        if 0 < self.sample_rate < MIN_RATE_HZ:
            raise ParameterError(
                f"sample_rate is 0 or at least {MIN_RATE_HZ}, got {self.sample_rate}"
            )

    @property
    def microphone(self) -> MicrophoneSettings:
        """What to listen to."""
        return MicrophoneSettings(self.device, self.sample_rate, self.channels)
