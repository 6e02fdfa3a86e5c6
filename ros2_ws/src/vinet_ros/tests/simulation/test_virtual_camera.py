# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The virtual camera: directions where they belong, whatever the pose, the lens and the mount."""

import math

import numpy as np
import pytest

from vinet_ros.gaze import Head, HeadMount, PanTilt, PinholeCamera, pixel_to_ray
from vinet_ros.simulation import Scene, Surroundings, Thing, VirtualCamera
from vinet_ros.simulation.virtual_camera import angle_between, unit

SIZE = (400, 800)
POSES = [PanTilt(0.0, 0.0), PanTilt(0.3, -0.2), PanTilt(-0.5, 0.25)]
CAMERA = PinholeCamera.from_hfov(160, 120, 60)
LENS = PinholeCamera(
    160, 120, 140.0, 138.0, 80.0, 61.0, "plumb_bob", (-0.2, 0.05, 0.001, 0.0, 0.0)
)


class Ramp(Scene):
    """A picture that tells the direction: red grows with the column, green with the row."""

    def __init__(self, projection="equirectangular", hfov_deg=200.0, things=()):
        self.surroundings = Surroundings(SIZE, math.radians(hfov_deg), projection)
        self.things = things
        rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
        blue = np.full(SIZE, 128)
        ramp = np.stack((columns * 255 / SIZE[1], rows * 255 / SIZE[0], blue), axis=-1)
        self.picture = np.rint(ramp).astype(np.uint8)

    def background(self, time_s):
        return self.picture


def square(pan_deg, tilt_deg, half_deg=2.0, colour=(255, 0, 255)):
    rgb = np.full((21, 21, 3), colour, np.uint8)
    place = PanTilt(math.radians(pan_deg), math.radians(tilt_deg))
    return Thing(rgb, np.ones((21, 21), np.float32), math.radians(half_deg), lambda _: place)


@pytest.mark.parametrize("projection", ["equirectangular", "rectilinear"])
@pytest.mark.parametrize("camera", [CAMERA, LENS], ids=["pinhole", "lens"])
@pytest.mark.parametrize("pose", POSES)
def test_every_pixel_shows_its_direction(projection, camera, pose):
    scene = Ramp(projection, 120.0)
    head = Head(HeadMount(rpy_rad=(0.2, 0.05, -0.1)))
    picture = VirtualCamera(camera, head).look(scene, 0.0, pose)
    rotation, _ = head.view(pose)
    for u, v in ((0, 0), (159, 0), (80, 60), (33, 101), (159, 119)):
        ray = rotation @ np.array(pixel_to_ray(camera, u, v))
        column, row = scene.surroundings.pixels(ray)
        if 1 <= column < SIZE[1] - 1 and 1 <= row < SIZE[0] - 1:
            expected = column * 255 / SIZE[1], row * 255 / SIZE[0]
            np.testing.assert_allclose(picture[v, u, :2].astype(float), expected, atol=1.01)


def test_rays_between_the_exact_ones_are_good_to_a_tenth_of_a_pixel():
    for pose in POSES:
        rotation, _ = Head().view(pose)
        camera = PinholeCamera.from_hfov(640, 480, 90)
        virtual = VirtualCamera(camera)
        surroundings = Surroundings((600, 1200), math.radians(200))
        columns, rows = surroundings.pixels(virtual._rays @ rotation.T)
        found = np.stack((virtual._between(columns), virtual._between(rows)))
        for u, v in ((8, 8), (631, 7), (321, 250), (100, 399)):
            exact = surroundings.pixels(rotation @ np.array(pixel_to_ray(camera, u, v)))
            np.testing.assert_allclose(found[:, v, u], exact, atol=0.1)


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("camera", [CAMERA, LENS], ids=["pinhole", "lens"])
def test_a_thing_is_drawn_where_its_direction_is_seen(pose, camera):
    thing = square(10.0, 5.0)
    virtual = VirtualCamera(camera, Head(HeadMount(rpy_rad=(0.1, 0.0, 0.0))))
    picture = virtual.look(Ramp(things=(thing,)), 0.0, pose).astype(int)
    rows, columns = np.nonzero((picture[..., 2] > 200) & (picture[..., 0] > 200))
    place = thing.place(0.0)
    pixel = virtual.pixel(place, pose)
    if virtual.sees(place, pose):
        np.testing.assert_allclose((columns.mean(), rows.mean()), pixel, atol=0.7)
        across_px = 2 * camera.fx * math.tan(thing.half_rad)
        assert len(rows) == pytest.approx(across_px**2, rel=0.5)
    else:
        assert len(rows) == 0


