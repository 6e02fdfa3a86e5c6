# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a process takes of the machine, against what Python knows of itself."""

import os
import subprocess
import sys
import threading
import time

import pytest

from vinet_ros.ros.process_usage import (
    name_thread,
    process_cpu_s,
    process_memory,
    resident_bytes,
    thread_times,
)

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def spin(seconds):
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


def test_a_named_thread_is_found_with_its_processor_time():
    done = threading.Event()
    ready = threading.Event()

    def work():
        name_thread("a spinning one")
        spin(0.1)
        ready.set()
        done.wait()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    found = thread_times(os.getpid())
    done.set()
    thread.join()
    assert found[thread.native_id].name == "a spinning one"
    assert found[thread.native_id].cpu_s == pytest.approx(0.1, abs=3 * TICK_S)
    assert found[thread.native_id].start_ticks >= found[os.getpid()].start_ticks


def test_the_threads_sum_up_to_the_process():
    spin(0.05)
    total_s = sum(thread.cpu_s for thread in thread_times(os.getpid()).values())
    assert total_s <= process_cpu_s(os.getpid()) + 0.05  # each thread's time is cut to ticks
    assert process_cpu_s(os.getpid()) == pytest.approx(time.process_time(), abs=0.1)


def test_memory_grows_by_what_is_touched():
    before = process_memory(os.getpid())
    held = b"\x01" * (64 << 20)
    after = process_memory(os.getpid())
    for name in ("rss_mib", "pss_mib", "private_mib"):
        assert getattr(after, name) - getattr(before, name) == pytest.approx(64, abs=4), name
    assert after.private_mib <= after.pss_mib <= after.rss_mib
    assert resident_bytes() / (1 << 20) == pytest.approx(after.rss_mib, abs=4)
    del held


def test_a_process_that_has_ended_is_an_error():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for read in (process_memory, thread_times, process_cpu_s):
        with pytest.raises(OSError):
            read(ended.pid)
