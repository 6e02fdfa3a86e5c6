# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The slots of the frame window, as properties of what a camera may send."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinet_ros.streaming.frame_window import (
    FrameWindow,
    PushKind,
    PushResult,
    RestartReason,
    WindowCounters,
)

S = 1_000_000_000
MS = 1_000_000


def frame(value=0, size=(4, 6)):
    return np.full((*size, 3), value % 256, np.uint8)


FRAME = frame()


def camera(rate_hz, seconds, start_ns=0):
    return [start_ns + round(k * S / rate_hz) for k in range(round(rate_hz * seconds))]


def stamps(window):
    return [slot.stamp_ns for slot in window.snapshot()]


def push_all(window, stamps_ns):
    return [window.push(frame(k), stamp) for k, stamp in enumerate(stamps_ns)]


@pytest.mark.parametrize("camera_hz", [15, 30, 60])
@pytest.mark.parametrize("window_hz", [15, 30])
def test_any_camera_gives_the_same_second_of_world(camera_hz, window_hz):
    window = FrameWindow(window_hz, window_hz)
    push_all(window, camera(camera_hz, seconds=3))
    newest = stamps(window)[-1]
    period_ns = S / min(camera_hz, window_hz)
    for k, stamp in enumerate(stamps(window)):
        slot_time = newest - (window_hz - 1 - k) * S / window_hz
        assert abs(stamp - slot_time) <= period_ns / 2 + S / window_hz / 2 + 1
    assert newest - stamps(window)[0] == pytest.approx(S, abs=2 * S / min(camera_hz, window_hz))


def test_double_rate_puts_every_second_frame_in_a_slot_exactly():
    window = FrameWindow(8, 15)
    times = camera(30, seconds=2)[:-1]  # the last frame lies on the grid
    push_all(window, times)
    assert stamps(window) == times[-15::2]


@given(st.lists(st.integers(-1500_000, 1500_000), min_size=121, max_size=121))
def test_double_rate_with_jitter_still_puts_every_second_frame_in_a_slot(jitter):
    window = FrameWindow(8, 30)
    times = [t + j for t, j in zip(camera(60, seconds=3), [0, *jitter], strict=False)]
    kept = push_all(window, times)
    assert [r.slots for r in kept[1:]] == [1, 0] * 60 + [1]


def test_half_rate_repeats_each_frame_as_the_same_object():
    window = FrameWindow(6, 30)
    push_all(window, camera(15, seconds=2))
    slots = window.snapshot()
    assert [slots.index(slot) for slot in slots] == [0, 1, 1, 3, 3, 5]
    assert window.counters.repeated_slots == 29


@given(
    steps=st.lists(st.integers(0, 120 * MS), min_size=1, max_size=60),
    rate_hz=st.sampled_from([7.5, 15, 24, 29.97, 30, 60]),
    length=st.integers(1, 12),
)
def test_windows_in_a_row_share_their_slots(steps, rate_hz, length):
    window = FrameWindow(length, rate_hz, max_gap_s=1.0)
    stamp = 5 * S
    window.push(frame(), stamp)
    before = window.snapshot()
    for step in steps:
        stamp += step
        result = window.push(frame(), stamp)
        after = window.snapshot()
        assert len(after) == length
        assert after[-1].stamp_ns == stamp
        if result.kind is PushKind.REPLACED:
            assert all(a is b for a, b in zip(after[:-1], before[:-1], strict=True))
        else:
            moved = min(result.slots, length)
            # What both windows hold is the same objects, and repeats are of the frame before.
            assert all(
                a is b for a, b in zip(after[: length - moved], before[moved:], strict=True)
            )
            assert all(slot is before[-1] for slot in after[length - moved : -1])
        before = after


@given(
    jitter=st.lists(st.integers(-5 * MS, 5 * MS), min_size=40, max_size=40),
    rate_hz=st.sampled_from([15, 30]),
)
def test_jitter_below_half_a_slot_moves_nothing(jitter, rate_hz):
    window = FrameWindow(4, rate_hz)
    times = [round(k * S / rate_hz) + j for k, j in enumerate([0, *jitter])]
    results = push_all(window, times)
    assert all(r == PushResult(PushKind.ADVANCED, 1) for r in results[1:])


@given(st.lists(st.integers(-2 * S, 2 * S), max_size=60), st.sampled_from([-1.0, 15.0, 30.0]))
def test_any_stamps_keep_the_window_in_order(steps, rate_hz):
    window = FrameWindow(5, rate_hz)
    stamp = 0
    for step in [0, *steps]:
        stamp += step
        window.push(frame(), stamp)
        assert stamps(window) == sorted(stamps(window))
        assert window.newest_stamp_ns == stamp
        assert stamps(window)[-1] - stamps(window)[0] <= 5 * window.max_gap_ns
    counters = window.counters
    assert counters.frames == len(steps) + 1
    assert counters.jumps_back == sum(step < 0 for step in steps)
    assert counters.gaps == sum(step > window.max_gap_ns for step in steps)


