# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What gaze_controller publishes besides commands."""

import time

from geometry_msgs.msg import Vector3, Vector3Stamped
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PanTilt, PinholeCamera
from vinet_ros.gaze.follower import GazeFollower
from vinet_ros.gaze.head import wrap
from vinet_ros.ros.gaze_markers import HEAD_MARKERS, HeadScene, head_markers
from vinet_ros.ros.messages import ns_to_stamp, stamp_to_ns
from vinet_ros.ros.qos import output_qos

_MARKERS_S = 0.1


class GazeTopics:
    """The error of the gaze and the markers, made only while somebody listens.

    Args:
        node: Their node.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        make = node.create_lifecycle_publisher
        self._error = make(Vector3Stamped, "gaze/error", output_qos())
        self._markers = make(MarkerArray, HEAD_MARKERS, output_qos())
        self._markers_s = 0.0
        self._taken: Header | None = None  # of the newest targets without an error yet

    def take(self, header: Header) -> None:
        """Note that the follower has got the targets of an image."""
        self._taken = header

    def publish_error(self, follower: GazeFollower) -> None:
        """Publish by how much the gaze missed its goal at the newest targets' stamp."""
        header = self._taken
        if header is None:
            return
        stamp_ns = stamp_to_ns(header.stamp)
        try:
            pose = follower.joints.at(stamp_ns).position
        except FrameError:
            return  # the joint state of that time is still under way
        self._taken = None
        goal = follower.attention.goal(stamp_ns)
        if goal is None or not self._error.get_subscription_count():
            return
        pan = wrap(goal.direction.pan_rad - pose.pan_rad)
        vector = Vector3(x=pan, y=goal.direction.tilt_rad - pose.tilt_rad)
        self._error.publish(Vector3Stamped(header=header, vector=vector))

    def publish_markers(
        self,
        follower: GazeFollower,
        frame_id: str,
        camera: PinholeCamera | None,
        command: PanTilt | None,
    ) -> None:
        """Publish the markers, ten times a second.

        Args:
            follower: What is shown.
            frame_id: The camera's frame; empty while unknown: nothing is shown.
            camera: Its calibration; None while unknown.
            command: The commanded pose; None while disabled.
        """
        now_s, newest = time.monotonic(), follower.joints.newest
        if newest is None or not frame_id or now_s - self._markers_s < _MARKERS_S:
            return
        if not self._markers.get_subscription_count():
            return
        self._markers_s = now_s
        scene = HeadScene(
            header=Header(stamp=ns_to_stamp(newest.stamp_ns), frame_id=frame_id),
            head=follower.head,
            measured=newest.position,
            limits=follower.control.settings,
            goal=None if follower.goal is None else follower.goal.direction,
            command=command,
            camera=camera,
        )
        self._markers.publish(head_markers(scene))

    def destroy(self) -> None:
        """Take the topics off the network."""
        for publisher in (self._error, self._markers):
            self._node.destroy_lifecycle_publisher(publisher)
