# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A camera, a head's joints and two microphones in one process, and what a node makes of them.

Usage: python direction_driver.py SOUND.npy OUT.json
First only the camera; then the sound (N, 2) at 16 kHz, the second half of it with a frame_id; then
its first channel alone, for a second.
"""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PointStamped, PoseStamped
from sensor_msgs.msg import Image, JointState

from vinet_ros.ros.audio_messages import STAMPED_CHUNK, message_types
from vinet_ros.ros.messages import fill_image, ns_to_stamp, stamp_to_ns
from vinet_ros.ros.qos import sensor_qos

RATE_HZ, CHUNK_S = 16_000, 0.04
PAN_RAD = math.radians(30)
BRIGHT, LESS_BRIGHT = 250, 200


class Driver:
    """Plays and listens."""

    def __init__(self) -> None:
        self.node = rclpy.create_node("driver")
        self.kind = message_types()[STAMPED_CHUNK]
        publish, listen = self.node.create_publisher, self.node.create_subscription
        self.images = publish(Image, "image", sensor_qos())
        self.joints = publish(JointState, "joint_states", 10)
        self.audio = publish(self.kind, "audio", 50)
        self.directions: list[dict[str, Any]] = []
        self.looks: list[tuple[int, float]] = []
        self.status: dict[str, str] = {}
        listen(PoseStamped, "audio/direction", self._hear, 10)
        listen(PointStamped, "gaze/pixel", self._look, 10)
        listen(DiagnosticArray, "/diagnostics", self._note, 10)
        self.statuses: list[dict[str, str]] = []

    def play(self, sound: np.ndarray | None, seconds: float) -> int:
        """Play in real time; return the stamp of the beginning."""
        size, begin_ns = round(CHUNK_S * RATE_HZ), time.time_ns()
        for k in range(round(seconds / CHUNK_S)):
            self._spin_until(begin_ns + round((k + 1) * CHUNK_S * 1e9))
            if sound is not None:
                frame_id = "array" if k * CHUNK_S > seconds / 2 else ""
                stamp_ns = begin_ns + round(k * CHUNK_S * 1e9)
                self._send(sound[k * size : (k + 1) * size], stamp_ns, frame_id)
            self._show()
        return begin_ns

    def wait(self) -> None:
        """Return when the node listens."""
        end_s = time.monotonic() + 30
        for publisher in (self.audio, self.images, self.joints):
            while not publisher.get_subscription_count():
                assert time.monotonic() < end_s, f"nobody listens to {publisher.topic_name}"
                time.sleep(0.05)

    def _spin_until(self, due_ns: int) -> None:
        while time.time_ns() < due_ns:
            rclpy.spin_once(self.node, timeout_sec=max((due_ns - time.time_ns()) * 1e-9, 0))

    def _send(self, samples: np.ndarray, stamp_ns: int, frame_id: str) -> None:
        msg = self.kind()
        msg.header.stamp, msg.header.frame_id = ns_to_stamp(stamp_ns), frame_id
        info = msg.audio.info
        info.format, info.rate = 1, RATE_HZ
        info.channels, info.chunk = samples.shape[1], len(samples)
        msg.audio.audio_data.float32_data = samples.astype(np.float32).ravel().tolist()
        self.audio.publish(msg)

    def _show(self) -> None:
        stamp_ns = time.time_ns()
        joints = JointState(name=["roll", "neck"], position=[0.0, -PAN_RAD])
        joints.header.stamp = ns_to_stamp(stamp_ns)
        self.joints.publish(joints)
        picture = np.full((480, 640, 3), 20, np.uint8)
        picture[220:260, 130:170], picture[220:260, 470:510] = BRIGHT, LESS_BRIGHT
        image = Image()
        fill_image(image, picture, "rgb8")
        image.header.stamp = ns_to_stamp(stamp_ns)
        self.images.publish(image)

    def _hear(self, msg: PoseStamped) -> None:
        pose = msg.pose
        assert (pose.position.x, pose.position.y, pose.position.z) == (0, 0, 0)
        assert (pose.orientation.x, pose.orientation.y) == (0, 0)
        yaw_rad = 2 * math.atan2(pose.orientation.z, pose.orientation.w)
        heard = {"stamp_ns": stamp_to_ns(msg.header.stamp), "frame_id": msg.header.frame_id}
        self.directions.append({**heard, "deg": math.degrees(yaw_rad)})

    def _look(self, msg: PointStamped) -> None:
        self.looks.append((stamp_to_ns(msg.header.stamp), msg.point.x))

    def _note(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            if status.name == "saliency_node: audio":
                values = {pair.key: pair.value for pair in status.values}
                level = str(int.from_bytes(status.level, "little"))
                self.statuses.append({**values, "message": status.message, "level": level})


def main(sound: np.ndarray, out: Path) -> None:
    rclpy.init()
    driver = Driver()
    driver.wait()
    driver.play(None, 1.0)
    seconds = len(sound) / RATE_HZ
    begun = [driver.play(sound, seconds), driver.play(sound[:, :1], 1.0)]
    out.write_text(
        json.dumps(
            {
                "begun": begun,
                "directions": driver.directions,
                "looks": driver.looks,
                "statuses": driver.statuses,
            }
        )
    )
    driver.node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main(np.load(sys.argv[1]), Path(sys.argv[2]))
