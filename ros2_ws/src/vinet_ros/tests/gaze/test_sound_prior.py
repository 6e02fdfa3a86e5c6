# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A voice weighs the columns of a map: where it is, for how long, and in whose coordinates."""

import math

import numpy as np
import pytest

from vinet_ros.gaze import PinholeCamera, SoundPrior
from vinet_ros.gaze.geometry import pan_tilt_to_pixel
from vinet_ros.gaze.sound_prior import FADE_S, SIGMA_RAD

S = 1_000_000_000
WIDTH = 96
CAMERA = PinholeCamera.from_hfov(640, 480, 90.0)


def degrees_of(column):
    """The pan of a column of the map, in degrees."""
    u = (column + 0.5) * 640 / WIDTH - 0.5
    return math.degrees(math.atan2(CAMERA.cx - u, CAMERA.fx))


def heard(azimuth_deg, weight=1.0, voice=1.0, **arguments):
    prior = SoundPrior(weight, **arguments)
    prior.hear(math.radians(azimuth_deg), voice, S)
    return prior


@pytest.mark.parametrize("azimuth_deg", [-40, -10, 0, 25])
def test_the_column_of_the_voice_keeps_its_value_and_others_lose(azimuth_deg):
    columns = heard(azimuth_deg, weight=0.8).columns(WIDTH, CAMERA, S)
    assert columns.shape == (WIDTH,) and columns.dtype == np.float32
    best = int(np.argmax(columns))
    assert degrees_of(best) == pytest.approx(azimuth_deg, abs=1.0)
    assert columns[best] == pytest.approx(1.0, abs=1e-3)
    assert columns.min() >= 0.2 - 1e-6
    beside = math.radians(azimuth_deg) + math.copysign(SIGMA_RAD, -azimuth_deg)
    u, _ = pan_tilt_to_pixel(CAMERA, beside, 0.0)
    column = (u + 0.5) * WIDTH / 640 - 0.5
    value = np.interp(column, np.arange(WIDTH), columns)
    assert value == pytest.approx(0.2 + 0.8 * math.exp(-0.5), abs=0.01)


def test_weight_voice_and_age_say_how_much_it_counts():
    def loss(prior, stamp_ns=S):
        return 1 - prior.columns(WIDTH, CAMERA, stamp_ns).min()

    assert loss(heard(-40, weight=0.5)) == pytest.approx(0.5, abs=1e-3)
    assert loss(heard(-40, weight=0.5, voice=0.6)) == pytest.approx(0.3, abs=1e-3)
    later = S + round(FADE_S * S)
    assert loss(heard(-40), later) == pytest.approx(math.exp(-1), abs=1e-3)
    assert loss(heard(-40), S // 2) == pytest.approx(1.0, abs=1e-3)  # the map is the older
    assert heard(-40).columns(WIDTH, CAMERA, 10 * S) is None
    assert SoundPrior(1.0).columns(WIDTH, CAMERA, S) is None
    assert heard(-40, weight=0.0).columns(WIDTH, CAMERA, S) is None
    prior = SoundPrior(1.0)
    prior.hear(0.0, 1.0, 10 * S)
    assert prior.columns(WIDTH, CAMERA, S) is None  # the clock was set back
    forgotten = heard(-40)
    forgotten.reset()
    assert forgotten.columns(WIDTH, CAMERA, S) is None


def test_a_voice_outside_the_view_pulls_softly_to_the_edge_or_not_at_all():
    just_outside = heard(45 + 15).columns(WIDTH, CAMERA, S)
    assert int(np.argmax(just_outside)) == 0
    assert 0.3 < just_outside.min() < 0.5 and just_outside.max() < 0.8
    assert heard(45 + 60).columns(WIDTH, CAMERA, S) is None
    assert heard(180).columns(WIDTH, CAMERA, S) is None


def seen_at(prior, stamp_ns):
    return degrees_of(int(np.argmax(prior.columns(WIDTH, CAMERA, stamp_ns))))


def pans(**degrees):
    """A head that is at these angles at these seconds (s1, s2), nowhere known at others."""
    known = {int(name[1:]) * S: math.radians(value) for name, value in degrees.items()}
    return known.get


def test_a_voice_stays_where_it_is_while_the_head_turns():
    prior = heard(20, pan_at=pans(s1=10, s2=40))
    assert seen_at(prior, S) == pytest.approx(20, abs=1)
    assert seen_at(prior, 2 * S) == pytest.approx(-10, abs=1)


def test_what_microphones_on_the_base_hear_is_seen_by_the_pan_of_now():
    prior = heard(20, pan_at=pans(s1=0, s2=40), on_base=True, yaw_rad=math.radians(5))
    assert seen_at(prior, 2 * S) == pytest.approx(-15, abs=1)


def test_a_head_that_turned_once_around_changes_nothing():
    prior = heard(20, pan_at=pans(s2=360 + 10), on_base=True)
    assert seen_at(prior, 2 * S) == pytest.approx(10, abs=1)


@pytest.mark.parametrize("known", [{}, {"s1": 30}, {"s2": 30}])
def test_without_joint_states_it_is_used_as_it_is(known):
    prior = heard(20, pan_at=pans(**known), yaw_rad=math.radians(-5))
    assert seen_at(prior, 2 * S) == pytest.approx(15, abs=1)


def test_without_a_pan_microphones_on_the_base_count_as_on_the_camera():
    assert seen_at(heard(20, on_base=True), 2 * S) == pytest.approx(20, abs=1)


def test_a_lens_without_rays_has_no_prior():
    broken = PinholeCamera(
        640, 480, 1e-3, 1e-3, -1e6, 240.0, "plumb_bob", (-5.0, 0.0, 0.0, 0.0, 0.0)
    )
    prior = heard(20)
    assert prior.columns(WIDTH, broken, S) is None
    assert prior.columns(WIDTH, CAMERA, S) is not None
