# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What the network sees of a thing that a head follows perfectly: it stands in the picture."""

import math

import pytest

from vinet_ros.gaze import PanTilt, PinholeCamera, find_peaks
from vinet_ros.ros.demo_options import default_clip
from vinet_ros.simulation import VirtualCamera, make_scene
from vinet_ros.simulation.made_scenes import APPEARS_S
from vinet_ros.streaming import Predictor

RATE_HZ = 15
HFOV_DEG, SIZE = 60.0, (384, 288)
NEAR_DEG = 3.5


@pytest.fixture(scope="module")
def predictor():
    with_it = Predictor("vinet_lite", threads=1, stabilize=True)
    yield {
        True: with_it,
        False: Predictor("vinet_lite", executor=with_it.executor, stabilize=False),
    }
    with_it.close()


def share_found(predictor, seed, joints_at):
    """Return how often the best peak is the mover, in the second and a half after it was there."""
    scene = make_scene("mover", default_clip(), seed)
    camera = VirtualCamera(PinholeCamera.from_hfov(*SIZE, HFOV_DEG))
    place = scene.things[0].place
    found = []
    predictor.configure_window(rate_hz=RATE_HZ)
    for k in range(round(2.2 * RATE_HZ)):
        time_s = APPEARS_S + k / RATE_HZ
        joints = joints_at(place(time_s))
        predictor.push_frame(camera.look(scene, time_s, joints), round(time_s * 1e9))
        saliency = predictor.predict()
        if k < 0.7 * RATE_HZ:
            continue
        best = find_peaks(saliency.values, 1)[0]
        height, width = saliency.values.shape
        u, v = camera.pixel(place(time_s), joints)
        off = math.hypot(best.u * SIZE[0] / width - u, best.v * SIZE[1] / height - v)
        found.append(off < NEAR_DEG / HFOV_DEG * SIZE[0])
    return sum(found) / len(found)


@pytest.mark.parametrize("seed", [0, 2])
def test_a_pursued_thing_is_seen(predictor, seed):
    follows = {on: share_found(one, seed, lambda at: at) for on, one in predictor.items()}
    assert follows[True] >= 0.7, follows
    assert follows[False] <= 0.3, follows  # what it is for
    stands = share_found(predictor[True], seed, lambda _: PanTilt(0.0, 0.0))
    assert stands >= 0.8
