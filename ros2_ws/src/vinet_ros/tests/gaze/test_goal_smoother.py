# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import pytest

from vinet_ros.gaze import PanTilt
from vinet_ros.gaze.goal_smoother import GoalSmoother

STILL = PanTilt(0.0, 0.0)
BAND = 0.02


def taken(*tilts):
    """Return where a head would look while a standing goal is said to be at one tilt or other."""
    smoother, places = GoalSmoother(0.6, BAND), []
    for tilt in tilts:
        place, velocity = smoother.update(PanTilt(0.1, tilt), STILL, 0.033, None)
        assert velocity == STILL
        places.append(place.tilt_rad)
    return places


def test_a_standing_goal_moves_the_head_only_beyond_the_dead_band():
    assert taken(0.0, 0.9 * BAND, 1.1 * BAND) == [0.0, 0.0, 1.1 * BAND]


def test_it_takes_more_to_go_back_on_a_correction():
    step = 1.5 * BAND
    assert taken(0.0, step, 0.0, step, 0.0) == [0.0, step, step, step, step]
    assert taken(0.0, step, 2 * step) == pytest.approx([0.0, step, 2 * step])  # but not to go on
    assert taken(0.0, step, step - 2.6 * BAND) == pytest.approx([0.0, step, step - 2.6 * BAND])


def test_another_goal_is_no_correction():
    step = 1.5 * BAND
    assert taken(0.0, 0.5, 0.5 - step) == [0.0, 0.5, 0.5 - step]
