# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Sound messages of both packages that are called audio_common_msgs.

They share the names AudioData and AudioInfo with different fields, and a system has one of them.
Which one is told by the fields, so nothing here imports either.

- chunks: AudioStamped with the samples in a field of their type and a PortAudio format code;
- bytes: AudioData and AudioDataStamped with raw bytes, whose format is in an AudioInfo of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from vinet_ros.errors import SoundError, VinetError
from vinet_ros.streaming.audio_chunk import MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ

PACKAGE = "audio_common_msgs"
STAMPED_CHUNK, RAW, STAMPED_RAW, INFO = (
    "AudioStamped",
    "AudioData",
    "AudioDataStamped",
    "AudioInfo",
)

# PortAudio's codes, the field that holds such samples, and what is full scale.
_CODES: Mapping[int, tuple[str, np.dtype[Any], float]] = {
    1: ("float32_data", np.dtype("f4"), 1.0),
    2: ("int32_data", np.dtype("i4"), 2.0**31),
    8: ("int16_data", np.dtype("i2"), 2.0**15),
    16: ("int8_data", np.dtype("i1"), 2.0**7),
    32: ("uint8_data", np.dtype("u1"), 2.0**7),
}
# GStreamer's names.
_FORMATS: Mapping[str, tuple[np.dtype[Any], float]] = {
    "S16LE": (np.dtype("<i2"), 2.0**15),
    "S32LE": (np.dtype("<i4"), 2.0**31),
    "F32LE": (np.dtype("<f4"), 1.0),
}
_MOST_TEXT = 20


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """What bytes of sound mean.

    Args:
        name: S16LE, S32LE or F32LE.
        rate_hz: Samples a second of each channel.
        channels: Interleaved.

    Raises:
        SoundError: If it cannot be used.
    """

    name: str
    rate_hz: int
    channels: int

    def __post_init__(self) -> None:
        if self.name not in _FORMATS:
            raise SoundError(
                f"expected sound as {', '.join(_FORMATS)}, got {_short(self.name)!r}; set the "
                "driver's sample_format"
            )
        _check_source(self.rate_hz, self.channels)

    @classmethod
    def parse(cls, text: str) -> "SoundFormat":
        """Return the format that a text such as ``S16LE 16000 1`` tells.

        Raises:
            SoundError: If it does not.
        """
        words = text.split()
        if len(words) != 3 or not all(word.isdecimal() for word in words[1:]):
            raise SoundError(
                f"expected a format, a rate and a number of channels such as 'S16LE 16000 1', got "
                f"{_short(text)!r}"
            )
        return cls(words[0].upper(), int(words[1]), int(words[2]))

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return _FORMATS[self.name][0].itemsize * self.channels


@dataclass(frozen=True, slots=True)
class Chunk:
    """Sound out of a message.

    Args:
        samples: (N, channels) float32, -1 to 1.
        rate_hz: Samples a second of each channel.
        stamp_ns: Of the first sample; None where the message has none.
        format_name: As the driver calls it.
        frame_id: Of the message; empty where it has none.
    """

    samples: npt.NDArray[np.float32]
    rate_hz: int
    stamp_ns: int | None
    format_name: str
    frame_id: str = ""

    @property
    def length_ns(self) -> int:
        """How long it lasts."""
        return round(len(self.samples) * 1_000_000_000 / self.rate_hz)


def message_types(otherwise: str = ", or set audio_type to none") -> dict[str, Any]:
    """Return the sound messages of the installed package by name; AudioInfo among them.

    Args:
        otherwise: What else can be done where it is not installed, for the error.

    Raises:
        VinetError: If no package, or another one of that name, is installed.
    """
    try:
        module: ModuleType = import_module(f"{PACKAGE}.msg")
    except ImportError as error:
        raise VinetError(
            f"sound needs {PACKAGE}, which is not installed ({error}); install the package of "
            "your microphone's driver (ros-$ROS_DISTRO-audio-common-msgs, or audio_common of "
            f"github.com/mgonzs13){otherwise}"
        ) from error
    kinds = {
        name: getattr(module, name)
        for name in (STAMPED_CHUNK, RAW, STAMPED_RAW, INFO)
        if hasattr(module, name)
    }
    if STAMPED_CHUNK in kinds:
        return {STAMPED_CHUNK: kinds[STAMPED_CHUNK]}
    if RAW in kinds and INFO in kinds and "data" in _fields(kinds[RAW]):
        return kinds
    raise VinetError(
        f"{PACKAGE} as it is installed here is none of the two that are known: it has "
        f"{', '.join(kinds) or 'no sound messages'}; install one of them{otherwise}"
    )


