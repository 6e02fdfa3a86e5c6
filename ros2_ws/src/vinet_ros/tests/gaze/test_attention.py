# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import itertools
import math

import pytest

from vinet_ros.gaze import (
    Attention,
    AttentionSettings,
    Candidate,
    JointSample,
    PanTilt,
    TrackSettings,
)

STILL = PanTilt(0.0, 0.0)
PERIOD_NS = 66_000_000
LEFT, RIGHT = PanTilt(0.3, 0.0), PanTilt(-0.3, 0.1)


class Gazer:
    """Gives attention one image after another; the head is always where attention wants it."""

    def __init__(self, **habits):
        self.attention = Attention(AttentionSettings(**habits))
        self.stamp_ns = 1_000_000_000

    def see(self, *candidates, images=1, head=None, velocity=STILL):
        """Return the fixation after some images of (direction, saliency) candidates."""
        for _ in range(images):
            self.stamp_ns += PERIOD_NS
            goal = self.attention.goal(self.stamp_ns)
            place = head or (goal.direction if goal else STILL)
            sample = JointSample(self.stamp_ns, place, velocity)
            seen = [Candidate(*candidate) for candidate in candidates]
            self.attention.update(self.stamp_ns, seen, sample)
        return self.attention.fixation

    def see_for(self, duration_s, *candidates, **how):
        return self.see(*candidates, images=round(duration_s * 1e9 / PERIOD_NS), **how)

    @property
    def goal(self):
        goal = self.attention.goal(self.stamp_ns)
        return goal and goal.direction


def near(place, other, within=0.03):
    return place is not None and math.dist(place, other) < within


def test_the_most_salient_is_looked_at_once_it_was_seen_twice():
    gazer = Gazer()
    assert gazer.see((LEFT, 0.5), (RIGHT, 0.9)) is None
    fixation = gazer.see((LEFT, 0.5), (RIGHT, 0.9))
    assert fixation.kind == "saccade" and near(fixation.direction, RIGHT)
    fixation = gazer.see((LEFT, 0.5), (RIGHT, 0.9), images=2)
    assert fixation.kind == "fixation" and fixation.velocity_rad_s == STILL


def test_a_slightly_better_one_does_not_attract_a_clearly_better_one_does():
    gazer = Gazer(ior_enable=False)
    gazer.see((LEFT, 0.6), (RIGHT, 0.5), images=20)
    assert near(gazer.see_for(5, (LEFT, 0.6), (RIGHT, 0.7)).direction, LEFT)
    assert near(gazer.see_for(3, (LEFT, 0.6), (RIGHT, 0.9)).direction, RIGHT)
    assert gazer.attention.counters.saccades == 2


def test_another_one_is_looked_at_only_when_it_can_be_known_whether_it_moves():
    gazer = Gazer(ior_enable=False)
    gazer.see((LEFT, 0.3), images=30)
    since_ns = gazer.stamp_ns
    while near(gazer.goal, LEFT):
        gazer.see((LEFT, 0.3), (RIGHT, 1.0))
    assert 0.3 <= (gazer.stamp_ns - since_ns) * 1e-9 < 0.5


@pytest.mark.parametrize("min_fixation_s", [0.5, 1.0])
def test_a_fixation_lasts_its_least_time(min_fixation_s):
    gazer = Gazer(ior_enable=False, min_fixation_s=min_fixation_s)
    gazer.see((LEFT, 0.3), images=3)
    since_ns = gazer.attention.fixation.since_ns
    while near(gazer.goal, LEFT):
        gazer.see((LEFT, 0.3), (RIGHT, 1.0))
    assert 0 <= (gazer.stamp_ns - since_ns) * 1e-9 - min_fixation_s < 0.14


def test_a_peak_that_is_missing_for_an_image_or_two_is_not_lost():
    gazer = Gazer(ior_enable=False)
    for _ in range(20):
        gazer.see((LEFT, 0.6), (RIGHT, 0.5), images=3)
        assert near(gazer.see((RIGHT, 0.5)).direction, LEFT)
    assert gazer.attention.counters.saccades == 1


def test_a_target_that_is_gone_is_left_for_another_or_nothing():
    gazer = Gazer()
    gazer.see((LEFT, 0.9), (RIGHT, 0.5), images=20)
    assert near(gazer.see_for(1.5, (RIGHT, 0.5)).direction, RIGHT)
    assert gazer.see_for(1.5) is None
    assert gazer.attention.counters.lost >= 1


