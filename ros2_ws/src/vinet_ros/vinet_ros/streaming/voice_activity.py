# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Whether somebody speaks, frame by frame of 32 ms: by a network, or by loudness alone."""

from __future__ import annotations

import importlib.util
from collections import deque
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import soxr

FRAME_S = 0.032
"""What one answer is about."""
_SILERO_FILE = "silero_vad_openvino_16k.onnx"
_SILERO_HZ, _SILERO_SAMPLES, _SILERO_CONTEXT = 16_000, 512, 64
_SILERO_CHANCE = 0.5  # its authors' own threshold
_BAND_HZ = (200.0, 3_800.0)
_FLOOR_S = 3.0  # nobody speaks for longer without a pause
_ABOVE_FLOOR = 10 ** (9 / 10)  # power
_LEAST_POWER = 10 ** (-60 / 10)  # of full scale 1

Samples = npt.NDArray[np.float32]
Voiced = npt.NDArray[np.bool_]


class VoiceGate(Protocol):
    """Tells voice from other sound."""

    name: str

    def start(self, rate_hz: int) -> None:
        """Forget all and expect sound of a rate."""

    def push(self, mono: Samples) -> Voiced:
        """Take sound (N,), return for each frame that it completes whether there is a voice."""


def voice_gate() -> VoiceGate:
    """Return silero-vad where it and OpenVINO are installed, else the energy gate."""
    file = silero_file()
    if file is None:
        return EnergyGate()
    try:
        return SileroGate(file)
    except RuntimeError as error:  # what OpenVINO raises for a file that it cannot run
        gate = EnergyGate()
        reason = str(error).strip().partition("\n")[0]
        gate.name = f"energy (silero-vad cannot be run: {reason})"
        return gate


def silero_file() -> Path | None:
    """Return the network file of the installed silero-vad; None where it cannot be run."""
    found = importlib.util.find_spec("silero_vad")  # not imported: it would import torchaudio
    if found is None or importlib.util.find_spec("openvino") is None:
        return None
    folders = found.submodule_search_locations or ()
    files = (Path(folder) / "data" / _SILERO_FILE for folder in folders)
    return next((file for file in files if file.is_file()), None)


class EnergyGate:
    """A frame is voice where it is 9 dB louder than the quietest of the last three seconds.

    Only frequencies of speech count. It cannot tell a voice from a knock or from music.
    """

    def __init__(self) -> None:
        self.name = "energy"
        self.start(_SILERO_HZ)

    def start(self, rate_hz: int) -> None:
        """Forget all and expect sound of a rate."""
        self._rest = np.zeros(0, np.float32)
        self._size = max(round(FRAME_S * rate_hz), 2)
        frequencies = np.fft.rfftfreq(self._size, 1 / rate_hz)
        self._band = (frequencies >= _BAND_HZ[0]) & (frequencies <= _BAND_HZ[1])
        self._powers: deque[float] = deque(maxlen=round(_FLOOR_S / FRAME_S))

    def push(self, mono: Samples) -> Voiced:
        """Take sound (N,), return for each frame that it completes whether there is a voice."""
        frames, self._rest = _frames(self._rest, mono, self._size)
        spectra = np.fft.rfft(frames * np.hanning(self._size), axis=1)[:, self._band]  # (K, F)
        scale = 2.0 / (self._size * np.square(np.hanning(self._size)).sum())
        return np.array([self._is_loud(p) for p in scale * _power(spectra)], bool)

    def _is_loud(self, power: float) -> bool:
        self._powers.append(power)
        return power > max(_ABOVE_FLOOR * min(self._powers), _LEAST_POWER)


class SileroGate:
    """The network of silero-vad, run by OpenVINO on one thread; sound is resampled to 16 kHz.

    Args:
        file: Its network for 16 kHz.

    Source:
        Silero Team, "Silero VAD: pre-trained enterprise-grade voice activity detector", 2021.
    """

    def __init__(self, file: Path) -> None:
        import openvino  # here, as it is not needed where silero-vad is not installed

        self.name = "silero"
        core = openvino.Core()
        model = core.read_model(str(file))
        threads = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
        self._request: Any = core.compile_model(model, "CPU", threads).create_infer_request()
        self.start(_SILERO_HZ)

    def start(self, rate_hz: int) -> None:
        """Forget all and expect sound of a rate."""
        self._resampler = soxr.ResampleStream(rate_hz, _SILERO_HZ, 1, dtype="float32")
        self._rest = np.zeros(0, np.float32)
        self._before = np.zeros(_SILERO_CONTEXT, np.float32)
        self._state = np.zeros((2, 1, 128), np.float32)

    def push(self, mono: Samples) -> Voiced:
        """Take sound (N,), return for each frame that it completes whether there is a voice."""
        sound = self._resampler.resample_chunk(mono)
        frames, self._rest = _frames(self._rest, sound, _SILERO_SAMPLES)
        return np.array([self._chance(frame) >= _SILERO_CHANCE for frame in frames], bool)

    def _chance(self, frame: Samples) -> float:
        sound = np.concatenate((self._before, frame))
        outputs = self._request.infer({"input": sound[None], "state": self._state})
        self._state = outputs["stateN"].copy()
        self._before = frame[-_SILERO_CONTEXT:]
        return float(outputs["output"][0, 0])


def _frames(rest: Samples, sound: Samples, size: int) -> tuple[Samples, Samples]:
    """Return the whole frames (K, size), and what is left over."""
    all_of_it = np.concatenate((rest, sound))
    whole = len(all_of_it) // size * size
    return all_of_it[:whole].reshape(-1, size), all_of_it[whole:]


def _power(spectra: npt.NDArray[np.complexfloating]) -> npt.NDArray[np.float64]:
    power: npt.NDArray[np.float64] = np.square(np.abs(spectra)).sum(axis=1)
    return power
