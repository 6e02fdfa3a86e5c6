# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Configure, activate, look, deactivate and clean up, again and again, with the bundled network.

``python tests/ros/lives.py 100`` prints what is left after each life as JSON lines: resident
memory of its own (freed memory given back first), threads and open files of the process.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import rclpy
from geometry_msgs.msg import PointStamped
from node_bench import spot
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from vinet_ros.ros.messages import fill_image
from vinet_ros.ros.qos import output_qos, sensor_qos
from vinet_ros.ros.running import init_ros
from vinet_ros.ros.saliency_node import SaliencyNode
from vinet_ros.runtime.base import trim_memory


def live(node: SaliencyNode, executor: SingleThreadedExecutor, camera: Any, gazes: list) -> None:
    """Let a node live once: it must look three times in between."""
    node.trigger_configure()
    node.trigger_activate()
    assert node.state == "active", node.reason
    gazes.clear()
    image = Image()
    fill_image(image, spot(), "rgb8")
    while len(gazes) < 3:
        image.header.stamp = node.get_clock().now().to_msg()
        camera.publish(image)
        for _ in range(10):
            executor.spin_once(timeout_sec=0.005)
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert node.state == "unconfigured" and not node.failed, node.reason


def own_memory_mib() -> float:
    """Return the resident memory without the transport's shared segment.

    That one is touched page by page until all of its fixed size is resident.
    """
    status = Path("/proc/self/status").read_text()
    kib = [int(n) for n in re.findall(r"^Rss(?:Anon|File):\s*(\d+) kB", status, re.MULTILINE)]
    return round(sum(kib) / 1024, 2)


def main(lives: int) -> None:
    """Print a line for each life."""
    init_ros([])
    parameters = [Parameter("autostart", value=False), Parameter("model", value="vinet_lite")]
    node = SaliencyNode(parameter_overrides=parameters)
    bench = rclpy.create_node("lives")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.add_node(bench)
    gazes: list[PointStamped] = []
    bench.create_subscription(PointStamped, "gaze/pixel", gazes.append, output_qos())
    camera = bench.create_publisher(Image, "image", sensor_qos())
    for number in range(1, lives + 1):
        live(node, executor, camera, gazes)
        trim_memory()
        left = {
            "life": number,
            "memory_mib": own_memory_mib(),
            "threads": len(os.listdir("/proc/self/task")),  # noqa: PTH208 - as short as it gets
            "files": len(list(Path("/proc/self/fd").iterdir())),
        }
        print(json.dumps(left), flush=True)
    node.close()
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
