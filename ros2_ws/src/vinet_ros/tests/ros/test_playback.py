# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import itertools
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinet_ros.offline.frames import NS_PER_S, Frame
from vinet_ros.ros.playback import ReadAhead, Schedule, looped, resampled, wait_until

unhurried = settings(deadline=None)  # the machine may be busy


def frame(number, time_ns):
    return Frame(number, time_ns, np.full((2, 2, 3), number, np.uint8), stamp_ns=time_ns + 1000)


def clip(times_ns):
    return [frame(number, time_ns) for number, time_ns in enumerate(times_ns)]


def number_of(shown):
    return int(shown.rgb()[0, 0, 0])


def test_a_loop_goes_on_where_the_last_frame_ends():
    frames = itertools.islice(looped(lambda: clip([0, 40, 80]), 40), 7)
    assert [(number_of(f), f.time_ns) for f in frames] == [
        (0, 0),
        (1, 40),
        (2, 80),
        (0, 120),
        (1, 160),
        (2, 200),
        (0, 240),
    ]


def test_a_loop_takes_recorded_stamps_along():
    frames = list(itertools.islice(looped(lambda: clip([0, 40, 80]), 40), 7))
    assert [f.stamp_ns - f.time_ns for f in frames] == [1000] * 7
    assert [f.index for f in frames] == [0, 1, 2, 0, 1, 2, 0]


def test_a_single_frame_lasts_as_long_as_is_said():
    frames = itertools.islice(looped(lambda: clip([5]), 40), 3)
    assert [f.time_ns for f in frames] == [5, 50, 95]


def test_a_loop_of_nothing_ends():
    assert list(looped(lambda: [], 40)) == []


def shown_at(frames, time_ns):
    return max(k for k, f in enumerate(frames) if f.time_ns <= time_ns)


times = st.lists(st.integers(1, NS_PER_S // 4), min_size=1, max_size=30).map(
    lambda gaps: list(itertools.accumulate(gaps))
)


@unhurried
@given(times, st.floats(1, 240))
def test_a_steady_rate_shows_what_is_on_show(times_ns, rate_hz):
    frames = clip(times_ns)
    ticks = list(resampled(frames, rate_hz))
    for k, tick in enumerate(ticks):
        assert tick.time_ns == times_ns[0] + round(k * NS_PER_S / rate_hz)
        assert number_of(tick) == shown_at(frames, tick.time_ns)
    assert number_of(ticks[-1]) == len(frames) - 1
    assert ticks[-1].time_ns - times_ns[-1] < NS_PER_S / rate_hz + 1


def test_a_steady_rate_of_nothing_is_nothing():
    assert list(resampled([], 30)) == []


def test_25_hz_is_played_at_30_hz_by_repeating_every_fifth():
    frames = clip([k * 40_000_000 for k in range(25)])
    numbers = [number_of(f) for f in resampled(frames, 30)]
    assert len(numbers) == 30
    assert sorted(set(numbers)) == list(range(25))


def test_stamps_follow_the_nodes_clock_or_the_file():
    by_clock = Schedule(1000, 5000, rate=2.0, file_stamps=False)
    by_file = Schedule(1000, 5000, rate=2.0, file_stamps=True)
    for schedule in (by_clock, by_file):
        assert schedule.due_ns(400) == 1200
        assert schedule.clock_ns(schedule.due_ns(400)) == schedule.stamp_ns(400)
    assert by_clock.stamp_ns(400) == 5200
    assert by_file.stamp_ns(400) == 5400


@pytest.mark.parametrize("file_stamps", [False, True])
def test_a_schedule_starts_with_a_frame_that_is_due_now(file_stamps):
    before_ns = time.monotonic_ns()
    schedule = Schedule.starting_at(600, 5000, 2.0, file_stamps=file_stamps)
    assert before_ns <= schedule.due_ns(600) <= time.monotonic_ns()
    assert schedule.stamp_ns(600) == 5000
    later_ns = time.monotonic_ns()
    schedule.begin(600)
    assert later_ns <= schedule.due_ns(600) <= time.monotonic_ns()
    assert schedule.stamp_ns(600) == 5000


@pytest.mark.parametrize("file_stamps", [False, True])
def test_a_stall_moves_what_is_to_come(file_stamps):
    schedule = Schedule(0, 5000, rate=1.0, file_stamps=file_stamps)
    schedule.stall(300)
    assert schedule.due_ns(100) == 400
    assert schedule.stamp_ns(100) == (5100 if file_stamps else 5400)
    assert schedule.clock_ns(400) == schedule.stamp_ns(100)


def test_reading_ahead_gives_all_frames_in_order():
    ahead = ReadAhead(clip(range(100)), depth=3)
    assert [number_of(f) for f in ahead] == list(range(100))


def test_reading_ahead_stays_bounded():
    read = []

    def source():
        for number in itertools.count():
            read.append(number)
            yield frame(number % 200, number)

    ahead = ReadAhead(source(), depth=3)
    first = next(iter(ahead))
    assert number_of(first) == 0
    ahead.stop()
    assert len(read) <= 6
    assert not any(t.name == "read-ahead" for t in threading.enumerate())


def test_an_error_of_reading_comes_after_the_frames_before_it():
    def source():
        yield from clip([0, 1])
        raise OSError("the disk is gone")

    seen = []
    with pytest.raises(OSError, match="the disk is gone"):
        for shown in ReadAhead(source()):
            seen.append(number_of(shown))
    assert seen == [0, 1]


def test_a_wait_beats_and_ends_in_time():
    beats = []
    due_ns = time.monotonic_ns() + 100_000_000
    assert wait_until(due_ns, threading.Event(), beat=beats.append)
    assert time.monotonic_ns() >= due_ns
    assert 1 <= len(beats) <= 10
    assert all(beat < due_ns for beat in beats)


def test_a_wait_ends_when_stopped():
    stopped = threading.Event()
    threading.Timer(0.05, stopped.set).start()
    start_s = time.monotonic()
    assert not wait_until(time.monotonic_ns() + 60 * NS_PER_S, stopped)
    assert time.monotonic() - start_s < 30
    assert not wait_until(0, stopped)