def test_something_that_flashes_once_is_not_looked_at():
    gazer = Gazer(ior_enable=False)
    gazer.see((LEFT, 0.4), images=20)
    for _ in range(10):
        gazer.see((LEFT, 0.4), (RIGHT, 5.0))
        gazer.see((LEFT, 0.4), images=3)
    assert gazer.attention.counters.saccades == 1


def test_a_moving_target_is_pursued_and_predicted():
    gazer = Gazer()
    for k in range(40):
        fixation = gazer.see((PanTilt(-0.3 + 0.2 * k * 0.066, 0.0), 0.5))
    assert fixation.kind == "pursuit"
    assert fixation.velocity_rad_s.pan_rad == pytest.approx(0.2, abs=0.02)
    later = gazer.attention.goal(gazer.stamp_ns + 130_000_000)
    assert later.direction.pan_rad == pytest.approx(-0.3 + 0.2 * (39 * 0.066 + 0.13), abs=0.01)


def test_mode_saccade_looks_after_a_moving_target_in_jumps():
    gazer = Gazer(mode="saccade")
    places = []
    for k in range(80):
        fixation = gazer.see((PanTilt(-0.4 + 0.2 * k * 0.066, 0.0), 0.5))
        if fixation:
            assert fixation.velocity_rad_s == STILL
            places.append(fixation.direction.pan_rad)
    jumps = [b - a for a, b in itertools.pairwise(places) if b != a]
    assert 4 <= len(jumps) <= 14
    assert min(jumps) > 0.1


def test_a_pursuit_is_not_left_for_what_the_heads_own_motion_lights_up():
    gazer = Gazer()
    for k in range(60):
        brighter = 0.2 if k < 20 else 0.7
        mover = PanTilt(-0.4 + 0.17 * k * 0.066, 0.0)
        fixation = gazer.see((mover, 0.3), (PanTilt(0.1, 0.4), brighter))
    assert fixation.kind == "pursuit" and near(fixation.direction, mover)


def test_images_from_fast_turns_and_shortly_after_are_not_followed():
    gazer = Gazer()
    gazer.see((LEFT, 0.5), images=10)
    ghost = (RIGHT, 5.0)
    gazer.see((LEFT, 0.5), ghost, images=5, head=LEFT, velocity=PanTilt(0.6, 0.0))
    gazer.see((LEFT, 0.5), ghost, head=LEFT)  # 66 ms after: not settled
    assert gazer.attention.counters.suppressed == 6
    assert near(gazer.see((LEFT, 0.5), images=10, head=LEFT).direction, LEFT)
    assert gazer.attention.counters.saccades == 1


def test_a_fast_turn_between_two_images_is_not_missed():
    gazer = Gazer()
    gazer.see((LEFT, 0.5), images=4)
    turn = JointSample(gazer.stamp_ns + 30_000_000, LEFT, PanTilt(0.0, 0.7))
    gazer.attention.observe(turn)
    gazer.see((LEFT, 0.5), head=LEFT)
    assert gazer.attention.counters.suppressed == 1


def test_without_suppression_all_images_count():
    gazer = Gazer(suppress_during_motion=False)
    gazer.see((LEFT, 0.5), images=10)
    turning = {"head": LEFT, "velocity": PanTilt(0.6, 0.0)}
    gazer.see((LEFT, 0.5), (RIGHT, 5.0), images=9, **turning)
    assert gazer.attention.counters.suppressed == 0
    assert near(gazer.goal, RIGHT)


def test_inhibition_leads_to_all_equals_and_then_to_rest():
    equals = [(LEFT, 0.5), (RIGHT, 0.5), (PanTilt(0.0, -0.3), 0.5)]
    gazer = Gazer()
    visited = []
    for _ in range(300):
        gazer.see(*equals)
        if gazer.goal and (not visited or not near(gazer.goal, visited[-1])):
            visited.append(gazer.goal)
    assert all(any(near(place, goal) for goal in visited[:3]) for place, _ in equals)
    assert len(visited) <= 7  # each twice at most
    since_ns = gazer.attention.fixation.since_ns
    assert gazer.stamp_ns - since_ns > 5_000_000_000


def test_without_inhibition_one_of_equals_is_enough():
    gazer = Gazer(ior_enable=False)
    gazer.see_for(20, (LEFT, 0.5), (RIGHT, 0.5), (PanTilt(0.0, -0.3), 0.5))
    assert gazer.attention.counters.saccades == 1


