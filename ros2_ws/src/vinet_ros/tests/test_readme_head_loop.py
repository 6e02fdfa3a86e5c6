# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The README's example of the gaze loop in plain Python, run as it is written there."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = """
from vinet_ros.gaze import GazeFollower, PanTilt

follower, head, ms = GazeFollower(), PanTilt(0.0, 0.0), 1_000_000
for now_ns in range(1000 * ms, 3000 * ms, 33 * ms):         # two seconds at 30 Hz
    follower.push_joints(now_ns, head)                      # where the head is
    thing = follower.head.to_optical((2.0, 1.0, 0.3), head)  # what the camera sees of a thing
    follower.push_targets(now_ns, [(*thing, 0.8)])          # x, y, z in m, saliency
    if not follower.enabled:
        follower.enable(now_ns)
    head = follower.step(now_ns).position                   # within all limits
"""


def test_the_example_has_ten_lines_and_is_the_readme_s():
    assert len(EXAMPLE.strip().splitlines()) == 10
    readme = Path(__file__).resolve().parents[4] / "README.md"
    assert f"```python{EXAMPLE}```" in readme.read_text(encoding="utf-8")


def test_the_head_looks_at_the_thing():
    names = {}
    exec(compile(EXAMPLE, "README.md", "exec"), names)
    assert names["follower"].fixation.kind == "fixation"
    tilt = math.atan2(0.3, math.hypot(2.0, 1.0))
    assert names["head"] == pytest.approx((math.atan2(1.0, 2.0), tilt), abs=0.01)


def test_it_needs_no_ros_and_no_network():
    check = "import sys; assert not {'rclpy', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", EXAMPLE + check], check=True, timeout=120)
