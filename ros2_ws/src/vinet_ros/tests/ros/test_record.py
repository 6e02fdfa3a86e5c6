# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a node remembers of itself: how often a fault is told, and that nothing grows."""

import pytest

from vinet_ros.ros import record as record_module
from vinet_ros.ros.record import Record

SECOND = 1_000_000_000


class Time:
    """The steady clock, driven by the test."""

    def __init__(self) -> None:
        self.now_ns = 1000 * SECOND

    def monotonic_ns(self) -> int:
        return self.now_ns

    def thread_time_ns(self) -> int:
        return 0


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(record_module, "time", clock)
    return clock


def told(record: Record, time: Time, seconds: int, kind: str = "image") -> list[int]:
    """Let a fault happen ten times a second; return the seconds in which it was worth a line."""
    lines = []
    for tenth in range(10 * seconds):
        if record.incident(kind, "a fault"):
            lines.append(tenth // 10)
        time.now_ns += SECOND // 10
    return lines


def test_a_fault_that_goes_on_is_told_ever_more_seldom(time: Time) -> None:
    record = Record()
    assert told(record, time, 3000) == [0, 20, 60, 140, 300, 620, 1220, 1820, 2420]
    assert record.incidents()["image"].count == 30_000


def test_a_fault_that_comes_again_is_told_again(time: Time) -> None:
    record = Record()
    told(record, time, 400)
    time.now_ns += 30 * SECOND
    assert not record.incidents()["image"].recent
    assert told(record, time, 25) == [0, 10]


def test_single_faults_are_told_but_not_twice_in_ten_seconds(time: Time) -> None:
    record = Record()
    lines = []
    for k in range(10):
        lines.append(record.incident("image", f"fault {k}"))
        time.now_ns += 6 * SECOND
    assert lines[0] and sum(lines) <= 4
    assert record.incident("stamps", "another kind")


def test_months_of_faults_take_no_more_memory(time: Time) -> None:
    record = Record()
    for k in range(5000):
        record.incident("image", f"fault {k}")
        record.time("predict", k)
        time.now_ns += SECOND
    assert len(record._last) == len(record._told) == len(record._counts) == 1
    assert all(len(t._recent) <= 4096 for t in record._steps.values())
