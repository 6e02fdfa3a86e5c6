# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Which stamps are let through."""

import pytest

from vinet_ros.ros.stamp_gate import MAX_FUTURE_NS, REORDERED_NS, StampGate, StampVerdict

NOW = 1_000_000_000_000
MS = 1_000_000


@pytest.mark.parametrize(
    ("stamp_ns", "verdict"),
    [
        (NOW, StampVerdict.GOOD),
        (NOW + MAX_FUTURE_NS, StampVerdict.GOOD),
        (NOW + MAX_FUTURE_NS + 1, StampVerdict.FUTURE),
        (0, StampVerdict.ZERO),
        (-5, StampVerdict.ZERO),
        (NOW - 500 * MS, StampVerdict.GOOD),
        (NOW - 501 * MS, StampVerdict.TOO_OLD),
    ],
)
def test_a_first_stamp_is_judged_by_the_clock(stamp_ns: int, verdict: StampVerdict) -> None:
    gate = StampGate()
    assert gate.judge(stamp_ns, NOW, max_age_ns=500 * MS) is verdict
    assert gate.counts == {verdict: 1}


def test_later_stamps_are_judged_by_those_before() -> None:
    gate = StampGate()
    stamps = (NOW, NOW, NOW - 1, NOW - REORDERED_NS + 1, NOW - REORDERED_NS, NOW)
    verdicts = [gate.judge(stamp, NOW, 0).name for stamp in stamps]
    # The last but one jumped back: from there on it is a new order.
    assert verdicts == ["GOOD", "REPEATED", "OUT_OF_ORDER", "OUT_OF_ORDER", "GOOD", "GOOD"]


def test_a_frame_that_is_refused_does_not_count_for_the_order() -> None:
    gate = StampGate()
    assert gate.judge(NOW, NOW, 0) is StampVerdict.GOOD
    assert gate.judge(NOW + 5 * MAX_FUTURE_NS, NOW, 0) is StampVerdict.FUTURE
    assert gate.judge(NOW + MS, NOW, 0) is StampVerdict.GOOD


def test_after_a_jump_of_the_clock_any_order_is_good() -> None:
    gate = StampGate()
    gate.judge(NOW, NOW, 0)
    gate.forget_order()
    assert gate.judge(NOW - MS, NOW, 0) is StampVerdict.GOOD


def test_without_a_clock_only_the_order_is_judged() -> None:
    gate = StampGate()
    assert gate.judge(NOW, 0, max_age_ns=MS) is StampVerdict.GOOD
    assert gate.read_ages() is None


def test_ages_are_the_extremes_since_the_last_read() -> None:
    gate = StampGate()
    for age_ms in (30, 5, 80):
        gate.judge(NOW - age_ms * MS, NOW, 0)
    assert gate.read_ages() == (5 * MS, 80 * MS)
    assert gate.read_ages() is None
