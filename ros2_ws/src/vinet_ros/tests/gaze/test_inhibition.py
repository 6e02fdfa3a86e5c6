# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinet_ros.gaze import PanTilt
from vinet_ros.gaze.inhibition import InhibitionMap

unhurried = settings(deadline=None, max_examples=40)  # the machine may be busy
places = st.builds(PanTilt, st.floats(-math.pi, math.pi), st.floats(-1.2, 1.2))


@unhurried
@given(places)
def test_a_place_looked_at_is_inhibited_and_others_are_not(place):
    inhibition = InhibitionMap(1.5, 0.1)
    inhibition.inhibit(place, 20.0)
    assert inhibition.at(place) > 0.9
    across = place.pan_rad + 0.5 / math.cos(place.tilt_rad)
    assert inhibition.at(PanTilt(math.remainder(across, math.tau), place.tilt_rad)) < 0.01
    assert inhibition.at(PanTilt(place.pan_rad, place.tilt_rad - 0.3)) < 0.05
    beside = PanTilt(place.pan_rad, place.tilt_rad + 0.1)  # one standard deviation
    assert inhibition.at(beside) == pytest.approx(math.exp(-0.5), abs=0.06)


def test_the_map_goes_round_the_back():
    inhibition = InhibitionMap(1.5, 0.1)
    inhibition.inhibit(PanTilt(math.pi - 0.01, 0.0), 20.0)
    assert inhibition.at(PanTilt(-math.pi + 0.01, 0.0)) > 0.9


def test_it_grows_and_fades_with_its_time_constants():
    inhibition, place = InhibitionMap(1.5, 0.1, rise_s=1.0), PanTilt(0.0, 0.0)
    for _ in range(20):
        inhibition.inhibit(place, 0.05)
    assert inhibition.at(place) == pytest.approx(1 - math.exp(-1), abs=0.03)
    before = inhibition.at(place)
    inhibition.fade(10_000_000_000)
    assert inhibition.fade(13_000_000_000) == pytest.approx(3.0)
    assert inhibition.at(place) == pytest.approx(before * math.exp(-2.0))
    assert inhibition.fade(12_000_000_000) == 0.0  # a clock that was set


def test_added_glances_end_at_one_and_a_reset_forgets():
    inhibition, place = InhibitionMap(1.5, 0.1), PanTilt(0.4, 0.2)
    for _ in range(4):
        inhibition.add(place, 0.4)
    assert 0.9 < inhibition.at(place) <= 1.0
    assert inhibition.values.max() <= 1.0
    inhibition.reset()
    assert inhibition.values.max() == 0.0


@pytest.mark.parametrize("name", ["tau_s", "radius_rad", "rise_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_impossible_numbers_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        InhibitionMap(**{"tau_s": 1.0, "radius_rad": 0.1, "rise_s": 1.0, name: value})
