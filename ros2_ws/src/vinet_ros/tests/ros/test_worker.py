# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The thread that works on the newest input."""

import itertools
import threading
import time

import pytest

from vinet_ros.ros.worker import Worker


class Job:
    """Work that waits until it is let on, and counts."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Semaphore(0), threading.Semaphore(0)
        self.done = 0

    def __call__(self) -> None:
        self.begun.release()
        assert self.go_on.acquire(timeout=10)
        self.done += 1


def unexpected(error: Exception) -> None:
    raise AssertionError from error


def test_wakes_while_it_works_count_as_one() -> None:
    job = Job()
    worker = Worker(job, unexpected)
    worker.start()
    worker.wake()
    assert job.begun.acquire(timeout=10)
    for _ in range(5):
        worker.wake()
    job.go_on.release()
    assert job.begun.acquire(timeout=10)
    job.go_on.release()
    worker.stop()
    assert job.done == 2
    assert worker.skipped == 4


def test_stop_waits_for_the_call_that_is_under_way() -> None:
    job = Job()
    worker = Worker(job, unexpected)
    worker.start()
    worker.wake()
    assert job.begun.acquire(timeout=10)
    threading.Timer(0.2, job.go_on.release).start()
    worker.stop()
    assert job.done == 1


def test_stop_needs_no_wake_and_no_start() -> None:
    idle = Worker(lambda: None, unexpected)
    idle.stop()
    started = Worker(lambda: None, unexpected)
    started.start()
    started.stop()
    started.stop()


def test_an_error_ends_it_and_is_handed_on() -> None:
    errors: list[Exception] = []
    told = threading.Event()

    def fail() -> None:
        raise KeyError("a bug")

    def note(error: Exception) -> None:
        errors.append(error)
        told.set()

    worker = Worker(fail, note)
    worker.start()
    worker.wake()
    assert told.wait(10)
    worker.stop()
    assert repr(errors) == "[KeyError('a bug')]"


def test_the_greatest_rate_is_kept() -> None:
    times: list[float] = []
    worker = Worker(lambda: times.append(time.monotonic()), unexpected, lambda: 20.0)
    worker.start()
    while len(times) < 4:
        worker.wake()
        time.sleep(0.001)  # the thread under test needs the processor
    worker.stop()
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.045


def test_a_rate_limit_does_not_hold_up_the_end() -> None:
    worker = Worker(lambda: None, unexpected, lambda: 0.01)
    worker.start()
    worker.wake()
    worker.wake()
    start_s = time.monotonic()
    worker.stop()
    assert time.monotonic() - start_s < 5


@pytest.mark.parametrize("calls", [1, 3])
def test_it_may_be_stopped_from_within(calls: int) -> None:
    stopped = threading.Event()
    counted = []

    def work() -> None:
        counted.append(1)
        if len(counted) == calls:
            worker.stop()
            stopped.set()

    worker = Worker(work, unexpected)
    worker.start()
    while not stopped.wait(0.001):
        worker.wake()
    assert len(counted) == calls