def test_what_is_far_from_straight_ahead_draws_less_but_is_not_left_for_it():
    up, low = (PanTilt(0.1, 0.6), 0.7), (PanTilt(0.1, 0.0), 0.5)
    assert near(Gazer(ior_enable=False).see(up, low, images=3).direction, low[0])
    unbiased = Gazer(ior_enable=False, center_bias_pan=0.0, center_bias_tilt=0.0)
    assert near(unbiased.see(up, low, images=3).direction, up[0])
    gazer = Gazer(ior_enable=False)
    gazer.see(up, images=3)
    assert near(gazer.see_for(3, up, low).direction, up[0])
    gazer.see_for(3, low)
    assert near(gazer.see_for(3, up, low).direction, low[0])
    # What is salient enough is looked at wherever it is.
    assert near(gazer.see_for(3, (up[0], 1.0), (low[0], 0.1)).direction, up[0])


def test_a_newcomer_is_looked_at_when_all_else_is_known():
    gazer = Gazer()
    gazer.see_for(20, (LEFT, 0.5), (RIGHT, 0.5))
    new = PanTilt(0.0, 0.4)
    gazer.see_for(1, (LEFT, 0.5), (RIGHT, 0.5), (new, 0.5))
    assert near(gazer.goal, new)


@pytest.mark.parametrize("ior_enable", [True, False])
def test_what_appears_before_a_resting_head_is_looked_at_though_it_is_less(ior_enable):
    gazer = Gazer(ior_enable=ior_enable)
    gazer.see_for(3, (LEFT, 0.5))
    gazer.see_for(0.5, (LEFT, 0.5), (RIGHT, 0.4))
    assert near(gazer.goal, RIGHT)


def test_what_comes_into_view_by_a_turn_is_not_taken_for_new():
    gazer = Gazer(ior_enable=False)
    gazer.see_for(3, (LEFT, 0.6))
    gazer.see_for(0.3, (LEFT, 0.6), velocity=PanTilt(0.2, 0.0))
    gazer.see_for(3, (LEFT, 0.6), (RIGHT, 0.4))
    assert near(gazer.goal, LEFT) and gazer.attention.counters.saccades == 1


def test_without_anything_new_the_head_rests_although_there_is_more_to_see():
    gazer = Gazer(curious_s=4.0)
    last_ns, last = 0, STILL
    for _ in range(600):
        here = gazer.goal or STILL
        further = PanTilt(here.pan_rad + 0.2, 0.1)  # wherever it looks, there is another thing
        turns = here != last
        gazer.see((here, 0.5), (further, 0.4), velocity=PanTilt(0.9 * turns, 0.0))
        last_ns, last = gazer.stamp_ns if turns else last_ns, here
    assert gazer.attention.counters.saccades > 3
    assert last_ns < 11_000_000_000 < 35_000_000_000 < gazer.stamp_ns


def test_late_images_are_left_out_and_a_clock_that_was_set_starts_anew():
    gazer = Gazer()
    gazer.see((LEFT, 0.5), images=10)
    sample = JointSample(0, LEFT, STILL)
    late_ns = gazer.stamp_ns - 2 * PERIOD_NS
    for _ in range(3):
        gazer.attention.update(late_ns, [Candidate(RIGHT, 9.0)], sample)
    assert gazer.attention.counters.out_of_order == 3 and near(gazer.goal, LEFT)
    gazer.attention.update(1_000, [Candidate(RIGHT, 9.0)], sample)
    assert gazer.attention.counters.restarts == 1
    assert gazer.attention.fixation is None


def test_candidates_that_are_no_numbers_are_counted_and_left_out():
    gazer = Gazer()
    bad = [(PanTilt(math.nan, 0.0), 9.0), (PanTilt(0.0, math.inf), 9.0), (RIGHT, math.nan)]
    gazer.see((LEFT, 0.5), *bad, (RIGHT, -1.0), images=3)
    assert gazer.attention.counters.refused_candidates == 12
    assert near(gazer.goal, LEFT)