def info_format(info: Any) -> SoundFormat:
    """Return the format that an AudioInfo of the bytes tells.

    Raises:
        SoundError: If the sound is coded, or of a format that cannot be used.
    """
    coding = str(info.coding_format).lower()
    if coding not in ("", "wave", "wav", "raw", "pcm"):
        raise SoundError(
            f"the sound is coded as {_short(coding)!r}, expected plain samples; start the driver "
            "with format:=wave"
        )
    return SoundFormat(str(info.sample_format).upper(), int(info.sample_rate), int(info.channels))


def bytes_chunk(msg: Any, told: SoundFormat) -> Chunk:
    """Return the sound of an AudioData or AudioDataStamped.

    Args:
        msg: The message.
        told: What its bytes mean.

    Raises:
        SoundError: If they are not whole samples of all channels.
    """
    stamped = hasattr(msg, "audio")
    data = np.asarray(msg.audio.data if stamped else msg.data, np.uint8)
    if len(data) == 0 or len(data) % told.frame_bytes:
        raise SoundError(
            f"expected whole samples of {told.channels} channels of {told.name}, "
            f"{told.frame_bytes} bytes each, got {len(data)} bytes; is audio_info true?"
        )
    kind, full = _FORMATS[told.name]
    samples = data.view(kind).reshape(-1, told.channels).astype(np.float32) / np.float32(full)
    if not stamped:
        return Chunk(samples, told.rate_hz, None, told.name)
    return Chunk(samples, told.rate_hz, _stamp_ns(msg), told.name, str(msg.header.frame_id))


def stamped_chunk(msg: Any) -> Chunk:
    """Return the sound of an AudioStamped.

    Raises:
        SoundError: If it contradicts itself or its format cannot be used.
    """
    info, sound = msg.audio.info, msg.audio.audio_data
    code, rate_hz, channels = int(info.format), int(info.rate), int(info.channels)
    _check_source(rate_hz, channels)
    if code not in _CODES:
        known = ", ".join(f"{number} ({_name(number)})" for number in _CODES)
        raise SoundError(
            f"expected one of PortAudio's formats {known}, got {code}; set the driver's format"
        )
    field, kind, full = _CODES[code]
    data = np.asarray(getattr(sound, field), kind)
    if len(data) == 0 or len(data) % channels:
        raise SoundError(
            f"expected whole samples of {channels} channels in {field}, got {len(data)} numbers; "
            "is the format code true?"
        )
    values = data.reshape(-1, channels).astype(np.float32)
    if code == 32:  # unsigned: silence is in the middle
        values -= np.float32(full)
    frame_id = str(msg.header.frame_id)
    return Chunk(values / np.float32(full), rate_hz, _stamp_ns(msg), _name(code), frame_id)


def _check_source(rate_hz: int, channels: int) -> None:
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ or not 1 <= channels <= MAX_CHANNELS:
        raise SoundError(
            f"expected {MIN_RATE_HZ} to {MAX_RATE_HZ} samples a second of 1 to {MAX_CHANNELS} "
            f"channels, got {rate_hz} of {channels}; check what the driver says"
        )


def _name(code: int) -> str:
    return _CODES[code][0].removesuffix("_data")


def _fields(kind: Any) -> Mapping[str, str]:
    fields: Mapping[str, str] = kind.get_fields_and_field_types()
    return fields


def _stamp_ns(msg: Any) -> int:
    stamp = msg.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}..."
