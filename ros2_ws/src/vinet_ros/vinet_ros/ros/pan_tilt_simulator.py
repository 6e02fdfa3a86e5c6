# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""pan_tilt_simulator: a camera on a head that turns as it is told, before a scene."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64, Float64MultiArray
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from vinet_ros.errors import FrameError, VinetError
from vinet_ros.gaze import Head, PanTilt, PinholeCamera
from vinet_ros.ros.demo_options import default_clip
from vinet_ros.ros.diagnostics import DiagnosticPublisher
from vinet_ros.ros.messages import NS_PER_S
from vinet_ros.ros.parameters import declare_parameters, read_parameters, refusal
from vinet_ros.ros.playback import Schedule
from vinet_ros.ros.running import run_node
from vinet_ros.ros.simulator_beat import Beat
from vinet_ros.ros.simulator_commands import Joints, trajectory_waypoints
from vinet_ros.ros.simulator_outputs import SimulatorOutputs
from vinet_ros.ros.simulator_parameters import FILE_SCENE, SimulatorParameters
from vinet_ros.ros.simulator_scene import open_scene
from vinet_ros.ros.simulator_status import SimulatorCounts, simulator_status
from vinet_ros.simulation import Scene, SimulatedHead, VirtualCamera, Waypoint

_WIDE_SIZE = (400, 960)
_LONGEST_WAIT_NS = 400_000_000  # of a command in this process; the rest is late


@dataclass(frozen=True, slots=True)
class _World:
    """A scene, a head in it, and when it began."""

    scene: Scene
    head: SimulatedHead
    start_ns: int
    kind: str
    seed: int


