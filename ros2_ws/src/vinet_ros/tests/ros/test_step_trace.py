# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The file with every step of every frame."""

import time

import pytest

from vinet_ros.ros.record import Record
from vinet_ros.ros.step_trace import (
    ROW,
    TRACE_VARIABLE,
    TRACED_STEPS,
    StepTrace,
    open_trace,
    read_trace,
)


def test_what_is_written_is_read_by_step(tmp_path):
    path = tmp_path / "steps"
    trace = StepTrace(path)
    for number in range(200):
        trace.add("convert", 1000 + number, 5000 - number, 7, 3)
        trace.add("receive", 1000 + number, 4000 + number, -2, -1)
    trace.add("no step of ours", 0, 0, 0, 0)
    trace.close()
    trace.add("convert", 0, 0, 0, 0)  # after the end nothing is written, and nothing breaks
    rows = read_trace(path)
    assert {step: len(rows[step]) for step in TRACED_STEPS if len(rows[step])} == {
        "receive": 200,
        "convert": 200,
    }
    assert rows["convert"]["stamp_ns"][0] == 1199  # in the order of their ends
    assert set(rows["receive"]["time_ns"]) == {-2}


def test_a_row_cut_off_by_the_end_of_the_process_is_left_out(tmp_path):
    path = tmp_path / "steps"
    trace = StepTrace(path)
    for stamp_ns in (1, 2, 3):
        trace.add("predict", stamp_ns, stamp_ns, 5, 5)
    trace.close()
    path.write_bytes(path.read_bytes()[: 3 * ROW.itemsize - 1])
    assert list(read_trace(path)["predict"]["stamp_ns"]) == [1, 2]


def test_a_record_traces_time_and_processor_time(tmp_path, monkeypatch):
    path = tmp_path / "steps"
    monkeypatch.setenv(TRACE_VARIABLE, str(path))
    record = Record(open_trace())
    with record.timed("convert", 42):
        end_s = time.thread_time() + 0.01
        while time.thread_time() < end_s:
            pass
    with pytest.raises(KeyError), record.timed("convert", 43):
        raise KeyError
    record.time("receive", 9, 42)
    record.close()
    rows = read_trace(path)
    assert list(rows["convert"]["stamp_ns"]) == [42]
    time_ns, cpu_ns = (int(rows["convert"][name][0]) for name in ("time_ns", "cpu_ns"))
    assert cpu_ns >= 10_000_000
    assert time_ns > cpu_ns - 1_000_000  # the two clocks are read one after the other
    assert rows["receive"][["time_ns", "cpu_ns"]].tolist() == [(9, -1)]


def test_without_the_variable_nothing_is_written(monkeypatch):
    monkeypatch.delenv(TRACE_VARIABLE, raising=False)
    assert open_trace() is None
