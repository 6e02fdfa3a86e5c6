# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import math

import numpy as np
import pytest

from vinet_ros.gaze import Candidate, PanTilt, TrackSettings
from vinet_ros.gaze.kalman import TargetFilter
from vinet_ros.gaze.tracks import TrackTable

PERIOD_S = 0.05
SPEED = 0.175  # rad/s


def table_of(views, *, resting=False, looked_at=None):
    """Return a table after views, each a list of ((pan, tilt), saliency)."""
    table = TrackTable(TrackSettings())
    for index, view in enumerate(views):
        candidates = [Candidate(PanTilt(*place), saliency) for place, saliency in view]
        preferred = looked_at(table) if looked_at else None
        stamp_ns = round((index + 1) * PERIOD_S * 1e9)
        table.update(stamp_ns, PERIOD_S, candidates, preferred, resting and index > 20)
    return table


def nearest(table, pan):
    return min(table.confirmed, key=lambda track: abs(track.direction.pan_rad - pan))


def test_what_appears_before_a_resting_camera_is_news_for_a_second():
    known, new = ((0.3, 0.0), 0.5), ((-0.3, 0.0), 0.3)
    table = table_of([[known]] * 40 + [[known, new]] * 4, resting=True)
    assert nearest(table, -0.3).is_news and not nearest(table, 0.3).is_news
    table = table_of([[known]] * 40 + [[known, new]] * 25, resting=True)
    assert not nearest(table, -0.3).is_news


def test_what_comes_into_view_or_was_there_a_moment_ago_is_no_news():
    known, new = ((0.3, 0.0), 0.5), ((-0.3, 0.0), 0.3)
    views = [[known]] * 40 + [[known, new]] * 4
    assert not nearest(table_of(views, resting=False), -0.3).is_news
    flickers = [[known]] * 25 + [[known, new]] + [[known]] * 20 + [[known, new]] * 4
    assert not nearest(table_of(flickers, resting=True), -0.3).is_news


def passing(stands):
    """Return views in which something passes, hidden by what stands while it is near that."""
    for index in range(80):
        pan = -0.35 + SPEED * index * PERIOD_S
        near = abs(pan) < 0.1
        yield [(stands, 0.6)] if near else [(stands, 0.6), ((pan, 0.0), 0.4)]


def test_what_passes_before_a_fixture_leaves_it_and_goes_on():
    def mover(table):
        moving = [track for track in table.confirmed if track.has_moved]
        return moving[0] if moving else None

    table = table_of(passing((0.0, 0.04)), looked_at=mover)
    stands = nearest(table, 0.0)
    assert not stands.has_moved and stands.hits > 70
    assert math.dist(stands.direction, (0.0, 0.04)) < 0.01
    moves = mover(table)
    assert moves.direction.pan_rad == pytest.approx(-0.35 + SPEED * 79 * PERIOD_S, abs=0.02)


def fed(places, **options):
    target = TargetFilter(0, PanTilt(*places[0]), **options)
    for index, place in enumerate(places[1:], 1):
        target.update(round(index * PERIOD_S * 1e9), PanTilt(*place))
    return target


def test_a_place_that_is_seen_a_little_elsewhere_after_a_turn_stands():
    places = [(0.0, 0.0)] * 20 + [(0.025, 0.01)] * 20
    assert not fed(places).moving


def test_before_a_resting_camera_motion_is_seen_sooner():
    random = np.random.default_rng(0)
    places = [
        (SPEED * index * PERIOD_S + noise, 0.0)
        for index, noise in enumerate(random.normal(0.0, 0.004, 30))
    ]
    first = {
        rests: next(count for count in range(2, 30) if fed(places[:count], one_view=rests).moving)
        for rests in (True, False)
    }
    assert first[True] < first[False]
    turned = TargetFilter(0, PanTilt(0.0, 0.0), one_view=True)
    turned.turn()
    plain = TargetFilter(0, PanTilt(0.0, 0.0))
    for target in (turned, plain):
        for index, place in enumerate(places[1:], 1):
            target.update(round(index * PERIOD_S * 1e9), PanTilt(*place))
    (there, speed), (expected, expected_speed) = (t.at(2_000_000_000) for t in (turned, plain))
    assert math.dist(there, expected) < 1e-4 and math.dist(speed, expected_speed) < 1e-4


