# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""saliency_node: a camera topic in, saliency maps and a gaze target out."""

from collections.abc import Sequence
from typing import Any

import torch
from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool, Trigger

from vinet_ros.errors import DeviceError
from vinet_ros.ros.audio_input import AudioInput
from vinet_ros.ros.camera_input import CameraInput, image_topic
from vinet_ros.ros.diagnostics import DiagnosticPublisher
from vinet_ros.ros.health import CameraHealth, Health, LifecycleHealth
from vinet_ros.ros.managed_node import ManagedNode
from vinet_ros.ros.model_setup import LoadedModel, LoadModel, load_predictor
from vinet_ros.ros.parameters import (
    contradiction,
    declare_parameters,
    read_parameters,
    refusal,
)
from vinet_ros.ros.process_usage import UsageMeter
from vinet_ros.ros.record import Record
from vinet_ros.ros.running import run_node
from vinet_ros.ros.saliency_diagnostics import statuses
from vinet_ros.ros.saliency_loop import STOP_PATIENCE_S, SaliencyLoop, first_line
from vinet_ros.ros.saliency_outputs import SaliencyOutputs
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.ros.status import Status
from vinet_ros.ros.step_trace import open_trace
from vinet_ros.ros.voice_tracking import VoiceTracking
from vinet_ros.streaming.camera_view import Calibration

_WINDOW_PARAMETERS = ("window_rate_hz", "max_gap_s", "warmup")


