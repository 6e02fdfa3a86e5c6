# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Frames in, saliency maps out: what a live stream needs, whatever its source."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from vinet_ros.errors import FrameError, SoundError, VinetError
from vinet_ros.networks import list_models, load_model, model_spec
from vinet_ros.networks.weights import WeightsCard
from vinet_ros.preprocess import resize_frame
from vinet_ros.runtime import Executor, create_executor
from vinet_ros.runtime.base import FullWindow, Window
from vinet_ros.streaming.audio_chunk import ChunkKind
from vinet_ros.streaming.camera_motion import CameraMotion
from vinet_ros.streaming.frame_window import (
    NS_PER_S,
    FrameWindow,
    PushResult,
    Slot,
    Span,
    WindowCounters,
)
from vinet_ros.streaming.hearing import Hearing
from vinet_ros.streaming.skipped_slots import SkippedSlots

DEFAULT_RATE_HZ = 30.0
"""How long a single frame stands for where neither window nor network say."""


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
    """A frame window and a network behind one lock; with a network that hears, sound too.

    Push from any thread; predict from one other. A push resizes the frame and files it in the
    window, no more; a prediction copies the window's references under the lock and computes
    outside of it. Each frame is encoded at most once, and only if a prediction needs it.

    Args:
        model: A name of the catalog, or a network that is ready.
        weights: A weight file; None: the bundled weights. Not for a ready network.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:n``.
        precision: ``auto``, ``fp32``, ``fp16``, ``bf16`` or ``int8``.
        window_rate_hz: Slots a second; 0: the rate that the weights were trained at; negative:
            every frame as it comes.
        max_gap_s: A longer gap between two frames starts the window anew.
        warmup: ``repeat_first`` or ``wait``, until the window is full.
        skipped_slots: What stands in the window for slots that no prediction was made of, because
            it came too late: ``encode`` their own frames, then a map depends on the frames alone;
            ``repeat`` the encoded frame before, as a slower camera would, then a prediction never
            costs more than one encoding; or ``auto``: encode one of them, unless slots were
            skipped before the last prediction too, and repeat in the others.
            A network that keeps the frames themselves, as ViNet does, always gets its own.
        model_options: Options of the network, where they cannot be read off the weights.
        executor: A ready executor; then no weights are loaded, and ``model`` is only its name.
        allow_cpu_fallback: Run on the CPU where the CUDA device is not there.
        path: ``auto``, ``torch`` or ``openvino``.
        threads: Threads on the CPU; None leaves the choice to the path.
        audio_offset_s: Added to each stamp of sound: above zero, it belongs to later frames.
        stabilize: Take the camera's own motion off the window, where the network can: what moves
            by itself is seen before a camera that turns too. For a head; with other cameras it
            changes little, for better or worse.
        share: What overlapping windows share of the work of ViNet and AViNet: ``off``, ``exact``,
            ``approximate`` or ``auto``; for streams of which every frame is predicted.

    Attributes:
        hearing: The sound and what predictions got of it; None where the network takes none.
        stabilization: "on", "off", or that the network cannot use it.

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
        skipped_slots: str = "encode",
        model_options: Mapping[str, Any] | None = None,
        executor: Executor | None = None,
        allow_cpu_fallback: bool = True,
        path: str = "auto",
        threads: int | None = None,
        audio_offset_s: float = 0.0,
        stabilize: bool = False,
        share: str = "off",
    ) -> None:
        self.model_name = model if isinstance(model, str) else type(model).__name__
        known = executor is None or not isinstance(model, str) or model in list_models()
        self._model_rate_hz = _rate_of(model) if known else 0.0
        self._skipped = SkippedSlots(skipped_slots)
        # Fail on the window's arguments before seconds are spent on the network.
        FrameWindow(1, window_rate_hz or 1.0, max_gap_s, warmup)
        if executor is None:
            network = _network(model, weights, model_options or {})
            del model  # the executor may keep a copy of its own; let the memory go
            executor = create_executor(
                network, device, precision, allow_cpu_fallback, path, threads, share=share
            )
        self.executor = executor
        self.hearing = _hearing(executor, audio_offset_s)
        can = executor.traits.motion_shape is not None
        self._camera = CameraMotion() if stabilize and can else None
        self.stabilization = "off" if not stabilize else "on" if can else "not with this network"
        self.card: WeightsCard | None = executor.traits.card
        if self.card is not None:
            self._model_rate_hz = self.card.rate_hz
        self._lock = threading.Lock()  # guards the window
        self._inference = threading.Lock()  # guards the executor
        self._closed = False
        self._window = self._new_window(window_rate_hz, max_gap_s, warmup)
        # What the newest prediction was made of.
        self._predicted: Window | None = None
        self._excerpt: npt.NDArray[np.float32] | None = None

    def push_frame(
        self,
        rgb: npt.NDArray[np.uint8],
        stamp_ns: int,
        source_size: tuple[int, int] | None = None,
    ) -> PushResult:
        """File one frame in the window.

        Args:
            rgb: (H, W, 3) uint8, any size; it may be written to again afterwards.
            stamp_ns: Time of the exposure in nanoseconds.
            source_size: (height, width) as the camera gave it, where it was resized before.

        Raises:
            FrameError: If the frame or the stamp cannot be used; the window is left as it was.
        """
        if not isinstance(rgb, np.ndarray):
            raise FrameError(
                f"expected a frame as a NumPy array (H, W, 3), got {type(rgb).__name__}; "
                "convert it first"
            )
        stamp_ns = _checked_stamp(stamp_ns)
        frame = resize_frame(rgb, self.executor.input_size)
        if np.may_share_memory(frame, rgb):
            frame = rgb.copy()  # the caller's buffer may hold the next frame soon
        source_size = source_size or (int(rgb.shape[0]), int(rgb.shape[1]))
        with self._lock:
            return self._window.push(frame, stamp_ns, source_size)

    def push_audio(
        self, samples: npt.NDArray[np.float32], rate_hz: int, stamp_ns: int | None
    ) -> ChunkKind:
        """Take a chunk of sound; without any, predictions are made with silence.

        Args:
            samples: (N,) or (N, channels), floating, -1..1.
            rate_hz: Samples a second of each channel.
            stamp_ns: When the first sample was heard; None where nobody knows: the chunk then
                follows the one before.

        Raises:
            SoundError: If it is no sound; what was heard before stays.
            VinetError: If the network takes no sound.
        """
        if self.hearing is None:
            raise VinetError(f"model {self.model_name} takes no audio; push frames only")
        stamp_ns = None if stamp_ns is None else _checked_stamp(stamp_ns, SoundError)
        return self.hearing.push(samples, rate_hz, stamp_ns)

    def predict(self, on_start: Callable[[], object] | None = None) -> SaliencyMap | None:
        """Return the map of the newest window, or None while there is none.

        Where others use the network too, that is the window that there is when its turn comes.

        Args:
            on_start: Called when the turn has come, just before the window is looked at.

        Raises:
            VinetError: If the network gave NaN or infinity, or the predictor is closed.
        """

        def take() -> Sequence[Slot] | None:
            if on_start is not None:
                on_start()
            with self._lock:
                slots, span = self._window.snapshot(), self._window.span()
            if slots is None or span is None:
                return None
            keeps = self.executor.traits.keeps_frames
            return self._full(slots if keeps else self._skipped.filled(slots), span)

        with self._inference:
            if self._closed:
                raise VinetError("the predictor is closed; make a new one")
            prediction = self.executor.predict_newest(take)
            if prediction is not None:
                self._predicted = prediction.window
        if prediction is None:
            return None
        return self._checked(prediction.values, prediction.window[-1].stamp_ns)

    def predict_again(self, samples: npt.NDArray[np.float32]) -> SaliencyMap | None:
        """Return the map of the newest prediction's window with another sound, or None before any.

        Call it from the thread that predicts. Window and sound stay as they are.

        Args:
            samples: Mono (N,), -1..1, in place of :attr:`newest_excerpt` and at its rate; none
                at all is silence.

        Raises:
            VinetError: If the network takes no sound or gave NaN or infinity, or the predictor is
                closed.
        """
        if self.hearing is None:
            raise VinetError(f"model {self.model_name} takes no audio; use avinet")
        with self._inference:
            if self._closed:
                raise VinetError("the predictor is closed; make a new one")
            if self._predicted is None:
                return None
            motion = getattr(self._predicted, "motion", None)
            window = FullWindow(self._predicted, self.sound_of(samples), motion)
            (values,) = self.executor.predict_windows([window])
        return self._checked(values, window[-1].stamp_ns)

    @property
    def newest_excerpt(self) -> npt.NDArray[np.float32] | None:
        """Sound of the newest prediction, mono (N,), as it was heard; None before any.

        Its rate is that of the network's :class:`~vinet_ros.sound_forms.SoundForm`.
        """
        return self._excerpt

    def sound_of(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the network's input of the sound of a clip, mono (N,) at the network's rate.

        Raises:
            VinetError: If the network takes no sound.
        """
        form = self.executor.traits.sound_form
        if form is None:
            raise VinetError(f"model {self.model_name} takes no audio; use avinet")
        return form.make(samples)

    def reset(self) -> None:
        """Forget all frames and sound; the next frame starts the window anew."""
        with self._lock:
            self._window.reset()
        if self.hearing is not None:
            self.hearing.reset()

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

    def _full(self, slots: Sequence[Slot], span: Span) -> Sequence[Slot]:
        """Return a window with its sound and its camera's motion, where the network takes them."""
        sound = None if self.hearing is None else self._heard(self.hearing, span)
        motion = None if self._camera is None else self._camera.of_window(slots)
        return FullWindow(slots, sound, motion)

    def _heard(self, hearing: Hearing, span: Span) -> npt.NDArray[np.float32]:
        if span.period_s == 0:  # one frame does not say how long it stands for
            span = replace(span, period_s=1.0 / (self._model_rate_hz or DEFAULT_RATE_HZ))
        self._excerpt = hearing.excerpt(span)
        return self.sound_of(self._excerpt)

    def _checked(self, values: npt.NDArray[np.float32], stamp_ns: int) -> SaliencyMap:
        if not np.isfinite(values).all():
            raise VinetError(
                f"network {self.model_name} gave NaN or infinity on {self.executor.name}; check "
                "the weights, or use precision fp32"
            )
        return SaliencyMap(values, stamp_ns)

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


def _hearing(executor: Executor, offset_s: float) -> Hearing | None:
    form = executor.traits.sound_form
    return None if form is None else Hearing(offset_s, form.rate_hz)


def _rate_of(model: str | nn.Module) -> float:
    if isinstance(model, str):
        return model_spec(model).rate_hz
    return float(getattr(model, "rate_hz", 0.0))


def _checked_stamp(stamp_ns: int, error: type[VinetError] = FrameError) -> int:
    if isinstance(stamp_ns, int | np.integer) and not isinstance(stamp_ns, bool):
        return int(stamp_ns)
    raise error(
        f"expected a stamp as a whole number of nanoseconds, got {stamp_ns!r}; "
        "multiply seconds by 1e9 and round"
    )