def test_policies_that_need_no_image():
    gazer = Gazer(policy="center")
    assert gazer.goal == STILL
    gazer = Gazer(policy="hold")
    gazer.see((LEFT, 0.5), images=4)
    assert gazer.goal is None and gazer.attention.fixation is None
    places = {Gazer(policy="random", seed=seed).goal for seed in range(5)}
    assert len(places) == 5
    gazer = Gazer(policy="random", seed=1)
    goals = {gazer.attention.goal(t * 100_000_000).direction for t in range(600)}
    assert 20 < len(goals) < 60
    assert all(abs(pan) <= 0.6 and abs(tilt) <= 0.3 for pan, tilt in goals)


def test_an_external_target_wins_while_it_is_fresh():
    gazer = Gazer(policy="external")
    gazer.see((LEFT, 0.5), images=5)
    assert near(gazer.goal, LEFT)
    outside = PanTilt(0.8, 0.3)
    gazer.attention.push_external(gazer.stamp_ns, outside)
    assert near(gazer.goal, outside)
    assert gazer.see((LEFT, 0.5)).kind == "external"
    gazer.see_for(0.6, (LEFT, 0.5))
    assert near(gazer.goal, LEFT)
    with pytest.raises(ValueError, match="finite"):
        gazer.attention.push_external(gazer.stamp_ns, PanTilt(math.nan, 0.0))


def test_an_external_target_is_nothing_to_the_policy_saliency():
    gazer = Gazer(policy="saliency")
    gazer.see((LEFT, 0.5), images=5)
    gazer.attention.push_external(gazer.stamp_ns, PanTilt(0.8, 0.3))
    assert near(gazer.goal, LEFT)


def test_an_external_target_that_moves_is_predicted_and_a_leap_is_another_one():
    gazer = Gazer(policy="external")
    for k in range(20):
        gazer.stamp_ns += PERIOD_NS
        place = PanTilt(0.2 * k * 0.066, 0.0)
        gazer.attention.push_external(gazer.stamp_ns, place)
    assert gazer.attention.goal(gazer.stamp_ns).velocity.pan_rad == pytest.approx(0.2, abs=0.03)
    gazer.attention.push_external(gazer.stamp_ns + PERIOD_NS, PanTilt(-1.0, 0.0))
    assert gazer.goal == PanTilt(-1.0, 0.0)


@pytest.mark.parametrize(
    "habits",
    [
        {"mode": "smooth"},
        {"policy": "random walk"},
        {"min_fixation_s": -1.0},
        {"ior_tau_s": 0.0},
        {"ior_radius_rad": math.nan},
        {"suppress_above_rad_s": 0.0},
        {"settle_s": math.inf},
        {"hysteresis": -0.1},
        {"curious_s": 0.0},
    ],
)
def test_impossible_habits_are_refused(habits):
    with pytest.raises(ValueError, match=next(iter(habits))):
        AttentionSettings(**habits)


@pytest.mark.parametrize(
    "habits",
    [
        {"noise_rad": 0.0},
        {"gate_min_rad": 0.3, "gate_max_rad": 0.2},
        {"confirm_hits": 0},
        {"lost_after_s": math.inf},
        {"saliency_tau_s": -0.1},
    ],
)
def test_impossible_tracks_are_refused(habits):
    with pytest.raises(ValueError, match=next(reversed(habits))):
        TrackSettings(**habits)


def test_what_stands_elsewhere_at_once_is_gone_to_by_a_saccade():
    gazer = Gazer(ior_enable=False)
    gazer.see_for(2, (LEFT, 0.6))
    aside = PanTilt(LEFT.pan_rad + 0.07, LEFT.tilt_rad)
    assert near(gazer.see_for(0.2, (aside, 0.6)).direction, LEFT)  # that may pass
    kinds = []
    for _ in range(10):
        kinds.append(gazer.see((aside, 0.6)).kind)
    assert "saccade" in kinds and kinds[-1] == "fixation"
    assert near(gazer.goal, aside) and gazer.attention.counters.saccades == 2


def test_who_sets_a_target_elsewhere_is_followed_at_once():
    gazer = Gazer(policy="external")
    for _ in range(10):
        gazer.attention.push_external(gazer.stamp_ns, LEFT)
        gazer.see()
    aside = PanTilt(LEFT.pan_rad + 0.2, LEFT.tilt_rad)
    for place in (aside, LEFT):
        for _ in range(2):
            gazer.attention.push_external(gazer.stamp_ns, place)
            gazer.see()
        assert near(gazer.goal, place)
        for _ in range(6):
            gazer.attention.push_external(gazer.stamp_ns, place)
            gazer.see()
