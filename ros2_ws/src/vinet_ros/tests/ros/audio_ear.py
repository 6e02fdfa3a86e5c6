# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A saliency_node whose network's map is the sound that it was given; or AViNet, if it is asked.

Usage: python audio_ear.py OUT.npz [parameter:=value ...]; ends at SIGTERM, having written stamps
(M,), sounds (M, 70560) as the network got them, and the newest diagnostics with all they said.
"""

import json
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import rclpy
import torch
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image
from torch import Tensor, nn

from vinet_ros.networks import create_model
from vinet_ros.ros.messages import stamp_to_ns
from vinet_ros.ros.model_setup import LoadedModel
from vinet_ros.ros.qos import sensor_qos
from vinet_ros.ros.saliency_node import SaliencyNode
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.runtime.benchmark_paths import seed_weights
from vinet_ros.sound_forms import WAVEFORM
from vinet_ros.streaming import Predictor

SHAPE = (252, 280)  # as many as samples
SCALE = 1024.0  # sound is within 256


class Echo(nn.Module):
    """A saliency network's outside; its map is a picture of its sound."""

    clip_length = 8
    input_size = (32, 32)
    rate_hz = 15.0
    sound_form = WAVEFORM

    def encode(self, frames: Tensor) -> tuple[Tensor, ...]:
        return (frames,)

    def decode(self, features: tuple[Tensor, ...], audio: Tensor) -> Tensor:
        return 0.5 + audio.reshape(-1, *SHAPE) / SCALE + 0 * features[0].mean()

    def forward(self, clip: Tensor, audio: Tensor) -> Tensor:
        return self.decode((clip.transpose(1, 2),), audio)


def small_avinet(options: dict[str, str]) -> nn.Module:
    model = seed_weights(create_model("avinet", **{"fusion": "concat", **options}), seed=1)
    model.input_size = (32, 64)  # this fusion takes any
    return model


def load(parameters: SaliencyParameters, device: str) -> LoadedModel:
    predictor = Predictor(
        small_avinet(parameters.options()) if parameters.model == "avinet" else Echo(),
        path="torch",
        window_rate_hz=parameters.window_rate_hz,
        max_gap_s=parameters.max_gap_s,
        audio_offset_s=parameters.audio_offset_s,
    )
    return LoadedModel(predictor, "echo", True, "made for the test")


class Listener(Node):
    """Keeps maps and diagnostics."""

    def __init__(self) -> None:
        super().__init__("listener")
        self.maps: dict[int, np.ndarray] = {}
        self.statuses: dict[str, dict[str, str]] = {}
        self.create_subscription(Image, "saliency/image", self._keep, sensor_qos(depth=50))
        self.create_subscription(DiagnosticArray, "/diagnostics", self._note, 10)

    def save(self, out: Path) -> None:
        stamps = sorted(self.maps)
        sounds = np.array([(self.maps[stamp] - 0.5) * SCALE for stamp in stamps], np.float32)
        np.savez(out, stamps=np.array(stamps), sounds=sounds, statuses=json.dumps(self.statuses))

    def _keep(self, msg: Image) -> None:
        self.maps[stamp_to_ns(msg.header.stamp)] = np.frombuffer(msg.data, np.float32)

    def _note(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            values = {pair.key: pair.value for pair in status.values}
            level = int.from_bytes(status.level, "little")
            name = status.name.rpartition(": ")[2]
            said = self.statuses.get(name, {}).get("said", "")
            if status.message not in said:
                said = f"{said}\n{status.message}"
            self.statuses[name] = {**values, "said": said, "level": str(level)}


def main(out: Path, parameters: list[str]) -> None:
    done = threading.Event()
    words = [word for text in parameters for word in ("-p", text)]
    rclpy.init(args=["--ros-args", *words], signal_handler_options=rclpy.SignalHandlerOptions.NO)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    torch.set_num_threads(1)
    nodes = listener, _ = Listener(), SaliencyNode(load)
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    print("up", flush=True)
    while not done.is_set():
        executor.spin_once(timeout_sec=0.02)
    listener.save(out)
    executor.shutdown()
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
