# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The judge of the closed loop: recordings whose verdict is known; options and the report."""

import json
import math

import numpy as np
import pytest

from vinet_ros.ros.head_benchmark.judge import Limits, Recording, criteria, judge
from vinet_ros.ros.head_benchmark.options import PARTS, HeadOptions, OptionError, read_options
from vinet_ros.ros.head_benchmark.report import HeadReport, conditions

LIMITS = Limits((-1.57, -0.78), (1.57, 0.78), 1.0, 4.0)
RATE_HZ, JOINT_RATE_HZ = 30.0, 60.0
APPEARS_S = 3.0


def recording(part, head, things, seconds=10.0, seed=0, commands=(), appears_s=0.0):
    """Make a recording.

    head: the head's (pan, tilt) in degrees at a time; things: likewise, one function each.
    """
    times = np.arange(0.0, seconds, 1 / RATE_HZ)
    joint_times = np.arange(0.0, seconds, 1 / JOINT_RATE_HZ)
    joints = np.radians([head(t) for t in joint_times])
    places = np.radians([[thing(t) for thing in things] for t in times])
    places[times < appears_s] = np.nan
    return Recording(
        part=part,
        seed=seed,
        times_s=times,
        head=np.radians([head(t) for t in times]),
        things=places,
        in_view=np.isfinite(places).all(axis=2),
        joint_times_s=joint_times,
        joints=joints,
        joint_velocities=np.gradient(joints, 1 / JOINT_RATE_HZ, axis=0),
        commands=np.radians(np.reshape(commands, (-1, 2))),
        targets=18.0,
    )


def ramp_to(goal_deg, begin_s, speed_deg_s=30.0, brake_s=0.3):
    """Return a head that turns from 0 to a pan with soft ends."""
    lasts_s = goal_deg / speed_deg_s + brake_s

    def head(t):
        share = np.clip((t - begin_s) / lasts_s, 0, 1)
        return goal_deg * (3 * share**2 - 2 * share**3), 0.0

    return head


def mover(t):
    return 10.0 + 10.0 * (t - APPEARS_S), 0.0


def follower(late_s, begins_s=0.2):
    """Return a head that is with the mover after a while, late by some seconds."""

    def head(t):
        share = np.clip((t - APPEARS_S - begins_s) / 0.8, 0, 1)
        return share**2 * (3 - 2 * share) * mover(t - late_s)[0], 0.0

    return head


@pytest.mark.parametrize(
    "late_s, begins_s, good", [(0.1, 0.2, True), (0.25, 0.2, False), (0.1, 1.5, False)]
)
def test_a_mover_is_to_be_reached_in_time_and_followed_closely(late_s, begins_s, good):
    trial = recording("mover", follower(late_s, begins_s), [mover], 9.0, appears_s=APPEARS_S)
    verdict = judge(trial, LIMITS)
    assert verdict.good is good
    if begins_s < 1:
        assert verdict.figures["median_error_deg"] == pytest.approx(10 * late_s, abs=0.2)
        assert 0.4 < verdict.figures["arrival_s"] < 1.2
    else:
        assert verdict.figures["arrival_s"] > 1.5


def test_a_mover_that_is_never_seen_is_no_success():
    trial = recording("mover", lambda t: (0.0, 0.0), [mover], 2.0, appears_s=APPEARS_S)
    verdict = judge(trial, LIMITS)
    assert verdict.good is False and math.isinf(verdict.figures["arrival_s"])


@pytest.mark.parametrize("swings, good", [(0, True), (2, True), (5, False)])
def test_sign_changes_are_counted_after_the_arrival(swings, good):
    def head(t):
        since = t - 2.0
        if not 0 < since < swings / 2:
            return ramp_to(10.0, 1.0)(t)
        return 10.0 + math.sin(math.tau * since / 1.0), 0.0

    trial = recording("standing", head, [lambda t: (10.0, 0.0)], 8.0)
    verdict = judge(trial, LIMITS)
    expected = 0 if swings == 0 else swings
    assert verdict.figures["sign_changes"] == pytest.approx(expected, abs=1)
    assert verdict.good is good


def test_a_standing_one_that_is_not_arrived_at_has_no_sign_changes_and_is_told():
    away = judge(recording("standing", lambda t: (0.0, 0.0), [lambda t: (10.0, 0.0)]), LIMITS)
    assert away.good is None and math.isinf(away.figures["arrival_s"])
    for arrived, holds in ((18, True), (17, False)):
        verdicts = [*trials("standing", arrived, 0), *[away] * (20 - arrived)]
        changes, arrivals = criteria(verdicts)[1:]
        assert changes.holds and changes.value == f"{arrived} of {arrived}"
        assert (arrivals.value, arrivals.holds) == (f"{arrived} of 20", holds)


@pytest.mark.parametrize("drift, good", [(0.0, True), (2.0, False)])
def test_rest_is_to_be_rest(drift, good):
    trial = recording("still", lambda t: (drift * t, 0.0), [lambda t: (5.0, 5.0)])
    assert judge(trial, LIMITS).good is good


def test_saccades_after_the_first_are_false():
    def head(t):
        return sum(ramp_to(10.0, begin)(t)[0] for begin in (1.0, 3.0, 6.0)), 0.0

    trial = recording("suppressed", head, [lambda t: (0.0, 0.0)])
    verdict = judge(trial, LIMITS)
    assert verdict.figures["false_saccades"] == 2 and verdict.good is None


