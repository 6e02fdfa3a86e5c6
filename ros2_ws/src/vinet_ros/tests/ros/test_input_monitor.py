# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Counts of what came and of what should have come."""

import pytest

from vinet_ros.ros.input_monitor import InputMonitor

SECOND = 1_000_000_000
PERIOD = SECOND // 30
START = 7_000 * SECOND


def play(monitor: InputMonitor, indices, *, numbered: bool, gid: bytes = b"a", first=1) -> None:
    for index in indices:
        info = {"publication_sequence_number": None, "publisher_gid": None}
        if numbered:
            info = {"publication_sequence_number": first + index, "publisher_gid": {"data": gid}}
        stamp_ns = START + index * PERIOD
        monitor.arrived(stamp_ns, index * PERIOD, info, gap_ns=SECOND // 2)


@pytest.mark.parametrize("numbered", [True, False])
def test_frames_that_are_missing_are_counted(numbered: bool) -> None:
    monitor = InputMonitor(0)
    kept = [i for i in range(300) if i not in (50, 51, 52, 100, 200)]
    play(monitor, kept, numbered=numbered)
    report = monitor.report(300 * PERIOD)
    assert report.received == 295
    assert report.sent == (300 if numbered else None)
    assert report.expected == 300
    assert report.share == pytest.approx(295 / 300)
    assert report.recent_share == pytest.approx(295 / 300)
    assert report.rate_hz == pytest.approx(29.5, rel=0.01)
    assert report.expected_rate_hz == pytest.approx(30, rel=0.01)
    assert (report.gaps, report.longest_gap_s) == (3, pytest.approx(4 / 30, rel=1e-6))


def test_numbers_tell_a_loss_that_stamps_cannot() -> None:
    """Where nine of ten are lost, the median interval is as long as the loss."""
    monitor = InputMonitor(0)
    play(monitor, range(0, 150, 10), numbered=True)
    report = monitor.report(150 * PERIOD)
    assert (report.received, report.sent, report.expected) == (15, 141, 15)
    assert report.share == pytest.approx(15 / 141)


def test_numbers_of_two_publishers_do_not_mix() -> None:
    monitor = InputMonitor(0)
    play(monitor, range(0, 30, 2), numbered=True, gid=b"a", first=1000)
    play(monitor, range(30, 40), numbered=True, gid=b"b", first=5)
    assert monitor.report(40 * PERIOD).sent == 29 + 10


def test_a_camera_that_stops_has_lost_nothing() -> None:
    monitor = InputMonitor(0)
    play(monitor, range(30), numbered=False)
    play(monitor, range(300, 330), numbered=False)
    report = monitor.report(330 * PERIOD)
    assert (report.received, report.expected) == (60, 60)
    assert report.longest_gap_s == pytest.approx(271 / 30, rel=1e-6)


def test_a_camera_that_changes_its_rate_is_followed() -> None:
    monitor = InputMonitor(0)
    play(monitor, range(60), numbered=False)
    play(monitor, range(60, 360, 2), numbered=False)
    before = monitor.report(360 * PERIOD).expected
    play(monitor, range(360, 400, 2), numbered=False)
    assert monitor.report(400 * PERIOD).expected == before + 20


def test_bad_stamps_break_nothing() -> None:
    monitor = InputMonitor(0)
    for stamp_ns in (0, -1, START, START, START - 1, 0, START + PERIOD):
        monitor.arrived(stamp_ns, 1, None, gap_ns=SECOND)
    report = monitor.report(SECOND)
    assert (report.received, report.expected) == (7, 7)


def test_silence_is_measured_from_the_start_and_from_the_last_frame() -> None:
    monitor = InputMonitor(5 * SECOND)
    assert monitor.report(8 * SECOND).silence_s == 3
    assert monitor.report(8 * SECOND).share == 1
    monitor.arrived(START, 9 * SECOND, None, gap_ns=SECOND)
    assert monitor.report(20 * SECOND).silence_s == 11
    assert monitor.report(20 * SECOND).rate_hz == 0


def test_publishers_that_come_and_go_for_months_are_summed_up() -> None:
    monitor = InputMonitor(0)
    for run in range(100):
        play(monitor, range(10 * run, 10 * run + 10, 3), numbered=True, gid=b"%d" % run)
    report = monitor.report(1000 * PERIOD)
    assert (report.received, report.sent) == (400, 1000)
    assert len(monitor._numbers) <= 8


def test_a_change_of_rate_is_told_once() -> None:
    monitor = InputMonitor(0)
    told = []
    stamp_ns = START
    for rate_hz, count in ((30, 40), (10, 20), (30, 20)):
        for _ in range(count):
            stamp_ns += SECOND // rate_hz
            told.append(monitor.arrived(stamp_ns, stamp_ns - START, None, gap_ns=SECOND))
    assert [words for words in told if words] == [
        "the camera's rate changed from 30.0 to 10.0 Hz",
        "the camera's rate changed from 10.0 to 30.0 Hz",
    ]


def test_losses_and_jitter_are_no_change_of_rate() -> None:
    monitor = InputMonitor(0)
    told = []
    for index in [*range(40), *range(40, 120, 2)]:  # every second one is lost on the way
        info = {"publication_sequence_number": index, "publisher_gid": {"data": b"a"}}
        jitter_ns = (index * 7919 % 13 - 6) * PERIOD // 20
        told.append(
            monitor.arrived(
                START + index * PERIOD + jitter_ns, index * PERIOD, info, gap_ns=SECOND
            )
        )
    assert not any(told)


def test_a_camera_that_comes_back_with_another_rate_is_told() -> None:
    monitor = InputMonitor(0)
    play(monitor, range(40), numbered=False)
    told = [
        monitor.arrived(START + 100 * SECOND + k * SECOND // 5, k, None, gap_ns=SECOND // 2)
        for k in range(12)
    ]
    assert [words for words in told if words] == ["the camera's rate changed from 30.0 to 5.0 Hz"]


def test_a_flood_of_images_does_not_fill_the_memory() -> None:
    monitor = InputMonitor(0)
    for k in range(50_000):  # at ten kilohertz
        monitor.arrived(START + k * 100_000, k * 100_000, None, gap_ns=SECOND)
    report = monitor.report(50_000 * 100_000)
    assert len(monitor._arrivals) <= 4096
    assert report.rate_hz == pytest.approx(10_000, rel=0.01)
    assert report.received == 50_000
