# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What pan_tilt_simulator publishes."""

import math
from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseArray
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Header

from vinet_ros.encodings import Rgb
from vinet_ros.gaze import JointSample, PanTilt, PinholeCamera
from vinet_ros.ros.messages import describe_camera, fill_image, ns_to_stamp
from vinet_ros.ros.qos import output_qos, sensor_qos
from vinet_ros.ros.simulator_commands import Joints
from vinet_ros.ros.simulator_parameters import SimulatorParameters
from vinet_ros.simulation.virtual_camera import unit

Messages = tuple[Image, CameraInfo]


class SimulatorOutputs:
    """Makes messages and sends them; what nobody listens to is not made.

    Args:
        node: The node that the topics belong to.
        settings: Its parameters.
        joints: Of the head.
        camera: Of the images.
        wide: Of the wide view.
    """

    def __init__(
        self,
        node: Node,
        settings: SimulatorParameters,
        joints: Joints,
        camera: PinholeCamera,
        wide: PinholeCamera,
    ) -> None:
        self._settings, self._joints = settings, joints
        self._camera, self._wide = camera, wide
        self._rng = np.random.default_rng(0)
        qos = sensor_qos(settings.image_reliability, settings.image_depth)
        self._images = node.create_publisher(Image, "image", qos)
        self._infos = node.create_publisher(CameraInfo, "camera_info", qos)
        states = sensor_qos(settings.image_reliability, 10)
        self._states = node.create_publisher(JointState, "joint_states", states)
        self._truths = node.create_publisher(JointState, "simulation/joint_states", 50)
        self._things = node.create_publisher(PoseArray, "simulation/things", 50)
        self._wides = node.create_publisher(Image, "simulation/wide", output_qos())
        self._wide_infos = node.create_publisher(
            CameraInfo, "simulation/wide/camera_info", output_qos()
        )
        self._clocks = None
        if settings.publish_clock:
            self._clocks = node.create_publisher(Clock, "/clock", output_qos())

    @property
    def image_topic(self) -> str:
        """The resolved name of the topic with the images."""
        return str(self._images.topic_name)

    @property
    def wants_images(self) -> bool:
        """Whether anybody listens to the images."""
        return bool(self._images.get_subscription_count())

    @property
    def wants_wide(self) -> bool:
        """Whether anybody listens to the wide view."""
        return bool(self._wides.get_subscription_count())

    def tell(self, clock_ns: int) -> None:
        """Publish the time, where it is asked for."""
        if self._clocks is not None:
            self._clocks.publish(Clock(clock=ns_to_stamp(clock_ns)))

    def image(self, rgb: Rgb, stamp_ns: int) -> Messages:
        """Return an image and its camera_info, to be sent later."""
        return _picture(rgb, self._camera, self._header(stamp_ns, self._settings.frame_id))

    def send_image(self, messages: Messages) -> None:
        """Publish an image and its camera_info."""
        image, info = messages
        self._infos.publish(info)
        self._images.publish(image)

    def send_info(self, stamp_ns: int) -> None:
        """Publish a camera_info alone."""
        info = CameraInfo(header=self._header(stamp_ns, self._settings.frame_id))
        describe_camera(info, self._camera)
        self._infos.publish(info)

    def send_wide(self, rgb: Rgb, stamp_ns: int) -> None:
        """Publish the wide view."""
        image, info = _picture(
            rgb, self._wide, self._header(stamp_ns, self._settings.base_frame_id)
        )
        self._wide_infos.publish(info)
        self._wides.publish(image)

    def send_joints(self, sample: JointSample) -> None:
        """Publish the joint states, as they are measured."""
        noise = self._rng.normal(0.0, self._settings.joint_noise_rad, 2)
        pan, tilt = (p + float(n) for p, n in zip(sample.position, noise, strict=True))
        self._states.publish(self._state(sample, PanTilt(pan, tilt)))

    def send_truth(self, sample: JointSample, things: Sequence[PanTilt | None]) -> None:
        """Publish where head and things truly are at an image's stamp."""
        if self._truths.get_subscription_count():
            self._truths.publish(self._state(sample, sample.position))
        if self._things.get_subscription_count():
            header = self._header(sample.stamp_ns, self._settings.base_frame_id)
            self._things.publish(PoseArray(header=header, poses=[_pose(p) for p in things]))

    def _state(self, sample: JointSample, position: PanTilt) -> JointState:
        return JointState(
            header=self._header(sample.stamp_ns, ""),
            name=list(self._joints.names),
            position=self._joints.from_head(position),
            velocity=self._joints.from_head(sample.velocity),
        )

    def _header(self, stamp_ns: int, frame_id: str) -> Header:
        return Header(stamp=ns_to_stamp(stamp_ns), frame_id=frame_id)


def _picture(rgb: Rgb, camera: PinholeCamera, header: Header) -> Messages:
    image, info = Image(), CameraInfo(header=header)
    fill_image(image, rgb, "rgb8", header)
    describe_camera(info, camera)
    return image, info


def _pose(place: PanTilt | None) -> Pose:
    """Return a place one metre away; not a number while the thing is not there."""
    if place is None:
        return Pose(position=Point(x=math.nan, y=math.nan, z=math.nan))
    x, y, z = (float(value) for value in unit(place))
    return Pose(position=Point(x=x, y=y, z=z))
