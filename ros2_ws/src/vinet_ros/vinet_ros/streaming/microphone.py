# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A microphone of this machine, without ROS: blocks of sound with their times."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from vinet_ros.errors import SoundError
from vinet_ros.streaming.microphone_capture import HEADER, SOUND

OPENING_S = 15.0
"""For a device to open and to give its first sound; a sound server may be slow about it."""
SILENT_S = 2.0
"""Without a sample for that long a device is gone: silence has samples too."""

_READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class MicrophoneSettings:
    """What to listen to.

    Args:
        device: Number or a part of the name; empty: the default device.
        rate_hz: Samples a second of each channel; 0: the device's own.
        channels: Interleaved.
    """

    device: str = ""
    rate_hz: int = 0
    channels: int = 1


@dataclass(frozen=True, slots=True)
class OpenedDevice:
    """What was opened.

    Args:
        name: Of the device.
        rate_hz: Samples a second of each channel.
        latency_s: What the device may hold back.
    """

    name: str
    rate_hz: int
    latency_s: float


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """Sound as the device gave it.

    Args:
        samples: (N, channels) int16.
        position: Number of the first sample since the device was opened; more than the end of
            the block before where samples were lost between.
        heard_ns: When it was heard, by the device's account; 0 if it has none.
        arrived_ns: When the last one arrived.
        overrun: Whether the device has lost samples before these, nobody knows how many.
    """

    samples: npt.NDArray[np.int16]
    position: int
    heard_ns: int
    arrived_ns: int
    overrun: bool


class Microphone:
    """Listens in a process of its own, which is ended with the device.

    It can be opened again after every error. :meth:`close` may be called from any thread: what
    waits for sound then raises.

    Args:
        settings: What to listen to.
    """

    def __init__(self, settings: MicrophoneSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()
        self._heard = False

    def open(self) -> OpenedDevice:
        """Start to listen.

        Raises:
            SoundError: If there is no such device (it names those that there are), if it does
                not give what is asked for, or if sounddevice or PortAudio is missing.
        """
        self._end()
        with self._lock:
            if self._closed:
                raise SoundError("the microphone is closed")
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "vinet_ros.streaming.microphone_capture"),
                    json.dumps(asdict(self._settings)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # the libraries below print what is no fault
                process_group=0,  # a Ctrl-C is for the node alone
            )
        self._buffer.clear()
        self._heard = False
        try:
            told = json.loads(self._record()[1])
            if "error" in told:
                raise SoundError(told["error"])
        except BaseException:
            self._end()
            raise
        device = OpenedDevice(**told)
        self._settings = replace(self._settings, rate_hz=device.rate_hz)  # also when it is back
        return device

    def read(self) -> SoundBlock:
        """Wait for the next sound.

        Raises:
            SoundError: If the device is gone.
        """
        try:
            (kind, overrun, _, position, heard_ns, arrived_ns), payload = self._record()
            if kind != SOUND:
                raise SoundError(json.loads(payload)["error"])
        except SoundError:
            self._end()
            raise
        self._heard = True
        samples = np.frombuffer(payload, np.int16).reshape(-1, self._settings.channels)
        return SoundBlock(samples, position, heard_ns, arrived_ns, overrun)

    def close(self) -> None:
        """Stop for good."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def _record(self) -> tuple[tuple[bytes, bool, int, int, int, int], bytes]:
        end_s = time.monotonic() + (SILENT_S if self._heard else OPENING_S)
        head = HEADER.unpack(self._bytes(HEADER.size, end_s))
        return head, self._bytes(head[2], end_s)

    def _bytes(self, count: int, end_s: float) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while len(self._buffer) < count:
            if not select.select([pipe], [], [], max(0.0, end_s - time.monotonic()))[0]:
                raise SoundError("the device gives no more samples")
            data = os.read(pipe, _READ_BYTES)
            if not data:
                raise SoundError("the process that listens has ended")
            self._buffer += data
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _end(self) -> None:
        """End the process: a thread of it may be spinning, so nothing less will do."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