class PanTiltSimulator(Node):
    """Moves the head by commands and publishes what its camera sees, from a thread of its own.

    Args:
        **arguments: Those of rclpy's Node.

    Raises:
        ParameterError: If a parameter is of the wrong type or out of range.
        DataError: If the scene cannot be made.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__("pan_tilt_simulator", **arguments)
        declare_parameters(self, SimulatorParameters)
        self._settings = settings = read_parameters(self, SimulatorParameters)
        self.add_on_set_parameters_callback(self._check_parameters)
        self._joints = Joints(
            (settings.pan_joint, settings.tilt_joint), (settings.pan_sign, settings.tilt_sign)
        )
        self._camera = VirtualCamera(
            PinholeCamera.from_hfov(
                settings.image_width, settings.image_height, settings.horizontal_fov_deg
            ),
            Head(settings.mount),
        )
        self._wide = VirtualCamera(
            PinholeCamera.from_hfov(_WIDE_SIZE[1], _WIDE_SIZE[0], settings.wide_fov_deg)
        )
        self._counts = SimulatorCounts()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._error: Exception | None = None
        self._failed = self.create_guard_condition(self._raise_error)
        self._schedule = Schedule.starting_at(
            0, self._origin_ns(), settings.rate, file_stamps=settings.publish_clock
        )
        self._world = self._begin(settings.scene, settings.seed)
        self._outputs = SimulatorOutputs(
            self, settings, self._joints, self._camera.camera, self._wide.camera
        )
        self._listen()
        self.create_service(Trigger, "~/restart", self._restart)
        self._diagnostics = DiagnosticPublisher(self, self._statuses, self._world.kind)
        self._diagnostics.set_period(settings.diagnostics_period_s)
        self._thread = threading.Thread(target=self._run, name="simulation", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._stopped.set()
        self._thread.join(2.0)

    def _begin(self, kind: str, seed: int) -> _World:
        settings = self._settings
        path = settings.path or default_clip()
        scene = open_scene(kind, path, seed, settings)
        start_ns = self._now_ns()
        head = SimulatedHead(
            settings.servos, PanTilt(settings.start_pan, settings.start_tilt), start_ns
        )
        text = str(path) if kind == FILE_SCENE else f"{kind}, seed {seed}, of {path}"
        self.get_logger().info(f"the scene begins: {text}")
        return _World(scene, head, start_ns, kind, seed)

    def _listen(self) -> None:
        self._single: list[float] | None = None
        self._waited_ns = 0
        for topic, kind, take in (
            ("joint_trajectory", JointTrajectory, self._take_trajectory),
            ("commands", Float64MultiArray, self._take_numbers),
            ("joint_command", JointState, self._take_joint_command),
            ("pan_cmd", Float64, lambda msg: self._take_single(0, msg.data)),
            ("tilt_cmd", Float64, lambda msg: self._take_single(1, msg.data)),
        ):
            self.create_subscription(kind, topic, partial(self._take, topic, take), 10)

    def _take(self, topic: str, take: Callable[[Any], None], msg: Any, info: Any) -> None:
        """Take a command, or count and tell why not."""
        try:
            with self._lock:
                self._waited_ns = self._since_arrival_ns(info)
                take(msg)
        except FrameError as error:
            self._counts.refused += 1
            self._counts.last_refusal = f"{topic}: {error}"
            self.get_logger().warning(
                f"refused a command on {topic}: {error}", throttle_duration_sec=5.0
            )
        else:
            self._counts.commands[topic] += 1

    def _since_arrival_ns(self, info: Mapping[str, Any]) -> int:
        """Return how long ago a command arrived, in the simulation's time.

        A head's driver takes a command when it arrives. That this process gets to it later, on a
        busy machine by some ms more or less each time, is no trait of the head.
        """
        arrived_ns = int(info["received_timestamp"])
        waited_ns = time.time_ns() - arrived_ns if arrived_ns > 0 else 0
        return round(min(max(waited_ns * self._settings.rate, 0), _LONGEST_WAIT_NS))

    def _arrival_ns(self) -> int:
        return self._now_ns() - self._waited_ns

    def _take_trajectory(self, msg: JointTrajectory) -> None:
        points = trajectory_waypoints(msg, self._joints, self._now_ns())
        self._world.head.command_waypoints(self._arrival_ns(), points)

    def _take_numbers(self, msg: Float64MultiArray) -> None:
        names = self._joints.names
        if self._settings.command_order == "tilt_pan":
            names = names[1], names[0]
        numbers = self._joints.to_head(msg.data, names)
        if self._settings.command_interface == "velocity":
            self._take_velocities(numbers)
        else:
            self._take_positions(numbers)

    def _take_joint_command(self, msg: JointState) -> None:
        if len(msg.position):
            self._take_positions(self._joints.to_head(msg.position, msg.name))
        else:
            self._take_velocities(self._joints.to_head(msg.velocity, msg.name))

    def _take_positions(self, position: PanTilt) -> None:
        self._world.head.command_waypoints(self._arrival_ns(), [Waypoint(0.0, position)])

    def _take_velocities(self, velocity: PanTilt) -> None:
        self._world.head.command_velocity(self._arrival_ns(), velocity)

    def _take_single(self, number: int, value: float) -> None:
        """Take the position of one joint; the other goes on to where it was told."""
        values = self._single
        if values is None:
            here = self._world.head.at(self._world.head.now_ns).position
            values = self._joints.from_head(here)
        changed = [*values[:number], float(value), *values[number + 1 :]]
        self._take_positions(self._joints.to_head(changed))
        self._single = changed

    def _restart(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        kind, seed = (self.get_parameter(name).value for name in ("scene", "seed"))
        try:
            world = self._begin(kind, seed)
        except VinetError as error:
            response.success, response.message = False, str(error)
            return response
        with self._lock:
            self._world, self._single = world, None
        response.success, response.message = True, f"{kind}, seed {seed}"
        return response

    def _run(self) -> None:
        """Simulate in the thread; hand an error to the executor's."""
        try:
            settings = self._settings
            beat = Beat(self._schedule, self._outputs.tell, self._stall, self._stopped)
            beat.every(settings.joint_rate_hz, self._show_joints)
            beat.every(settings.image_rate_hz, partial(self._show_image, beat))
            beat.every(settings.wide_rate_hz, self._show_wide)
            beat.run()
        except Exception as error:
            if not self._stopped.is_set() and self.context.ok():
                self._error = error
                self._failed.trigger()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _show_joints(self, stamp_ns: int) -> None:
        with self._lock:
            head = self._world.head
            if stamp_ns <= head.now_ns:
                return  # due before a restart
            head.advance(stamp_ns)
            sample = head.at(stamp_ns)
        self._outputs.send_joints(sample)

    def _show_image(self, beat: Beat, stamp_ns: int) -> None:
        """Look; what is seen goes out after its latency."""
        with self._lock:
            world = self._world
            if stamp_ns <= world.start_ns:
                return  # due before a restart
            world.head.advance(stamp_ns)
            sample = world.head.at(stamp_ns)
        time_s = (stamp_ns - world.start_ns) / NS_PER_S
        self._outputs.send_truth(sample, [thing.place(time_s) for thing in world.scene.things])
        self._counts.images += 1
        if not self._outputs.wants_images:
            self._outputs.send_info(stamp_ns)
            return
        rgb = self._camera.look(world.scene, time_s, sample.position)
        messages = self._outputs.image(rgb, stamp_ns)
        sent_ns = stamp_ns + round(self._settings.image_latency_s * NS_PER_S)
        beat.once(sent_ns, lambda _: self._outputs.send_image(messages))

    def _show_wide(self, stamp_ns: int) -> None:
        if self._outputs.wants_wide:
            world = self._world
            time_s = max(0.0, (stamp_ns - world.start_ns) / NS_PER_S)
            rgb = self._wide.look(world.scene, time_s, PanTilt(0.0, 0.0))
            self._outputs.send_wide(rgb, stamp_ns)

    def _stall(self, late_ns: int) -> None:
        self._counts.stalls += 1
        self.get_logger().warning(
            f"stood still for {late_ns / NS_PER_S:.2f} s: too little processor time",
            throttle_duration_sec=5.0,
        )

    def _statuses(self) -> Any:
        with self._lock:
            world = self._world
            here = world.head.at(world.head.now_ns)
        return simulator_status(
            self._counts,
            world.kind,
            world.seed,
            (here.stamp_ns - world.start_ns) / NS_PER_S,
            self._outputs.image_topic,
            here,
        )

    def _origin_ns(self) -> int:
        if self._settings.publish_clock:  # a clock of our own cannot tell the time before it runs
            return time.time_ns()
        return int(self.get_clock().now().nanoseconds)

    def _now_ns(self) -> int:
        return self._schedule.clock_ns(time.monotonic_ns())

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        values = {change.name: change.value for change in changes}
        reason = refusal(SimulatorParameters, values, configured=True)
        return SetParametersResult(successful=not reason, reason=reason)


def main(args: Sequence[str] | None = None) -> int:
    """Run pan_tilt_simulator; return the exit code."""
    return run_node(PanTiltSimulator, args)


if __name__ == "__main__":
    raise SystemExit(main())
