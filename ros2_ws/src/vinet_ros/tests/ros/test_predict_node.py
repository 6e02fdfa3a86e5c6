# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""`vinet predict` and saliency_node, fed with the same frames, give the same."""

import json

import numpy as np
import pytest
from bright_spot import Loader
from geometry_msgs.msg import PointStamped
from made_bags import PERIOD_NS, START_NS, raw, write_bag
from sensor_msgs.msg import CameraInfo, Image
from trail import Trail, WideTrail, run_trail

from vinet_ros.ros.messages import stamp_to_ns


@pytest.mark.system
@pytest.mark.parametrize(
    ("size", "frames", "network"),
    [((24, 32), 25, Trail), ((720, 1280), 12, WideTrail)],
    ids=["small", "720p"],
)
def test_the_node_gives_the_same_maps_and_gaze(bench, play, tmp_path, size, frames, network):
    bag = write_bag(tmp_path / "ride", [raw(k, size=size) for k in range(frames)])
    node = bench.active(Loader(network()), smoothing_tau_s=0.15)
    maps = bench.listen(Image, "saliency/image", 100)
    pixels = bench.listen(PointStamped, "gaze/pixel", 100)
    answers = bench.listen(CameraInfo, "saliency/camera_info", 100)
    source = play(bag, realtime=False, image_reliability="best_effort", image_depth=5)
    bench.spin_until(lambda: source.poll() is not None, 60)
    bench.spin_for(0.5)
    assert node.state == "active"
    assert len(answers) == frames, (len(maps), len(pixels), len(answers))
    folder = run_trail(bag, tmp_path / "out", write=("npz", "json"), network=network).folder
    table = json.loads((folder / "gaze.json").read_text())["frames"]
    rows = {row["stamp_ns"]: row for row in table}
    assert list(rows) == [START_NS + k * PERIOD_NS for k in range(frames)]
    # The node's queues hold one message: a listener that is slow misses some, never many.
    assert len(maps) > frames // 2 and len(pixels) > frames // 2
    for message in maps:
        row = rows[stamp_to_ns(message.header.stamp)]
        values = np.frombuffer(message.data, np.float32).reshape(message.height, message.width)
        kept = np.load(folder / "npz" / f"{row['frame']:06d}.npz")["saliency"]
        np.testing.assert_allclose(kept, values, atol=1e-5)
    for pixel in pixels:
        row = rows[stamp_to_ns(pixel.header.stamp)]
        assert (pixel.point.x, pixel.point.y) == pytest.approx((row["u"], row["v"]), abs=1e-2)