@pytest.mark.parametrize("rate_hz", [15.0, 29.97, 30.0, 30000 / 1001])
def test_no_drift_over_hours(rate_hz):
    window = FrameWindow(2, rate_hz)
    start = 1_700_000_000 * S
    window.push(frame(), start)
    pushes = 27_000  # three hours
    moved = sum(window.push(FRAME, start + k * 2 * S // 5).slots for k in range(1, pushes))
    elapsed_s = (pushes - 1) * 0.4
    assert window.counters.restarts == 0
    assert abs(moved - elapsed_s * rate_hz) <= 0.5 + elapsed_s * 1e-6


def test_negative_rate_takes_every_frame():
    window = FrameWindow(4, -1)
    times = [0, 1 * MS, 200 * MS, 201 * MS, 601 * MS]
    results = push_all(window, times)
    assert [r.slots for r in results] == [1, 1, 1, 1, 1]
    assert stamps(window) == times[-4:]


def test_warmup_repeats_the_first_frame():
    window = FrameWindow(4, 30)
    assert window.snapshot() is None
    assert window.fill == 0
    push_all(window, [0, S // 30])
    slots = window.snapshot()
    assert [slot.stamp_ns for slot in slots] == [0, 0, 0, S // 30]
    assert slots[0] is slots[1] is slots[2]
    assert window.fill == 0.5


def test_warmup_wait_gives_no_window_until_full():
    window = FrameWindow(3, 30, warmup="wait")
    for k in range(2):
        window.push(frame(), k * S // 30)
        assert window.snapshot() is None
    window.push(frame(), 2 * S // 30)
    assert stamps(window) == [0, S // 30, 2 * S // 30]


def test_equal_stamp_replaces_the_newest_and_is_counted():
    for rate_hz in (30, -1):
        window = FrameWindow(3, rate_hz)
        window.push(frame(1), 7)
        assert window.push(frame(2), 7) == PushResult(PushKind.REPLACED)
        assert window.snapshot()[-1].frame[0, 0, 0] == 2
        assert (window.counters.replaced, window.counters.duplicates) == (1, 1)


def test_replaced_slot_keeps_its_place_on_the_grid():
    window = FrameWindow(3, 15)
    kinds = [r.kind for r in push_all(window, camera(60, seconds=1))]
    # 60 Hz at 15 slots a second: one of four moves the window, for ever.
    assert kinds.count(PushKind.ADVANCED) == 15
    assert window.counters.replaced == 44


def test_gap_up_to_the_limit_repeats_and_above_restarts():
    window = FrameWindow(10, 10, max_gap_s=0.5)
    window.push(frame(), 0)
    assert window.push(frame(), 500 * MS) == PushResult(PushKind.ADVANCED, 5)
    assert stamps(window)[-6:] == [0, 0, 0, 0, 0, 500 * MS]
    result = window.push(frame(), 1000 * MS + 1)
    assert result == PushResult(PushKind.RESTARTED, 1, RestartReason.GAP)
    assert set(stamps(window)) == {1000 * MS + 1}
    assert window.counters.gaps == window.counters.restarts == 1
    assert window.fill == 0.1


def test_gap_longer_than_the_window_fills_it_with_the_frame_before():
    window = FrameWindow(3, 100, max_gap_s=10)
    window.push(frame(), 0)
    assert window.push(frame(), 9 * S).slots == 900
    assert stamps(window) == [0, 0, 9 * S]


def test_jump_back_restarts():
    window = FrameWindow(3, 30)
    push_all(window, [S, S + 40 * MS])
    result = window.push(frame(), S + 39 * MS)
    assert result.reason is RestartReason.JUMP_BACK
    assert set(stamps(window)) == {S + 39 * MS}
    assert window.counters.jumps_back == 1


def test_size_change_is_judged_on_the_source():
    window = FrameWindow(3, 30)
    window.push(frame(), 0, source_size=(480, 640))
    result = window.push(frame(), 33 * MS, source_size=(720, 1280))
    assert result == PushResult(PushKind.RESTARTED, 1, RestartReason.SIZE_CHANGE)
    assert window.push(frame(), 66 * MS, source_size=(720, 1280)).kind is PushKind.ADVANCED
    assert window.counters.size_changes == 1


def test_grid_starts_anew_after_a_restart():
    window = FrameWindow(3, 10)
    push_all(window, [0, 100 * MS])
    window.push(frame(), 5 * S + 37 * MS)
    assert window.push(frame(), 5 * S + 137 * MS).slots == 1


def test_reset_forgets_the_frames_and_keeps_the_counts():
    window = FrameWindow(3, 30)
    push_all(window, [0, 33 * MS])
    window.reset()
    assert window.snapshot() is None
    assert window.newest_stamp_ns is None
    assert window.push(frame(), 0).kind is PushKind.STARTED
    assert window.counters == WindowCounters(frames=3, resets=1)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"length": 0}, "length"),
        ({"rate_hz": 0}, "rate_hz"),
        ({"rate_hz": float("nan")}, "rate_hz"),
        ({"rate_hz": 1e-9}, "rate_hz"),
        ({"max_gap_s": 0}, "max_gap_s"),
        ({"max_gap_s": float("inf")}, "max_gap_s"),
        ({"warmup": "none"}, "repeat_first, wait"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, word):
    with pytest.raises(ValueError, match=word):
        FrameWindow(**{"length": 8, "rate_hz": 30, **arguments})