class SaliencyNode(ManagedNode):
    """Wires camera, window, network and outputs along the lifecycle.

    configure loads the network and creates the publishers; activate subscribes and starts the
    worker; deactivate ends both, after a prediction that is under way; cleanup gives all back.

    Args:
        load: Builds the network from the parameters.
        **arguments: Those of rclpy's Node.

    Raises:
        ParameterError: If a parameter override is of the wrong type or out of range.
    """

    def __init__(self, load: LoadModel = load_predictor, **arguments: Any) -> None:
        super().__init__("saliency_node", **arguments)
        self._load = load
        declare_parameters(self, SaliencyParameters)
        self.add_on_set_parameters_callback(self._check_parameters)
        self.add_post_set_parameters_callback(self._apply_parameters)
        self._settings = SaliencyParameters()
        self._enabled = True
        self._model: LoadedModel | None = None
        self._outputs: SaliencyOutputs | None = None
        self._voices: VoiceTracking | None = None
        self._calibration = Calibration()
        self._camera: CameraInput | None = None
        self._audio: AudioInput | None = None
        self._loop: SaliencyLoop | None = None
        self._record = Record()
        self._usage = UsageMeter()
        self.create_service(SetBool, "~/enable", self._enable)
        self.create_service(Trigger, "~/reset", self._reset)
        topic = image_topic(self, self._value("image_transport"))
        self._diagnostics = DiagnosticPublisher(
            self, self._statuses, hardware_id=topic, frame_id=self._frame_id
        )
        self._diagnostics.set_period(self._value("diagnostics_period_s"))
        if self.starts_by_itself:
            self.start()

    @property
    def starts_by_itself(self) -> bool:
        """Whether autostart is on."""
        return bool(self._value("autostart"))

    def configure(self) -> str:
        """Load the network and create the publishers."""
        self._settings = read_parameters(self, SaliencyParameters)
        self._record = Record()
        self._model = self._load_model()
        self._outputs = SaliencyOutputs(self)
        if self._settings.microphone_spacing_m > 0:
            self._voices = VoiceTracking(self, self._current_settings, self._record_of_now)
        executor = self._model.predictor.executor
        return (
            f"{self._model.name} ({self._model.reason}), {executor.name} on {executor.device} "
            f"({executor.reason})"
        )

    def activate(self) -> str:
        """Subscribe to the camera and start to predict."""
        assert self._model is not None and self._outputs is not None
        self._renew_record()
        self._model.predictor.reset()
        self._calibration = Calibration()
        self._loop = SaliencyLoop(
            node=self,
            loaded=self._model,
            load=self._load,
            outputs=self._outputs,
            settings=self._current_settings,
            calibration=self._calibration,
            record=self._record,
            on_failure=self.fail,
            voices=self._voices,
        )
        self._loop.start()
        self._watch_camera()
        settings = self._settings
        return (
            f"{image_topic(self, settings.image_transport)} ({settings.image_reliability}, depth "
            f"{settings.image_depth}){'' if self._enabled else ', disabled'}"
        )

    def deactivate(self) -> None:
        """Unsubscribe and end the worker, after a prediction that is under way."""
        self._leave_camera()
        loop, self._loop = self._loop, None
        if loop is not None:
            ended = loop.stop()
            # The CPU may have taken over from a failed device; one that hangs is left behind.
            self._model = loop.loaded if ended else None
            if not ended:
                raise RuntimeError(f"a prediction does not end within {STOP_PATIENCE_S:.0f} s")
        self._record.close()

    def cleanup(self) -> None:
        """Take the publishers off the network and let the network go."""
        outputs, voices = self._outputs, self._voices
        self._outputs = self._voices = None
        for publishers in (outputs, voices):
            if publishers is not None:
                publishers.destroy()
        model, self._model = self._model, None
        if model is not None:
            model.predictor.close()

    def transition_done(self) -> None:
        """Tell the new state at once."""
        if self.failed:
            self._record.incident("lifecycle", self.reason)
        if self.context.ok():
            self.guarded(self._diagnostics.publish, "diagnostics")()

    def callback_failed(self, name: str, error: Exception) -> None:
        """Count and show an error that a callback did not expect; log it now and then."""
        if self._record.incident("callback", f"{name} failed: {type(error).__name__}: {error}"):
            super().callback_failed(name, error)

    def _load_model(self) -> LoadedModel:
        settings = self._settings
        try:
            return self._load(settings, "")
        # The first is what PyTorch raises when a GPU fails or is full.
        except (RuntimeError, DeviceError) as error:
            if settings.device == "cpu" or not settings.allow_cpu_fallback:
                raise
            text = f"{settings.device} failed ({first_line(error)}); the CPU takes over"
        self._record.incident("device", text)
        self.get_logger().warning(text)
        return self._load(settings, "cpu")

    def _renew_record(self) -> None:
        """Count anew, but remember that the CPU stands in for a failed device."""
        device = self._record.incidents().get("device")
        self._record = Record(open_trace())
        if device is not None:
            self._record.incident("device", device.text)

    def _watch_camera(self) -> None:
        if self._enabled and self._loop is not None and self._camera is None:
            self._camera = CameraInput(
                node=self,
                settings=self._current_settings,
                sink=self._loop.push,
                calibration=self._calibration,
                record=self._record,
            )
            self._watch_microphone(self._loop)

    def _watch_microphone(self, loop: SaliencyLoop) -> None:
        push = loop.push_audio if loop.loaded.predictor.hearing is not None else None
        if self._settings.audio_type == "none" or (push is None and self._voices is None):
            return
        self._audio = AudioInput(self, self._current_settings, push, self._record, self._voices)
        if self._voices is not None:
            self._voices.begin()

    def _leave_camera(self) -> None:
        inputs = self._camera, self._audio
        self._camera = self._audio = None
        for source in inputs:
            if source is not None:
                source.destroy()
        if self._voices is not None:
            self._voices.end()

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _current_settings(self) -> SaliencyParameters:
        return self._settings

    def _record_of_now(self) -> Record:
        return self._record

    def _current_model(self) -> LoadedModel | None:
        return self._loop.loaded if self._loop is not None else self._model

    def _check_parameters(self, changes: "list[Parameter[Any]]") -> SetParametersResult:
        values = {change.name: change.value for change in changes}
        configured = self.state != "unconfigured"
        reason = refusal(SaliencyParameters, values, configured=configured)
        reason = reason or contradiction(self, SaliencyParameters, values)
        return SetParametersResult(successful=not reason, reason=reason)

    def _apply_parameters(self, changes: "list[Parameter[Any]]") -> None:
        self._diagnostics.set_period(self._value("diagnostics_period_s"))
        if self.state == "unconfigured":
            return  # configure reads them all
        self._settings = read_parameters(self, SaliencyParameters)
        model, settings = self._current_model(), self._settings
        if model is not None and any(change.name in _WINDOW_PARAMETERS for change in changes):
            model.predictor.configure_window(
                rate_hz=settings.window_rate_hz,
                max_gap_s=settings.max_gap_s,
                warmup=settings.warmup,
            )
        if model is not None and model.predictor.hearing is not None:
            model.predictor.hearing.offset_s = settings.audio_offset_s

    def _enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enabled = bool(request.data)
        if self._loop is not None:
            self._loop.enabled = self._enabled
            self._loop.reset()
        if self._enabled:
            self._watch_camera()
        else:
            self._leave_camera()
        response.success = True
        response.message = f"{'enabled' if self._enabled else 'disabled'}, {self.state}"
        self.get_logger().info(response.message)
        self._diagnostics.publish()
        return response

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._loop is not None
        response.message = "the window starts anew"
        if self._loop is None:
            response.message = f"nothing to reset: the node is {self.state}"
        else:
            self._loop.reset()
        if self._camera is not None:
            self._camera.forget_order()
        return response

    def _frame_id(self) -> str:
        return self._camera.frame_id if self._camera is not None else ""

    def _statuses(self) -> list[Status]:
        camera, loop, audio = self._camera, self._loop, self._audio
        return statuses(
            Health(
                lifecycle=LifecycleHealth(
                    state=self.state,
                    reason=self.reason,
                    failed=self.failed,
                    enabled=self._enabled,
                    failures=self.failures,
                    recoveries=self.recoveries,
                ),
                usage=self._usage.read(),
                gpu_memory_mib=_gpu_memory_mib(),
                model=self._current_model(),
                input=camera.health() if camera else None,
                work=loop.health() if loop and camera else None,
                camera=CameraHealth(camera.info_topic, camera.view()) if camera else None,
                audio=audio.health() if audio else None,
                voices=self._voices.health() if audio and self._voices else None,
                steps=self._record.steps() if loop else {},
                incidents=self._record.incidents(),
            )
        )


def _gpu_memory_mib() -> float | None:
    return torch.cuda.memory_reserved() / (1 << 20) if torch.cuda.is_initialized() else None


def main(args: Sequence[str] | None = None) -> int:
    """Run saliency_node; return the exit code."""
    return run_node(SaliencyNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
