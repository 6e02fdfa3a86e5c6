# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Figures of a run, from numbers that are known."""

import numpy as np
import pytest

from vinet_ros.ros.benchmark.figures import (
    basic_metrics,
    memory_figures,
    resource_metrics,
    summarize,
    waits,
)
from vinet_ros.ros.benchmark.usage import (
    Sample,
    ThreadCores,
    busy_percent,
    cpu_figures,
    thread_cores,
)
from vinet_ros.ros.process_usage import Memory, ThreadTime
from vinet_ros.ros.step_trace import ROW

MS = 1_000_000
B = "BasicPerformanceMetrics."


def rows(*values):
    """Rows of a trace: stamp, end, duration."""
    return np.array([(0, stamp, end, time, -1) for stamp, end, time in values], ROW)


def sample(at_s, rss_mib, pss_mib=0.0):
    return Sample(at_s, 0.0, Memory(rss_mib, pss_mib, 0.0), (0, 1), 50.0)


def test_a_step_is_summed_up():
    step = summarize(np.arange(1, 101) * MS, np.array([2 * MS, -1, 4 * MS]))
    assert (step.count, step.min_ms, step.max_ms) == (100, 1, 100)
    assert step.mean_ms == pytest.approx(50.5)
    assert step.p50_ms == pytest.approx(50.5)
    assert step.std_ms == pytest.approx(np.std(np.arange(1, 101)))
    assert step.cpu_ms == 3  # what was not measured does not count as nothing
    assert summarize(np.arange(0)) is None
    assert summarize(np.array([MS]), np.array([-1])).cpu_ms is None


def test_a_wait_ends_where_the_prediction_begins():
    filed = rows((1, 100, 5), (2, 200, 5), (3, 300, 5))
    begun = rows((2, 270, 50), (3, 390, 60), (9, 500, 10))  # 9 was filed before the trace began
    assert list(waits(filed, begun)) == [20, 30]


def test_the_basic_metrics_of_an_even_stream_with_one_frame_lost():
    sent = {k: k * 10 * MS for k in range(11)}
    arrived = {k: k * 10 * MS + 3 * MS for k in range(11) if k != 5}
    metrics = basic_metrics(sent, arrived)
    assert metrics[B + "NUM_FRAMES_SENT"] == 11
    assert metrics[B + "NUM_MISSED_FRAMES"] == 1
    assert metrics[B + "MEAN_PLAYBACK_FRAME_RATE"] == pytest.approx(100)
    assert metrics[B + "MEAN_FRAME_RATE"] == pytest.approx(90)
    assert metrics[B + "RECEIVED_DURATION"] == pytest.approx(100)
    for name in ("MAX", "MIN", "MEAN"):
        assert metrics[f"{B}{name}_LATENCY"] == pytest.approx(3)
    for name in ("FIRST_INPUT", "LAST_INPUT", "FIRST_SENT_RECEIVED", "LAST_SENT_RECEIVED"):
        assert metrics[f"{B}{name}_LATENCY"] == pytest.approx(3)
    # Intervals 10 ms, one of 20: two changes of 10 ms among eight.
    assert metrics[B + "MAX_JITTER"] == pytest.approx(10)
    assert metrics[B + "MIN_JITTER"] == pytest.approx(0)
    assert metrics[B + "MEAN_JITTER"] == pytest.approx(20 / 8)
    assert metrics[B + "STD_DEV_JITTER"] == pytest.approx(np.std([10, 10] + [0] * 6), abs=1e-3)


def test_metrics_that_too_few_frames_leave_undefined_are_left_out():
    assert basic_metrics({1: 0, 2: 10}, {}) == {
        B + "NUM_FRAMES_SENT": 2,
        B + "NUM_MISSED_FRAMES": 2,
        B + "MEAN_PLAYBACK_FRAME_RATE": pytest.approx(1e8),
    }
    assert B + "MEAN_JITTER" not in basic_metrics({1: 0, 2: 10}, {1: 5, 2: 15})


def test_resource_metrics_are_of_the_whole_machine():
    metrics = resource_metrics(5.0, [20.0, 40.0], [50.0])
    assert metrics["ResourceMetrics.BASELINE_OVERALL_CPU_UTILIZATION"] == 5
    assert metrics["ResourceMetrics.MEAN_OVERALL_CPU_UTILIZATION"] == 30
    assert metrics["ResourceMetrics.STDDEV_OVERALL_CPU_UTILIZATION"] == 10
    assert metrics["ResourceMetrics.MAX_HOST_MEMORY_UTILIZATION"] == 50
    assert busy_percent((10, 100), (60, 200)) == 50


def test_of_thirty_minutes_the_fifth_to_tenth_are_compared_with_the_last_five():
    levels = {range(5): 900.0, range(5, 10): 500.0, range(10, 25): 700.0, range(25, 31): 510.0}
    level = {minute: mib for minutes, mib in levels.items() for minute in minutes}
    samples = [sample(60.0 * (m + 0.5), level[m], level[m] / 2) for m in range(30)]
    samples = [sample(0.0, 900.0), *samples, sample(1800.0, 510.0, 255.0)]
    memory = memory_figures(samples)
    assert (memory.early_rss_mib, memory.late_rss_mib) == (500, 510)
    assert memory.change == pytest.approx(0.02)
    assert (memory.early_pss_mib, memory.late_pss_mib) == (250, 255)
    assert memory.peak_rss_mib == 900


def test_threads_fall_into_four_groups():
    def thread(name, cpu_s, start=0):
        return ThreadTime(name, cpu_s, start, waited_s=3 * cpu_s)

    before = {10: thread("python", 1.0), 11: thread("dds.shm.7000", 0.5)}
    after = {
        10: thread("python", 3.0),
        11: thread("dds.shm.7000", 0.6),
        12: thread("dds.udp", 0.1),
        # A library's thread has the name of the thread that made it; a number may come again.
        15: thread("prediction", 4.0, start=70),
        14: thread("prediction", 5.0, start=80),
        13: thread("python", 6.0),
    }
    cores = thread_cores(10, before, after, seconds=10)
    assert cores.main == pytest.approx(0.2)
    assert cores.main_waited == pytest.approx(0.6)
    assert cores.transport == pytest.approx(0.02)
    assert cores.prediction == pytest.approx(0.4)
    assert cores.others == pytest.approx(1.1)


def test_all_but_the_network_counts_as_ros_and_conversion():
    threads = ThreadCores(main=0.30, transport=0.02, prediction=0.50, others=0.60, main_waited=0.1)
    steps = {"convert": 0.05, "resize": 0.15, "predict": 0.46}
    cpu = cpu_figures(threads, steps, total=1.42, source=0.1, listener=0.1)
    assert cpu.executor == pytest.approx(0.10)
    assert cpu.gaze_and_publish == pytest.approx(0.04)
    assert cpu.ros_and_conversion == pytest.approx(0.30 + 0.02 + 0.04)
    assert cpu.inference == pytest.approx(0.46 + 0.60)
