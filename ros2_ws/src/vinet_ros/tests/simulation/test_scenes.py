# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Made scenes: drawn by seed, equal in all but what they are about; clips as scenes."""

import math
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from vinet_ros.errors import DataError
from vinet_ros.gaze import PanTilt, PinholeCamera
from vinet_ros.offline.frames import NS_PER_S, Frame
from vinet_ros.simulation import (
    MADE_SCENES,
    ClipScene,
    Surroundings,
    VirtualCamera,
    make_scene,
)
from vinet_ros.simulation.made_scenes import APPEARS_S, SPEED_DEG_S
from vinet_ros.simulation.virtual_camera import angle_between

AHEAD = PanTilt(0.0, 0.0)
LUMA = np.array([0.299, 0.587, 0.114])


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """A folder of textured pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(9):
        noise = rng.uniform(0, 255, (12, 28, 3)).astype(np.uint8)
        picture = cv2.resize(noise, (448, 192), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    return folder


@pytest.mark.parametrize("kind", MADE_SCENES)
def test_a_seed_draws_a_scene_and_another_seed_another(kind, pictures):
    camera = VirtualCamera(PinholeCamera.from_hfov(160, 120, 60))
    first, again, other = (
        camera.look(make_scene(kind, pictures, seed), 5.0, AHEAD) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


@pytest.mark.parametrize("seed", range(5))
def test_the_mover_appears_in_view_and_keeps_its_speed_away_from_the_others(pictures, seed):
    scene = make_scene("mover", pictures, seed)
    mover, *others = scene.things
    assert mover.place(APPEARS_S - 1e-6) is None
    camera = VirtualCamera(PinholeCamera.from_hfov(160, 120, 60))
    start = mover.place(APPEARS_S)
    assert camera.sees(start, AHEAD)
    times_s = APPEARS_S + np.arange(0.0, 12.0, 0.02)
    places = [mover.place(float(time_s)) for time_s in times_s]
    speeds = [angle_between(a, b) / 0.02 for a, b in pairwise(places)]
    assert np.median(np.degrees(speeds)) == pytest.approx(SPEED_DEG_S, rel=0.05)
    assert max(abs(place.pan_rad) for place in places) <= math.radians(31.0)
    least = math.radians(2 * 2.0)
    for thing in others:
        assert min(angle_between(thing.place(0.0), place) for place in places) > least
        assert thing.place(0.0) == thing.place(20.0)


def test_cut_outs_of_a_scene_are_equal_in_size_luminance_and_contrast(pictures):
    for seed in range(4):
        things = make_scene("mover", pictures, seed).things
        assert len({(thing.rgb.shape, thing.half_rad) for thing in things}) == 1
        disc = things[0].alpha > 0.5
        luma = [(thing.rgb @ LUMA)[disc] for thing in things]
        assert np.ptp([grey.mean() for grey in luma]) < 4.0
        assert np.ptp([grey.std() for grey in luma]) < 4.0
        assert 25 < luma[0].std() < 55


def test_the_standing_one_appears_and_the_still_ones_are_there(pictures):
    (thing,) = make_scene("standing", pictures, 3).things
    assert thing.place(0.0) is None and thing.place(4.0) == thing.place(9.0) is not None
    still = make_scene("still", pictures, 3).things
    assert all(thing.place(0.0) == thing.place(9.0) is not None for thing in still)


def test_three_equal_ones_are_in_view_before_a_calm_background(pictures):
    scene = make_scene("three", pictures, 0)
    assert len(scene.things) == 3
    camera = VirtualCamera(PinholeCamera.from_hfov(160, 120, 60))
    for thing in scene.things:
        np.testing.assert_array_equal(thing.rgb, scene.things[0].rgb)
        assert camera.sees(thing.place(0.0), AHEAD)
    lively = make_scene("still", pictures, 0)
    assert scene.background(0.0).std() < 0.5 * lively.background(0.0).std()


def test_what_cannot_be_made_is_refused(pictures, tmp_path):
    with pytest.raises(ValueError, match="one of mover, standing"):
        make_scene("flying", pictures, 0)
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((40, 200, 3), np.uint8))
    with pytest.raises(DataError, match="at least 80 pixels a side"):
        make_scene("mover", tmp_path, 0)
    (tmp_path / "1.png").unlink()
    (tmp_path / "2.png").unlink()
    with pytest.raises(DataError, match="two or more frames"):
        make_scene("mover", tmp_path, 0)


def clip_of(shades, period_s):
    def frames():
        for index, shade in enumerate(shades):
            picture = np.full((8, 16, 3), shade, np.uint8)
            yield Frame(index, round(index * period_s * NS_PER_S), picture)

    return ClipScene(frames, len(shades) * period_s, Surroundings((8, 16), 1.0))


def test_a_clip_shows_each_frame_at_its_time_over_and_over():
    scene = clip_of([10, 20, 30], 0.5)
    times_s = (0.0, 0.4, 0.5, 1.2, 1.49, 1.5, 2.1, 2.5, 3.1, 7.6)
    shown = [int(scene.background(time_s)[0, 0, 0]) for time_s in times_s]
    assert shown == [10, 10, 20, 30, 30, 10, 20, 30, 10, 10]


def test_a_still_picture_stays_and_an_empty_clip_is_refused():
    picture = np.full((8, 16, 3), 7, np.uint8)
    scene = ClipScene(lambda: iter([Frame(0, 0, picture)]), 0.0, Surroundings((8, 16), 1.0))
    assert scene.background(1e6)[0, 0, 0] == 7
    with pytest.raises(DataError, match="no frames"):
        ClipScene(lambda: iter(()), 0.0, Surroundings((8, 16), 1.0))
