# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Subscribes to a microphone, and keeps all that it says.

Usage: python mic_ear.py OUT.npz; says "up" when there is sound, ends at SIGTERM. Written are
samples (N, channels) int16, and of each chunk the length, the stamp and the arrival (ns); the
statuses of the diagnostics with all the messages they had; the format that was told.
"""

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray

from vinet_ros.ros.audio_messages import (
    INFO,
    STAMPED_CHUNK,
    STAMPED_RAW,
    bytes_chunk,
    info_format,
    message_types,
    stamped_chunk,
)
from vinet_ros.ros.qos import sensor_qos


class Ear:
    """Keeps every chunk, decoded as saliency_node decodes it."""

    def __init__(self) -> None:
        self.node = rclpy.create_node("ear")
        self.chunks: list[Any] = []
        self.arrivals_ns: list[int] = []
        self.frames: set[str] = set()
        self.said: dict[str, Any] = {}
        self.format: Any = None
        types = message_types()
        self.kind = STAMPED_CHUNK if STAMPED_CHUNK in types else STAMPED_RAW
        if INFO in types:
            self.node.create_subscription(types[INFO], "audio_info", self._take_format, 1)
        qos = sensor_qos("reliable", 500)
        self.node.create_subscription(types[self.kind], "audio", self._take, qos)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._note, 10)

    def _take_format(self, msg: Any) -> None:
        self.format = info_format(msg)

    def _take(self, msg: Any) -> None:
        if self.kind == STAMPED_CHUNK:
            chunk = stamped_chunk(msg)
        elif self.format is None:
            return  # the ear is not told yet
        else:
            chunk = bytes_chunk(msg, self.format)
        if not self.chunks:
            print("up", flush=True)
        self.chunks.append(chunk)
        self.arrivals_ns.append(time.time_ns())
        self.frames.add(msg.header.frame_id)

    def _note(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            values = {pair.key: pair.value for pair in status.values}
            said = self.said.get(status.name, {}).get("said", [])
            level = int.from_bytes(status.level, "little")
            if [level, status.message] not in said:
                said.append([level, status.message])
            self.said[status.name] = {"values": values, "said": said, "level": level}

    def save(self, out: Path) -> None:
        samples = [np.rint(chunk.samples * 32768).astype(np.int16) for chunk in self.chunks]
        np.savez(
            out,
            samples=np.concatenate(samples) if samples else np.zeros((0, 1), np.int16),
            lengths=[len(chunk) for chunk in samples],
            stamps=[chunk.stamp_ns for chunk in self.chunks],
            arrivals=self.arrivals_ns,
            rates=sorted({chunk.rate_hz for chunk in self.chunks}),
            frames=sorted(self.frames),
            said=json.dumps(self.said),
        )


def main(out: Path) -> None:
    done: list[int] = []
    rclpy.init(signal_handler_options=rclpy.SignalHandlerOptions.NO)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda heard, _: done.append(heard))
    ear = Ear()
    executor = rclpy.executors.SingleThreadedExecutor()
    executor.add_node(ear.node)
    while not done:
        executor.spin_once(timeout_sec=0.05)
    ear.save(out)
    executor.shutdown()
    ear.node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
