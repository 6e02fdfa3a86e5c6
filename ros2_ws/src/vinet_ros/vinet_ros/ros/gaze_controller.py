# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""gaze_controller: gaze targets and joint states in, commands to a pan-tilt head out."""

from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool, Trigger

from vinet_ros.errors import VinetError
from vinet_ros.ros.diagnostics import DiagnosticPublisher
from vinet_ros.ros.gaze_diagnostics import GazeHealth, gaze_statuses
from vinet_ros.ros.gaze_loop import GazeLoop
from vinet_ros.ros.gaze_parameters import GazeParameters
from vinet_ros.ros.gaze_topics import GazeTopics
from vinet_ros.ros.head_outputs import HeadOutput, create_output
from vinet_ros.ros.health import LifecycleHealth
from vinet_ros.ros.managed_node import ManagedNode
from vinet_ros.ros.parameters import contradiction, declare_parameters, read_parameters, refusal
from vinet_ros.ros.record import Record
from vinet_ros.ros.running import run_to_the_last_word
from vinet_ros.ros.status import Status


class GazeController(ManagedNode):
    """Turns a head towards targets, within its limits, once it is enabled.

    configure makes the command topics; activate subscribes, and the head still stands;
    ``~/enable`` lets it move. Whatever ends that sends a stop first: deactivate, shutdown,
    an error, the end of the process.

    Args:
        **arguments: Those of rclpy's Node.

    Raises:
        ParameterError: If a parameter override is of the wrong type or out of range.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__("gaze_controller", **arguments)
        declare_parameters(self, GazeParameters)
        self.add_on_set_parameters_callback(self._check_parameters)
        self.add_post_set_parameters_callback(self._apply_parameters)
        self._output: HeadOutput | None = None
        self._topics: GazeTopics | None = None
        self._loop: GazeLoop | None = None
        self._record = Record()
        self.create_service(SetBool, "~/enable", self._enable)
        self.create_service(Trigger, "~/center", self._center)
        self.create_service(Trigger, "~/stop", self._stop)
        self._diagnostics = DiagnosticPublisher(
            self, self._statuses, hardware_id=f"{self._value('output_mode')}"
        )
        self._diagnostics.set_period(self._value("diagnostics_period_s"))
        if self.starts_by_itself:
            self.start()

    @property
    def starts_by_itself(self) -> bool:
        """Whether autostart is on."""
        return bool(self._value("autostart"))

    def configure(self) -> str:
        """Make the command topics."""
        settings = read_parameters(self, GazeParameters)
        self._record = Record()
        self._output = create_output(self, settings)
        self._topics = GazeTopics(self)
        return f"{settings.output_mode} on {', '.join(self._output.topics)}"

    def activate(self) -> str:
        """Listen to joint states and targets; the head stands until it is enabled."""
        assert self._output is not None and self._topics is not None
        self._record = Record()
        settings = read_parameters(self, GazeParameters)
        self._loop = GazeLoop(self, settings, self._output, self._topics, self._record)
        return "disabled, waits for ~/enable"

    def deactivate(self) -> None:
        """Stop the head and listen no more."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.end()

    def cleanup(self) -> None:
        """Take the topics off the network."""
        output, self._output = self._output, None
        topics, self._topics = self._topics, None
        for made in (output, topics):
            if made is not None:
                made.destroy()

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

    def _enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        loop = self._loop
        if loop is not None and not request.data:
            loop.follower.disable("~/enable said so")
            return self._answered(response, "disabled: the head stops")

        def enable(loop: GazeLoop) -> str:
            loop.enable()
            others = loop.other_publishers()
            return f"enabled; {', '.join(others)} commands the head too" if others else "enabled"

        return self._done(response, enable)

    def _center(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        def center(loop: GazeLoop) -> str:
            loop.follower.center()
            return "the head goes to its centre"

        return self._done(response, center)

    def _stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        def stop(loop: GazeLoop) -> str:
            loop.follower.stop()
            return "the head stops, and moves again after ~/enable"

        return self._done(response, stop)

    def _done(self, response: Any, act: Any) -> Any:
        """Answer a service with what was done, or why it was not."""
        if self._loop is None:
            response.success = False
            response.message = f"the node is {self.state}, not active"
            return response
        try:
            return self._answered(response, act(self._loop))
        except VinetError as error:
            self.get_logger().warning(str(error))
            response.success, response.message = False, str(error)
            return response

    def _answered(self, response: Any, message: str) -> Any:
        response.success, response.message = True, message
        self.get_logger().info(message)
        self._diagnostics.publish()
        return response

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _check_parameters(self, changes: "list[Parameter[Any]]") -> SetParametersResult:
        values = {change.name: change.value for change in changes}
        configured = self.state != "unconfigured"
        reason = refusal(GazeParameters, values, configured=configured)
        if configured:  # before, configure says what contradicts what
            reason = reason or contradiction(self, GazeParameters, values)
        return SetParametersResult(successful=not reason, reason=reason)

    def _apply_parameters(self, changes: "list[Parameter[Any]]") -> None:
        self._diagnostics.set_period(self._value("diagnostics_period_s"))
        if self._loop is not None:
            self._loop.configure(read_parameters(self, GazeParameters))

    def _statuses(self) -> list[Status]:
        loop = self._loop
        return gaze_statuses(
            GazeHealth(
                lifecycle=LifecycleHealth(
                    state=self.state,
                    reason=self.reason,
                    failed=self.failed,
                    failures=self.failures,
                    recoveries=self.recoveries,
                ),
                head=loop.head_health() if loop else None,
                joints=loop.inputs.joints_health() if loop else None,
                targets=loop.inputs.targets_health() if loop else None,
                output=loop.output_health() if loop else None,
                incidents=self._record.incidents(),
            )
        )


def main(args: Sequence[str] | None = None) -> int:
    """Run gaze_controller; return the exit code."""
    return run_to_the_last_word(GazeController, args)


if __name__ == "__main__":
    raise SystemExit(main())
