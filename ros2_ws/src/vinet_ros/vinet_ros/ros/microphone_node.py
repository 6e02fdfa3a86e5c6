# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""microphone_node: a microphone of this machine as a topic with sound."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile

from vinet_ros.errors import SoundError
from vinet_ros.ros.audio_encoding import SoundEncoder
from vinet_ros.ros.audio_messages import INFO, message_types
from vinet_ros.ros.diagnostics import DiagnosticPublisher
from vinet_ros.ros.microphone_parameters import MicrophoneParameters
from vinet_ros.ros.microphone_status import MicrophoneCounts, microphone_status
from vinet_ros.ros.parameters import declare_parameters, read_parameters, refusal
from vinet_ros.ros.qos import sensor_qos
from vinet_ros.ros.running import run_node
from vinet_ros.streaming.microphone import Microphone, OpenedDevice
from vinet_ros.streaming.microphone_times import ChunkCutter

_DEPTH = 50  # chunks kept for slow subscribers
_PAUSE_S = 1.0  # between two attempts to open a device that is gone
_TELL_S = 1.0  # between two messages with the format


class MicrophoneNode(Node):
    """Publishes what a microphone hears, from a thread of its own.

    A device that is gone is waited for. On an error of another kind the executor's thread raises
    it.

    Args:
        **arguments: Those of rclpy's Node.

    Raises:
        ParameterError: If a parameter is of the wrong type or out of range.
        VinetError: If no package with sound messages is installed.
        SoundError: If the device cannot be opened at the start.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__("microphone_node", **arguments)
        declare_parameters(self, MicrophoneParameters)
        self._settings = settings = read_parameters(self, MicrophoneParameters)
        self.add_on_set_parameters_callback(self._check_parameters)
        types = message_types(otherwise="")
        self._stopped = threading.Event()
        self._error: Exception | None = None
        self._failed = self.create_guard_condition(self._raise_error)
        self._microphone = Microphone(settings.microphone)
        try:
            device = self._microphone.open()
            self._publish_as(
                SoundEncoder(types, device.rate_hz, settings.channels, settings.frame_id)
            )
            self._begin(device)
        except BaseException:
            self._microphone.close()
            raise

    def close(self) -> None:
        """Stop to listen."""
        self._stopped.set()
        self._microphone.close()
        self._thread.join(2.0)

    def _publish_as(self, encoder: SoundEncoder) -> None:
        self._encoder = encoder
        qos = sensor_qos("reliable", _DEPTH)
        self._publisher = self.create_publisher(encoder.types[encoder.kind], "audio", qos)
        self._info: Any = None
        if encoder.info() is not None:
            kept = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
            self._info = self.create_publisher(encoder.types[INFO], "audio_info", kept)

    def _begin(self, device: OpenedDevice) -> None:
        self._counts = MicrophoneCounts(device)
        self._diagnostics = DiagnosticPublisher(self, self._statuses, device.name)
        self._diagnostics.set_period(self._settings.diagnostics_period_s)
        self.get_logger().info(
            f"listening to {device.name}: {self._settings.channels} channels of "
            f"{device.rate_hz} Hz, on {self._publisher.topic_name}"
        )
        self._thread = threading.Thread(
            target=self._run, args=(device,), name="microphone", daemon=True
        )
        self._thread.start()

    def _run(self, device: OpenedDevice) -> None:
        """Listen in the thread; hand an error to the executor's."""
        try:
            while not self._stopped.is_set():
                self._listen(device)
                device = self._opened_again()
        except Exception as error:
            if not self._stopped.is_set() and self.context.ok():
                self._error = error
                self._failed.trigger()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _listen(self, device: OpenedDevice) -> None:
        """Publish until the device is gone."""
        cutter = ChunkCutter(device.rate_hz, self._settings.chunk)
        self._counts.opened(device, cutter)
        told_s = -_TELL_S
        while True:
            try:
                block = self._microphone.read()
            except SoundError as error:
                self._lose(str(error))
                return
            if block.overrun:
                self._counts.overruns += 1
            # Again and again, for those who come later and do not ask for what was kept.
            if self._info is not None and time.monotonic() - told_s >= _TELL_S:
                told_s = time.monotonic()
                self._info.publish(self._encoder.info())
            for sound in cutter.cut(block):
                self._publisher.publish(self._encoder.sound(sound.samples, sound.stamp_ns))
                self._counts.published(sound)

    def _lose(self, reason: str) -> None:
        if self._stopped.is_set():
            return
        self._counts.problem = reason
        self.get_logger().warning(
            f"{self._counts.device.name} is gone: {reason}; it is tried again each second"
        )

    def _opened_again(self) -> OpenedDevice:
        """Return the device once it is back; at once when the node is closed."""
        device = self._counts.device
        while not self._stopped.wait(_PAUSE_S):
            try:
                device = self._microphone.open()
            except SoundError as error:
                self._counts.problem = str(error)
                continue
            self._counts.reopened += 1
            self.get_logger().info(f"{device.name} is back")
            break
        return device

    def _statuses(self) -> Any:
        return microphone_status(
            self._counts,
            self._publisher.topic_name,
            self._encoder.kind,
            self._settings.channels,
            self._publisher.get_subscription_count(),
        )

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        values = {change.name: change.value for change in changes}
        reason = refusal(MicrophoneParameters, values, configured=True)
        return SetParametersResult(successful=not reason, reason=reason)


def main(args: Sequence[str] | None = None) -> int:
    """Run microphone_node; return the exit code."""
    return run_node(MicrophoneNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
