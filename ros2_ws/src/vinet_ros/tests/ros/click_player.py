# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Plays a click each half second, and writes down when each of them is to be heard.

Usage: python click_player.py SECONDS OUT.json; written are pairs of a click's number of its sample
and its time (ns), by PulseAudio's own account of its delay. The right channel counts the samples,
so that none can get lost unseen.
"""

import ctypes
import json
import sys
import time
from pathlib import Path

import numpy as np
from sound_server import RATE_HZ

LEAD_S = 2.0  # without clicks: the sink changes its pace when somebody begins to play
PERIOD = RATE_HZ // 2
COUNTED = 30_000
CLICK = 20_000
_BLOCK = RATE_HZ // 100
_DELAY_S = 0.03
_UNSET = 0xFFFFFFFF
_S16LE, _PLAYBACK = 3, 1


class _Format(ctypes.Structure):
    _fields_ = (
        ("format", ctypes.c_int),
        ("rate", ctypes.c_uint32),
        ("channels", ctypes.c_uint8),
    )


class _Buffer(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint32)
        for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize")
    )


class Player:
    """A stream to the sink with a short and known delay, through libpulse-simple."""

    def __init__(self) -> None:
        self._pulse = ctypes.CDLL("libpulse-simple.so.0")
        self._pulse.pa_simple_new.restype = ctypes.c_void_p
        self._pulse.pa_simple_get_latency.restype = ctypes.c_uint64
        self._error = ctypes.c_int()
        target = 4 * round(_DELAY_S * RATE_HZ)
        self._stream = ctypes.c_void_p(
            self._pulse.pa_simple_new(
                None,
                b"clicks",
                _PLAYBACK,
                None,
                b"clicks",
                ctypes.byref(_Format(_S16LE, RATE_HZ, 2)),
                None,
                ctypes.byref(_Buffer(_UNSET, target, _UNSET, _UNSET, _UNSET)),
                ctypes.byref(self._error),
            )
        )
        assert self._stream, f"PulseAudio error {self._error.value}"

    def delay_ns(self) -> int:
        """Return how long what is written now takes to be heard."""
        error = ctypes.byref(self._error)
        return 1000 * int(self._pulse.pa_simple_get_latency(self._stream, error))

    def write(self, samples: np.ndarray) -> None:
        data = samples.astype("<i2").tobytes()
        error = ctypes.byref(self._error)
        failed = self._pulse.pa_simple_write(self._stream, data, ctypes.c_size_t(len(data)), error)
        if failed:
            raise EOFError(f"PulseAudio error {self._error.value}")


def play(seconds: float, out: Path) -> None:
    player = Player()
    clicks = []
    try:
        for first in range(0, round((LEAD_S + seconds) * RATE_HZ), _BLOCK):
            numbers = np.arange(first, first + _BLOCK)
            samples = np.stack([np.zeros(_BLOCK), numbers % COUNTED + 1], axis=1)
            if first % PERIOD == 0 and first >= LEAD_S * RATE_HZ:
                samples[0, 0] = CLICK
                clicks.append((first, time.time_ns() + player.delay_ns()))
            player.write(samples)
        time.sleep(0.5)
    except EOFError:
        pass  # the sound server was killed: what was heard until then counts
    out.write_text(json.dumps(clicks))


if __name__ == "__main__":
    play(float(sys.argv[1]), Path(sys.argv[2]))
