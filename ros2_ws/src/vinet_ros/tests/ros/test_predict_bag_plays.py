# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The bag that `vinet predict` writes, played into ROS by source_node."""

import cv2
import numpy as np
import pytest
from made_bags import PERIOD_NS, START_NS, raw, write_bag
from trail import run_trail

from vinet_ros.ros.messages import image_to_rgb, stamp_to_ns

pytestmark = pytest.mark.system

FRAMES = 15


@pytest.fixture(params=["mcap", "sqlite3"])
def written(request, tmp_path):
    ride = write_bag(tmp_path / "ride", [raw(k, size=(48, 64)) for k in range(FRAMES)])
    return run_trail(ride, tmp_path / "out", write=("bag", "npz"), storage=request.param).folder


def test_the_overlay_plays_at_its_recorded_stamps(viewer, play, written):
    source = play(written / "bag", topic="/saliency/overlay/compressed", stamps="recorded")
    viewer.watch(source)
    assert [stamp_to_ns(message.header.stamp) for message in viewer.compressed] == [
        START_NS + k * PERIOD_NS for k in range(FRAMES)
    ]
    picture = cv2.imdecode(np.frombuffer(viewer.compressed[-1].data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (48, 64, 3)


def test_the_map_plays_as_a_picture_with_its_own_calibration(viewer, play, written):
    source = play(written / "bag", topic="/saliency/image_mono")
    viewer.watch(source)
    assert len(viewer.images) == len(viewer.infos) == FRAMES
    values = np.load(written / "npz" / f"{FRAMES - 1:06d}.npz")["saliency"]
    shown = image_to_rgb(viewer.images[-1])[..., 0]
    assert shown.shape == values.shape == (viewer.infos[-1].height, viewer.infos[-1].width)
    assert np.corrcoef(shown.ravel(), values.ravel())[0, 1] > 0.999
