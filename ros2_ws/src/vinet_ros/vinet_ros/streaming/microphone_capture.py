# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The process that listens, for :class:`~vinet_ros.streaming.microphone.Microphone`.

It is one of its own because PortAudio cannot let go of a device that is gone: its thread spins
and floods the error output, and neither abort nor close of the stream returns. A process can be
ended whatever its threads do, and a new one sees the devices that there are by then.

Usage: python -m vinet_ros.streaming.microphone_capture '{"device": "", "rate_hz": 0, ...}'

It writes records to its output, each a :data:`HEADER` and a payload: first one of :data:`TOLD`
(JSON: what was opened, or the error), then those of :data:`SOUND` (interleaved 16-bit samples).
It ends with its input.

Source:
    The fault: PortAudio issue 1037 (ALSA: infinite loops in the handling of errors).
"""

import json
import os
import queue
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import Any

HEADER = struct.Struct("=c?Iqqq")
"""Kind, whether samples were lost before these, bytes of the payload, number of the first sample,
when it was heard by the device's account (0: it has none), when the samples arrived (ns)."""
TOLD, SOUND = b"T", b"S"
SAMPLE_TYPE = "int16"
SAMPLE_BYTES = 2

_LATENCY_S = 0.2
"""Asked of the device: that long this process may be held up without losing sound. The sound comes
in a quarter of it."""
_MOST_WAITING = 400  # blocks for a reader that is held up: some 20 s
_MOST_STALE_S = 1.0


class _RefusedError(Exception):
    """The device cannot be opened as it was asked for; the text says why."""


class _Listener:
    """Takes what PortAudio gives, in its thread, and keeps it for the writer."""

    def __init__(self, channels: int) -> None:
        self.blocks: queue.Queue[bytes | None] = queue.Queue(_MOST_WAITING)
        self.stream: Any = None
        self._frame_bytes = SAMPLE_BYTES * channels
        self._position = 0

    def take(self, data: Any, count: int, times: Any, flags: Any) -> None:
        arrived_ns = time.time_ns()
        samples = bytes(data)
        head = HEADER.pack(
            SOUND,
            bool(flags.input_overflow),
            len(samples),
            self._position,
            self._heard_ns(times, arrived_ns),
            arrived_ns,
        )
        self._position += count
        with suppress(queue.Full):  # the numbers of the next samples tell how many these were
            self.blocks.put_nowait(head + samples)

    def _heard_ns(self, times: Any, now_ns: int) -> int:
        """Return when the first sample was heard by the system's clock; 0 if nobody says."""
        if times.inputBufferAdcTime <= 0:
            return 0
        age_s = times.currentTime - times.inputBufferAdcTime
        stale_s = self.stream.time - times.currentTime
        # Some drivers take these two from different clocks.
        age_s += stale_s if 0 <= stale_s < _MOST_STALE_S else 0.0
        return now_ns - int(age_s * 1e9)

    def ended(self) -> None:
        self.blocks.put(None)


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise _RefusedError(
            f"microphones need sounddevice: pip install 'vinet_ros[microphone]' ({error})"
        ) from error
    except OSError as error:
        raise _RefusedError(
            f"sounddevice needs PortAudio: apt install libportaudio2 ({error})"
        ) from error
    return sounddevice


def _inputs(devices: Any) -> str:
    """Return the devices that can listen, for people."""
    rows = [
        f"{index} {device['name']!r} ({device['max_input_channels']} channels, "
        f"{device['default_samplerate']:.0f} Hz)"
        for index, device in enumerate(devices)
        if device["max_input_channels"] > 0
    ]
    return ", ".join(rows) or "none at all; is a microphone plugged in, the sound server up?"


def _found(sounddevice: Any, name: str) -> Any:
    wanted = int(name) if name.isdecimal() else name or None
    try:
        return sounddevice.query_devices(wanted, "input")
    except (ValueError, sounddevice.PortAudioError) as error:
        kind = f"input device {name!r}" if name else "default input device"
        raise _RefusedError(
            f"there is no {kind} ({error}); set device to the number or a part of the name of "
            f"one of these: {_inputs(sounddevice.query_devices())}"
        ) from error


def _open(settings: dict[str, Any]) -> tuple[_Listener, dict[str, Any]]:
    """Start to listen; return the listener and what was opened."""
    sounddevice = _sounddevice()
    device = _found(sounddevice, settings["device"])
    rate_hz = settings["rate_hz"] or round(device["default_samplerate"])
    listener = _Listener(settings["channels"])
    try:
        listener.stream = stream = sounddevice.RawInputStream(
            samplerate=rate_hz,
            channels=settings["channels"],
            device=device["index"],
            dtype=SAMPLE_TYPE,
            latency=_LATENCY_S,
            callback=listener.take,
            finished_callback=listener.ended,
        )
        stream.start()
    except sounddevice.PortAudioError as error:
        raise _RefusedError(
            f"device {device['name']!r} does not give {rate_hz} samples a second of "
            f"{settings['channels']} channels ({error}); by itself it gives "
            f"{device['default_samplerate']:.0f} of at most {device['max_input_channels']}: set "
            "sample_rate (0: its own) and channels"
        ) from error
    told = {"name": device["name"], "rate_hz": rate_hz, "latency_s": float(stream.latency)}
    return listener, told


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(sys.stdout.fileno(), view) :]


def _tell(told: dict[str, Any]) -> None:
    text = json.dumps(told).encode()
    _write(HEADER.pack(TOLD, False, len(text), 0, 0, 0) + text)


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Listen until the input ends."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        listener, told = _open(json.loads(sys.argv[1]))
        _tell(told)
        while (block := listener.blocks.get()) is not None:
            _write(block)
        _tell({"error": "the device has ended the stream"})
    except _RefusedError as error:
        _tell({"error": str(error)})
    except BrokenPipeError:
        pass
    except Exception as error:
        _tell({"error": f"{type(error).__name__}: {error}"})
    os._exit(0)  # PortAudio's own end may never come


if __name__ == "__main__":
    main()