def test_a_thing_ahead_of_the_head_is_in_the_middle():
    virtual = VirtualCamera(CAMERA)
    place = PanTilt(0.4, -0.3)
    assert virtual.pixel(place, place) == pytest.approx((CAMERA.cx, CAMERA.cy))
    assert virtual.sees(place, place)
    assert virtual.pixel(PanTilt(0.4 + math.pi, 0.0), place) is None


def test_a_thing_may_be_cut_by_the_edge_lie_behind_or_be_gone():
    virtual = VirtualCamera(CAMERA)
    cut = virtual.look(Ramp(things=(square(30.0, 0.0),)), 0.0, PanTilt(0.0, 0.0))
    whole = virtual.look(Ramp(things=(square(20.0, 0.0),)), 0.0, PanTilt(0.0, 0.0))
    assert 0 < (cut[..., 2] == 255).sum() < (whole[..., 2] == 255).sum()
    bare = virtual.look(Ramp(), 0.0, PanTilt(0.0, 0.0))
    behind = virtual.look(Ramp(things=(square(180.0, 0.0),)), 0.0, PanTilt(0.0, 0.0))
    gone = Thing(np.zeros((5, 5, 3), np.uint8), np.ones((5, 5), np.float32), 0.1, lambda _: None)
    np.testing.assert_array_equal(behind, bare)
    np.testing.assert_array_equal(virtual.look(Ramp(things=(gone,)), 0.0, PanTilt(0.0, 0.0)), bare)


def test_a_panorama_of_a_whole_turn_goes_on_at_its_other_edge():
    scene = Ramp(hfov_deg=360.0)
    scene.picture[:] = 0
    scene.picture[:, :4] = 250  # just right of straight behind, as seen from the front
    looks_back = VirtualCamera(CAMERA).look(scene, 0.0, PanTilt(math.pi, 0.0))
    bright = np.nonzero(looks_back[60, :, 0] > 200)[0]
    assert 0 < len(bright) < 12 and abs(bright.mean() - 80) < 12


def test_beyond_a_picture_is_its_mirror_image():
    scene = Ramp(hfov_deg=60.0)
    aside = VirtualCamera(CAMERA).look(scene, 0.0, PanTilt(math.radians(30), 0.0))
    np.testing.assert_allclose(aside[60, 40:120, 0], aside[60, 119:39:-1, 0], atol=3)


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (((10, 10), 1.0, "fisheye"), "one of equirectangular, rectilinear, got 'fisheye'"),
        (((10, 10), math.pi, "rectilinear"), "1 to 170 degrees, got 180"),
        (((10, 10), 0.0, "equirectangular"), "1 to 360 degrees, got 0"),
    ],
)
def test_impossible_surroundings_are_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        Surroundings(*arguments)


def test_angles_between_directions():
    assert angle_between(PanTilt(0.1, 0.0), PanTilt(0.3, 0.0)) == pytest.approx(0.2)
    assert angle_between(PanTilt(1.0, 0.3), PanTilt(1.0, -0.2)) == pytest.approx(0.5)
    np.testing.assert_allclose(unit(PanTilt(math.pi / 2, 0.0)), (0, 1, 0), atol=1e-12)
