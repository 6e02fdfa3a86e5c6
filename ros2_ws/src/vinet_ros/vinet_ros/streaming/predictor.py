"""Frames in, saliency maps out: what a live stream needs, whatever its source."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from vinet_ros.errors import FrameError, VinetError
from vinet_ros.networks import load_model, model_spec
from vinet_ros.networks.weights import WeightsCard, card_of
from vinet_ros.preprocess import resize_rgb
from vinet_ros.runtime import Executor, create_executor
from vinet_ros.streaming.frame_window import (
    NS_PER_S,
    FrameWindow,
    PushResult,
    Slot,
    WindowCounters,
)


@dataclass(frozen=True, slots=True, eq=False)
class SaliencyMap:
    """Where a person would look in one frame.

    Attributes:
        values: (h, w) float32, 0 to 1, at the network's resolution.
        stamp_ns: Stamp of the newest frame that it was computed from.
    """

    values: npt.NDArray[np.float32]
    stamp_ns: int


class Predictor:
    """A frame window and a network behind one lock.

    Push from any thread; predict from one other. A push resizes the frame and files it in the
    window, no more; a prediction copies the window's references under the lock and computes
    outside of it. Each frame is encoded at most once, and only if a prediction needs it.

    Args:
        model: A name of the catalog, or a network that is ready.
        weights: A weight file; None: the bundled weights. Not for a ready network.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:n``.
        precision: ``auto``, ``fp32``, ``fp16`` or ``bf16``.
        window_rate_hz: Slots a second; 0: the rate that the weights were trained at; negative:
            every frame as it comes.
        max_gap_s: A longer gap between two frames starts the window anew.
        warmup: ``repeat_first`` or ``wait``, until the window is full.
        model_options: Options of the network, where they cannot be read off the weights.
        executor: A ready executor; then no weights are loaded, and ``model`` is only its name.
        allow_cpu_fallback: Run on the CPU where the CUDA device is not there.
        path: ``auto``, ``torch`` or ``openvino``.
        threads: Threads on the CPU; None leaves the choice to the path.

    Raises:
        ValueError: If an argument is out of its range.
        WeightsError: If there are no weights, or they do not fit.
        DeviceError: If the device, precision or path is not available.
    """

    def __init__(
        self,
        model: str | nn.Module = "vinet_lite",
        weights: str | Path | None = None,
        device: str = "cpu",
        *,
        precision: str = "auto",
        window_rate_hz: float = 0.0,
        max_gap_s: float = 0.5,
        warmup: str = "repeat_first",
        model_options: Mapping[str, Any] | None = None,
        executor: Executor | None = None,
        allow_cpu_fallback: bool = True,
        path: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.model_name = model if isinstance(model, str) else type(model).__name__
        self.card: WeightsCard | None = None
        self._model_rate_hz = _rate_of(model)
        # Fail on the window's arguments before seconds are spent on the network.
        FrameWindow(1, window_rate_hz or 1.0, max_gap_s, warmup)
        if executor is None:
            network = _network(model, weights, model_options or {})
            self.card = card_of(network)
            del model  # the executor may keep a copy of its own; let the memory go
            executor = create_executor(
                network, device, precision, allow_cpu_fallback, path, threads
            )
        self.executor = executor
        if self.card is not None:
            self._model_rate_hz = self.card.rate_hz
        self._lock = threading.Lock()  # guards the window
        self._inference = threading.Lock()  # guards the executor
        self._closed = False
        self._window = self._new_window(window_rate_hz, max_gap_s, warmup)

    def push_frame(self, rgb: npt.NDArray[np.uint8], stamp_ns: int) -> PushResult:
        """File one frame in the window.

        Args:
            rgb: (H, W, 3) uint8, any size; it may be written to again afterwards.
            stamp_ns: Time of the exposure in nanoseconds.

        Raises:
            FrameError: If the frame or the stamp cannot be used; the window is left as it was.
        """
        if not isinstance(rgb, np.ndarray):
            raise FrameError(
                f"expected a frame as a NumPy array (H, W, 3), got {type(rgb).__name__}; "
                "convert it first"
            )
        stamp_ns = _checked_stamp(stamp_ns)
        frame = resize_rgb(rgb, self.executor.input_size)
        if np.may_share_memory(frame, rgb):
            frame = rgb.copy()  # the caller's buffer may hold the next frame soon
        source_size = (int(rgb.shape[0]), int(rgb.shape[1]))
        with self._lock:
            return self._window.push(frame, stamp_ns, source_size)

    def push_audio(self, samples: npt.NDArray[np.float32], rate_hz: int, stamp_ns: int) -> None:
        """Refuse sound: no model of the catalog takes it yet.

        Raises:
            VinetError: Always.
        """
        raise VinetError(f"model {self.model_name} takes no audio; push frames only")

    def predict(self) -> SaliencyMap | None:
        """Return the map of the newest window, or None while there is none.

        Raises:
            VinetError: If the network gave NaN or infinity, or the predictor is closed.
        """
        with self._lock:
            slots = self._window.snapshot()
        if slots is None:
            return None
        with self._inference:
            if self._closed:
                raise VinetError("the predictor is closed; make a new one")
            values = self.executor.predict([self._kept(slot) for slot in slots])
        if not np.isfinite(values).all():
            raise VinetError(
                f"network {self.model_name} gave NaN or infinity on {self.executor.name}; check "
                "the weights, or use precision fp32"
            )
        return SaliencyMap(values, slots[-1].stamp_ns)

    def reset(self) -> None:
        """Forget all frames; the next one starts the window anew."""
        with self._lock:
            self._window.reset()

    def configure_window(
        self,
        *,
        rate_hz: float | None = None,
        max_gap_s: float | None = None,
        warmup: str | None = None,
    ) -> None:
        """Begin an empty window with other settings; None keeps one. The counts go on.

        Raises:
            ValueError: If an argument is out of its range; the window is left as it was.
        """
        with self._lock:
            now = self._window
            window = self._new_window(
                now.rate_hz if rate_hz is None else rate_hz,
                now.max_gap_ns / NS_PER_S if max_gap_s is None else max_gap_s,
                now.warmup if warmup is None else warmup,
            )
            window.take_counts(now)
            self._window = window

    def close(self) -> None:
        """Give back what the network holds, once a running prediction has ended."""
        with self._inference:
            self._closed = True
            self.executor.close()

    @property
    def counters(self) -> WindowCounters:
        """What happened to the window since the predictor was made."""
        with self._lock:
            return self._window.counters

    @property
    def window_fill(self) -> float:
        """Share of the window's slots that have passed since its start, 0 to 1."""
        with self._lock:
            return self._window.fill

    @property
    def window_rate_hz(self) -> float:
        """Slots a second; negative: every frame is a slot."""
        return self._window.rate_hz

    @property
    def newest_stamp_ns(self) -> int | None:
        """Stamp of the newest frame in the window, or None when empty."""
        with self._lock:
            return self._window.newest_stamp_ns

    def _kept(self, slot: Slot) -> Any:
        if slot.kept is None:
            slot.kept = self.executor.encode(slot.frame)
        return slot.kept

    def _new_window(self, rate_hz: float, max_gap_s: float, warmup: str) -> FrameWindow:
        if rate_hz == 0:
            rate_hz = self._model_rate_hz
        if rate_hz == 0:
            raise ValueError(
                f"{self.model_name} does not say its rate; give window_rate_hz, or -1 for every "
                "frame as it comes"
            )
        return FrameWindow(self.executor.clip_length, rate_hz, max_gap_s, warmup)


def _network(
    model: str | nn.Module, weights: str | Path | None, options: Mapping[str, Any]
) -> nn.Module:
    if isinstance(model, str):
        return load_model(model, weights, **options)
    if weights is not None or options:
        raise ValueError("weights and model_options go with a model's name, not a ready network")
    return model.eval()


def _rate_of(model: str | nn.Module) -> float:
    if isinstance(model, str):
        return model_spec(model).rate_hz
    return float(getattr(model, "rate_hz", 0.0))


def _checked_stamp(stamp_ns: int) -> int:
    if isinstance(stamp_ns, int | np.integer) and not isinstance(stamp_ns, bool):
        return int(stamp_ns)
    raise FrameError(
        f"expected a stamp as a whole number of nanoseconds, got {stamp_ns!r}; "
        "multiply seconds by 1e9 and round"
    )
