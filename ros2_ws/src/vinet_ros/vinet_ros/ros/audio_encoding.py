# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""16-bit sound into the messages of both packages that are called audio_common_msgs.

Inverse of :mod:`vinet_ros.ros.audio_messages`, which tells them apart.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vinet_ros.ros.audio_messages import INFO, STAMPED_CHUNK, STAMPED_RAW
from vinet_ros.ros.messages import ns_to_stamp

_INT16_CODE = 8  # PortAudio's
_INT16_NAME = "S16LE"  # GStreamer's


@dataclass(frozen=True, slots=True)
class SoundEncoder:
    """Makes the messages of one source.

    Args:
        types: The installed messages, of :func:`vinet_ros.ros.audio_messages.message_types`.
        rate_hz: Samples a second of each channel.
        channels: Interleaved.
        frame_id: Of the microphone.
    """

    types: Mapping[str, Any]
    rate_hz: int
    channels: int
    frame_id: str

    @property
    def kind(self) -> str:
        """Name of the message with the sound."""
        return STAMPED_CHUNK if STAMPED_CHUNK in self.types else STAMPED_RAW

    def sound(self, samples: npt.NDArray[np.int16], stamp_ns: int) -> Any:
        """Return a chunk as a message.

        Args:
            samples: (N, channels).
            stamp_ns: Of the first sample.
        """
        msg = self.types[self.kind]()
        msg.header.stamp, msg.header.frame_id = ns_to_stamp(stamp_ns), self.frame_id
        if self.kind == STAMPED_RAW:
            msg.audio.data = array("B", samples.astype("<i2").tobytes())
            return msg
        info = msg.audio.info
        info.format, info.rate = _INT16_CODE, self.rate_hz
        info.channels, info.chunk = self.channels, len(samples)
        msg.audio.audio_data.int16_data = array("h", samples.tobytes())
        return msg

    def info(self) -> Any:
        """Return what the bytes mean, as a message; None where each chunk tells it itself."""
        if self.kind == STAMPED_CHUNK:
            return None
        told = self.types[INFO]()
        told.channels, told.sample_rate = self.channels, self.rate_hz
        told.sample_format, told.coding_format = _INT16_NAME, "wave"
        told.bitrate = self.rate_hz * self.channels * 16
        return told
