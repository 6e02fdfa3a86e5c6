# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What the tests of several cameras share: images, transitions and diagnostics by camera."""

from typing import Any

import numpy as np
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from node_bench import Bench
from sensor_msgs.msg import Image

from vinet_ros.ros.messages import fill_image, ns_to_stamp

CAMERAS = ("left", "right")
START_S = 240.0
"""A process imports torch, compiles its network and measures it; on a busy machine, slowly."""


def send(
    bench: Bench, camera: str, rgb: np.ndarray, stamp_ns: int | None = None, **change: Any
) -> int:
    """Publish an image on a camera's topic; return its stamp."""
    stamp_ns = bench.now_ns() if stamp_ns is None else stamp_ns
    image = Image()
    fill_image(image, rgb, "rgb8")
    image.header.stamp, image.header.frame_id = ns_to_stamp(stamp_ns), camera
    for name, content in change.items():
        setattr(image, name, content)
    bench.publisher(Image, f"{camera}/image").publish(image)
    return stamp_ns


def change_state(bench: Bench, camera: str, transition: int) -> bool:
    """Ask a node for a transition, as a lifecycle manager does; return whether it went well."""
    client = bench.node.create_client(ChangeState, f"{camera}/saliency_node/change_state")
    bench.spin_until(client.service_is_ready)
    done = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
    bench.spin_until(done.done, START_S)
    return bool(done.result().success)


def value(bench: Bench, camera: str, name: str, key: str) -> str | None:
    """Return a value of the newest status of a camera's node."""
    status = bench.status(name, f"{camera}/saliency_node")
    return next((v.value for v in status.values if v.key == key), None) if status else None