def test_visits_need_a_stay():
    places = [lambda t: (10.0, 0.0), lambda t: (20.0, 0.0), lambda t: (30.0, 0.0)]

    def visits_all(t):
        return sum(ramp_to(10.0, begin)(t)[0] for begin in (1.0, 3.0, 6.0)), 0.0

    assert judge(recording("return", visits_all, places), LIMITS).good is True
    assert judge(recording("no return", visits_all, places), LIMITS).good is False
    runs_by = ramp_to(30.0, 1.0, speed_deg_s=50.0)
    verdict = judge(recording("return", runs_by, places), LIMITS)
    assert verdict.figures["visited"] == 1 and verdict.good is False
    assert judge(recording("no return", runs_by, places), LIMITS).good is True
    # Where the head happens to stand before it is enabled is no visit.
    places = [lambda t: (0.0, 0.0), lambda t: (20.0, 0.0), lambda t: (30.0, 0.0)]
    assert (
        judge(recording("no return", ramp_to(20.0, 1.2), places), LIMITS).figures["visited"] == 1
    )


@pytest.mark.parametrize(
    "head, commands, passed",
    [
        (ramp_to(30.0, 1.0), [(20.0, 0.0)], False),
        (ramp_to(30.0, 1.0, speed_deg_s=90.0), [], True),
        (ramp_to(3.0, 1.0, brake_s=0.02), [], True),
        (ramp_to(30.0, 1.0), [(91.0, 0.0)], True),
        (lambda t: (0.0, -45.0), [], True),
    ],
    ids=["good", "speed", "acceleration", "command", "position"],
)
def test_limits_that_are_passed_are_seen(head, commands, passed):
    trial = recording("still", head, [lambda t: (0.0, 0.0)], commands=commands)
    verdict = judge(trial, LIMITS)
    assert bool(verdict.figures["limits_passed"]) is passed
    (limit, *_) = criteria([verdict])
    assert limit.holds is not passed


def trials(part, good, bad, **figures):
    """Return verdicts as a run has them."""
    from vinet_ros.ros.head_benchmark.judge import Verdict

    values = {"limits_passed": 0.0, **figures}
    return [Verdict(part, seed, values, seed < good) for seed in range(good + bad)]


def test_criteria_count_seeds():
    by_name = {
        c.name[:9]: c for c in criteria([*trials("mover", 18, 2), *trials("standing", 19, 1)])
    }
    assert by_name["the mover"].holds and by_name["the mover"].value == "18 of 20"
    assert not by_name["at most 2"].holds
    assert not criteria(trials("mover", 17, 3))[1].holds


@pytest.mark.parametrize(
    "off, on, holds",
    [(1.0, 0.0, [True, True]), (1.0, 1.0, [True, False]), (0.0, 0.0, [False, True])],
)
def test_suppression_is_to_take_nine_tenths_of_at_least_five(off, on, holds):
    verdicts = [
        *trials("suppressed", 0, 10, false_saccades=on),
        *trials("unsuppressed", 0, 10, false_saccades=off),
    ]
    assert [c.holds for c in criteria(verdicts)[1:]] == holds


def test_the_report_tells_everything_and_is_json():
    options = HeadOptions(seeds=2, command="vinet benchmark head --seeds 2")
    never = judge(
        recording("mover", lambda t: (0.0, 0.0), [mover], 2.0, appears_s=APPEARS_S), LIMITS
    )
    report = HeadReport(
        conditions(options, "vinet_lite", "torch", 1.0),
        (never, *trials("return", 1, 0, visited=3.0)),
    )
    told = json.loads(report.to_json())
    assert [trial["part"] for trial in told["trials"]] == ["mover", "return"]
    assert told["trials"][0]["figures"]["arrival_s"] is None
    assert not report.holds
    text = report.to_markdown()
    assert "`vinet benchmark head --seeds 2`" in text and "BROKEN" in text and "(never: 1)" in text


def test_options_make_trials_seed_by_seed():
    options = read_options(
        ["--seeds", "2", "--first-seed", "5", "--part", "return", "--part", "mover",
         "gaze_controller.gain:=0.5", "saliency_node.device:=cpu"],
        "vinet benchmark head",
    )  # fmt: skip
    assert [(t.seed, t.part.name) for t in options.trials()] == [
        (5, "mover"), (5, "return"), (6, "mover"), (6, "return"),
    ]  # fmt: skip
    assert options.given("gaze_controller") == ["gain:=0.5"]
    assert options.command.startswith("vinet benchmark head --seeds 2")
    trials = list(HeadOptions().trials())
    assert len(trials) == 20 * len(PARTS)
    stabilized = [trial.part.stabilize for trial in trials]
    assert stabilized == sorted(stabilized, reverse=True)  # one start of the nodes for each


@pytest.mark.parametrize(
    "wrong",
    [
        {"seeds": 0},
        {"parts": ("flying",)},
        {"speed": 0.0},
        {"parameters": ("gain:=1",)},
        {"parameters": ("stranger.gain:=1",)},
    ],
)
def test_impossible_options_are_refused(wrong):
    with pytest.raises(OptionError, match="expects"):
        HeadOptions(**wrong)
