# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The camera's place from tf2.

tf2 cannot be installed where these tests run, so a stand-in with its three names plays it.
"""

import importlib.util
import math
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from geometry_msgs.msg import TransformStamped
from head_bench import CAMERA, HeadBench

from vinet_ros.gaze import Head, HeadMount, PanTilt

MISSING = importlib.util.find_spec("tf2_ros") is None
GOAL = PanTilt(0.35, -0.05)


class Transforms:
    """What a robot's transforms are; shared by all buffers of the stand-in."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], TransformStamped] = {}
        self.listeners = 0


@pytest.fixture
def transforms(monkeypatch: pytest.MonkeyPatch) -> Transforms:
    """Put the stand-in in tf2's place."""
    transforms = Transforms()

    class TransformException(Exception):  # noqa: N818
        pass

    class Buffer:
        def __init__(self, node: Any) -> None:
            pass

        def lookup_transform(self, target: str, source: str, time: Any) -> TransformStamped:
            if (target, source) not in transforms.known:
                raise TransformException(f'"{target}" passed to lookupTransform does not exist')
            return transforms.known[target, source]

    class TransformListener:
        def __init__(self, buffer: Buffer, node: Any) -> None:
            transforms.listeners += 1

        def unregister(self) -> None:
            transforms.listeners -= 1

    module = SimpleNamespace(
        Buffer=Buffer, TransformListener=TransformListener, TransformException=TransformException
    )
    monkeypatch.setitem(sys.modules, "tf2_ros", module)
    return transforms


def test_targets_wait_for_the_transform_and_then_count_with_it(
    head: HeadBench, transforms: Transforms
) -> None:
    """A camera 10 cm to the left, upside down."""
    head.head = Head(HeadMount((0.0, 0.1, 0.0), (math.pi, 0.0, 0.0)))
    head.goal = GOAL
    head.enabled(tilt_frame="tilt_link")
    head.spin_until(lambda: head.says("targets", "the place of the camera 'camera' in 'tilt", 1))
    head.spin_until(lambda: head.is_at(head.position))  # held where it is
    assert transforms.listeners == 1
    pose = TransformStamped()
    pose.transform.translation.y = 0.1
    # Of the optical frame: from level (x, y, z, w) = (-.5, .5, -.5, .5), rolled by half a turn.
    x, y, z, w = 0.5, 0.5, 0.5, 0.5
    rotation = pose.transform.rotation
    rotation.x, rotation.y, rotation.z, rotation.w = x, y, z, w
    transforms.known["tilt_link", CAMERA] = pose
    head.spin_until(lambda: head.is_at(GOAL))
    head.spin_for(0.3)
    assert list(head.commands[-1].position) == pytest.approx(GOAL, abs=2e-3)
    assert transforms.listeners == 0


def test_deactivating_ends_the_listening(head: HeadBench, transforms: Transforms) -> None:
    node = head.controller(tilt_frame="tilt_link")
    head.spin_until(lambda: node.state == "active")
    assert transforms.listeners == 1
    node.trigger_deactivate()
    assert transforms.listeners == 0


@pytest.mark.skipif(not MISSING, reason="tf2 is installed here")
def test_without_tf2_it_says_what_to_do(head: HeadBench) -> None:
    node = head.controller(tilt_frame="tilt_link")
    head.spin_until(lambda: node.failed)
    assert node.state == "inactive"
    assert "install tf2_ros" in node.reason and "leave tilt_frame empty" in node.reason
