# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""From pushed frames to published gaze: the window, the network and the thread between."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header

from vinet_ros.errors import FrameError, VinetError
from vinet_ros.ros.audio_effect import AudioEffect
from vinet_ros.ros.frame_history import Frame, FrameHistory
from vinet_ros.ros.health import WorkHealth
from vinet_ros.ros.messages import ns_to_stamp
from vinet_ros.ros.model_setup import LoadedModel, LoadModel
from vinet_ros.ros.record import Record
from vinet_ros.ros.saliency_outputs import SaliencyOutputs
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.ros.voice_tracking import VoiceTracking
from vinet_ros.ros.worker import Worker
from vinet_ros.streaming import Predictor, PushResult, SaliencyMap
from vinet_ros.streaming.audio_chunk import ChunkKind
from vinet_ros.streaming.camera_view import Calibration, CameraView
from vinet_ros.streaming.gaze_pipeline import GazePipeline, GazePoint
from vinet_ros.streaming.scene import Scene

STOP_PATIENCE_S = 60.0
"""How long the end of a prediction is waited for."""


class SaliencyLoop:
    """Frames go in from the executor's thread; a worker predicts and publishes.

    Args:
        node: Whose clock and log are used.
        loaded: The network.
        load: Builds it anew on the CPU, when its device fails.
        outputs: The publishers.
        settings: Gives the parameters of this moment.
        calibration: The camera's.
        record: Where times and incidents are noted.
        on_failure: Called, from the worker, with an error that nothing here can mend.
        voices: What is heard, where that is to guide the gaze.
    """

    def __init__(
        self,
        node: LifecycleNode,
        loaded: LoadedModel,
        load: LoadModel,
        outputs: SaliencyOutputs,
        settings: Callable[[], SaliencyParameters],
        calibration: Calibration,
        record: Record,
        on_failure: Callable[[Exception], None],
        voices: VoiceTracking | None = None,
    ) -> None:
        self.loaded = loaded
        self.enabled = True
        self._node = node
        self._load = load
        self._outputs = outputs
        self._settings = settings
        self._calibration = calibration
        self._record = record
        self._voices = voices
        self._history = FrameHistory()
        self._pipeline = GazePipeline(settings())
        self._reset_asked = False
        self._last_stamp_ns: int | None = None
        self._effect = AudioEffect(
            lambda: settings().audio_effect_period_s, lambda text: self._complain("effect", text)
        )
        self._worker = Worker(self.step, on_failure, lambda: settings().max_rate_hz)

    def start(self) -> None:
        """Start to predict."""
        self._worker.start()

    def stop(self) -> bool:
        """Stop to predict; waits for a prediction that is under way.

        Returns:
            Whether it ended. One that does not within STOP_PATIENCE_S hangs in its device.
        """
        return self._worker.stop(STOP_PATIENCE_S)

    def push(self, frame: Frame) -> None:
        """Take a frame.

        Raises:
            FrameError: If it cannot be used.
        """
        self._history.push(frame)
        with self._record.timed("resize", frame.stamp_ns):
            result = _file(self.loaded.predictor, frame)
        if result.reason is not None:
            self._record.incident("window", f"the window started anew: {result.reason.value}")
        self._worker.wake()

    def push_audio(
        self, samples: npt.NDArray[np.float32], rate_hz: int, stamp_ns: int | None
    ) -> ChunkKind:
        """Take a chunk of sound, (N, channels).

        Raises:
            SoundError: If it cannot be used.
        """
        return self.loaded.predictor.push_audio(samples, rate_hz, stamp_ns)

    def reset(self) -> None:
        """Forget all frames and maps."""
        self.loaded.predictor.reset()
        if self._voices is not None:
            self._voices.reset()
        self._reset_asked = True

    def health(self) -> WorkHealth:
        """Return what is known of window and network."""
        predictor = self.loaded.predictor
        return WorkHealth(
            counters=predictor.counters,
            fill=predictor.window_fill,
            slots=predictor.executor.clip_length,
            rate_hz=predictor.window_rate_hz,
            skipped=self._worker.skipped,
            under_way_s=self._worker.under_way_s,
            wanted=self._outputs.wanted,
            made=self._outputs.made,
            effect=self._effect.health(),
        )

    def step(self) -> None:
        """Predict on the newest window, unless that was done or nobody listens, and publish."""
        if not self._outputs.wanted:
            return
        newest = self._history.begin()
        if newest is None or self.loaded.predictor.newest_stamp_ns == self._last_stamp_ns:
            return
        saliency = self._predict()
        if saliency is None:
            return
        self._last_stamp_ns = saliency.stamp_ns
        frame = self._history.end(saliency.stamp_ns)
        if self.enabled:
            with self._record.timed("gaze", saliency.stamp_ns):
                scene = self._scene(saliency, frame, newest)
            self._publish(scene)
            self._effect.follow(self.loaded.predictor, saliency)

    def _predict(self) -> SaliencyMap | None:
        start_ns, cpu_ns = time.monotonic_ns(), time.thread_time_ns()
        try:
            saliency = self.loaded.predictor.predict(on_start=self._history.begin)
        except VinetError as error:
            self._complain("prediction", str(error))
            return None
        except RuntimeError as error:  # what PyTorch raises when a GPU fails or is full
            self._fall_back(error)
            return None
        if saliency is not None:
            duration_ns, cpu_ns = time.monotonic_ns() - start_ns, time.thread_time_ns() - cpu_ns
            self._record.time("predict", duration_ns, saliency.stamp_ns, cpu_ns)
        return saliency

    def _fall_back(self, error: RuntimeError) -> None:
        settings, device = self._settings(), self.loaded.predictor.executor.device
        if device == "cpu" or not settings.allow_cpu_fallback:
            raise error
        self._complain("device", f"{device} failed ({first_line(error)}); the CPU takes over")
        failed, self.loaded = self.loaded, self._load(settings, "cpu")
        try:
            failed.predictor.close()
        except RuntimeError as worse:  # a broken device may refuse even that
            self._node.get_logger().warning(f"{device} could not be given back: {worse}")

    def _scene(self, saliency: SaliencyMap, frame: Frame | None, newest: Frame) -> Scene:
        source = frame or newest
        size = source.picture.size
        view = self._calibration.view(size, self._settings().fallback_hfov_deg)
        header = frame.header if frame else _header(saliency.stamp_ns, newest)
        return Scene(
            header=header,
            saliency=saliency,
            points=self._gaze(saliency, view),
            picture=frame.picture if frame else None,
            view=view,
        )

    def _gaze(self, saliency: SaliencyMap, view: CameraView) -> tuple[GazePoint, ...] | None:
        if not self.loaded.trained:
            return None
        if self._reset_asked:
            self._reset_asked = False
            self._pipeline.reset()
        self._pipeline.settings = self._settings()
        try:
            return self._pipeline.update(saliency, view.camera, self._columns(saliency, view))
        except FrameError as error:
            self._complain("camera", str(error))
            return None

    def _columns(self, saliency: SaliencyMap, view: CameraView) -> npt.NDArray[np.float32] | None:
        if self._voices is None:
            return None
        return self._voices.columns(saliency.values.shape[1], view.camera, saliency.stamp_ns)

    def _publish(self, scene: Scene) -> None:
        stamp_ns = scene.saliency.stamp_ns
        with self._record.timed("publish", stamp_ns):
            self._outputs.publish(scene, pictures=False, on_error=self._output_failed)
            now_ns = int(self._node.get_clock().now().nanoseconds)
            if now_ns:  # a simulated clock that has not started tells no latency
                self._record.time("latency", now_ns - stamp_ns, stamp_ns)
            self._outputs.publish(scene, pictures=True, on_error=self._output_failed)

    def _output_failed(self, topic: str, error: Exception) -> None:
        if self._node.context.ok():  # after a shutdown, errors of its making are no news
            self._complain("output", f"{topic} failed: {type(error).__name__}: {error}")

    def _complain(self, kind: str, text: str) -> None:
        if self._record.incident(kind, text):
            self._node.get_logger().warning(text)


def first_line(error: Exception) -> str:
    """Return the first line of an error's text; PyTorch's go on with advice for developers."""
    return str(error).strip().partition("\n")[0]


def _file(predictor: Predictor, frame: Frame) -> PushResult:
    """Put a frame into the window, converted no further than the network needs it."""
    small = frame.picture.resized(predictor.executor.input_size)
    return predictor.push_frame(small, frame.stamp_ns, source_size=frame.picture.size)


def _header(stamp_ns: int, frame: Frame) -> Any:
    return Header(stamp=ns_to_stamp(stamp_ns), frame_id=frame.header.frame_id)
