# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Where voices come from: on audio/direction, and as a prior of the gaze."""

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import PoseStamped
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import JointState

from vinet_ros.errors import FrameError
from vinet_ros.gaze import JointHistory, PanTilt, PinholeCamera, SoundPrior
from vinet_ros.ros.health import VoiceHealth
from vinet_ros.ros.messages import NS_PER_S, ns_to_stamp, stamp_to_ns
from vinet_ros.ros.qos import output_qos, sensor_qos
from vinet_ros.ros.record import Record
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.streaming.voice_locator import VoiceDirection, VoiceLocator

_JOINTS_DEPTH = 20


class VoiceTracking:
    """Finds voices in the chunks of a microphone array while somebody wants to know.

    Args:
        node: The node that publishes.
        settings: Gives the parameters of this moment.
        record: Gives the place where incidents are noted.
    """

    def __init__(
        self,
        node: LifecycleNode,
        settings: Callable[[], SaliencyParameters],
        record: Callable[[], Record],
    ) -> None:
        self._node, self._settings, self._record = node, settings, record
        now = settings()
        self._locator = VoiceLocator(now.microphone_spacing_m, now.microphones)
        self._guides = now.direction_weight > 0
        self._on_base = now.microphone_mount == "base"
        self._frame_id = now.microphone_frame_id
        self._published = 0
        self._lock = threading.Lock()  # guards the history, which the worker asks
        self._joints = JointHistory()
        self._subscription: Any = None
        self._prior = SoundPrior(
            now.direction_weight,
            self._pan_at,
            on_base=self._on_base,
            yaw_rad=now.microphone_yaw_rad,
        )
        self._publisher = node.create_lifecycle_publisher(
            PoseStamped, "audio/direction", output_qos()
        )

    def begin(self) -> None:
        """Listen to the head's joints, where the gaze is to be guided."""
        self.reset()
        if self._guides and self._subscription is None:
            self._subscription = self._node.create_subscription(
                JointState, "joint_states", self._take_joints, sensor_qos(depth=_JOINTS_DEPTH)
            )

    def reset(self) -> None:
        """Forget all sound and joint states."""
        self._locator.reset()
        self._prior.reset()
        with self._lock:
            self._joints.reset()

    def end(self) -> None:
        """Listen no more."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            self._node.destroy_subscription(subscription)

    def destroy(self) -> None:
        """Take the topic off the network."""
        self.end()
        self._node.destroy_lifecycle_publisher(self._publisher)

    def push(
        self,
        samples: npt.NDArray[np.float32],
        rate_hz: int,
        stamp_ns: int | None,
        frame_id: str,
    ) -> None:
        """Take a chunk of sound.

        Args:
            samples: (N, channels), -1..1.
            rate_hz: Samples a second of each channel.
            stamp_ns: Of the first sample; None where it follows the chunk before.
            frame_id: Of its message; empty where it has none.

        Raises:
            SoundError: If it cannot be used.
        """
        self._locator.expect(rate_hz, samples.shape[1])
        self._frame_id = frame_id or self._settings().microphone_frame_id
        if not self._wanted:
            return
        if stamp_ns is not None:
            stamp_ns += round(self._settings().audio_offset_s * NS_PER_S)
        found = self._locator.push(samples, rate_hz, stamp_ns)
        if found is None:
            return
        self._prior.hear(found.azimuth_rad, found.voice, found.stamp_ns)
        if self._publisher.get_subscription_count():
            self._publisher.publish(direction_message(found, self._frame_id))
            self._published += 1

    def columns(
        self, width: int, camera: PinholeCamera, stamp_ns: int
    ) -> npt.NDArray[np.float32] | None:
        """Return by how much each column of a map counts, as :meth:`SoundPrior.columns`."""
        return self._prior.columns(width, camera, stamp_ns) if self._guides else None

    def health(self) -> VoiceHealth:
        """Return what is known of voices."""
        newest, problem = self._locator.newest, self._locator.problem
        none_because = problem
        if not problem and newest is None:
            none_because = "no voice" if self._wanted else "nobody listens to audio/direction"
        return VoiceHealth(
            gate=self._locator.gate_name,
            problem=self._problem(problem),
            none_because=none_because,
            voice=self._locator.voice,
            direction_deg=None if newest is None else math.degrees(newest.azimuth_rad),
            confidence=None if newest is None else newest.confidence,
            published=self._published,
        )

    @property
    def _wanted(self) -> bool:
        return self._guides or self._publisher.get_subscription_count() > 0

    def _problem(self, of_sound: str) -> str:
        if of_sound:
            return f"no direction of sound: {of_sound}" if self._locator.heard_any else ""
        if not self._frame_id:
            return "the messages of the sound have no frame_id; set microphone_frame_id"
        if self._guides and self._on_base and self._joints.newest is None:
            return (
                "no joint state of the head arrives, so that what microphones on the base hear is "
                "taken as from the camera; look at joint_states and pan_joint"
            )
        return ""

    def _pan_at(self, stamp_ns: int) -> float | None:
        with self._lock:
            try:
                return self._joints.at(stamp_ns).position.pan_rad
            except FrameError:
                return None

    def _take_joints(self, msg: JointState) -> None:
        try:
            pan_rad = joint_angle(msg, self._settings().pan_joint)
            if pan_rad is not None:
                pan = PanTilt(self._settings().pan_sign * pan_rad, 0.0)
                with self._lock:
                    self._joints.push(stamp_to_ns(msg.header.stamp), pan)
        except FrameError as error:
            if self._record().incident("joints", str(error)):
                self._node.get_logger().warning(str(error))


def direction_message(found: VoiceDirection, frame_id: str) -> PoseStamped:
    """Return a pose at the microphones that looks to where the voice comes from."""
    msg = PoseStamped()
    msg.header.stamp, msg.header.frame_id = ns_to_stamp(found.stamp_ns), frame_id
    msg.pose.orientation.z = math.sin(found.azimuth_rad / 2)
    msg.pose.orientation.w = math.cos(found.azimuth_rad / 2)
    return msg


def joint_angle(msg: Any, joint: str) -> float | None:
    """Return the position of a joint of a sensor_msgs/JointState, None where it tells of others.

    Raises:
        FrameError: If names and positions do not fit together.
    """
    names = list(msg.name)
    if joint not in names:
        return None
    if len(msg.position) != len(names):
        raise FrameError(
            f"a joint state has {len(names)} names and {len(msg.position)} positions; look at "
            "the driver"
        )
    return float(msg.position[names.index(joint)])