def test_a_standing_one_whose_first_images_were_noisy_is_found_again_after_a_turn():
    pans = (0.117, 0.045, 0.065, 0.007, 0.022)  # about 0.05: it seems to go at 0.4 rad/s
    table = table_of([[((pan, 0.0), 0.9)] for pan in pans])
    (track,) = table.confirmed
    assert not track.moving
    hits = track.hits
    for step in range(12):  # the head turns, and for a while its echo counts as seen
        table.predict(round((len(pans) + 1 + step) * PERIOD_S * 1e9))
    stamp_ns = round((len(pans) + 13) * PERIOD_S * 1e9)
    other = Candidate(PanTilt(-0.3, 0.0), 0.9)
    table.update_one(stamp_ns, PERIOD_S, [other, Candidate(PanTilt(0.05, 0.0), 0.9)], track)
    assert track.hits == hits + 1
    assert track.direction == pytest.approx((0.05, 0.0), abs=0.02) and not track.has_moved


@pytest.mark.parametrize("images", [2, 12])
def test_after_a_turn_what_was_seen_for_long_does_not_leap_to_the_next_thing(images):
    table = table_of([[((0.0, 0.0), 0.9)]] * images)
    (track,) = table.confirmed
    for step in range(6):  # in the middle of the view it is hardly seen, its neighbour is
        stamp_ns = round((images + 1 + step) * PERIOD_S * 1e9)
        table.update_one(stamp_ns, PERIOD_S, [Candidate(PanTilt(0.1, 0.0), 0.9)], track)
    stays = math.dist(track.direction, (0.0, 0.0)) < 0.01
    assert stays == (images == 12)  # of one that was seen twice nobody knows whether it walks


def gone_after(seen_s, unseen_s=0.3):
    """Return the way of a target that moves for a while and then is not seen, and its track."""
    steps = round(seen_s / PERIOD_S)
    views = [[((SPEED * 3 * k * PERIOD_S, 0.0), 0.5)] for k in range(steps)]
    views += [[]] * round(unseen_s / PERIOD_S)
    table = table_of(views)
    return [SPEED * 3 * k * PERIOD_S for k in range(len(views))], table.confirmed[0]


def test_a_brief_motion_that_is_not_seen_on_was_none():
    way, track = gone_after(0.4)
    assert not track.moving
    assert track.direction.pan_rad == pytest.approx(way[7], abs=0.02)


def test_a_motion_that_was_seen_for_long_goes_on():
    way, track = gone_after(1.5)
    assert track.moving
    assert track.direction.pan_rad == pytest.approx(way[-1], abs=0.03)


def turned_to(views):
    """Return the track of what stood ahead for a moment, after views just after a turn."""
    table = table_of([[((0.0, 0.0), 0.5)]] * 8)
    (track,) = table.confirmed
    stamp_ns = track.target.stamp_ns + 350_000_000
    for place in views:
        stamp_ns += round(PERIOD_S * 1e9)
        table.update_one(stamp_ns, PERIOD_S, [Candidate(PanTilt(place, 0.0), 0.5)], track)
    return track


def test_just_after_a_turn_a_neighbour_is_not_taken_for_what_stands():
    assert abs(turned_to([0.1] * 6).direction.pan_rad) < 0.01


def test_just_after_a_turn_what_walks_off_is_not_lost():
    way = [0.1 + 0.01 * k for k in range(14)]
    assert turned_to(way).direction.pan_rad > 0.1
