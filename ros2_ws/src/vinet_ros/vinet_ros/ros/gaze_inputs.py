# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What gaze_controller listens to while it is active."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from geometry_msgs.msg import PointStamped
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, JointState, PointCloud2
from std_msgs.msg import Header

from vinet_ros.errors import FrameError
from vinet_ros.gaze import Head, PinholeCamera
from vinet_ros.gaze.follower import GazeFollower
from vinet_ros.ros.gaze_diagnostics import RateMeter, StreamHealth
from vinet_ros.ros.gaze_parameters import GazeParameters
from vinet_ros.ros.head_inputs import (
    Frames,
    TargetGate,
    TargetPoint,
    cloud_points,
    joint_position,
    point_of,
)
from vinet_ros.ros.head_mount import TfMount
from vinet_ros.ros.messages import NS_PER_S, camera_info_to_camera, stamp_to_ns
from vinet_ros.ros.qos import output_qos, sensor_qos
from vinet_ros.ros.record import Record

_JOINTS_DEPTH = 20


class GazeInputs:
    """Hands joint states and targets to a follower; what is of no use is counted and named.

    Args:
        node: The node that it listens for.
        settings: Its parameters; replaced when they change.
        follower: Takes what arrives.
        record: Takes what goes wrong.
        taken: Called with the header of every target that was handed on.

    Raises:
        VinetError: If tf2 is asked for and not installed.
    """

    def __init__(
        self,
        node: LifecycleNode,
        settings: GazeParameters,
        follower: GazeFollower,
        record: Record,
        taken: Callable[[Header], None],
    ) -> None:
        self.settings = settings
        self.camera: PinholeCamera | None = None
        """The camera's calibration; None while unknown."""
        self.frames = Frames(settings.camera_frame, settings.base_frame)
        self._node, self._follower, self._record, self._taken = node, follower, record, taken
        self._gate, self._external_gate = TargetGate("a target"), TargetGate("an external target")
        self._joint_meter, self._target_meter = RateMeter(), RateMeter()
        self._counts: Counter[str] = Counter()
        self._info: CameraInfo | None = None
        self._candidates_s = -1e9
        self._tf = TfMount(node, settings.tilt_frame) if settings.tilt_frame else None
        self._subscriptions = self._subscribe()

    def end(self) -> None:
        """Listen no more."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
        if self._tf is not None:
            self._tf.end()
            self._tf = None

    def joints_health(self) -> StreamHealth:
        """Return how joint states arrive."""
        newest, topic = self._follower.joints.newest, self._node.resolve_topic_name("joint_states")
        return StreamHealth(
            topic=topic,
            publishers=self._node.count_publishers(topic),
            received=self._joint_meter.count,
            refused=self._counts["refused_joints"],
            clock_restarts=self._follower.joints.restarts,
            rate_hz=self._joint_meter.rate_hz,
            age_s=self._age_s(0 if newest is None else newest.stamp_ns),
            others=self._counts["other_joints"],
            measured=None if newest is None else newest.position,
        )

    def targets_health(self) -> StreamHealth:
        """Return how targets arrive."""
        topics = [self._node.resolve_topic_name(f"gaze/{t}") for t in ("target", "candidates")]
        return StreamHealth(
            topic=topics[0],
            publishers=max(self._node.count_publishers(topic) for topic in topics),
            received=self._target_meter.count,
            refused=self._counts["refused_targets"],
            clock_restarts=self._gate.jumps,
            rate_hz=self._target_meter.rate_hz,
            age_s=self._age_s(self._gate.last_ns),
            others=self._counts["external"],
            frame=self.frames.camera,
        )

    def _subscribe(self) -> list[Any]:
        subscribe = self._node.create_subscription
        joints_qos = sensor_qos(depth=_JOINTS_DEPTH)
        return [
            subscribe(JointState, "joint_states", self._on_joints, joints_qos),
            subscribe(PointStamped, "gaze/target", self._on_target, output_qos()),
            subscribe(PointCloud2, "gaze/candidates", self._on_candidates, output_qos()),
            subscribe(PointStamped, "external_target", self._on_external, sensor_qos()),
            subscribe(CameraInfo, "camera_info", self._on_camera_info, sensor_qos()),
        ]

    def _on_joints(self, msg: JointState) -> None:
        if not set(self.settings.joints) & set(msg.name):
            self._counts["other_joints"] += 1
            return
        self._joint_meter.tick()
        refused_targets = self._follower.counters.refused_targets
        try:
            self._follower.push_joints(*joint_position(msg, self.settings))
        except FrameError as error:
            # A target that waited for this joint state may turn out to be of no use.
            waited = self._follower.counters.refused_targets != refused_targets
            self._refuse("targets" if waited else "joints", error)

    def _on_target(self, msg: PointStamped) -> None:
        # The candidates of the same image tell more.
        if time.monotonic() - self._candidates_s > self.settings.target_timeout_s:
            self._take(msg.header, lambda: [point_of(msg)])

    def _on_candidates(self, msg: PointCloud2) -> None:
        if self._take(msg.header, lambda: cloud_points(msg)):
            self._candidates_s = time.monotonic()

    def _take(self, header: Header, read: Callable[[], Sequence[TargetPoint]]) -> bool:
        """Hand targets to the follower; return whether they could be used."""
        self._target_meter.tick()
        stamp_ns = stamp_to_ns(header.stamp)
        try:
            self.frames.check_camera(header.frame_id)
            self._look_up_mount()
            points = read()
            self._gate.check(stamp_ns, self._now_ns(), self.settings.target_timeout_s)
            self._follower.push_targets(stamp_ns, points)
        except FrameError as error:
            self._refuse("targets", error)
            return False
        self._taken(header)
        return True

    def _look_up_mount(self) -> None:
        """Take the camera's place from tf2, once, where that is asked for."""
        if self._tf is None:
            return
        self._follower.head = Head(self._tf.mount(self.frames.camera))
        self._tf.end()
        self._tf = None

    def _on_external(self, msg: PointStamped) -> None:
        self._counts["external"] += 1
        now_ns, stamp_ns = self._now_ns(), stamp_to_ns(msg.header.stamp)
        try:
            in_base = self.frames.in_base(msg.header.frame_id)
            self._look_up_mount()
            point = point_of(msg)[:3]
            if in_base and stamp_ns == 0:
                stamp_ns = now_ns  # it does not move with the head: now is as good
            gate, max_age_s = self._external_gate, self.settings.external_timeout_s
            gate.check(stamp_ns, now_ns, max_age_s)
            self._follower.push_external(stamp_ns, point, in_base=in_base)
        except FrameError as error:
            self._refuse("targets", error)

    def _on_camera_info(self, msg: CameraInfo) -> None:
        self.frames.told = str(msg.header.frame_id)
        if msg == self._info:
            return
        self._info = msg
        try:
            self.camera = camera_info_to_camera(msg)
        except FrameError as error:
            self.camera = None
            self._record.incident("camera", str(error))

    def _refuse(self, kind: str, error: FrameError) -> None:
        self._counts[f"refused_{kind}"] += 1
        if self._record.incident(kind, str(error)):
            self._node.get_logger().warning(str(error))

    def _now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)

    def _age_s(self, stamp_ns: int) -> float | None:
        return (self._now_ns() - stamp_ns) / NS_PER_S if stamp_ns else None
