# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A camera and a microphone's driver, which speaks one of the dialects.

Usage: python audio_driver.py PLAN.json OUT.json
The plan is a list of takes: {"sound": file.npy (N, channels) -1..1, "rate_hz", "kind", "format",
optional "fault" of its tenth chunk on, "coding", "untold", "goes_on"}; each begins with ~/reset
unless it goes on. Written is when each began: the stamp of its first sample.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger

from vinet_ros.ros.audio_messages import message_types
from vinet_ros.ros.messages import ns_to_stamp
from vinet_ros.ros.qos import sensor_qos

CHUNK_S = 0.04
FRAME_S = 1 / 15
_LONG_NS = 10**12
_KINDS = {"F32LE": "<f4", "S16LE": "<i2", "S32LE": "<i4"}
_FIELDS = {
    1: ("float32_data", "f4", 1.0), 2: ("int32_data", "i4", 2**31), 8: ("int16_data", "i2", 2**15),
}  # fmt: skip


class Driver:
    """Publishes takes in real time."""

    def __init__(self) -> None:
        self.node = rclpy.create_node("driver")
        self.types = message_types()
        self.images = self.node.create_publisher(Image, "image", sensor_qos())
        self.publishers: dict[str, Any] = {}
        self.reset = self.node.create_client(Trigger, "saliency_node/reset")
        assert self.reset.wait_for_service(60.0)

    def take(self, take: dict[str, Any]) -> int:
        """Play a take; return the stamp of its first sample."""
        sound = np.load(take["sound"]).astype(np.float32)
        publisher = self._publisher(take["kind"])
        self._tell_format(take, sound.shape[1])
        if not take.get("goes_on"):
            done = self.reset.call_async(Trigger.Request())
            rclpy.spin_until_future_complete(self.node, done, timeout_sec=10.0)
        begin_ns = time.time_ns()
        chunk = round(CHUNK_S * take["rate_hz"])
        due = [(CHUNK_S * (k + 1), "sound", k) for k in range(len(sound) // chunk)]
        seconds = len(sound) / take["rate_hz"]
        due += [(FRAME_S * k + 0.004, "frame", k) for k in range(int(seconds / FRAME_S))]
        for due_s, what, k in sorted(due):
            time.sleep(max(0.0, begin_ns * 1e-9 + due_s - time.time()))
            if what == "frame":
                self.images.publish(_image(begin_ns + round(k * FRAME_S * 1e9)))
            else:
                for number, shift_ns in _numbers(take.get("fault"), k):
                    stamp_ns = begin_ns + round(number * chunk * 1e9 / take["rate_hz"]) + shift_ns
                    samples = sound[number * chunk : (number + 1) * chunk]
                    msg = self.message(take, samples, stamp_ns * (shift_ns > -_LONG_NS))
                    publisher.publish(_broken(msg, take.get("fault"), k))
        time.sleep(0.3)
        return begin_ns

    def message(self, take: dict[str, Any], samples: np.ndarray, stamp_ns: int) -> Any:
        """Return a chunk in the dialect."""
        msg = self.types[take["kind"]]()
        if take["kind"] == "AudioStamped":
            field, kind, full = _FIELDS[take["format"]]
            msg.header.stamp = ns_to_stamp(stamp_ns)
            info = msg.audio.info
            info.format, info.rate = take["format"], take["rate_hz"]
            info.channels, info.chunk = samples.shape[1], len(samples)
            setattr(msg.audio.audio_data, field, _scaled(samples, kind, full).ravel().tolist())
            return msg
        kind = _KINDS[take["format"]]
        full = 1.0 if kind == "<f4" else 2.0 ** (8 * np.dtype(kind).itemsize - 1)
        data = _scaled(samples, kind, full).tobytes()
        if take["kind"] == "AudioDataStamped":
            msg.header.stamp = ns_to_stamp(stamp_ns)
            msg.audio.data = data
        else:
            msg.data = data
        return msg

    def _publisher(self, kind: str) -> Any:
        if kind not in self.publishers:
            self.publishers[kind] = self.node.create_publisher(self.types[kind], "audio", 50)
            end_s = time.monotonic() + 20
            while not self.publishers[kind].get_subscription_count():
                assert time.monotonic() < end_s, "nobody listens"
                time.sleep(0.05)
        return self.publishers[kind]

    def _tell_format(self, take: dict[str, Any], channels: int) -> None:
        if take["kind"] == "AudioStamped" or take.get("untold"):
            return
        if "AudioInfo" not in self.publishers:
            info = self.node.create_publisher(self.types["AudioInfo"], "audio_info", 1)
            self.publishers["AudioInfo"] = info
            end_s = time.monotonic() + 20
            while not info.get_subscription_count():
                assert time.monotonic() < end_s, "nobody hears the format"
                time.sleep(0.05)
        told = self.types["AudioInfo"]()
        told.channels, told.sample_rate = channels, take["rate_hz"]
        told.sample_format, told.coding_format = take["format"], take.get("coding", "wave")
        self.publishers["AudioInfo"].publish(told)
        time.sleep(0.3)


def _numbers(fault: str | None, k: int) -> list[tuple[int, int]]:
    """Return which chunks are sent when the k-th is due, and how far their stamps are off."""
    if fault == "swapped" and k in (10, 11):
        return [(21 - k, 0)]
    if fault == "lost" and k in (10, 11, 12):
        return []
    if fault == "future" and k == 10:
        return [(10, 60_000_000_000)]
    if fault == "zero" and k == 10:
        return [(10, -_LONG_NS)]
    return [(k, 0)] * (1 + (fault == "twice" and k == 10))


def _broken(msg: Any, fault: str | None, k: int) -> Any:
    if fault == "bytes" and k == 10:
        if hasattr(msg.audio, "data"):
            msg.audio.data = bytes(msg.audio.data)[:-1]
        else:
            msg.audio.info.format = 99
    return msg


def _scaled(samples: np.ndarray, kind: str, full: float) -> np.ndarray:
    if np.dtype(kind).kind == "f":
        return samples.astype(kind)
    return np.rint(np.clip(samples.astype(np.float64) * full, -full, full - 1)).astype(kind)


def _image(stamp_ns: int) -> Image:
    msg = Image(height=32, width=32, encoding="rgb8", step=96, data=bytes(32 * 96))
    msg.header.stamp = ns_to_stamp(stamp_ns)
    return msg


def main(plan: Path, out: Path) -> None:
    rclpy.init()
    driver = Driver()
    begun = [driver.take(take) for take in json.loads(plan.read_text())]
    out.write_text(json.dumps(begun))
    driver.node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
